package attend

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/halt"
	"github.com/linearbot/linearbot/bot/internal/questions"
	"github.com/linearbot/linearbot/bot/internal/verdict"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/state"
)

// Of says which turn a [Turn] is.
type Of struct {
	Thread Thread
	// Event is what the turn is about.
	Event adapter.Event
	// Entry is how it is stored.
	Entry *state.Queued
	// Name is what its writes are named after: the same in each run, and if the entry
	// is handled again.
	Name string
}

// Turn is a turn in a session, of which a person sees something before its first handler
// and after its last. A nil Turn is one outside of sessions, and does nothing.
type Turn struct {
	Of

	sessions *Sessions
	// greeted says that the intake of this process has spoken for the turn already.
	greeted bool
	// keeper is nil before the first handler.
	keeper *keeper

	settled sync.Once
	// spoken says that settling has found that the intake has spoken.
	spoken bool
	// last is the kind of what was written last without a keeper.
	last atomic.Value
}

// Turn returns a turn. It is nil unless the thread is a session.
func (s *Sessions) Turn(of Of) *Turn {
	if !s.Is(of.Thread.ID) {
		return nil
	}
	return &Turn{Of: of, sessions: s}
}

// message returns the event of a message, which a person may wait for.
func (t *Turn) message() (*adapter.MessageEvent, bool) {
	ev, ok := t.Event.(*adapter.MessageEvent)
	return ev, ok
}

// Greeted says whether the intake of this process has spoken for the turn.
func (t *Turn) Greeted(spoken bool) {
	if t != nil {
		t.greeted = spoken
	}
}

// Settle sees to it, once, that the intake says nothing more for the turn, and reports
// whether it has spoken. It is a no-op for turns for which it does not speak, and for
// those whose keeper has said the first word.
func (t *Turn) Settle(ctx context.Context) bool {
	if t == nil {
		return false
	}
	if _, isMessage := t.message(); !isMessage || questions.Resumes(t.Entry.ID) || t.keeper.hasSpoken() {
		return false
	}
	t.settled.Do(func() { t.spoken = t.sessions.Settle(ctx, t.Thread, t.Name, t.greeted) })
	return t.spoken
}

// Begin begins to look after the session, before the first handler. It is a no-op if
// that has begun, and for events that no person waits for.
func (t *Turn) Begin(ctx context.Context) {
	if t == nil || t.keeper != nil {
		return
	}
	switch t.Event.(type) {
	case *adapter.MessageEvent:
		t.keeper = newKeeper(t)
		if !t.sessions.Unattended {
			t.keeper.begin(ctx)
		}
	case *adapter.StopEvent:
		t.keeper = newKeeper(t) // people see its confirmation at once
	default:
	}
}

// Write calls write, which writes something of a kind into the session, in turn with what
// is written here. again is called the first time that a turn answers after its answer.
func (t *Turn) Write(ctx context.Context, kind adapter.ActivityKind, again func(), write func(context.Context) error) error {
	if t == nil {
		return write(ctx)
	}
	if t.keeper != nil {
		return t.keeper.write(ctx, kind, again, write)
	}
	t.Settle(ctx)
	err := write(ctx)
	if err == nil {
		t.last.Store(kind)
	}
	return err
}

// Leave says that the work continues after the turn, so that it needs no end.
func (t *Turn) Leave() {
	if t != nil && t.keeper != nil {
		t.keeper.leave()
	}
}

// Over says how a run of a turn ended.
type Over struct {
	// Err is the error with which it ended.
	Err error
	// Left is the reason why no handler took it. Empty if one did.
	Left string
	// TimedOut says that the time of the run is over, and that its handler does not ask
	// for another one.
	TimedOut bool
}

// End writes an end to what a run left open, under ctx, the context of the run, and
// returns the error that decides the turn. What cannot be written now is written later.
func (t *Turn) End(ctx context.Context, o Over) error {
	if t == nil || t.sessions.Unattended {
		return o.Err
	}
	if t.leavesWaiting(ctx, o) {
		t.keeper = newKeeper(t)
	}
	k := t.keeper
	if k == nil {
		return o.Err
	}
	defer k.release()
	k.awaitReady(ctx)
	why := halt.Why(ctx)
	switch {
	case why == reason.Stopped:
		return o.Err // the stop itself is confirmed
	case why == reason.Deleted:
		ctx = context.WithoutCancel(ctx)
	case o.Err == nil && context.Cause(ctx) == nil:
	case o.TimedOut && context.Cause(ctx) == nil:
		// A person watches. They can ask again, and know better whether to.
		return &verdict.PermanentError{Err: o.Err, Code: reason.TimedOut}
	default:
		return o.Err
	}
	if why == reason.Deleted || k.failed() {
		t.CancelPlan(ctx)
	}
	if !k.open() {
		return o.Err
	}
	_, isStop := t.Event.(*adapter.StopEvent)
	limited, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	return k.alone(func() error { return t.end(limited, ctx, LastWord(isStop, why, o.Left)) })
}

// leavesWaiting reports whether a turn that is over, and had no keeper, leaves a person
// waiting: because no handler took what they wrote, or because the intake has said that
// the turn would begin.
func (t *Turn) leavesWaiting(ctx context.Context, o Over) bool {
	why := halt.Why(ctx)
	ev, isMessage := t.message()
	if !isMessage || t.keeper != nil || why == reason.Stopped {
		return false
	}
	switch {
	case why == reason.Deleted:
		t.Settle(ctx) // an earlier run may have shown something
		return !t.ended()
	case o.Err != nil || context.Cause(ctx) != nil:
		return false
	}
	switch o.Left {
	case "", reason.SameAct, reason.Self, reason.OwnSession:
		return false // the session continues, or has ended
	case reason.NoHandler:
		return t.Settle(ctx) || ev.Message.Author.IsHuman()
	default:
		return t.Settle(ctx) && !t.ended()
	}
}

// ended reports whether what was written last, without a keeper, ends the turn.
func (t *Turn) ended() bool {
	kind, ok := t.last.Load().(adapter.ActivityKind)
	return ok && kind.Ends()
}

// end writes the last word under ctx, or stores it under storing.
func (t *Turn) end(ctx, storing context.Context, text string) error {
	return t.sessions.End(ctx, storing, t.Thread.Workspace, t.Entry.Lane, t.lastWord(text))
}

func (t *Turn) lastWord(text string) *End {
	return &End{Thread: t.Thread.ID, Key: Key(t.Name, "end"), Kind: adapter.ActivityResponse, Body: text}
}

// PointElsewhere ends a session whose message is answered in the comments: in a
// workspace that begins to send sessions, or when a session comes late, the comment may
// be faster. Without an end the session would be shown as at work, and then as stale.
// Only a response completes it, and Linear writes a comment for that too, so the comment
// is deleted: the thread has one answer.
func (t *Turn) PointElsewhere(ctx context.Context) error {
	if t == nil || t.sessions.Unattended {
		return nil
	}
	ev, isMessage := t.message()
	if !isMessage || ev.Message.Session == nil {
		return nil
	}
	url := ""
	if ev.Message.Issue != nil {
		url = ev.Message.Issue.URL
	}
	t.Settle(ctx)
	last := t.lastWord(elsewhere(url))
	last.WithoutComment = true
	return t.sessions.End(ctx, ctx, t.Thread.Workspace, t.Entry.Lane, last)
}

// CancelPlan cancels what is unfinished in the plan of the session.
func (t *Turn) CancelPlan(ctx context.Context) {
	if t != nil {
		t.sessions.CancelPlan(ctx, t.Thread)
	}
}

// Bury prepares the session for what is said of a turn that failed for good, which t is
// to count. failed is nil if the turn was never opened: t has its entry.
func (t *Turn) Bury(ctx context.Context, failed *Turn) {
	if t == nil || t.sessions.Unattended {
		return
	}
	if failed == nil {
		t.sessions.Settle(ctx, t.Thread, t.Name, false)
	} else {
		failed.Settle(ctx)
	}
	t.CancelPlan(ctx)
}

// Count counts what is written in the session, and shows nothing of its own.
func (t *Turn) Count() {
	if t != nil {
		t.keeper = newKeeper(t)
	}
}

// Fail ends the session of a turn that failed for good, unless what Count has counted
// ends it. It writes under ctx, and stores what cannot be written now, also if the time
// of ctx is over.
func (t *Turn) Fail(ctx context.Context, text string) error {
	if t == nil || t.sessions.Unattended || !t.keeper.open() {
		return nil
	}
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.DeadlineExceeded) {
		return nil
	}
	storing, cancel := context.WithTimeout(context.WithoutCancel(ctx), Patience)
	defer cancel()
	return t.sessions.End(ctx, storing, t.Thread.Workspace, t.Entry.Lane, &End{
		Thread: t.Thread.ID, Key: Key(t.Name, "failed"), Kind: adapter.ActivityFailure, Body: text,
	})
}

// Retry is a run that comes after another one of the same turn.
type Retry struct {
	// After is how long the turn waits for it.
	After time.Duration
	// Yields says that the turn has not failed, but gives way to something else.
	Yields bool
	// Now returns the time of the store.
	Now func(context.Context) (time.Time, error)
}

// Retry tells a person who watches a session that its turn is to be tried again, and sees
// to it that the session is not called stale until then.
func (t *Turn) Retry(ctx context.Context, r Retry) {
	if t == nil || t.sessions.Unattended || t.sessions.Alive(ctx) != nil {
		return
	}
	_, isMessage := t.message()
	switch {
	case t.keeper == nil && !isMessage, t.keeper != nil && !t.keeper.open():
	case t.keeper == nil && r.Yields:
		t.excuse(ctx, r)
	case t.sessions.Retry(ctx, t.Thread, t.Name, r.After):
		t.keepWaiting(ctx, r)
	}
}

// excuse says the first word for a turn that gives way to something else, before any
// handler, if a person has waited for it. What it waits for may take minutes.
func (t *Turn) excuse(ctx context.Context, r Retry) {
	now, err := r.Now(ctx)
	if err == nil && now.Sub(t.Entry.EnqueuedAt) >= GreetAfter && !t.spoken {
		t.sessions.Excuse(ctx, t.Thread, t.Name)
	}
}

// keepWaiting stores that the turn waits, to be shown as long as it does.
func (t *Turn) keepWaiting(ctx context.Context, r Retry) {
	every := t.sessions.KeepAlive
	now, err := r.Now(ctx)
	if err != nil || every == 0 || r.After <= every {
		return
	}
	lane := t.Entry.Lane.Thread()
	lane.Kind = "urgent"
	err = t.sessions.Later(ctx, &Later{
		Key: Key(t.Name, "wait\x00"+uuid.NewString()), Lane: lane, In: every,
		Wait: &Wait{
			Thread: t.Thread.ID, Entry: t.Entry.ID, Seq: t.Entry.Seq, At: t.Entry.EnqueuedAt,
			Event: t.Event.Head().Key, Until: now.Add(r.After),
		},
	})
	if err != nil {
		t.sessions.Log.Warn().Err(err).Str(keyThread, string(t.Thread.ID)).Msg("a session may be called stale while its turn waits for another attempt")
	}
}
