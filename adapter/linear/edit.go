package linear

import (
	"cmp"
	"context"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

var (
	_ adapter.Editor         = (*Adapter)(nil)
	_ adapter.ThreadResolver = (*Adapter)(nil)
)

// Edit replaces the text of a message, with one request for each comment of it
// that changes: a text that became longer than a comment continues in further
// comments, and surplus comments are deleted if it became shorter. The comments
// of a message that another process posted are looked up first. Messages in
// agent sessions cannot be changed: the error has code adapter.CodeAppendOnly.
// Linear lets the bot edit its own comments only. An edit does not subscribe
// the bot to the issue; that was decided when the message was posted.
func (a *Adapter) Edit(ctx context.Context, r adapter.Ref, body string) (*adapter.Message, error) {
	thread, err := changeable("edit", r)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(body) == "" {
		return nil, opError("edit", adapter.CodeInvalid, "the body is empty")
	}
	texts, err := a.split("edit", body)
	if err != nil {
		return nil, err
	}
	b, err := a.bot(ctx, r.Workspace)
	if err != nil {
		return nil, err
	}
	all := a.partsOf(b, r.MessageID)
	all.mu.Lock()
	defer all.mu.Unlock()
	if err := all.find(ctx, b, r.MessageID); err != nil {
		return nil, err
	}
	m := all.message
	if m == nil || !all.says(0, texts[0]) || len(texts)+len(all.ids) == 1 {
		if m, err = a.edit(ctx, b, thread, r.MessageID, texts[0]); err != nil {
			return nil, err
		}
		all.message = m
	}
	if err := a.put(ctx, b, below(thread, m), r.MessageID, all, texts); err != nil {
		return nil, err
	}
	edited := *m
	edited.Existed = false
	return &edited, nil
}

// edit replaces the text of one comment.
func (a *Adapter) edit(ctx context.Context, b *bot, thread Thread, id, body string) (*adapter.Message, error) {
	c, err := b.api.CommentUpdate(ctx, id, linearapi.CommentUpdateInput{Body: body, DoNotSubscribeToIssue: true})
	if err != nil {
		return nil, err
	}
	s := a.scribe(b, thread)
	s.on(c.Issue)
	c.ID = cmp.Or(c.ID, id)
	c.Body = cmp.Or(c.Body, body)
	m := s.comment(c)
	if m.ID == thread.CommentID { // the answer does not say that this is the root
		m.ParentID = ""
	}
	return m, nil
}

// Delete removes all comments of a message, with one request each. Messages in
// agent sessions cannot be deleted: the error has code adapter.CodeAppendOnly.
func (a *Adapter) Delete(ctx context.Context, r adapter.Ref) error {
	if _, err := changeable("delete", r); err != nil {
		return err
	}
	b, err := a.bot(ctx, r.Workspace)
	if err != nil {
		return err
	}
	all := a.partsOf(b, r.MessageID)
	all.mu.Lock()
	defer all.mu.Unlock()
	if err := all.find(ctx, b, r.MessageID); err != nil {
		return err
	}
	if err := all.trim(ctx, b, 0); err != nil {
		return err
	}
	all.message, all.texts = nil, nil
	return unless(adapter.CodeNotFound, b.api.CommentDelete(ctx, r.MessageID))
}

// changeable checks that a message can be changed.
func changeable(op string, r adapter.Ref) (Thread, error) {
	thread, err := ParseThreadID(r.Thread)
	switch {
	case err != nil:
		return Thread{}, err
	case thread.SessionID != "":
		return Thread{}, opError(op, adapter.CodeAppendOnly, "what is said in an agent session stays")
	case r.MessageID == "":
		return Thread{}, opError(op, adapter.CodeInvalid, "the message id is missing")
	case r.MessageID == thread.IssueID:
		return Thread{}, opError(op, adapter.CodeUnsupported, "the description of an issue is not a message of the bot")
	}
	return thread, nil
}

// SetResolved resolves the thread of a root comment or reopens it, with one
// request, or two more if the thread id turns out to name a reply. The error
// has code adapter.CodeUnsupported for channels and for sessions without a root
// comment.
func (a *Adapter) SetResolved(ctx context.Context, workspace string, id adapter.ThreadID, resolved bool) error {
	thread, err := ParseThreadID(id)
	if err != nil {
		return err
	}
	b, err := a.bot(ctx, workspace)
	if err != nil {
		return err
	}
	root := thread.CommentID
	if root == "" && thread.SessionID != "" {
		root, err = a.sessionRoot(ctx, b, thread.SessionID)
		if err != nil {
			return err
		}
	}
	if root == "" {
		return opError("resolve", adapter.CodeUnsupported, "only threads of comments can be resolved")
	}
	if known, ok := a.roots.get(b.key(root)); ok {
		root = known
	}
	err = setResolved(ctx, b.api, root, resolved)
	if adapter.CodeOf(err) != adapter.CodeInvalid {
		return err
	}
	// It may be a reply.
	c, lookupErr := b.api.Comment(ctx, root)
	if lookupErr != nil || c.Root() == "" || c.Root() == root {
		return err
	}
	a.roots.put(b.key(root), c.Root())
	return setResolved(ctx, b.api, c.Root(), resolved)
}

func setResolved(ctx context.Context, api *linearapi.Client, root string, resolved bool) error {
	if resolved {
		_, err := api.CommentResolve(ctx, root, "")
		return err
	}
	_, err := api.CommentUnresolve(ctx, root)
	return err
}

// sessionRoot returns the root comment of a session: empty if there is none.
// Roots are cached once found.
func (a *Adapter) sessionRoot(ctx context.Context, b *bot, session string) (string, error) {
	if root, ok := a.sessions.get(b.key(session)); ok {
		return root, nil
	}
	s, err := b.api.AgentSession(ctx, session)
	if err != nil || s.Comment == nil {
		return "", err
	}
	a.sessions.put(b.key(session), s.Comment.ID)
	return s.Comment.ID, nil
}

// unless returns nil for an error with the given code, and other errors
// unchanged.
func unless(code adapter.Code, err error) error {
	if err != nil && adapter.CodeOf(err) == code {
		return nil
	}
	return err
}

func opError(op string, code adapter.Code, message string) error {
	return &adapter.Error{Code: code, Op: op, Message: message}
}
