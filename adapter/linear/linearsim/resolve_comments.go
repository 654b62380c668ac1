package linearsim

import "strings"

// commentParents are the entities that a comment can hang under. Linear wants
// exactly one, also for replies.
func commentParents() []string {
	return []string{"projectUpdateId", "initiativeUpdateId", "postId", "documentContentId", "projectId", "initiativeId", "issueId"}
}

func commentQueries() map[string]operation {
	return map[string]operation{
		"comment": func(r *request, a args) (any, error) {
			switch {
			case a.set("id"):
				return r.ws.findComment(a.text("id"))
			case a.set("hash"):
				return r.ws.findHash(a.text("hash"))
			}
			return nil, invalidArgument("id or hash must be defined")
		},
		"comments": func(r *request, a args) (any, error) {
			return page(r, "Comment", a, visible(r.ws.comments), r.srv.filters.comment)
		},
	}
}

func visible(in []*Comment) []*Comment {
	out := make([]*Comment, 0, len(in))
	for _, c := range in {
		if c.stands() {
			out = append(out, c)
		}
	}
	return out
}

func commentMutations() map[string]operation {
	return map[string]operation{
		"commentCreate": createComment,
		"commentUpdate": updateComment,
		"commentDelete": func(r *request, a args) (any, error) {
			c, err := r.ownComment(a.text("id"))
			if err != nil {
				return nil, err
			}
			r.srv.removeComment(c, r.user)
			return r.done("DeletePayload", "entityId", c.ID), nil
		},
		"commentResolve": func(r *request, a args) (any, error) {
			c, err := r.threadRoot(a.text("id"))
			if err != nil {
				return nil, err
			}
			var with *Comment
			if a.set("resolvingCommentId") {
				if with, err = r.ws.findComment(a.text("resolvingCommentId")); err != nil {
					return nil, err
				}
			}
			r.srv.resolve(c, r.user, with)
			return r.done("CommentPayload", "comment", c), nil
		},
		"commentUnresolve": func(r *request, a args) (any, error) {
			c, err := r.threadRoot(a.text("id"))
			if err != nil {
				return nil, err
			}
			r.srv.unresolve(c, r.user)
			return r.done("CommentPayload", "comment", c), nil
		},
	}
}

// done is the answer of a mutation that worked.
func (r *request) done(typ, key string, value any) any {
	r.srv.syncID++
	return payload{typ, map[string]any{"success": true, "lastSyncId": r.srv.syncID, key: value}}
}

func createComment(r *request, a args) (any, error) {
	in := a.object("input")
	given := 0
	for _, name := range commentParents() {
		if in.set(name) {
			given++
		}
	}
	if given != 1 {
		names := commentParents()
		last := len(names) - 1
		return nil, invalidArgument("Exactly one of " + strings.Join(names[:last], ", ") + " or " + names[last] + " must be defined")
	}
	id, err := r.srv.claim("Comment", in)
	if err != nil {
		return nil, err
	}
	c := &Comment{
		ID: id, Author: r.user, body: in.text("body"), quoted: in.text("quotedText"),
		AsUser: in.text("createAsUser"), iconURL: in.text("displayIconUrl"),
		quiet: in.flag("doNotSubscribeToIssue"),
	}
	if c.AsUser != "" && !r.user.App {
		return nil, invalidArgument("createAsUser can only be used by an app user")
	}
	if err := r.hang(c, in); err != nil {
		return nil, err
	}
	if in.set("parentId") {
		if c.Parent, err = r.ws.findComment(in.text("parentId")); err != nil {
			return nil, err
		}
		if c.Parent.Parent != nil {
			return nil, inputError("Parent comment must be a top level comment.", "Parent comment must be a top level comment.")
		}
		if c.Parent.Issue != c.Issue || c.Parent.on != c.on {
			return nil, inputError("Parent comment must be on the same issue.", "Parent comment must be on the same issue.")
		}
	}
	if strings.TrimSpace(c.body) == "" {
		return nil, invalidField("body", "isNotEmpty", "body should not be empty")
	}
	if c.CreatedAt, err = in.time("createdAt"); err != nil {
		return nil, err
	}
	for _, id := range in.texts("subscriberIds") {
		u, err := r.ws.findUser(id)
		if err != nil {
			return nil, err
		}
		if c.Issue != nil {
			c.Issue.subscribe(u)
		}
	}
	r.srv.addComment(c, r.user.actor())
	if c.Issue != nil {
		r.srv.involveAgents(c)
	}
	return r.done("CommentPayload", "comment", c), nil
}

// hang finds what a comment is written on.
func (r *request) hang(c *Comment, in args) error {
	c.ws = r.ws
	for _, name := range commentParents() {
		if !in.set(name) {
			continue
		}
		n, err := r.find(upperFirst(strings.TrimSuffix(name, "Id")), in.text(name))
		if err != nil {
			return err
		}
		switch n := n.(type) {
		case *Issue:
			c.Issue = n
		case *thing:
			c.on = n
		}
	}
	return nil
}

func updateComment(r *request, a args) (any, error) {
	c, err := r.ownComment(a.text("id"))
	if err != nil {
		return nil, err
	}
	in := a.object("input")
	if in.set("body") && strings.TrimSpace(in.text("body")) == "" {
		return nil, invalidField("body", "isNotEmpty", "body should not be empty")
	}
	var with *Comment
	if in.set("resolvingCommentId") {
		if with, err = r.ws.findComment(in.text("resolvingCommentId")); err != nil {
			return nil, err
		}
	}
	r.srv.change(c, r.user, func() {
		if in.set("body") && in.text("body") != c.body {
			c.body, c.typed = r.srv.stored(in.text("body")), false
			if !a.flag("skipEditedAt") {
				c.editedAt = r.srv.now()
			}
		}
		if in.has("quotedText") {
			c.quoted = in.text("quotedText")
		}
		if with != nil {
			c.resolvedAt, c.resolvedBy, c.resolvingComment = r.srv.now(), r.user, with
		}
	})
	return r.done("CommentPayload", "comment", c), nil
}

// ownComment finds a comment that the caller wrote. Linear documents only that
// users may change their own; changing another user's is rejected here.
func (r *request) ownComment(id string) (*Comment, error) {
	c, err := r.ws.findComment(id)
	if err != nil {
		return nil, err
	}
	if c.Author != r.user {
		return nil, forbidden("You can only change your own comments")
	}
	return c, nil
}

func (r *request) threadRoot(id string) (*Comment, error) {
	c, err := r.ws.findComment(id)
	if err != nil {
		return nil, err
	}
	if c.Parent != nil {
		return nil, inputError("Only top level comments can be resolved.", "Only top level comments can be resolved.")
	}
	return c, nil
}
