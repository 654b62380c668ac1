package ticketing

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// AttachmentInput is the body that creates an attachment.
type AttachmentInput struct {
	_             struct{}       `additionalProperties:"true"`
	Ticket        *anyRef        `json:"ticket,omitempty" doc:"Required on its own. Also taken as ticket_id."`
	FileName      string         `json:"file_name,omitempty"`
	FileURL       string         `json:"file_url,omitempty" doc:"Address of a link."`
	Data          string         `json:"data,omitempty" doc:"Content of a file, in base64."`
	ContentType   string         `json:"content_type,omitempty"`
	Subtitle      string         `json:"subtitle,omitempty"`
	IconURL       string         `json:"icon_url,omitempty"`
	Metadata      map[string]any `json:"metadata,omitempty"`
	GroupBySource bool           `json:"group_by_source,omitempty" doc:"Has Linear show it among others of its source."`
	Mode          string         `json:"mode,omitempty" enum:"attachment,link,inline" doc:"link lets Linear find out what the address is; inline puts a file into the description of the ticket."`
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
	if in.peek("mode") == "inline" {
		v, err := c.attachInline(ref, in)
		if err != nil {
			return nil, missing(err, "ticket", target)
		}
		return c.one(http.StatusCreated, item{id: v.ID, value: v, remote: json.RawMessage("null")}, v.Etag)
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

// attach puts a link or a file on a ticket.
func (c *call) attach(ref string, in *input, id string) (*linearapi.Node[linearapi.Attachment], error) {
	name, _, _ := in.text(500, "file_name", "title", "name")
	address, _, _ := in.text(4000, "file_url", "url")
	mode, _, _ := in.text(20, "mode")
	subtitle, _, _ := in.text(500, "subtitle")
	icon, _, _ := in.text(2000, "icon_url")
	grouped, _ := in.flag("group_by_source")
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
	c.api.expect(c.ctx, c.conn.ID, id)
	if mode == "link" && !has {
		made, err = client.AttachmentLinkURL(c.ctx, linearapi.AttachmentLinkInput{ID: id, IssueID: ref, URL: address, Title: name})
	} else {
		made, err = client.AttachmentCreate(c.ctx, linearapi.AttachmentCreateInput{
			ID: id, IssueID: ref, Title: name, URL: address, Subtitle: subtitle, IconURL: icon, Metadata: metadata, GroupBySource: grouped,
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
	done := c.api.intend(c.ctx, c.conn.ID, c.path["id"])
	made, err := client.AttachmentUpdate(c.ctx, c.path["id"], change)
	if err != nil {
		return nil, err
	}
	done(made.UpdatedAt)
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
	c.api.intend(c.ctx, c.conn.ID, c.path["id"])
	if err := client.AttachmentDelete(c.ctx, c.path["id"]); err != nil {
		return nil, missing(err, "attachment", c.path["id"])
	}
	return ok(Deleted{c.path["id"]}), nil
}

// attachmentStands reports whether the attachment of an answer is still there: a
// file that was deleted may come back.
func attachmentStands(c *call, answer []byte) (bool, error) {
	var a Attachment
	_ = json.Unmarshal(answer, &a) // what cannot be read names nothing
	if a.ID == "" {
		return false, nil
	}
	client, err := c.client()
	if err != nil {
		return false, err
	}
	if strings.HasPrefix(a.ID, inlinePrefix) && a.TicketID != nil {
		issue, err := client.Issue(c.ctx, *a.TicketID)
		if remoteNotFound(err) {
			return false, nil
		}
		return err == nil && strings.Contains(issue.Description, a.FileURL), err
	}
	_, err = client.AttachmentNode(c.ctx, a.ID)
	if remoteNotFound(err) {
		return false, nil
	}
	return err == nil, err
}

// inlinePrefix begins the ids of files that stand in a text.
const inlinePrefix = "inline_"

// attachInline uploads a file and adds it to the description of a ticket.
func (c *call) attachInline(ref string, in *input) (*Attachment, error) {
	if in.fields["data"] == nil && in.fields["content"] == nil {
		return nil, invalidField("data", "required", "is required with mode inline")
	}
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	issue, err := client.Ticket(c.ctx, ref)
	if err != nil {
		return nil, err
	}
	markdown, err := c.inline(in, 0)
	if err == nil {
		err = in.done()
	}
	if err != nil {
		return nil, err
	}
	done := c.api.intend(c.ctx, c.conn.ID, issue.Value.ID)
	changed, err := client.TicketUpdate(c.ctx, issue.Value.ID, linearapi.Input{
		"description": strings.TrimSpace(issue.Value.Description + "\n\n" + markdown),
	})
	if err != nil {
		return nil, err
	}
	done(changed.Value.UpdatedAt)
	files := filesIn(issue.Value.ID, markdown, client.OwnsFile)
	if len(files) == 0 {
		return nil, errors.New("ticketing: the storage of the file is not Linear's")
	}
	files[0].FileName = cmp.Or(in.peek("file_name"), files[0].FileName)
	return inlineAttachment(issue.Value.ID, files[0]), nil
}
