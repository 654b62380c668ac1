package linear

import (
	"cmp"
	"context"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

var _ adapter.Completer = (*Adapter)(nil)

// Complete finds the thread of an event that names a comment but not the
// comment's thread, as reactions do, or a session but not what it is attached
// to, with one query for each. Answers are cached, as comments never move; for
// sessions, what other deliveries said is cached as well. An error with code
// adapter.CodeNotFound means that the comment or the session is gone.
func (a *Adapter) Complete(ctx context.Context, ev adapter.Event) error {
	head := ev.Head()
	if !head.Incomplete {
		return nil
	}
	ctx = adapter.WithPriority(ctx, adapter.PriorityAnswering) // the thread waits for it
	guess, err := ParseThreadID(head.Thread)
	if err != nil {
		return err
	}
	if guess.SessionID != "" {
		return a.completeSession(ctx, ev, guess)
	}
	comment := guess.CommentID
	if guess.Kind == ParentComment {
		comment = guess.ParentID
	}
	key := commentKey{head.Workspace, comment}
	found, ok := a.threads.get(key)
	if !ok {
		api, err := a.API(ctx, head.Workspace)
		if err != nil {
			return err
		}
		c, err := api.Comment(ctx, comment)
		if err != nil {
			return err
		}
		found = threadOf(c, guess)
		found.CommentID = cmp.Or(c.Root(), comment)
		a.threads.put(key, found)
	}
	head.Thread, head.Incomplete = found.ID(), false
	return nil
}

// completeSession finds what the session of an event is attached to.
func (a *Adapter) completeSession(ctx context.Context, ev adapter.Event, guess Thread) error {
	head := ev.Head()
	key := commentKey{head.Workspace, guess.SessionID}
	found, ok := a.threads.get(key)
	if !ok {
		api, err := a.API(ctx, head.Workspace)
		if err != nil {
			return err
		}
		s, err := api.AgentSession(ctx, guess.SessionID)
		if err != nil {
			return err
		}
		if s.Issue == nil || s.Issue.ID == "" { // it is attached to nothing that has threads
			head.Incomplete = false
			return nil
		}
		found = Thread{IssueID: s.Issue.ID, SessionID: guess.SessionID}
		a.threads.put(key, found)
	}
	head.Thread, head.Incomplete = found.ID(), false
	if m := sessionMessageOf(ev); m != nil {
		m.Thread = head.Thread
		if m.Issue == nil && found.Kind == ParentIssue {
			m.Issue = &adapter.Issue{ID: found.IssueID}
		}
	}
	return nil
}

// noteSession caches what the session of an event is attached to.
func (a *Adapter) noteSession(ev adapter.Event) {
	head := ev.Head()
	if head.Type != typeSession || head.Incomplete || head.Thread == "" {
		return
	}
	if t, err := ParseThreadID(head.Thread); err == nil && t.SessionID != "" {
		a.threads.put(commentKey{head.Workspace, t.SessionID}, t)
	}
}

// sessionMessageOf returns the message of an event that a session can have.
func sessionMessageOf(ev adapter.Event) *adapter.Message {
	switch ev := ev.(type) {
	case *adapter.MessageEvent:
		return ev.Message
	case *adapter.StopEvent:
		return ev.Message
	default:
		return nil
	}
}

// commentKey names a comment, or anything else with an id, in a workspace.
type commentKey struct{ workspace, comment string }

// threadOf returns what a comment is attached to, or guess if the answer does
// not say.
func threadOf(c *linearapi.Comment, guess Thread) Thread {
	parent := parentRefs{
		IssueID: c.IssueID,
		otherRefs: otherRefs{
			ProjectUpdateID: c.ProjectUpdateID, InitiativeUpdateID: c.InitiativeUpdateID,
			DocumentContentID: c.DocumentContentID, ProjectID: c.ProjectID, InitiativeID: c.InitiativeID,
		},
	}
	if c.Issue != nil {
		parent.Issue.ID = c.Issue.ID
	}
	if t, ok := parent.thread(); ok {
		return t
	}
	return guess
}
