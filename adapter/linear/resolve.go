package linear

import (
	"cmp"
	"context"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

var _ adapter.Completer = (*Adapter)(nil)

// Complete finds the thread of an event that names a comment but not the
// comment's thread, as reactions do, with one query per comment. Answers are
// remembered: a comment never moves. An error with code adapter.CodeNotFound means that
// the comment is gone.
func (a *Adapter) Complete(ctx context.Context, ev adapter.Event) error {
	head := ev.Head()
	if !head.Unresolved {
		return nil
	}
	ctx = adapter.WithPriority(ctx, adapter.PriorityAnswering) // the thread waits for it
	guess, err := ParseThreadID(head.Thread)
	if err != nil {
		return err
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
	head.Thread, head.Unresolved = found.ID(), false
	return nil
}

// commentKey names a comment.
type commentKey struct{ workspace, comment string }

// threadOf returns what a comment hangs on, or what was guessed if the answer
// does not say.
func threadOf(c *linearapi.Comment, guess Thread) Thread {
	parent := parentRefs{
		IssueID: c.IssueID, ProjectUpdateID: c.ProjectUpdateID, InitiativeUpdateID: c.InitiativeUpdateID,
		DocumentContentID: c.DocumentContentID, ProjectID: c.ProjectID, InitiativeID: c.InitiativeID,
	}
	if c.Issue != nil {
		parent.Issue.ID = c.Issue.ID
	}
	if t, ok := parent.thread(); ok {
		return t
	}
	return guess
}
