package ticketing

import (
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

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
	GroupBySource  bool            `json:"group_by_source"`
	CommentID      *string         `json:"comment_id" doc:"Of a file in a comment."`
	ContentType    *string         `json:"content_type" doc:"Guessed from the name; a read does not fetch the file."`
	Size           *int64          `json:"size"`
	UploadedBy     *string         `json:"uploaded_by"`
	UploadedByType *string         `json:"uploaded_by_type" enum:"user,contact,system"`
	Conversation   *IDRef          `json:"conversation" doc:"If it is a link to a conversation."`
	CreatedAt      *time.Time      `json:"created_at"`
	UpdatedAt      *time.Time      `json:"updated_at"`
	Etag           string          `json:"etag"`
	RemoteData     json.RawMessage `json:"remote_data,omitempty"`

	Partly
}

func (c *call) attachment(n *linearapi.Node[linearapi.Attachment]) *Attachment {
	v := &n.Value
	out := &Attachment{
		ID: v.ID, Kind: "link", FileName: v.Title, FileURL: v.URL, Subtitle: text(v.Subtitle), SourceType: text(v.SourceType), GroupBySource: v.GroupBySource,
		Metadata: v.Metadata, CreatedAt: at(v.CreatedAt), UpdatedAt: at(v.UpdatedAt), Etag: etag(v.ID, v.UpdatedAt),
	}
	if len(out.Metadata) == 0 {
		out.Metadata = json.RawMessage("{}")
	}
	if v.Issue != nil {
		out.TicketID = text(v.Issue.ID)
	}
	if by := author(v.Creator, v.ExternalUserCreator, nil); by != nil {
		out.UploadedBy, out.UploadedByType = text(by.ID), &by.Type
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
			{name: "uploaded_by", also: []string{"uploaded_by[id]", "creator[id]"}, kind: ofID, path: "creator.id", nullable: true},
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
	out, err := partOf(got, err, func(n *linearapi.Node[linearapi.Attachment]) item {
		return item{id: n.Value.ID, value: c.attachment(n), remote: n.JSON}
	})
	if err != nil {
		return nil, err
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
		said, err := c.filesOfComments(issue.ID)
		if err != nil {
			return nil, err
		}
		for _, a := range said {
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

// filesOfComments finds the files in the last comments of a ticket.
func (c *call) filesOfComments(issue string) ([]*Attachment, error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	got, err := client.CommentNodes(c.ctx, linearapi.CommentQuery{
		Filter: nest("issue.id", linearapi.Filter{"eq": issue}), PageArgs: linearapi.PageArgs{First: 100},
	})
	if err != nil {
		return nil, err
	}
	var out []*Attachment
	for i := range got.Nodes {
		v := &got.Nodes[i].Value
		for _, f := range filesIn(issue, v.Body, client.OwnsFile) {
			a := inlineAttachment(issue, f)
			a.CommentID = text(v.ID)
			out = append(out, a)
		}
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
		out = append(out, FileRef{inlinePrefix + issue + "_" + shortHash(address), name, address})
	}
	return out
}

func getAttachment(c *call) (*reply, error) {
	if id := c.path["id"]; strings.HasPrefix(id, inlinePrefix) {
		v, err := c.inlineFile(id)
		if err != nil {
			return nil, err
		}
		return c.one(http.StatusOK, item{id: v.ID, value: v, remote: json.RawMessage("null")}, v.Etag)
	}
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	c.inPart()
	n, err := client.AttachmentNode(c.ctx, c.path["id"])
	if err != nil {
		return nil, missing(err, "attachment", c.path["id"])
	}
	v := c.attachment(n)
	return c.one(http.StatusOK, item{id: v.ID, value: v, remote: n.JSON}, v.Etag)
}
