package ticketing

import (
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

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
	made, err := client.CommentCreateNode(c.ctx, create)
	if linearapi.IsNotTopLevel(err) {
		// A reply to a reply goes to the thread that it stands in.
		if root, rootErr := client.Comment(c.ctx, parent); rootErr == nil {
			create["parentId"] = root.Root()
			made, err = client.CommentCreateNode(c.ctx, create)
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
		if n, err = client.CommentUpdateNode(c.ctx, id, change); err != nil {
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
