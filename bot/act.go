package bot

import (
	"context"
	"fmt"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/acts"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/own"
	"github.com/linearbot/linearbot/internal/verdict"
	"github.com/linearbot/linearbot/state"
)

// One turn speaks for an act of which several events tell; see package acts. Where only
// one kind of event can reach a handler, there is nothing to do.
//
// The first session of a workspace finds comments that have not claimed anything. It
// marks the comment's thread, so that comments from then on do, lets those that run
// finish, and looks for their word (afterComments).

// claim reports whether a turn speaks for its act, and sees to it that no other
// does.
func (b *Bot) claim(ctx context.Context, r *run) (bool, error) {
	head := r.head()
	if head.Act == "" || r.claimed || !b.hasRivals(r) || isResumed(&r.entry) {
		return true, nil // a turn that is resumed spoke for its act when it parked
	}
	if told, err := b.afterComments(ctx, r); err != nil || told {
		return !told, err
	}
	if ev, ok := r.event.(*adapter.MessageEvent); ok && ev.Message.Session == nil && len(b.on.notified)+len(b.on.event) == 0 {
		word, err := acts.Spoken(ctx, r.notes)
		if err != nil {
			return false, err
		}
		expected, err := b.expectsSession(ctx, r)
		if err != nil {
			return false, err
		}
		if !expected || word.Has(head.Act) { // in an earlier run
			r.claimed = true
			word.Leave(r.notes, r.acts()...)
			return true, nil
		}
	}
	speaks, rival, err := acts.Claim(ctx, b.notes, head, r.acts())
	r.claimed, r.rival = speaks && err == nil, rival
	return r.claimed, err
}

// acts returns the act of a turn, and those of the messages that it stands for.
func (r *run) acts() []string {
	all := []string{r.head().Act}
	for _, s := range r.older {
		if act := s.head().Act; act != "" {
			all = append(all, act)
		}
	}
	return all
}

// hasRivals reports whether an event of another kind that tells of the same act
// could reach a handler.
func (b *Bot) hasRivals(r *run) bool {
	ev, ok := r.event.(*adapter.MessageEvent)
	if !ok || ev.Message.Session != nil || len(b.on.notified) > 0 || len(b.on.event) > 0 {
		return true
	}
	return b.can.agent != nil && r.self.Sessions != adapter.TernaryNo
}

// afterComments reports whether a comment has spoken for the act of a session,
// in a workspace that has just begun to send sessions. As long as a turn of the
// comment's thread may be under way it returns a *verdict.YieldError.
func (b *Bot) afterComments(ctx context.Context, r *run) (bool, error) {
	ev, ok := r.event.(*adapter.MessageEvent)
	if !ok || ev.Message.Session == nil || ev.Message.Session.CommentThread == "" {
		return false, nil
	}
	now, err := r.notes.Now(ctx)
	if err != nil {
		return false, err
	}
	if fresh, err := b.sessions.Fresh(ctx, ev.Workspace, now); err != nil || !fresh {
		return false, err // all instances know by now: comments claim
	}
	in := ev.Message.Session.CommentThread
	if err := b.yieldToTurns(ctx, r, b.laneOf(ev.Workspace, in), now); err != nil {
		return false, err
	}
	word, err := acts.Spoken(ctx, b.notes.Thread(laneKey(ev.Workspace, in)))
	return word.Has(ev.Act), err
}

// yieldToTurns returns a *verdict.YieldError as long as a turn may be under way in another
// lane than that of the run.
func (b *Bot) yieldToTurns(ctx context.Context, r *run, lane state.Key, now time.Time) error {
	if lane == r.entry.Lane.Thread() {
		return nil
	}
	busy, err := own.Busy(ctx, b.cfg.Store, lane, r.head().Key)
	if err != nil {
		return fmt.Errorf("bot: turns of %s: %w", lane.ID, err)
	}
	if busy {
		// Most of these turns are over in a moment, and some last for minutes.
		wait := min(max(now.Sub(r.entry.EnqueuedAt), 50*time.Millisecond), time.Second)
		return &verdict.YieldError{Wait: wait, Why: "waiting for a comment that tells of the same message"}
	}
	return nil
}

// sessionGrace is how long a comment waits for the session event that tells of
// the same act. Linear sends both within a second or two; the session is the
// better place to answer, as it shows that the bot is at work.
const sessionGrace = 4 * time.Second

// Comments and sessions report the same acts. Without an order, the first to
// arrive would answer, at random. So once a workspace is known to send session
// events, a comment that mentions the bot, and any comment in a thread that shows
// a session, lets the session go first: it waits for sessionGrace, and runs
// only if no session has claimed its act by then.

// noteSession remembers that a workspace has sessions, and where this one shows.
func (b *Bot) noteSession(ctx context.Context, r *run) error {
	ev, ok := r.event.(*adapter.MessageEvent)
	if !ok || ev.Message.Session == nil {
		return nil
	}
	now, err := r.notes.Now(ctx)
	if err != nil {
		return err
	}
	first, err := b.sessions.Note(ctx, ev.Workspace, now)
	if first {
		b.halts.Signal(ctx, state.Key{Workspace: ev.Workspace, Kind: "thread", ID: sessionsSignal})
	}
	if in := ev.Message.Session.CommentThread; err == nil && in != "" {
		there := b.notes.Thread(laneKey(ev.Workspace, in))
		var seen []byte
		if seen, err = there.Get(ctx, notes.SessionHere, ""); err == nil && seen == nil { // a read is cheaper than a write
			err = there.Put(ctx, notes.SessionHere, "", []byte(ev.Message.Session.ID))
		}
	}
	if err != nil {
		return fmt.Errorf("bot: session %s: %w", ev.Message.Session.ID, err)
	}
	return nil
}

// yieldToSession returns a *verdict.YieldError as long as a comment must wait for a
// session.
func (b *Bot) yieldToSession(ctx context.Context, r *run) error {
	ev, ok := r.event.(*adapter.MessageEvent)
	if !ok || ev.Message.Session != nil || ev.Act == "" || r.claimed || r.Attempt() > 1 || isResumed(&r.entry) {
		return nil // what was begun has written already, perhaps
	}
	now, err := r.notes.Now(ctx)
	left := sessionGrace - now.Sub(r.entry.EnqueuedAt)
	if err != nil || left <= 0 {
		return err
	}
	expected, err := b.expectsSession(ctx, r)
	if err != nil || !expected {
		return err
	}
	fresh, err := b.sessions.Fresh(ctx, ev.Workspace, now)
	if err != nil {
		return err
	}
	// Later messages of the thread wait too, as they would for the turn. Not where the
	// session itself waits for the lane.
	inOrder := b.cfg.Lanes == LanePerThread && !fresh
	return &verdict.YieldError{Wait: left, Why: "waiting for the session that tells of the same message", InOrder: inOrder}
}

// expectsSession reports whether a session may tell of the same act as a comment:
// one shows in its thread, or it mentions the bot in a workspace that sends
// sessions.
func (b *Bot) expectsSession(ctx context.Context, r *run) (bool, error) {
	here, err := r.notes.Get(ctx, notes.SessionHere, "")
	if err != nil || here != nil {
		return here != nil, err
	}
	if !r.message.Mentioned || b.can.agent == nil {
		return false, nil
	}
	if b.sessions.HasArrived(r.head().Workspace) {
		return true, nil
	}
	return b.sessions.Send(ctx, r.head().Workspace)
}

// sessionsSignal stands for the thread in a signal that says that a workspace has
// begun to send sessions. Ids of threads begin with the name of a platform.
const sessionsSignal = "sessions"

// learnSessions takes a signal that says that a workspace has begun to send sessions,
// and reports whether it was one.
func (b *Bot) learnSessions(k state.Key) bool {
	if k.ID != sessionsSignal {
		return false
	}
	b.sessions.Learn(k.Workspace, true)
	return true
}
