package bot

import (
	"context"
	"errors"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/attend"
	"github.com/linearbot/linearbot/internal/greet"
	"github.com/linearbot/linearbot/internal/halt"
	"github.com/linearbot/linearbot/internal/own"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/internal/verdict"
	"github.com/linearbot/linearbot/state"
)

// What people see of a session besides what handlers write; see package attend. The
// first word is that of the turn, or of the intake if the turn is long in coming. Then
// the turn has a keeper: here is when it begins, and what a turn leaves to be said at its
// end.

// SessionConfig says what the bot does in agent sessions by itself. The zero value
// is a good one.
type SessionConfig struct {
	// Unattended switches the keeper off: no first activity, no signs of life and no
	// end of what a handler leaves open.
	Unattended bool
	// First is the text of the first activity. Defaults to "On it…".
	First string
	// KeepAlive is how long a handler may write nothing before the keeper shows that
	// it is still at work. Linear calls a session stale after 30 minutes. Defaults to
	// 15 minutes; negative means never.
	KeepAlive time.Duration
	// PostsAreProgress makes [Thread.Post] progress unless the content is [Final].
	// By default it is the answer unless the content is [Progress].
	PostsAreProgress bool
	// BecomeDelegate makes the bot the delegate of the issue of a new session, unless
	// the issue has one.
	BecomeDelegate bool
	// StartIssue moves the issue of a new session to the first started state of its
	// team, unless it was started, completed or canceled.
	StartIssue bool
}

const (
	// defaultFirst is the default of SessionConfig.First.
	defaultFirst = "On it…"
	// defaultKeepAlive is the default of SessionConfig.KeepAlive.
	defaultKeepAlive = 15 * time.Minute
)

// attendance returns what looks after the sessions of b.
func (b *Bot) attendance() *attend.Sessions {
	cfg := b.cfg.Sessions
	return attend.New(attend.Config{
		Agent: b.can.agent, Owner: b.can.owner, Planner: b.can.planner, First: cfg.First, KeepAlive: cfg.KeepAlive,
		Take: adapter.TakeIssue{Delegate: cfg.BecomeDelegate, Start: cfg.StartIssue}, Alive: alive, Log: b.log,
		Later: func(ctx context.Context, lane state.Key, e *attend.End) error {
			packed, err := (&own.Event{End: e}).Pack()
			if err != nil {
				return Permanent(err)
			}
			_, err = b.cfg.Store.Enqueue(ctx, state.Entry{ID: e.Key, Lane: lane, Body: packed, Delay: time.Second})
			return err
		},
	}, b.notes)
}

// greetLater queues the first word for a delivery that was stored, if it is a message to
// a session. It does not block: it never delays a delivery, and costs calls of the store
// only if the turn has not begun by then.
func (b *Bot) greetLater(to *adapter.Route, e *state.Entry, receipt state.Receipt) {
	if !to.Message || !b.attends.Is(to.Thread) {
		return
	}
	b.sessions.Arrive(to.Workspace)
	if b.cfg.Sessions.Unattended {
		return
	}
	b.greeter.Later(func() greet.Word {
		seq, at := receipt.Seq, time.Now() // about when it was stored
		g := &attend.Greeting{
			Thread: attend.Thread{Workspace: to.Workspace, ID: to.Thread}, Entry: replayed(e.ID), Ahead: receipt.Depth - 1,
		}
		g.Stopped = func(ctx context.Context) bool {
			last, err := halt.LastStop(ctx, b.notes.Thread(laneKey(g.Thread.Workspace, g.Thread.ID)))
			if last.Seq > 0 {
				return err != nil || seq < last.Seq
			}
			return err != nil || !at.After(last.At)
		}
		return greet.Word{Entry: e.ID, Speak: func(ctx context.Context) bool { return b.attends.Greet(ctx, g) }}
	})
}

// settleWord sees to it, once, that the intake says nothing more for the turn, and
// reports whether it has spoken. It is a no-op for turns for which it does not speak,
// and for those whose keeper has said the first word.
func (t *Turn) settleWord(ctx context.Context) bool {
	if _, isMessage := t.event.(*adapter.MessageEvent); !isMessage || !t.bot.isSession(t) || isResumed(&t.entry) || t.keeper.HasSpoken() {
		return false
	}
	return t.unkept.Settle(func() bool { return t.bot.settleWord(ctx, t.thread, t.name(), t.greeted) })
}

// settleWord sees to it that the intake says nothing more for an entry; see
// [attend.Sessions.Settle].
func (b *Bot) settleWord(ctx context.Context, t *Thread, entry string, greeted bool) bool {
	return !b.cfg.Sessions.Unattended && b.attends.Settle(ctx, t.session(), entry, greeted)
}

// writtenAlone writes something into a session for which there is no keeper.
func (t *Thread) writtenAlone(ctx context.Context, kind adapter.ActivityKind, write func(context.Context) error) error {
	turn := t.turnOf(ctx)
	if turn == nil || turn.thread == nil || turn.thread.id != t.id {
		return write(ctx)
	}
	turn.settleWord(ctx)
	err := write(ctx)
	if err == nil {
		turn.unkept.Wrote(kind)
	}
	return err
}

// leavesWaiting reports whether a turn that is over, and had no keeper, leaves a person
// waiting in its session: because no handler took what they wrote, or because the
// intake has said that the turn would begin.
func (b *Bot) leavesWaiting(ctx context.Context, r *run, end *outcome, err error) bool {
	why := overFor(ctx)
	if _, isMessage := r.event.(*adapter.MessageEvent); !isMessage || r.keeper != nil || !b.isSession(r.Turn) || why == reason.Stopped {
		return false
	}
	switch {
	case why == reason.Deleted:
		r.settleWord(ctx) // an earlier run may have shown something
		return !r.unkept.Ended()
	case err != nil || end == nil || context.Cause(ctx) != nil:
		return false
	}
	switch end.ignored {
	case "", reason.SameAct, reason.Self, reason.OwnSession:
		return false // the session continues, or has ended
	case reason.NoHandler:
		spoken := r.settleWord(ctx)
		return spoken || r.message != nil && r.message.Author.IsHuman()
	default:
		return r.settleWord(ctx) && !r.unkept.Ended()
	}
}

// mayBeInSession reports whether the thread of an entry may be a session.
func (b *Bot) mayBeInSession(e *state.Queued) bool {
	return b.can.agent != nil && (b.cfg.Lanes == LanePerChannel || b.attends.Is(adapter.ThreadID(e.Lane.Thread().ID)))
}

// session names the thread for package attend.
func (t *Thread) session() attend.Thread { return attend.Thread{Workspace: t.workspace, ID: t.id} }

// keeperOf returns the keeper of the turn that ctx or t belongs to, if the turn is in
// this session. It may be nil.
func (t *Thread) keeperOf(ctx context.Context) *attend.Keeper {
	turn := t.turnOf(ctx)
	if turn == nil || turn.thread == nil || turn.thread.id != t.id {
		return nil
	}
	return turn.keeper
}

// watched is a run whose session has a keeper.
type watched struct{ *run }

func (w watched) Say(ctx context.Context, key, text string) (existed, ok bool) {
	return w.bot.attends.Say(ctx, w.thread.session(), key, text)
}

func (w watched) Announced(ctx context.Context) bool {
	return w.Attempt() == 1 && (w.greeted || w.bot.attends.Announced(ctx, w.thread.session(), w.name()))
}

func (w watched) Settle(ctx context.Context) { w.settleWord(ctx) }

func (w watched) Take(ctx context.Context) {
	w.bot.attends.TakeIssue(ctx, w.thread.session(), w.message.Session)
}

// name names the turn in what is written for it: the same in each run.
func (t *Turn) name() string { return replayed(t.entry.ID) }

func (b *Bot) newKeeper(r *run) *attend.Keeper { return b.attends.Keeper(watched{r}, r.name()) }

// attend begins to look after the session of a run, before its first handler. It is
// a no-op if that has begun, and for events that no person waits for.
func (b *Bot) attend(ctx context.Context, r *run) {
	if r.keeper != nil || !b.isSession(r.Turn) {
		return
	}
	switch r.event.(type) {
	case *adapter.MessageEvent:
		r.keeper = b.newKeeper(r)
		if !b.cfg.Sessions.Unattended {
			r.keeper.Begin(ctx)
		}
	case *adapter.StopEvent:
		r.keeper = b.newKeeper(r) // people see its confirmation at once
	default:
	}
}

// release ends the keeper of a run that ended with end or err. It writes an end to
// what the run left open, and returns the error that decides the turn.
func (b *Bot) release(ctx context.Context, r *run, end *outcome, err error) error {
	if b.cfg.Sessions.Unattended {
		return err
	}
	if b.leavesWaiting(ctx, r, end, err) {
		r.keeper = b.newKeeper(r)
	}
	k := r.keeper
	if k == nil {
		return err
	}
	defer k.Release()
	k.AwaitReady(ctx)
	why := overFor(ctx)
	switch {
	case why == reason.Stopped:
		return err // the stop itself is confirmed
	case why == reason.Deleted:
		ctx = context.WithoutCancel(ctx)
	case err == nil && context.Cause(ctx) == nil:
	case errors.Is(err, ErrTurnTimeout) && context.Cause(ctx) == nil && !retriesTimeouts(err):
		// A person watches. They can ask again, and know better whether to.
		return &verdict.PermanentError{Err: err, Code: reason.TimedOut}
	default:
		return err
	}
	if why == reason.Deleted || k.Failed() {
		b.cancelPlan(ctx, r.thread)
	}
	if !k.Open() {
		return err
	}
	_, isStop := r.event.(*adapter.StopEvent)
	left := ""
	if end != nil {
		left = end.ignored
	}
	return b.closeSession(ctx, r, attend.LastWord(isStop, why, left))
}

// retriesTimeouts reports whether the handler that failed wants to be tried again
// when its time is over.
func retriesTimeouts(err error) bool {
	failed, ok := errors.AsType[*failure](err)
	return ok && failed.handler.options.MaxAttempts > 0
}

// closeSession writes the end of a turn into its session. If that cannot be done now,
// an event of the bot's own does it later.
func (b *Bot) closeSession(ctx context.Context, r *run, text string) error {
	limited, cancel := context.WithTimeout(ctx, attend.Patience)
	defer cancel()
	return r.keeper.Alone(func() error { return b.endWith(limited, ctx, r, text) })
}

// endWith writes the last word of a run under ctx, or stores it under storing.
func (b *Bot) endWith(ctx, storing context.Context, r *run, text string) error {
	return b.attends.End(ctx, storing, r.thread.workspace, r.entry.Lane, &attend.End{
		Thread: r.thread.id, Key: attend.Key(r.name(), "end"), Kind: adapter.ActivityResponse, Body: text,
	})
}

// pointElsewhere ends a session whose message is answered in the comments: in a
// workspace that begins to send sessions, or when a session comes late, the comment may
// be faster. Without an end the session would wait for its agent forever.
func (b *Bot) pointElsewhere(ctx context.Context, r *run) error {
	ev, ok := r.event.(*adapter.MessageEvent)
	if !ok || ev.Message.Session == nil || b.cfg.Sessions.Unattended {
		return nil
	}
	url := ""
	if ev.Message.Issue != nil {
		url = ev.Message.Issue.URL
	}
	r.settleWord(ctx)
	return b.endWith(ctx, ctx, r, attend.Elsewhere(url))
}

// cancelPlan cancels what is unfinished in the plan of a session.
func (b *Bot) cancelPlan(ctx context.Context, t *Thread) {
	if t != nil && !b.cfg.Sessions.Unattended {
		b.attends.CancelPlan(ctx, t.session())
	}
}

// postEnd writes the end of a turn in a session, for which there was no time then.
func (b *Bot) postEnd(ctx context.Context, r *run, ev *own.EndEvent) (*outcome, error) {
	if !b.attends.Is(ev.End.Thread) {
		return ignored(reason.NoSession), nil
	}
	return handled(), b.attends.Write(r.limited(ctx), ev.Workspace, ev.End)
}
