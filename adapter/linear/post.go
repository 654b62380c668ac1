package linear

import (
	"context"
	"strconv"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// Post writes a comment: a reply in the thread of a root comment, or a new
// root comment in a channel. In an agent session it writes a response, which
// ends the session's turn and of which Linear makes a comment itself. The
// thread of the returned message is the thread that replies to it will be in.
//
// A post whose key was used before changes nothing and returns the comment
// that exists, or what is known of it if it was deleted since. A thread whose
// comment turns out to be a reply is answered under that reply's root.
//
// A body longer than Config.MaxBody becomes several comments in one thread, of
// which the first is returned. Their keys derive from the post's, so a post that
// failed half-way can be repeated. Responses are never split.
//
// Errors have code adapter.CodeInvalid for a blank body, a missing key or a bad thread id,
// Unsupported for threads that take no comments and for a persona where the bot
// cannot have one (in sessions, and without an app's token), Conflict if the id
// is taken by something else, and else those of package linearapi.
func (a *Adapter) Post(ctx context.Context, p *adapter.Post) (*adapter.Message, error) {
	if adapter.PriorityOf(ctx) == adapter.PriorityAutomatic {
		ctx = adapter.WithPriority(ctx, adapter.PriorityAnswering) // what it has to read belongs to the answer
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
		return nil, postError(adapter.CodeUnsupported, "threads that hang on a "+thread.Kind.String())
	}
	b, err := a.bot(ctx, p.Workspace)
	if err != nil {
		return nil, err
	}
	if p.As != (adapter.Persona{}) && !b.self.App {
		return nil, postError(adapter.CodeUnsupported, "only an app can write under another name, and this token is a person's")
	}
	var posted *adapter.Message
	for i, body := range splitBody(p.Body, a.maxBody) {
		m, err := a.comment(ctx, b, thread, p, partKey(p.Key, i), body)
		if err != nil {
			return nil, err
		}
		if posted != nil {
			continue
		}
		posted = m
		if thread, err = ParseThreadID(m.Thread); err != nil {
			return nil, err
		}
	}
	return posted, nil
}

// partKey is the key of one of the comments that a post becomes.
func partKey(key string, part int) string {
	if part == 0 {
		return key
	}
	return key + "|part|" + strconv.Itoa(part+1)
}

// comment writes one comment.
func (a *Adapter) comment(ctx context.Context, b *bot, thread Thread, p *adapter.Post, key, body string) (*adapter.Message, error) {
	input, _ := commentOn(thread) // the caller knows that it does
	input.ID = b.writeID(key)
	input.Body = body
	input.CreateAsUser, input.DisplayIconURL = p.As.Name, p.As.AvatarURL
	input.DoNotSubscribeToIssue = p.Quiet
	input.ParentID = thread.CommentID
	if root, ok := a.roots.get(b.key(thread.CommentID)); ok {
		input.ParentID = root
	}

	comment, err := b.api.CommentCreate(ctx, input)
	if linearapi.IsNotTopLevel(err) && input.ParentID != "" {
		root, lookupErr := b.api.Comment(ctx, input.ParentID)
		switch {
		case lookupErr != nil:
			return nil, lookupErr
		case root.Root() == "" || root.Root() == input.ParentID:
			return nil, err // Linear contradicts itself
		}
		a.roots.put(b.key(thread.CommentID), root.Root())
		input.ParentID = root.Root()
		comment, err = b.api.CommentCreate(ctx, input)
	}
	if err != nil {
		comment, err = existing(ctx, b.api, input.ID, err)
	}
	if err != nil {
		return nil, err
	}
	m := written(thread, input, comment, b.self)
	if m.ID != input.ID {
		a.written.put(b.key(m.ID), struct{}{})
	}
	m.Attachments = a.attachments(m.Body)
	return m, nil
}

// existing turns a conflict with our own id into the comment that is there.
// Nil without an error means that it was written but cannot be read.
func existing(ctx context.Context, api *linearapi.Client, id string, failed error) (*linearapi.Comment, error) {
	entity, taken, ok := linearapi.ConflictID(failed)
	if !ok || entity != "" && entity != "Comment" || taken != "" && !strings.EqualFold(taken, id) {
		return nil, failed
	}
	comment, err := api.Comment(ctx, id)
	switch {
	case err == nil:
		return comment, nil
	case taken == "":
		return nil, failed // nothing says that it is ours
	default:
		return nil, nil // the conflict itself proves the write
	}
}

// commentOn says what a comment in the thread hangs on. ok is false if nothing
// there takes comments.
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

// written returns the message that a post has become. c is nil if the comment
// cannot be read any more; its fields may be empty too.
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
		m.Author.FullName, m.Author.Avatar = in.CreateAsUser, in.DisplayIconURL
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
