package acts

import (
	"context"
	"fmt"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/own"
	"github.com/linearbot/linearbot/bot/internal/verdict"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state"
)

// grace is how long a comment waits for the session event that tells of the same act.
// Linear sends both within a second or two; the session is the better place to answer,
// as it shows that the bot is at work.
const grace = 4 * time.Second

// Order decides which event of an act has the turn.
//
// Comments and sessions report the same acts. Without an order, the first to arrive
// would answer, at random. So once a workspace is known to send session events, a
// comment that mentions the bot, and any comment in a thread that shows a session, lets
// the session go first: it waits for a few seconds, and runs only if no session has
// claimed its act by then.
//
// The first session of a workspace finds comments that have not claimed anything. It
// marks the comment's thread, so that comments from then on do, lets those that run
// finish, and looks for their word.
type Order struct {
	Book     notes.Book
	Sessions *Workspaces
	Store    own.Enqueuer
	// Lane returns the lane of a thread, Thread the thread's own key.
	Lane, Thread func(workspace string, id adapter.ThreadID) state.Key
	// HasSessions says that the platform has sessions.
	HasSessions bool
	// Apart says that each thread has a lane of its own.
	Apart bool
}

// Event is an event in its turn.
type Event struct {
	*adapter.Meta

	// Message is nil for events of other kinds. Mentioned says that it, or one that
	// its turn stands for, mentions the bot.
	Message   *adapter.Message
	Mentioned bool
	// Others are the acts of messages that the turn stands for.
	Others []string
	// Entry is what is stored of it, and Page has the notes of its thread.
	Entry *state.Queued
	Page  *notes.Thread
	// NoSessions says that the bot of the workspace gets none.
	NoSessions bool
	// Rivals says that there are handlers for other kinds of events that tell of acts.
	Rivals bool
}

// session returns the session of a message, or nil.
func (e *Event) session() *adapter.Session {
	if e.Message == nil {
		return nil
	}
	return e.Message.Session
}

func (e *Event) isComment() bool { return e.Message != nil && e.Message.Session == nil }

// all returns the act of the event, and those of the messages that its turn stands for.
func (e *Event) all() []string { return append([]string{e.Act}, e.Others...) }

// Claim reports whether an event speaks for its act, and sees to it that no other does.
// If another one does, its key may be known: it is the rival. As long as that is to be
// seen the error is a [*verdict.YieldError].
func (o *Order) Claim(ctx context.Context, e *Event) (speaks bool, rival string, err error) {
	if e.Act == "" || e.isComment() && !e.Rivals && (!o.HasSessions || e.NoSessions) {
		return true, "", nil // only one kind of event can reach a handler
	}
	if told, err := o.afterComments(ctx, e); err != nil || told {
		return false, "", err
	}
	if e.isComment() && !e.Rivals {
		word, err := Spoken(ctx, e.Page)
		if err != nil {
			return false, "", err
		}
		expected, err := o.expectsSession(ctx, e)
		if err != nil {
			return false, "", err
		}
		if !expected || word.Has(e.Act) { // in an earlier run
			word.Leave(e.Page, e.all()...)
			return true, "", nil
		}
	}
	return Claim(ctx, o.Book, e.Meta, e.all())
}

// afterComments reports whether a comment has spoken for the act of a session, in a
// workspace that has just begun to send sessions. As long as a turn of the comment's
// thread may be under way it returns a *verdict.YieldError.
func (o *Order) afterComments(ctx context.Context, e *Event) (bool, error) {
	s := e.session()
	if s == nil || s.CommentThread == "" {
		return false, nil
	}
	now, err := e.Page.Now(ctx)
	if err != nil {
		return false, err
	}
	if fresh, err := o.Sessions.Fresh(ctx, e.Workspace, now); err != nil || !fresh {
		return false, err // all instances know by now: comments claim
	}
	if err := o.yieldToTurns(ctx, e, o.Lane(e.Workspace, s.CommentThread), now); err != nil {
		return false, err
	}
	word, err := Spoken(ctx, o.Book.Thread(o.Thread(e.Workspace, s.CommentThread)))
	return word.Has(e.Act), err
}

// yieldToTurns returns a *verdict.YieldError as long as a turn may be under way in another
// lane than that of the event.
func (o *Order) yieldToTurns(ctx context.Context, e *Event, lane state.Key, now time.Time) error {
	if lane == e.Entry.Lane.Thread() {
		return nil
	}
	busy, err := own.Busy(ctx, o.Store, lane, e.Key)
	if err != nil {
		return fmt.Errorf("bot: turns of %s: %w", lane.ID, err)
	}
	if !busy {
		return nil
	}
	// Most of these turns are over in a moment, and some last for minutes.
	wait := min(max(now.Sub(e.Entry.EnqueuedAt), 50*time.Millisecond), time.Second)
	return &verdict.YieldError{Wait: wait, Why: "waiting for the comment of the same message"}
}

// Note remembers that a workspace has sessions, and where this one shows, if the event is
// of one. first says that the workspace was not known to have any.
func (o *Order) Note(ctx context.Context, e *Event) (first bool, err error) {
	s := e.session()
	if s == nil {
		return false, nil
	}
	now, err := e.Page.Now(ctx)
	if err != nil {
		return false, err
	}
	first, err = o.Sessions.Note(ctx, e.Workspace, now)
	if err == nil && s.CommentThread != "" {
		there := o.Book.Thread(o.Thread(e.Workspace, s.CommentThread))
		var seen []byte
		if seen, err = there.Get(ctx, notes.SessionHere, ""); err == nil && seen == nil { // a read is cheaper than a write
			err = there.Put(ctx, notes.SessionHere, "", []byte(s.ID))
		}
	}
	if err != nil {
		return first, fmt.Errorf("bot: session %s: %w", s.ID, err)
	}
	return first, nil
}

// YieldToSession returns a [*verdict.YieldError] as long as a comment, in the first
// attempt of its turn, has to wait for a session.
func (o *Order) YieldToSession(ctx context.Context, e *Event) error {
	if !e.isComment() || e.Act == "" || e.Entry.Attempt > 1 {
		return nil // what was begun has written already, perhaps
	}
	now, err := e.Page.Now(ctx)
	left := grace - now.Sub(e.Entry.EnqueuedAt)
	if err != nil || left <= 0 {
		return err
	}
	expected, err := o.expectsSession(ctx, e)
	if err != nil || !expected {
		return err
	}
	fresh, err := o.Sessions.Fresh(ctx, e.Workspace, now)
	if err != nil {
		return err
	}
	// Later messages of the thread wait too, as they would for the turn. Not where the
	// session itself waits for the lane.
	return &verdict.YieldError{Wait: left, Why: "waiting for the agent session of the same message", InOrder: o.Apart && !fresh}
}

// expectsSession reports whether a session may tell of the same act as a comment:
// one shows in its thread, or it mentions the bot in a workspace that sends
// sessions.
func (o *Order) expectsSession(ctx context.Context, e *Event) (bool, error) {
	here, err := e.Page.Get(ctx, notes.SessionHere, "")
	if err != nil || here != nil {
		return here != nil, err
	}
	if !e.Mentioned || !o.HasSessions {
		return false, nil
	}
	if o.Sessions.HasArrived(e.Workspace) {
		return true, nil
	}
	return o.Sessions.Send(ctx, e.Workspace)
}
