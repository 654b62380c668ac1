package linear

import (
	"context"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// Post writes a comment: a reply in the thread of a root comment, or a new root
// comment in a channel. In an agent session it writes a response, which ends
// the session's turn and which Linear itself turns into a comment. The thread
// of the returned message is the one that replies to it will be in.
//
// A post whose key was used before is a no-op that returns the existing
// comment, with Existed set. The comment counts as that post only if the bot
// wrote it in that thread; if it has been removed since, the post is sent
// again. If the thread id turns out to name a reply, the post goes under that
// reply's root.
//
// A body longer than Config.MaxBody becomes several comments in one thread, of
// which the first is returned; [Adapter.Edit] and [Adapter.Delete] treat them
// as one. A post that failed halfway can be retried. Responses are never split.
//
// Errors have code adapter.CodeInvalid for a blank body, a body that would
// become more than 80 comments, a missing key or a bad thread id, Unsupported
// for threads that cannot have comments and for a persona where the bot cannot
// have one (in sessions, and without an app's token), Conflict if the key was
// used in another thread or its ids are taken by others, and otherwise those of
// package linearapi.
func (a *Adapter) Post(ctx context.Context, p *adapter.Post) (*adapter.Message, error) {
	if adapter.PriorityOf(ctx) == adapter.PriorityAutomatic {
		ctx = adapter.WithPriority(ctx, adapter.PriorityAnswering) // reads are part of the answer
	}
	thread, err := ParseThreadID(p.Thread)
	if err != nil {
		return nil, err
	}
	switch {
	case strings.TrimSpace(p.Body) == "":
		return nil, postError(adapter.CodeInvalid, "the body is empty")
	case p.Key == "":
		return nil, postError(adapter.CodeInvalid, "the key is missing")
	case thread.SessionID != "" && p.As != (adapter.Persona{}):
		return nil, postError(adapter.CodeUnsupported, "in an agent session the bot writes under its own name")
	case thread.SessionID != "":
		return a.respond(ctx, thread, p)
	}
	if _, ok := commentOn(thread); !ok {
		return nil, postError(adapter.CodeUnsupported, "threads that belong to a "+thread.Kind.String())
	}
	b, err := a.bot(ctx, p.Workspace)
	if err != nil {
		return nil, err
	}
	if p.As != (adapter.Persona{}) && !b.self.App {
		return nil, postError(adapter.CodeUnsupported, "only an app can write under another name, and this token is a person's")
	}
	texts, err := a.split("post", p.Body)
	if err != nil {
		return nil, err
	}
	m, err := a.comment(ctx, b, thread, p, p.Key, texts[0])
	if err != nil {
		return nil, err
	}
	all := a.partsOf(b, m.ID)
	all.mu.Lock()
	defer all.mu.Unlock()
	if p.As != (adapter.Persona{}) || p.Quiet {
		all.like = &adapter.Post{As: p.As, Quiet: p.Quiet}
	}
	switch {
	case !m.Existed:
		all.known, all.ids, all.texts, all.message = true, nil, nil, nil
		if len(texts) == 1 {
			return m, nil // thousands of these are remembered: their texts are not
		}
	case len(texts) == 1:
		return m, nil // the caller handles differences
	default:
		if err := all.find(ctx, b, m.ID); err != nil {
			return nil, err
		}
	}
	all.message = m
	if m.Existed { // the part that was posted
		texts = append(texts[:1], texts[min(len(texts), 1+len(all.ids)):]...)
		return m, a.append(ctx, b, below(thread, m), m.ID, all, texts[1:])
	}
	if err := a.put(ctx, b, below(thread, m), m.ID, all, texts); err != nil {
		return nil, err
	}
	return m, nil
}

// RootOf implements adapter.Rooter: the id of a comment is chosen before it is
// written.
func (a *Adapter) RootOf(ctx context.Context, p *adapter.Post) (adapter.ThreadID, error) {
	thread, err := ParseThreadID(p.Thread)
	if err != nil {
		return "", err
	}
	if _, ok := commentOn(thread); !ok || thread.CommentID != "" || thread.SessionID != "" {
		return "", postError(adapter.CodeUnsupported, "only comments on an issue, a project or the like begin threads")
	}
	b, err := a.bot(ctx, p.Workspace)
	if err != nil {
		return "", err
	}
	thread.CommentID = b.idOf(p.Key, 0)
	return thread.ID(), nil
}

// append posts additional continuations.
func (a *Adapter) append(ctx context.Context, b *bot, thread Thread, message string, p *parts, texts []string) error {
	p.known = len(texts) == 0
	for _, text := range texts {
		if _, err := a.grow(ctx, b, thread, message, p, text); err != nil {
			return err
		}
	}
	p.known, p.texts = true, nil
	return nil
}

// comment writes one comment under the ids of a key. p.Key is empty for
// continuations: their ids have often been used by continuations since removed.
func (a *Adapter) comment(ctx context.Context, b *bot, thread Thread, p *adapter.Post, key, body string) (*adapter.Message, error) {
	input, _ := commentOn(thread) // the caller has checked that it takes comments
	input.Body = body
	input.CreateAsUser, input.DisplayIconURL = p.As.Name, p.As.AvatarURL
	input.DoNotSubscribeToIssue = p.Quiet
	input.ParentID = thread.CommentID
	if root, ok := a.roots.get(b.key(thread.CommentID)); ok {
		input.ParentID = root
	}
	for n := range maxIDs {
		input.ID = b.idOf(key, n)
		c, err := a.create(ctx, b, thread, &input)
		existed := false
		if taken(err, input.ID) {
			c, err = a.standing(ctx, b, &input, p.Key != "")
			if err == nil && c == nil {
				continue
			}
			existed = true
		}
		if err != nil {
			return nil, err
		}
		m := written(thread, input, c, b.self)
		if m.ID != input.ID {
			a.written.put(b.key(m.ID), struct{}{})
		}
		m.Attachments, m.Existed = a.attachments(m.Body), existed
		return m, nil
	}
	return nil, errTaken("post")
}

// create creates a comment, under the root of the parent if that is a reply.
func (a *Adapter) create(ctx context.Context, b *bot, thread Thread, in *linearapi.CommentCreateInput) (*linearapi.Comment, error) {
	c, err := b.api.CommentCreate(ctx, *in)
	if !linearapi.IsNotTopLevel(err) || in.ParentID == "" {
		return c, err
	}
	root, lookupErr := b.api.Comment(ctx, in.ParentID)
	switch {
	case lookupErr != nil:
		return nil, lookupErr
	case root.Root() == "" || root.Root() == in.ParentID:
		return nil, err // Linear's answers are contradictory
	}
	a.roots.put(b.key(thread.CommentID), root.Root())
	in.ParentID = root.Root()
	return b.api.CommentCreate(ctx, *in)
}

// commentOn returns the parent of a new comment in the thread. ok is false if
// the thread cannot have comments.
func commentOn(t Thread) (in linearapi.CommentCreateInput, ok bool) {
	switch t.Kind {
	case ParentIssue:
		in.IssueID = t.IssueID
	case ParentProject:
		in.ProjectID = t.ParentID
	case ParentProjectUpdate:
		in.ProjectUpdateID = t.ParentID
	case ParentInitiative:
		in.InitiativeID = t.ParentID
	case ParentInitiativeUpdate:
		in.InitiativeUpdateID = t.ParentID
	case ParentDocument:
		in.DocumentContentID = t.ParentID
	case ParentComment, ParentWorkspace:
		return in, false
	default:
		return in, false
	}
	return in, true
}

// written returns the message for a post that was written. Fields of c may be
// empty.
func written(thread Thread, in linearapi.CommentCreateInput, c *linearapi.Comment, self *adapter.Identity) *adapter.Message {
	m := &adapter.Message{
		ID:       in.ID,
		ParentID: in.ParentID,
		Author: adapter.User{
			ID: self.UserID, Name: self.Name, FullName: self.FullName, URL: self.ProfileURL, Kind: adapter.UserSelf,
		},
		Body: in.Body,
	}
	if in.CreateAsUser != "" {
		m.Author.FullName, m.Author.AvatarURL = in.CreateAsUser, in.DisplayIconURL
	}
	if c != nil {
		if c.ID != "" {
			m.ID = c.ID
		}
		if c.Body != "" {
			m.Body = c.Body
		}
		if root := c.Root(); root != "" && root != m.ID {
			m.ParentID = root
		}
		if thread.Kind == ParentIssue && c.IssueID != "" {
			thread.IssueID = c.IssueID
		}
		m.CreatedAt, m.EditedAt, m.URL = c.CreatedAt, c.EditedAt, c.URL
	}
	if thread.Kind == ParentIssue {
		m.Issue = &adapter.Issue{ID: thread.IssueID}
		if c != nil && c.Issue != nil {
			m.Issue.Identifier, m.Issue.Title = c.Issue.Identifier, c.Issue.Title
		}
	}
	thread.CommentID = m.ParentID
	if thread.CommentID == "" {
		thread.CommentID = m.ID
	}
	m.Thread = thread.ID()
	return m
}

func postError(code adapter.Code, message string) error {
	return &adapter.Error{Code: code, Op: "post", Message: message}
}
