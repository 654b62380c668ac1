package ticketing

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// Attachment is a link or a file on a ticket.
type Attachment struct {
	ID             string          `json:"id"`
	TicketID       *string         `json:"ticket_id"`
	Kind           string          `json:"kind" enum:"link,file" doc:"A file lies in Linear's storage; a link leads elsewhere."`
	FileName       string          `json:"file_name"`
	FileURL        string          `json:"file_url"`
	Subtitle       *string         `json:"subtitle"`
	Metadata       json.RawMessage `json:"metadata"`
	SourceType     *string         `json:"source_type"`
	ContentType    *string         `json:"content_type" doc:"Guessed from the name; a read does not fetch the file."`
	Size           *int64          `json:"size"`
	UploadedBy     *string         `json:"uploaded_by"`
	UploadedByType *string         `json:"uploaded_by_type"`
	Conversation   *IDRef          `json:"conversation" doc:"If it is a link to a conversation."`
	CreatedAt      *time.Time      `json:"created_at"`
	UpdatedAt      *time.Time      `json:"updated_at"`
	Etag           string          `json:"etag"`
	RemoteData     json.RawMessage `json:"remote_data,omitempty"`
}

// AttachmentInput is the body that creates an attachment.
type AttachmentInput struct {
	_           struct{}       `additionalProperties:"true"`
	Ticket      *anyRef        `json:"ticket,omitempty" doc:"Required on its own. Also taken as ticket_id."`
	FileName    string         `json:"file_name,omitempty"`
	FileURL     string         `json:"file_url,omitempty" doc:"Address of a link."`
	Data        string         `json:"data,omitempty" doc:"Content of a file, in base64."`
	ContentType string         `json:"content_type,omitempty"`
	Subtitle    string         `json:"subtitle,omitempty"`
	IconURL     string         `json:"icon_url,omitempty"`
	Metadata    map[string]any `json:"metadata,omitempty"`
	Mode        string         `json:"mode,omitempty" enum:"attachment,link,inline" doc:"link lets Linear find out what the address is; inline puts a file into a comment."`
}

func (c *call) attachment(n *linearapi.Node[linearapi.Attachment]) *Attachment {
	v := &n.Value
	out := &Attachment{
		ID: v.ID, Kind: "link", FileName: v.Title, FileURL: v.URL, Subtitle: text(v.Subtitle), SourceType: text(v.SourceType),
		Metadata: v.Metadata, CreatedAt: at(v.CreatedAt), UpdatedAt: at(v.UpdatedAt), Etag: etag(v.ID, v.UpdatedAt),
	}
	if len(out.Metadata) == 0 {
		out.Metadata = json.RawMessage("{}")
	}
	if v.Issue != nil {
		out.TicketID = text(v.Issue.ID)
	}
	if v.Creator != nil {
		out.UploadedBy = text(v.Creator.ID)
		kind := "user"
		if v.Creator.App {
			kind = "system"
		}
		out.UploadedByType = &kind
	}
	if c.conn.Client.OwnsFile(v.URL) {
		out.Kind = "file"
		out.ContentType = text(mime.TypeByExtension(path.Ext(v.Title)))
		var meta struct {
			Size        *int64 `json:"size"`
			ContentType string `json:"content_type"`
		}
		if json.Unmarshal(out.Metadata, &meta) == nil {
			out.Size = meta.Size
			if meta.ContentType != "" {
				out.ContentType = &meta.ContentType
			}
		}
	}
	if account, conversation := c.api.cfg.Helpdesk.parse(v.URL); conversation != "" && account != "" {
		out.Conversation = &IDRef{conversation}
	}
	return out
}

func attachmentListing() *listing {
	return &listing{
		resource: "attachments",
		filters: []*filter{
			{name: "ticket[id]", make: ignored, doc: "Id or short name of a ticket."},
			{name: "url", also: []string{"file_url"}, kind: ofText, path: "url"},
			{name: "file_name", kind: ofText, path: "title"},
			{name: "id", kind: ofID, path: "id"},
			{name: "created_at", kind: ofTime, path: "createdAt"},
			{name: "updated_at", kind: ofTime, path: "updatedAt"},
			{name: "source_type", kind: ofText, path: "sourceType"},
		},
		fetch: fetchAttachments,
	}
}

// ignored is a filter that the source of the list reads itself; it is part of
// the hash of the list.
func ignored(_ *call, op string, values []string) (linearapi.Filter, error) {
	if op != "eq" || len(values) != 1 {
		return nil, badRequest(codeInvalidRequest, "this filter takes one value")
	}
	return linearapi.Filter{"or": []linearapi.Filter{}, "ticket": values[0]}, nil
}

func fetchAttachments(c *call, r request) (*part, error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	ticketID := c.path["id"]
	rest := slices.DeleteFunc(slices.Clone(r.conditions), func(f linearapi.Filter) bool {
		id, is := f["ticket"].(string)
		if is {
			ticketID = id
		}
		return is
	})
	inline, fine := c.q.flag("include_inline")
	if !fine || inline && ticketID == "" {
		return nil, badRequest(codeInvalidRequest, "include_inline is true or false, and needs ticket[id]")
	}
	var got *linearapi.Page[linearapi.Node[linearapi.Attachment]]
	if ticketID != "" {
		if len(rest) > 0 {
			return nil, badRequest(codeInvalidRequest, "ticket[id] cannot be combined with other filters: Linear has none for the attachments of a ticket")
		}
		ref, _ := issueRef(ticketID)
		got, err = client.IssueAttachmentNodes(c.ctx, ref, r.page)
		err = missing(err, "ticket", ticketID)
	} else {
		got, err = client.AttachmentNodes(c.ctx, and(rest), r.page)
	}
	if err != nil {
		return nil, err
	}
	out := &part{info: got.Info}
	for i := range got.Nodes {
		n := &got.Nodes[i]
		out.items = append(out.items, item{id: n.Value.ID, value: c.attachment(n), remote: n.JSON})
	}
	if inline && !got.Info.HasNextPage {
		ref, _ := issueRef(ticketID)
		issue, err := client.Issue(c.ctx, ref)
		if err != nil {
			return nil, err
		}
		for _, f := range filesIn(issue.ID, issue.Description, client.OwnsFile) {
			a := inlineAttachment(issue.ID, f)
			out.items = append(out.items, item{id: a.ID, value: a, remote: json.RawMessage("null")})
		}
	}
	return out, nil
}

func inlineAttachment(issue string, f FileRef) *Attachment {
	return &Attachment{
		ID: f.ID, TicketID: text(issue), Kind: "file", FileName: f.FileName, FileURL: f.FileURL,
		Metadata: json.RawMessage("{}"), ContentType: text(mime.TypeByExtension(path.Ext(f.FileName))), Etag: shortHash(f.ID),
	}
}

// attachmentsOf returns what is attached to a ticket, at most a page of it.
func (c *call) attachmentsOf(id string) ([]Attachment, error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	got, err := client.IssueAttachmentNodes(c.ctx, id, linearapi.PageArgs{First: maxLimit})
	if err != nil {
		return nil, err
	}
	out := []Attachment{}
	for i := range got.Nodes {
		out = append(out, *c.attachment(&got.Nodes[i]))
	}
	return out, nil
}

// filesIn finds the files of Linear's storage in a Markdown text.
func filesIn(issue, body string, owns func(string) bool) []FileRef {
	out := []FileRef{}
	for rest := body; len(out) < 100; {
		before, after, found := strings.Cut(rest, "](")
		if !found {
			return out
		}
		rest = after
		end := strings.IndexAny(after, ") \n")
		if end < 0 {
			return out
		}
		address := strings.Trim(after[:end], "<>")
		if !owns(address) {
			continue
		}
		name := before[strings.LastIndexByte(before, '[')+1:]
		if name == "" || strings.Contains(name, "\n") {
			name = "file"
			if u, err := url.Parse(address); err == nil {
				name = path.Base(u.Path)
			}
		}
		out = append(out, FileRef{"inline_" + issue + "_" + shortHash(address), name, address})
	}
	return out
}

func getAttachment(c *call) (*reply, error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	n, err := client.AttachmentNode(c.ctx, c.path["id"])
	if err != nil {
		return nil, missing(err, "attachment", c.path["id"])
	}
	v := c.attachment(n)
	return c.one(http.StatusOK, item{id: v.ID, value: v, remote: n.JSON}, v.Etag)
}

// createAttachment answers POST /attachments: JSON, or a form with a file.
func createAttachment(c *call) (*reply, error) {
	in := c.input
	target := c.path["id"]
	if target == "" {
		target, _, _ = in.ref("ticket")
	}
	ref, _ := issueRef(target)
	if ref == "" {
		in.wrong("ticket", "required", "is required: the id of a ticket")
		return nil, in.done()
	}
	n, err := c.attach(ref, in, c.make)
	if err != nil {
		return nil, missing(err, "ticket", target)
	}
	v := c.attachment(n)
	if v.ID != c.make {
		c.header.Set("Upserted", "true")
	}
	return c.one(http.StatusCreated, item{id: v.ID, value: v, remote: n.JSON}, v.Etag)
}

// parts reads a form with a file. It is read before the handler runs, since
// what is in it decides whether the request is a repeat.
func (c *call) parts(body io.ReadCloser) (*input, error) {
	c.r.Body = body
	r, err := c.r.MultipartReader()
	if err != nil {
		return nil, badRequest(codeInvalidRequest, "the form cannot be read")
	}
	fields := map[string]any{}
	hashed := []byte("form ") // no JSON, whatever the digits of the hashes are
	left := c.api.cfg.MaxUpload + 1<<20
	for n := 0; ; n++ {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || n > 50 {
			return nil, cutOff(err, "the form cannot be read")
		}
		raw, err := io.ReadAll(io.LimitReader(p, left+1))
		if err != nil {
			return nil, cutOff(err, "the form was cut off")
		}
		c.size += int64(len(raw))
		if left -= int64(len(raw)); left < 0 {
			return nil, tooLarge(c.api.cfg.MaxUpload)
		}
		hashed = append(hashed, []byte(shortHash(p.FormName(), p.FileName(), string(raw)))...)
		if p.FileName() != "" || p.FormName() == "file" {
			fields["content"] = raw
			if _, named := fields["file_name"]; !named && p.FileName() != "" {
				fields["file_name"] = p.FileName()
			}
			if kind := p.Header.Get("Content-Type"); kind != "" {
				fields["content_type"] = kind
			}
			continue
		}
		name := parseName(p.FormName())
		put(fields, append([]string{name.name}, name.sub...), string(raw))
	}
	c.raw = hashed
	return newInput(fields), nil
}

// attach puts a link or a file on a ticket.
func (c *call) attach(ref string, in *input, id string) (*linearapi.Node[linearapi.Attachment], error) {
	name, _, _ := in.text(500, "file_name", "title", "name")
	address, _, _ := in.text(4000, "file_url", "url")
	mode, _, _ := in.text(20, "mode")
	subtitle, _, _ := in.text(500, "subtitle")
	icon, _, _ := in.text(2000, "icon_url")
	metadata := map[string]any{}
	if m, given := in.any("metadata"); given {
		if o, isObject := m.(map[string]any); isObject {
			metadata = o
		}
	}
	content, kind, has, err := c.content(in)
	if err != nil {
		return nil, err
	}
	if !has && address == "" {
		in.wrong("file_url", "required", "is required, or data")
	}
	if !has && address != "" && !isWeb(address) {
		in.wrong("file_url", "value", "must be an http or https address")
	}
	if has && name == "" {
		in.wrong("file_name", "required", "is required with data")
	}
	if err := in.done(); err != nil {
		return nil, err
	}
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	if has {
		if address, err = c.upload(client, name, kind, content); err != nil {
			return nil, err
		}
		metadata["size"], metadata["content_type"] = len(content), kind
	}
	if name == "" {
		name = address
	}
	var made *linearapi.Attachment
	if mode == "link" && !has {
		made, err = client.AttachmentLinkURL(c.ctx, linearapi.AttachmentLinkInput{ID: id, IssueID: ref, URL: address, Title: name})
	} else {
		made, err = client.AttachmentCreate(c.ctx, linearapi.AttachmentCreateInput{
			ID: id, IssueID: ref, Title: name, URL: address, Subtitle: subtitle, IconURL: icon, Metadata: metadata,
		})
	}
	if adapter.CodeOf(err) == adapter.CodeConflict {
		return client.AttachmentNode(c.ctx, id)
	}
	if err != nil {
		return nil, err
	}
	n := &linearapi.Node[linearapi.Attachment]{Value: *made}
	n.JSON, err = json.Marshal(made)
	return n, err
}

func isWeb(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// content reads the bytes of a file out of a body.
func (c *call) content(in *input) (content []byte, kind string, has bool, err error) {
	kind, _, _ = in.text(200, "content_type")
	if raw, given := in.any("content"); given {
		content, has = raw.([]byte)
	}
	if v, given := in.any("data"); given && !has {
		s, _ := v.(string)
		if _, after, isURL := strings.Cut(s, ";base64,"); isURL {
			s = after
		}
		s = strings.NewReplacer("\n", "", "\r", "", " ", "").Replace(s)
		content, err = base64.StdEncoding.DecodeString(s)
		if err != nil {
			content, err = base64.RawURLEncoding.DecodeString(strings.TrimRight(s, "="))
		}
		if err != nil {
			return nil, "", false, invalidField("data", "value", "must be base64")
		}
		has = true
	}
	if int64(len(content)) > c.api.cfg.MaxUpload {
		return nil, "", false, tooLarge(c.api.cfg.MaxUpload)
	}
	name := in.peek("file_name")
	if has && dangerous(name) {
		return nil, "", false, invalidField("file_name", "type", "files of this type are not taken")
	}
	if kind == "" && has {
		kind = mime.TypeByExtension(path.Ext(name))
		if kind == "" {
			kind = http.DetectContentType(content)
		}
	}
	return content, kind, has, nil
}

// dangerous names files that run when they are opened.
func dangerous(name string) bool {
	return slices.Contains([]string{
		".exe", ".msi", ".bat", ".cmd", ".com", ".scr", ".ps1", ".vbs", ".jar", ".app", ".dmg", ".lnk", ".hta",
	}, strings.ToLower(path.Ext(name)))
}

func (c *call) upload(client *linearapi.Client, name, kind string, content []byte) (string, error) {
	to, err := client.FileUpload(c.ctx, linearapi.FileUploadInput{Filename: name, ContentType: kind, Size: int64(len(content))})
	if err != nil {
		return "", err
	}
	if err := client.PutFile(c.ctx, to, int64(len(content)), bytes.NewReader(content)); err != nil {
		return "", err
	}
	return to.AssetURL, nil
}

// inline uploads a file and returns the Markdown that shows it.
func (c *call) inline(in *input, i int) (string, error) {
	name, _, _ := in.text(500, "file_name", "name")
	address, _, _ := in.text(4000, "file_url", "url")
	content, kind, has, err := c.content(in)
	if err != nil {
		return "", err
	}
	if name == "" {
		name = "file " + strconv.Itoa(i+1)
	}
	if has {
		client, err := c.client()
		if err != nil {
			return "", err
		}
		if address, err = c.upload(client, name, kind, content); err != nil {
			return "", err
		}
	}
	if address == "" || !isWeb(address) {
		return "", invalidField("attachments", "required", "each needs data, or a file_url that is an address")
	}
	mark := ""
	if strings.HasPrefix(kind, "image/") {
		mark = "!"
	}
	return fmt.Sprintf("%s[%s](%s)", mark, escapeMarkdown(name), address), nil
}

func updateAttachment(c *call) (*reply, error) {
	in := c.input
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	now, err := client.AttachmentNode(c.ctx, c.path["id"])
	if err != nil {
		return nil, missing(err, "attachment", c.path["id"])
	}
	change := linearapi.AttachmentUpdateInput{Title: now.Value.Title}
	if s, given, _ := in.text(500, "file_name", "title"); given && s != "" {
		change.Title = s
	}
	change.Subtitle, _, _ = in.text(500, "subtitle")
	change.IconURL, _, _ = in.text(2000, "icon_url")
	if m, given := in.any("metadata"); given {
		change.Metadata, _ = m.(map[string]any)
	}
	if err := in.done(); err != nil {
		return nil, err
	}
	made, err := client.AttachmentUpdate(c.ctx, c.path["id"], change)
	if err != nil {
		return nil, err
	}
	n := &linearapi.Node[linearapi.Attachment]{Value: *made}
	if n.JSON, err = json.Marshal(made); err != nil {
		return nil, err
	}
	v := c.attachment(n)
	return c.one(http.StatusOK, item{id: v.ID, value: v, remote: n.JSON}, v.Etag)
}

func deleteAttachment(c *call) (*reply, error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	if err := client.AttachmentDelete(c.ctx, c.path["id"]); err != nil {
		return nil, missing(err, "attachment", c.path["id"])
	}
	return ok(Deleted{c.path["id"]}), nil
}

// downloadAttachment answers both ways to download. Only files in Linear's own
// storage are fetched: a server that fetches any address can be pointed at its
// own network.
func downloadAttachment(c *call) (*reply, error) {
	id := c.path["id"]
	if id == "" && c.input != nil {
		id, _, _ = c.input.text(500, "id")
	}
	if id == "" {
		return nil, invalidField("id", "required", "is required")
	}
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	address := ""
	if rest, isInline := strings.CutPrefix(id, "inline_"); isInline {
		issue, _, _ := strings.Cut(rest, "_")
		got, err := client.Issue(c.ctx, issue)
		if err != nil {
			return nil, missing(err, "attachment", id)
		}
		for _, f := range filesIn(got.ID, got.Description, client.OwnsFile) {
			if f.ID == id {
				address = f.FileURL
			}
		}
		if address == "" {
			return nil, notFound("attachment", id)
		}
	} else {
		n, err := client.AttachmentNode(c.ctx, id)
		if err != nil {
			return nil, missing(err, "attachment", id)
		}
		address = n.Value.URL
	}
	if !client.OwnsFile(address) {
		return nil, &problem{
			status: http.StatusConflict, code: codeConflict, raw: map[string]string{"file_url": address},
			message: "this attachment is a link, not a file: open its file_url",
		}
	}
	f, err := client.OpenFile(c.r.Context(), address, 1<<30)
	if err != nil {
		return nil, err
	}
	return &reply{write: func(w http.ResponseWriter) {
		defer f.Close() //nolint:errcheck // only read from
		h := w.Header()
		kind := f.Type
		if kind == "" {
			kind = "application/octet-stream"
		}
		h.Set("Content-Type", kind)
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
		h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
		if f.Size >= 0 {
			h.Set("Content-Length", strconv.FormatInt(f.Size, 10))
		}
		w.WriteHeader(http.StatusOK)
		_, _ = io.Copy(w, f) // a client that disconnects is not a failure
	}}, nil
}
