package bot

import (
	"context"
	"errors"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/attend"
	"github.com/linearbot/linearbot/bot/internal/greet"
	"github.com/linearbot/linearbot/bot/internal/halt"
	"github.com/linearbot/linearbot/bot/internal/own"
	"github.com/linearbot/linearbot/bot/internal/verdict"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/state"
)

// What people see of a session besides what handlers write; see package attend. The
// first word is that of the turn, or of the intake if the turn is long in coming. Then
// the turn speaks for itself, and its [attend.Turn] says what its handlers leave unsaid.

// SessionConfig says what the bot does in agent sessions by itself. The zero value is
// ready to use. The keeper is described in the package comment.
type SessionConfig struct {
	// Unattended switches the keeper off: no first activity, no signs of life and no
	// end of what a handler leaves open.
	Unattended bool
	// FirstActivity is the text of the first activity. Defaults to "On it…".
	FirstActivity string
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
		Unattended: cfg.Unattended, Agent: b.can.agent, Owner: b.can.owner, Planner: b.can.planner,
		First: cfg.FirstActivity, KeepAlive: cfg.KeepAlive, Alive: alive, Log: b.log,
		Take: adapter.TakeIssue{Delegate: cfg.BecomeDelegate, Start: cfg.StartIssue},
		Later: func(ctx context.Context, l *attend.Later) error {
			packed, err := (&own.Event{End: l.End, Wait: l.Wait}).Pack()
			if err != nil {
				return Permanent(err)
			}
			_, err = b.cfg.Store.Enqueue(ctx, state.Entry{ID: l.Key, Lane: l.Lane, Body: packed, Delay: l.In})
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

// mayBeInSession reports whether the thread of an entry may be a session.
func (b *Bot) mayBeInSession(e *state.Queued) bool {
	return b.can.agent != nil && (b.cfg.Lanes == LanePerChannel || b.attends.Is(adapter.ThreadID(e.Lane.Thread().ID)))
}

// session names the thread for package attend.
func (t *Thread) session() attend.Thread { return attend.Thread{Workspace: t.workspace, ID: t.id} }

// name names the turn in what is written for it: the same in each run.
func (t *Turn) name() string { return replayed(t.entry.ID) }

// attended begins the care for the session of a turn, if it is in one.
func (t *Turn) attended() *attend.Turn {
	return t.bot.attends.Turn(attend.Of{Thread: t.thread.session(), Event: t.event, Entry: &t.entry, Name: t.name()})
}

// release ends the care for the session of a run that ended with end or err, and returns
// the error that decides the turn.
func (b *Bot) release(ctx context.Context, r *run, end *outcome, err error) error {
	over := attend.Over{Err: err, TimedOut: errors.Is(err, ErrTurnTimeout) && !retriesTimeouts(err)}
	if end != nil {
		over.Left = end.ignored
	}
	return r.session.End(ctx, over)
}

// retriesTimeouts reports whether the handler that failed wants to be tried again
// when its time is over.
func retriesTimeouts(err error) bool {
	failed, ok := errors.AsType[*failure](err)
	return ok && failed.handler.options.MaxAttempts > 0
}

// showRetry tells a person who watches a session that a turn is to be tried again.
func (t *Turn) showRetry(ctx context.Context, v state.Verdict, err error) {
	if v.Kind != state.VerdictRetry && v.Kind != state.VerdictRetryAside {
		return
	}
	_, yields := errors.AsType[*verdict.YieldError](err)
	t.session.Retry(ctx, attend.Retry{After: v.After, Yields: yields, Now: t.now})
}

// showWaiting tells a session that its turn still waits, and schedules itself until it is
// due.
func (b *Bot) showWaiting(ctx context.Context, r *run, ev *own.WaitEvent) (*outcome, error) {
	if b.cfg.Sessions.Unattended || b.cfg.Sessions.KeepAlive == 0 || r.session == nil {
		return ignored(reason.NoSession), nil
	}
	now, err := r.now(ctx)
	if err != nil {
		return nil, err
	}
	again, err := b.attends.Show(r.limited(ctx), r.notes, r.thread.session(), replayed(ev.Wait.Entry), ev.Wait, now)
	switch {
	case err != nil:
		return nil, err
	case again == 0:
		return handled(), nil
	}
	if err := alive(ctx); err != nil {
		return nil, err
	}
	return nil, &verdict.YieldError{Wait: again, Why: "a turn of the session waits for another attempt"}
}

// postEnd writes the end of a turn in a session, for which there was no time then.
func (b *Bot) postEnd(ctx context.Context, r *run, ev *own.EndEvent) (*outcome, error) {
	if r.session == nil {
		return ignored(reason.NoSession), nil
	}
	return handled(), b.attends.Write(r.limited(ctx), ev.Workspace, ev.End)
}
