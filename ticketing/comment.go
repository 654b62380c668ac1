package ticketing

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// Comment is a comment on a ticket.
type Comment struct {
	ID            string          `json:"id"`
	Ticket        *CommentTicket  `json:"ticket"`
	Body          string          `json:"body" doc:"Markdown."`
	HTMLBody      *string         `json:"html_body" doc:"The body, rendered."`
	Author        *Person         `json:"author"`
	Receiver      *Person         `json:"receiver"`
	ParentComment *IDRef          `json:"parent_comment"`
	Attachments   []FileRef       `json:"attachments" doc:"Files in the text."`
	IsInternal    bool            `json:"is_internal" doc:"Whether it stays in Linear: it came from there, and its thread is not synced with another service."`
	IsPrivate     bool            `json:"is_private"`
	Channel       *Ref            `json:"channel"`
	QuotedText    *string         `json:"quoted_text" doc:"The part of the description that it is about."`
	URL           string          `json:"url"`
	Reactions     []ReactionRef   `json:"reactions"`
	IsResolved    bool            `json:"is_resolved"`
	ResolvedAt    *time.Time      `json:"resolved_at"`
	ResolvedBy    *Person         `json:"resolved_by"`
	EditedAt      *time.Time      `json:"edited_at"`
	CreatedAt     *time.Time      `json:"created_at"`
	UpdatedAt     *time.Time      `json:"updated_at"`
	Etag          string          `json:"etag"`
	RemoteData    json.RawMessage `json:"remote_data,omitempty"`

	Partly
}

// CommentTicket is the ticket of a comment.
type CommentTicket struct {
	ID     string  `json:"id"`
	Number *string `json:"number"`
}

// IDRef names something by its id.
type IDRef struct {
	ID string `json:"id"`
}

// FileRef is a file in a text.
type FileRef struct {
	ID       string `json:"id"`
	FileName string `json:"file_name"`
	FileURL  string `json:"file_url"`
}

// ReactionRef is a reaction to a comment.
type ReactionRef struct {
	ID    string  `json:"id"`
	Emoji string  `json:"emoji"`
	User  *Person `json:"user"`
}

// CommentInput is the body that creates or changes a comment.
type CommentInput struct {
	_              struct{}          `additionalProperties:"true"`
	Ticket         *anyRef           `json:"ticket,omitempty" doc:"Required on create. Also taken as ticket_id."`
	Body           string            `json:"body,omitempty" doc:"Markdown. Required on create, unless html_body or attachments are given."`
	HTMLBody       string            `json:"html_body,omitempty" doc:"Converted to Markdown if there is no body."`
	ParentComment  *anyRef           `json:"parent_comment,omitempty" doc:"On create: the comment to answer."`
	Author         *CommentAuthor    `json:"author,omitempty" doc:"On create: whose name to show."`
	Attachments    []AttachmentInput `json:"attachments,omitempty" doc:"On create: files to put into the text."`
	DoNotSubscribe bool              `json:"do_not_subscribe,omitempty"`
	IsResolved     *bool             `json:"is_resolved,omitempty" doc:"On change: whether the thread is resolved."`
	CreatedAt      *time.Time        `json:"created_at,omitempty" doc:"On create, for imports."`
	RemoteData     map[string]any    `json:"remote_data,omitempty" doc:"Fields of Linear's own input, merged over the rest."`
}

// CommentAuthor is whose name a comment shows.
type CommentAuthor struct {
	Name   string `json:"name,omitempty"`
	Avatar string `json:"avatar,omitempty"`
}

// comment maps a comment.
func (c *call) comment(n *linearapi.Node[linearapi.Comment]) *Comment {
	v := &n.Value
	out := &Comment{
		ID: v.ID, Body: v.Body, Author: author(v.User, v.ExternalUser, v.BotActor), IsInternal: v.ExternalUser == nil,
		URL: v.URL, IsResolved: !v.ResolvedAt.IsZero(), ResolvedAt: at(v.ResolvedAt), EditedAt: at(v.EditedAt),
		CreatedAt: at(v.CreatedAt), UpdatedAt: at(v.UpdatedAt), Etag: etag(v.ID, v.UpdatedAt),
		Attachments: filesIn(v.IssueID, v.Body, c.conn.Client.OwnsFile), Reactions: []ReactionRef{},
		QuotedText: text(v.QuotedText), ResolvedBy: person(v.ResolvingUser),
	}
	out.HTMLBody = htmlOf(&v.Body)
	switch {
	case v.Issue != nil:
		out.Ticket = &CommentTicket{v.Issue.ID, text(v.Issue.Identifier)}
	case v.IssueID != "":
		out.Ticket = &CommentTicket{v.IssueID, nil}
	}
	if parent := v.ParentID; parent != "" {
		out.ParentComment = &IDRef{parent}
	} else if v.Parent != nil {
		out.ParentComment = &IDRef{v.Parent.ID}
	}
	if e := v.ExternalThread; e != nil && e.ID != "" {
		out.Channel, out.IsInternal = &Ref{e.ID, text(cmp.Or(e.SubType, e.Type))}, out.IsInternal && !e.Connected
	}
	for _, r := range v.Reactions {
		out.Reactions = append(out.Reactions, ReactionRef{r.ID, r.Emoji, author(r.User, r.ExternalUser, nil)})
	}
	return out
}

// markdown reads a text that may come as HTML instead. given is also true for null.
func (in *input) markdown(name, htmlName string) (body string, given bool) {
	body, given, _ = in.text(maxText, name)
	source, hasHTML, null := in.text(maxText, htmlName)
	if given || !hasHTML {
		return body, given
	}
	if null {
		return "", true
	}
	return toMarkdown(source), true
}

func commentListing() *listing {
	return &listing{
		resource: "comments", price: priceComment,
		filters: []*filter{
			{name: "ticket[id]", make: filterIssue, doc: "Id or short name of a ticket."},
			{name: "id", kind: ofID, path: "id"},
			{name: "parent_comment[id]", kind: ofID, path: "parent.id", nullable: true},
			{name: "author[id]", kind: ofID, path: "user.id"},
			{name: "body", kind: ofText, path: "body"},
			{name: "collections", also: []string{"collection[id]"}, kind: ofID, path: "project.id"},
			{name: "is_internal", make: ignoreTrue("is_internal")},
			{name: "is_private", make: ignoreFalse("is_private")},
			{name: "created_at", kind: ofTime, path: "createdAt"},
			{name: "updated_at", kind: ofTime, path: "updatedAt"},
		},
		sorts: []string{"created_at", "updated_at"},
		fetch: func(c *call, r request) (*part, error) {
			client, err := c.client()
			if err != nil {
				return nil, err
			}
			got, err := client.CommentNodes(c.ctx, linearapi.CommentQuery{
				Filter: and(append(slices.Clone(r.conditions), linearapi.Filter{"issue": linearapi.Filter{"null": false}})), PageArgs: turned(r),
			})
			if err != nil {
				return nil, err
			}
			out := &part{info: got.Info}
			for i := range got.Nodes {
				n := &got.Nodes[i]
				out.items = append(out.items, item{id: n.Value.ID, value: c.comment(n), remote: n.JSON})
			}
			turn(r, out)
			return out, nil
		},
	}
}

// turned walks a list that Linear sorts the newest first from its other end,
// if the oldest first is asked for.
func turned(r request) linearapi.PageArgs {
	if !ascending(r) {
		return r.page
	}
	return linearapi.PageArgs{First: r.page.Last, After: r.page.Before, Last: r.page.First, Before: r.page.After}
}

func turn(r request, p *part) {
	if !ascending(r) {
		return
	}
	slices.Reverse(p.items)
	i := &p.info
	i.HasNextPage, i.HasPreviousPage = i.HasPreviousPage, i.HasNextPage
	i.StartCursor, i.EndCursor = i.EndCursor, i.StartCursor
}

func ascending(r request) bool { return len(r.sort) == 1 && !r.sort[0].desc }

func filterIssue(_ *call, op string, values []string) (linearapi.Filter, error) {
	if op != "eq" && op != "in" {
		return nil, badRequest(codeInvalidRequest, "ticket has no operator %q", op)
	}
	refs := make([]string, len(values))
	for i, v := range values {
		refs[i], _ = issueRef(v)
	}
	return nest("issue.id", linearapi.Filter{"in": refs}), nil
}

// ignoreTrue is a filter that everything satisfies if it is true.
func ignoreTrue(name string) func(*call, string, []string) (linearapi.Filter, error) {
	return func(_ *call, _ string, values []string) (linearapi.Filter, error) {
		if values[0] == "true" || values[0] == "1" {
			return nil, nil //nolint:nilnil // nothing to filter
		}
		return nil, badRequest(codeInvalidRequest, "%s can only be true: Linear has no others", name)
	}
}

func ignoreFalse(name string) func(*call, string, []string) (linearapi.Filter, error) {
	return func(_ *call, _ string, values []string) (linearapi.Filter, error) {
		if values[0] == "false" || values[0] == "0" {
			return nil, nil //nolint:nilnil // nothing to filter
		}
		return nil, badRequest(codeInvalidRequest, "%s can only be false: Linear has no others", name)
	}
}

func getComment(c *call) (*reply, error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	c.inPart()
	n, err := client.CommentNode(c.ctx, c.path["id"])
	if err != nil {
		return nil, missing(err, "comment", c.path["id"])
	}
	return c.oneComment(http.StatusOK, n)
}

func (c *call) oneComment(status int, n *linearapi.Node[linearapi.Comment]) (*reply, error) {
	v := c.comment(n)
	return c.one(status, item{id: v.ID, value: v, remote: n.JSON}, v.Etag)
}

// createComment answers POST /comments and POST /tickets/{id}/comments.
func createComment(c *call) (*reply, error) {
	in := c.input
	target := c.path["id"]
	if target == "" {
		target, _, _ = in.ref("ticket")
	}
	n, err := c.writeComment(in, target)
	if err != nil {
		return nil, err
	}
	return c.oneComment(http.StatusCreated, n)
}

func (c *call) writeComment(in *input, target string) (*linearapi.Node[linearapi.Comment], error) {
	in.any("integrated_account_id")
	ref, _ := issueRef(target)
	list, inCollection := in.refs(1, "collections")
	if ref == "" && (!inCollection || len(list) != 1) {
		in.wrong("ticket", "required", "is required: an object with the id of a ticket")
	}
	body, _ := in.markdown("body", "html_body")
	files := in.files()
	if strings.TrimSpace(body) == "" && len(files) == 0 {
		in.wrong("body", "required", "must not be empty")
	}
	if private, _ := in.flag("is_private"); private {
		in.wrong("is_private", "value", "Linear has no private comments")
	}
	in.flag("is_internal")
	parent, _, _ := in.ref("parent_comment", "parent_id")
	create := linearapi.Input{"id": c.make}
	if ref != "" {
		create["issueId"] = ref
	} else if len(list) == 1 {
		create["projectId"] = list[0].id
	}
	if parent != "" {
		create["parentId"] = parent
	}
	if quiet, _ := in.flag("do_not_subscribe"); quiet {
		create["doNotSubscribeToIssue"] = true
	}
	if at, given := in.moment("created_at"); given {
		create["createdAt"] = at
	}
	name, avatar, err := c.shownAs(in, ref)
	if err != nil {
		return nil, err
	}
	more := map[string]any{}
	in.remote(more)
	ready, err := c.prepare(files)
	if err != nil {
		return nil, err
	}
	if err := in.done(); err != nil {
		return nil, err
	}
	for i, f := range ready {
		link, err := c.inline(f, i)
		if err != nil {
			return nil, err
		}
		body = strings.TrimSpace(body + "\n\n" + link)
	}
	if name != "" {
		if c.conn.AppActor {
			create["createAsUser"] = name
			if avatar != "" {
				create["displayIconUrl"] = avatar
			}
		} else {
			body = "*" + escapeMarkdown(name) + ":*\n\n" + body
		}
	}
	create["body"] = body
	maps.Copy(create, more)
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	id, _ := create["id"].(string)
	c.api.expect(c.ctx, c.conn.ID, id)
	made, err := client.CommentPost(c.ctx, create)
	if linearapi.IsNotTopLevel(err) {
		// A reply to a reply goes to the thread that it stands in.
		if root, rootErr := client.Comment(c.ctx, parent); rootErr == nil {
			create["parentId"] = root.Root()
			made, err = client.CommentPost(c.ctx, create)
		}
	}
	switch {
	case adapter.CodeOf(err) == adapter.CodeConflict:
		return client.CommentNode(c.ctx, id)
	case err != nil:
		return nil, missing(unfound(err, map[string]string{"Comment": "parent_comment", "Project": "collections"}), "ticket", target)
	}
	return made, nil
}

// shownAs is the name and the picture that a comment is shown with: what the body
// says, or those of the agent who writes, if the team of the issue wants that.
func (c *call) shownAs(in *input, issue string) (name, avatar string, err error) {
	if a := in.sub("author"); a != nil {
		name, _, _ = a.text(200, "name")
		avatar, _, _ = a.text(2000, "avatar")
		return name, avatar, nil
	}
	if !c.who.session {
		return "", "", nil
	}
	s, err := c.settingsFor(issue)
	if err != nil {
		return "", "", err
	}
	if s.CreateAsAgent || !c.conn.AppActor {
		return c.who.Name, c.who.AvatarURL, nil
	}
	return "", "", nil
}

// escapeMarkdown keeps a name from being anything else.
func escapeMarkdown(s string) string {
	return strings.NewReplacer("\\", "\\\\", "*", "\\*", "_", "\\_", "[", "\\[", "]", "\\]", "`", "\\`", "\n", " ", "\r", " ", "<", "\\<", "@", "\\@").Replace(s)
}

// updateComment answers PATCH /comments/{id}: it changes the text, resolves the
// thread, or both.
func updateComment(c *call) (*reply, error) {
	in, id := c.input, c.path["id"]
	in.any("integrated_account_id")
	change := linearapi.Input{}
	body, given := in.markdown("body", "html_body")
	switch {
	case given && strings.TrimSpace(body) != "":
		change["body"] = body
	case given:
		in.wrong("body", "required", "must not be empty")
	}
	resolved, resolves := in.flag("is_resolved")
	in.remote(change)
	if len(change) == 0 && !in.hasAny("is_resolved") {
		in.wrong("body", "required", "is required, or is_resolved")
	}
	if err := in.done(); err != nil {
		return nil, err
	}
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	if err := c.unchanged(func() (string, error) {
		n, err := client.CommentNode(c.ctx, id)
		if err != nil {
			return "", missing(err, "comment", id)
		}
		return etag(id, n.Value.UpdatedAt), nil
	}); err != nil {
		return nil, err
	}
	var n *linearapi.Node[linearapi.Comment]
	if len(change) > 0 {
		done := c.api.intend(c.ctx, c.conn.ID, id)
		if n, err = client.CommentEdit(c.ctx, id, change); err != nil {
			return nil, missing(err, "comment", id)
		}
		done(n.Value.UpdatedAt)
	}
	if resolves {
		if n, err = c.resolve(id, resolved); err != nil {
			return nil, err
		}
	}
	return c.oneComment(http.StatusOK, n)
}

func deleteComment(c *call) (*reply, error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	if err := c.unchanged(func() (string, error) {
		n, err := client.CommentNode(c.ctx, c.path["id"])
		if err != nil {
			return "", missing(err, "comment", c.path["id"])
		}
		return etag(n.Value.ID, n.Value.UpdatedAt), nil
	}); err != nil {
		return nil, err
	}
	c.api.intend(c.ctx, c.conn.ID, c.path["id"])
	if err := client.CommentDelete(c.ctx, c.path["id"]); err != nil {
		return nil, missing(err, "comment", c.path["id"])
	}
	return ok(Deleted{c.path["id"]}), nil
}

// resolveComment makes the handlers of resolve and unresolve.
func resolveComment(resolved bool) func(*call) (*reply, error) {
	return func(c *call) (*reply, error) {
		n, err := c.resolve(c.path["id"], resolved)
		if err != nil {
			return nil, err
		}
		return ok(Result{c.comment(n)}), nil
	}
}

// resolve closes or opens the thread of a comment.
func (c *call) resolve(id string, resolved bool) (*linearapi.Node[linearapi.Comment], error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	done := c.api.intend(c.ctx, c.conn.ID, id)
	if resolved {
		_, err = client.CommentResolve(c.ctx, id, "")
	} else {
		_, err = client.CommentUnresolve(c.ctx, id)
	}
	if err != nil {
		return nil, missing(err, "comment", id)
	}
	n, err := client.CommentNode(c.ctx, id)
	if err != nil {
		return nil, err
	}
	done(n.Value.UpdatedAt)
	return n, nil
}

func reactToComment(c *call) (*reply, error) {
	emoji, _, _ := c.input.text(100, "emoji")
	if emoji == "" {
		c.input.wrong("emoji", "required", "is required: a character or a name")
	}
	if err := c.input.done(); err != nil {
		return nil, err
	}
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	r, err := client.ReactionCreate(c.ctx, linearapi.ReactionCreateInput{ID: c.make, CommentID: c.path["id"], Emoji: emoji})
	if err != nil {
		return nil, missing(err, "comment", c.path["id"])
	}
	return created(Result{ReactionRef{r.ID, r.Emoji, author(r.User, r.ExternalUser, nil)}}), nil
}
