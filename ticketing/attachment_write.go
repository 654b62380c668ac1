package ticketing

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// AttachmentInput is the body that creates an attachment.
type AttachmentInput struct {
	_             struct{}       `additionalProperties:"true"`
	Ticket        *anyRef        `json:"ticket,omitempty" doc:"Required on its own, unless a comment is given. Also taken as ticket_id."`
	Comment       *anyRef        `json:"comment,omitempty" doc:"With mode inline: the comment to put the file into. Also taken as comment_id."`
	FileName      string         `json:"file_name,omitempty"`
	FileURL       string         `json:"file_url,omitempty" doc:"Address of a link."`
	Data          string         `json:"data,omitempty" doc:"Content of a file, in base64."`
	ContentType   string         `json:"content_type,omitempty"`
	Subtitle      string         `json:"subtitle,omitempty"`
	IconURL       string         `json:"icon_url,omitempty" doc:"A PNG or JPG of at least 20 by 20 pixels. Write-only: Linear does not return it."`
	Metadata      map[string]any `json:"metadata,omitempty"`
	GroupBySource bool           `json:"group_by_source,omitempty" doc:"Has Linear show it among others of its source."`
	Mode          string         `json:"mode,omitempty" enum:"attachment,link,inline" doc:"link lets Linear detect what the address is; inline puts a file into the text of the comment, or into the description of the ticket."`

	RemoteData map[string]any `json:"remote_data,omitempty" doc:"Fields of Linear's own input, merged over the rest."`
}

// createAttachment answers POST /attachments: JSON, or a form with a file.
func createAttachment(c *call) (*reply, error) {
	in := c.input
	target := c.path["id"]
	if target == "" {
		target, _, _ = in.ref("ticket")
	}
	ref, _ := issueRef(target)
	comment, _, _ := in.ref("comment", "comment_id")
	if ref == "" && comment == "" {
		in.wrong("ticket", "required", "is required: the id of a ticket")
		return nil, in.done()
	}
	a, err := c.attaching(in)
	if err == nil && comment != "" && a.mode != "inline" {
		in.wrong("comment", "value", "is for mode inline: attachments are on tickets")
	}
	if err == nil {
		err = in.done()
	}
	if err != nil {
		return nil, err
	}
	if a.mode == "inline" {
		v, err := c.attachInline(ref, comment, a)
		if err != nil {
			return nil, missing(err, "ticket", target)
		}
		return c.one(http.StatusCreated, item{id: v.ID, value: v, remote: json.RawMessage("null")}, v.Etag)
	}
	n, err := c.attach(ref, a, c.make)
	if err != nil {
		return nil, missing(err, "ticket", target)
	}
	v, status := c.attachment(n), http.StatusCreated
	if v.ID != c.make { // the ticket had one with this address
		c.header.Set("Upserted", "true")
		status = http.StatusOK
	}
	return c.one(status, item{id: v.ID, value: v, remote: n.JSON}, v.Etag)
}

// attaching is what a body says about an attachment, checked before anything is
// sent.
type attaching struct {
	name, address, mode  string
	subtitle, icon, kind string
	grouped              bool
	metadata             map[string]any
	content              []byte
	has                  bool // there is content
	remote               map[string]any
}

// files are the attachments in a body; nil stands for one that is not an object.
func (in *input) files() []*input {
	list, _ := in.list(10, "attachments")
	out := make([]*input, len(list))
	for i, f := range list {
		name := "attachments[" + strconv.Itoa(i) + "]"
		if fields, isObject := f.(map[string]any); isObject {
			out[i] = in.object(name, fields)
		} else {
			in.wrong(name, "type", "must be an object")
		}
	}
	return out
}

// prepare checks the files that come with a ticket or a comment.
func (c *call) prepare(files []*input) ([]*attaching, error) {
	var out []*attaching
	for _, f := range files {
		if f == nil {
			continue
		}
		a, err := c.attaching(f)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}

// attaching reads the body of an attachment. What is wrong with it is noted in in.
func (c *call) attaching(in *input) (*attaching, error) {
	a := &attaching{metadata: map[string]any{}, remote: map[string]any{}}
	a.name, _, _ = in.text(500, "file_name", "title", "name")
	a.address, _, _ = in.text(4000, "file_url", "url")
	a.mode, _, _ = in.text(20, "mode")
	a.subtitle, _, _ = in.text(500, "subtitle")
	a.icon, _, _ = in.text(2000, "icon_url")
	a.grouped, _ = in.flag("group_by_source")
	in.any("ticket", "ticket_id", "integrated_account_id")
	if m, given := in.any("metadata"); given && m != nil {
		o, isObject := m.(map[string]any)
		if !isObject {
			in.wrong("metadata", "type", "must be an object")
		}
		a.metadata = maps.Clone(o)
	}
	if a.metadata == nil {
		a.metadata = map[string]any{}
	}
	in.remote(a.remote)
	if !slices.Contains([]string{"", "attachment", "link", "inline"}, a.mode) {
		in.wrong("mode", "value", "must be attachment, link or inline")
	}
	if a.icon != "" && !isWeb(a.icon) {
		in.wrong("icon_url", "value", "must be an http or https address")
	}
	var err error
	if a.content, a.kind, a.has, err = c.content(in); err != nil {
		return nil, err
	}
	switch {
	case !a.has && a.address == "":
		in.wrong("file_url", "required", "is required, or data")
	case !a.has && !isWeb(a.address):
		in.wrong("file_url", "value", "must be an http or https address")
	case a.has && a.name == "":
		in.wrong("file_name", "required", "is required with data")
	case a.has && a.mode == "link":
		in.wrong("mode", "value", "link is for a file_url; leave it out, or send inline")
	case a.has && a.address != "":
		in.wrong("file_url", "value", "is for a link: send it or a file, not both")
	}
	if a.mode == "link" || a.mode == "inline" {
		a.plain(in)
	}
	if a.content != nil {
		if err := c.uploadable(in, a.kind); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// plain rejects what links that Linear makes of an address, and files in a text, do not
// have.
func (a *attaching) plain(in *input) {
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"subtitle", a.subtitle != ""},
		{"icon_url", a.icon != ""},
		{"metadata", len(a.metadata) > 0},
		{"group_by_source", a.grouped},
		{"remote_data", len(a.remote) > 0},
	} {
		if f.set {
			in.wrong(f.name, "unsupported", "cannot be set with mode %s", a.mode)
		}
	}
}

// attach puts a link or a file on a ticket.
func (c *call) attach(ref string, a *attaching, id string) (*linearapi.Node[linearapi.Attachment], error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	address, name, metadata := a.address, a.name, a.metadata
	if a.has {
		if address, err = c.upload(client, name, a.kind, a.content); err != nil {
			return nil, err
		}
		metadata["size"], metadata["content_type"] = len(a.content), a.kind
	}
	if name == "" {
		name = address
	}
	var made *linearapi.Attachment
	c.api.expect(c.ctx, c.conn.ID, id)
	switch {
	case a.mode == "link" && !a.has:
		made, err = client.AttachmentLinkURL(c.ctx, linearapi.AttachmentLinkInput{ID: id, IssueID: ref, URL: address, Title: name})
	case len(a.remote) > 0:
		out := map[string]any{"id": id, "issueId": ref, "title": name, "url": address, "metadata": metadata, "groupBySource": a.grouped}
		for field, v := range map[string]string{"subtitle": a.subtitle, "iconUrl": a.icon} {
			if v != "" {
				out[field] = v
			}
		}
		maps.Copy(out, a.remote)
		return rawWrite[linearapi.Attachment](c, proxyResources()["attachments"], "", out, attachmentFields)
	default:
		made, err = client.AttachmentCreate(c.ctx, linearapi.AttachmentCreateInput{
			ID: id, IssueID: ref, Title: name, URL: address, Subtitle: a.subtitle, IconURL: a.icon, Metadata: metadata, GroupBySource: a.grouped,
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

// attachmentFields are those of an attachment, as Linear calls them.
const attachmentFields = " id title subtitle url metadata sourceType groupBySource createdAt updatedAt archivedAt" +
	" creator { id name displayName email avatarUrl app } externalUserCreator { id name displayName email avatarUrl } issue { id identifier title url }"

func isWeb(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

func updateAttachment(c *call) (*reply, error) {
	in, id := c.input, c.path["id"]
	in.any("integrated_account_id")
	change := map[string]any{}
	if s, given, _ := in.text(500, "file_name", "title", "name"); given && s != "" {
		change["title"] = s
	}
	if s, given, _ := in.text(500, "subtitle"); given {
		change["subtitle"] = s
	}
	if s, given, _ := in.text(2000, "icon_url"); given {
		if s != "" && !isWeb(s) {
			in.wrong("icon_url", "value", "must be an http or https address")
		}
		change["iconUrl"] = s
	}
	if m, given := in.any("metadata"); given && m != nil {
		o, isObject := m.(map[string]any)
		if !isObject {
			in.wrong("metadata", "type", "must be an object")
		}
		change["metadata"] = o
	}
	for _, fixed := range []string{"ticket", "ticket_id", "file_url", "url", "data", "mode", "group_by_source"} {
		if v, given := in.any(fixed); given && v != nil {
			in.wrong(fixed, "value", "cannot be changed: delete the attachment and make another")
		}
	}
	in.remote(change)
	if err := in.done(); err != nil {
		return nil, err
	}
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	now, err := client.AttachmentNode(c.ctx, id)
	if err != nil {
		return nil, missing(err, "attachment", id)
	}
	if err := c.unchanged(func() (string, error) { return etag(id, now.Value.UpdatedAt), nil }); err != nil {
		return nil, err
	}
	n := now
	if len(change) > 0 {
		if _, titled := change["title"]; !titled {
			change["title"] = now.Value.Title // Linear wants it in any case
		}
		if n, err = rawWrite[linearapi.Attachment](c, proxyResources()["attachments"], id, change, attachmentFields); err != nil {
			return nil, missing(err, "attachment", id)
		}
	}
	v := c.attachment(n)
	return c.one(http.StatusOK, item{id: v.ID, value: v, remote: n.JSON}, v.Etag)
}

func deleteAttachment(c *call) (*reply, error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	if err := c.unchanged(func() (string, error) {
		n, err := client.AttachmentNode(c.ctx, c.path["id"])
		if err != nil {
			return "", missing(err, "attachment", c.path["id"])
		}
		return etag(n.Value.ID, n.Value.UpdatedAt), nil
	}); err != nil {
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
		if a.CommentID != nil {
			comment, err := client.Comment(c.ctx, *a.CommentID)
			if remoteNotFound(err) {
				return false, nil
			}
			return err == nil && strings.Contains(comment.Body, a.FileURL), err
		}
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
