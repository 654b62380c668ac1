package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/about"
	"github.com/linearbot/linearbot/internal/attend"
	"github.com/linearbot/linearbot/internal/halt"
	"github.com/linearbot/linearbot/internal/own"
	"github.com/linearbot/linearbot/internal/pause"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/internal/running"
	"github.com/linearbot/linearbot/internal/verdict"
	"github.com/linearbot/linearbot/state"
)

// ErrStopped is the cause with which a handler's context ends when a person
// asks the bot to stop.
var ErrStopped = errors.New("bot: a person asked to stop")

// A stop of a thread ends the turns of everything that happened there before it:
// those that run, on any instance, and those that wait. Their contexts end with
// ErrStopped, after which they write nothing more. Messages after the stop start
// afresh. In an agent session a person asks for it; a stop has a lane of its own,
// so it does not wait for the turns that it ends. Elsewhere a handler calls
// Thread.Stop.

// endedBy reports whether a stop ends the turn.
func (t *Turn) endedBy(s halt.Stop) bool {
	return s.Ends(t.entry.Seq, t.entry.EnqueuedAt) && t.head().Key != s.By
}

// Stop ends the turns of everything that happened in the thread before now, and
// within a turn before its event; that turn itself continues. The contexts of
// turns that run end with the cause [ErrStopped], on this instance at once and
// on others as soon as the store tells them, and they write nothing more. Turns that wait
// do not begin, questions that wait for an answer are closed, and what was
// scheduled is not posted.
//
// Events of a thread wait for the turns before them, so stop a thread from
// elsewhere: from an endpoint or a timer of your own, with a handle of
// [Bot.Workspace], or from a turn of another thread. Stop blocks for a durable
// write.
func (t *Thread) Stop(ctx context.Context) error {
	if err := alive(ctx); err != nil {
		return err
	}
	if turn := t.turnOf(ctx); turn != nil {
		s := halt.Stop{At: turn.entry.EnqueuedAt, By: turn.head().Key}
		if t.sharesOrder(turn.entry.Lane) {
			s.Seq = turn.entry.Seq
		}
		return t.stop(ctx, s)
	}
	s, err := t.stopNow(ctx)
	if err != nil {
		return fmt.Errorf("bot: stop of %s: %w", t.id, err)
	}
	return t.stop(ctx, s)
}

// sharesOrder reports whether places in a lane and those in the lane of the thread are
// of one order.
func (t *Thread) sharesOrder(lane state.Key) bool {
	return lane.Thread() == t.bot.laneOf(t.workspace, t.id).Thread()
}

// stopNow returns a stop of everything that was stored by now. It takes its place in the
// order with an entry in the urgent lane that does nothing.
func (t *Thread) stopNow(ctx context.Context) (halt.Stop, error) {
	now, err := t.bot.notes.Thread(t.key()).Now(ctx)
	if err != nil {
		return halt.Stop{}, err
	}
	probe, err := (&own.Event{Probe: true}).Pack()
	if err != nil {
		return halt.Stop{}, err
	}
	lane := t.bot.laneOf(t.workspace, t.id)
	lane.Kind = "urgent"
	receipt, err := t.bot.cfg.Store.Enqueue(ctx, state.Entry{ID: "stop\x00" + uuid.NewString(), Lane: lane, Body: probe})
	return halt.Stop{Seq: receipt.Seq, At: now}, err
}

// stop stores a stop and ends what it concerns: the turns of this process, and
// the questions.
func (t *Thread) stop(ctx context.Context, s halt.Stop) error {
	if err := s.Keep(ctx, t.bot.notes.Thread(t.key())); err != nil {
		return fmt.Errorf("bot: stop of %s: %w", t.id, err)
	}
	t.bot.running.Tell(t.key())
	t.bot.running.End(t.key(), ErrStopped, func(t *Turn) bool { return t.endedBy(s) })
	t.bot.signal(ctx, t.key())
	return t.closeQuestions(ctx, s)
}

// A stop ends what it concerns when it arrives, whether or not a worker is free for
// its turn, which confirms it. What fails here that turn does.

// stopAt ends what a delivery asks to stop, if it does: everything that was stored
// before it.
func (b *Bot) stopAt(ctx context.Context, to *adapter.Route, receipt state.Receipt) {
	if !to.Urgent {
		return
	}
	s, k := halt.Stop{Seq: receipt.Seq, Pending: true}, laneKey(to.Workspace, to.Thread)
	if err := s.Keep(ctx, b.notes.Thread(k)); err != nil {
		b.log.Warn().Err(err).Str(keyThread, k.ID).Msg("a stop could not be carried out at once: it waits for its turn")
		return
	}
	b.running.Tell(k)
	b.running.End(k, ErrStopped, func(t *Turn) bool { return t.endedBy(s) })
	b.signal(ctx, k)
}

// obeyStop ends what a person asked to stop. Without a handler for it the bot
// confirms it, because Linear wants a last activity
// (linear.app/developers/agent-signals).
func (b *Bot) obeyStop(ctx context.Context, r *run) (*outcome, error) {
	own := r.head().Actor.IsSelf() || r.message != nil && r.message.Author.IsSelf()
	if b.isSession(r.Turn) {
		ctx := r.limited(ctx)
		if err := r.thread.stop(ctx, halt.Stop{Seq: r.entry.Seq, At: r.entry.EnqueuedAt, Pending: true}); err != nil {
			return nil, err
		}
		if err := b.awaitStop(ctx, r); err != nil {
			return nil, err
		}
		b.cancelPlan(ctx, r.thread)
		if len(b.on.stop) == 0 && !own {
			r.writes.begin("stop")
			err := r.thread.activity(ctx, &adapter.Activity{
				Key: r.thread.writeKey(ctx), Kind: adapter.ActivityResponse, Body: attend.Stopped,
			})
			return handled(), err
		}
	}
	if own {
		return ignored(reason.Self), nil
	}
	return nil, nil
}

const (
	// stopPatience is how long the confirmation of a stop waits for the turns that it
	// ends, on whichever instance they run, so that it comes last.
	stopPatience = 800 * time.Millisecond
	stopPoll     = 50 * time.Millisecond
)

// awaitStop waits until the turns of a session have ended that was stopped. One that
// ignores the end of its context is not waited for: it writes nothing more.
func (b *Bot) awaitStop(ctx context.Context, r *run) error {
	probe, err := (&own.Event{Probe: true}).Pack()
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(stopPatience); time.Now().Before(deadline); {
		idle, err := b.cfg.Store.Enqueue(ctx, state.Entry{
			ID: fmt.Sprintf("probe\x00%s\x00%d", r.head().Key, time.Now().UnixNano()), Lane: b.laneOf(r.thread.workspace, r.thread.id), Body: probe, IfIdle: true,
		})
		if err != nil {
			return fmt.Errorf("bot: stop of %s: %w", r.thread.id, err)
		}
		if idle.Outcome != state.Busy || pause.For(ctx, stopPoll) != nil {
			break
		}
	}
	return alive(ctx)
}

// stopConfirmed notes that the turn of a stop is over: its confirmation is written, or
// never will be. What waits for it does not wait for long, so a failure is only logged.
func (b *Bot) stopConfirmed(ctx context.Context, log *zerolog.Logger, t *Turn) {
	if _, isStop := t.event.(*adapter.StopEvent); !isStop || !b.isSession(t) {
		return
	}
	s := halt.Stop{Seq: t.entry.Seq, At: t.entry.EnqueuedAt}
	if err := s.Keep(ctx, b.notes.Thread(t.thread.key())); err != nil {
		log.Warn().Err(err).Msg("what a person writes after a stop waits a little")
	}
}

const (
	// stopGrace is the longest that a message waits until the stop before it is
	// confirmed: the turn of the stop may fail, or find no worker.
	stopGrace = 5 * time.Second
	// confirmPoll is how often it looks.
	confirmPoll = 100 * time.Millisecond
)

// yieldToStop returns a *verdict.YieldError as long as the confirmation of a stop is pending
// that a person pressed before they wrote the message of a turn: it would end the
// session in the middle of the answer.
func (b *Bot) yieldToStop(ctx context.Context, r *run) error {
	if _, isMessage := r.event.(*adapter.MessageEvent); !isMessage || !b.isSession(r.Turn) {
		return nil
	}
	last, err := halt.LastStop(ctx, r.notes)
	if err != nil || !last.Pending {
		return err
	}
	now, err := r.now(ctx)
	if err != nil || now.Sub(r.entry.EnqueuedAt) >= stopGrace || !last.At.IsZero() && now.Sub(last.At) >= stopGrace {
		return err
	}
	return &verdict.YieldError{Wait: confirmPoll, Why: "waiting until the stop before it is confirmed", InOrder: true}
}

// isSession reports whether a turn belongs to an agent session.
func (b *Bot) isSession(t *Turn) bool {
	return t.thread != nil && b.can.agent != nil && b.can.agent.IsSession(t.thread.id)
}

// stoppable registers a run, whose context cancel ends, to be ended when its
// thread is stopped, and ends it at once if that was before. unstoppable must be
// called when the run is over, unless there was an error.
func (b *Bot) stoppable(ctx context.Context, r *run, cancel context.CancelCauseFunc) error {
	if _, isStop := r.event.(*adapter.StopEvent); isStop || r.thread == nil {
		return nil
	}
	over, err := r.overAlready(ctx)
	if err != nil {
		return err
	}
	if over != nil {
		cancel(over)
		return nil
	}
	k := r.thread.key()
	if b.running.Add(k, r.Turn, about.Subject(r.event), r.notes.ReadAt(), cancel) {
		// What came with the lease is older than what a signal told of.
		if err := b.endByNotes(ctx, k); err != nil {
			b.running.Remove(k, r.Turn)
			return err
		}
	}
	return nil
}

func (b *Bot) unstoppable(r *run) {
	if r.thread != nil {
		b.running.Remove(r.thread.key(), r.Turn)
	}
}

// overAlready returns the cause with which a turn ends before it begins: its
// thread was stopped or its message deleted. Nil if neither is known.
func (t *Turn) overAlready(ctx context.Context) (cause, err error) {
	last, err := halt.LastStop(ctx, t.notes)
	if err != nil {
		return nil, err
	}
	if t.endedBy(last) {
		return ErrStopped, nil
	}
	deleted, err := t.isDeleted(ctx)
	if err != nil || !deleted {
		return nil, err
	}
	return ErrDeleted, nil
}

// signal tells other instances that a thread was stopped, or a message of it deleted;
// see package running.
func (b *Bot) signal(ctx context.Context, k state.Key) {
	s, ok := b.cfg.Store.(state.Signaler)
	if !ok {
		return
	}
	if err := s.Signal(ctx, k); err != nil {
		b.log.Warn().Err(err).Str(keyThread, k.ID).Msg("other instances could not be told that a thread was stopped")
	}
}

// sessionsSignal stands for the thread in a signal that says that a workspace has
// begun to send sessions. Ids of threads begin with the name of a platform.
const sessionsSignal = "sessions"

// watch ends turns that their notes say are over, until ctx ends.
func (b *Bot) watch(ctx context.Context) {
	w := running.Watcher{Look: b.endByNotes, Other: func(k state.Key) bool {
		if k.ID != sessionsSignal {
			return false
		}
		b.sessions.Learn(k.Workspace, true)
		return true
	}}
	if s, ok := b.cfg.Store.(state.Signaler); ok {
		w.Signals = s
	}
	b.running.Watch(ctx, w)
}

// endByNotes ends the turns of a thread that its notes say are over.
func (b *Bot) endByNotes(ctx context.Context, k state.Key) error {
	page := b.notes.Thread(k)
	last, err := halt.LastStop(ctx, page)
	if err != nil {
		return err
	}
	b.running.End(k, ErrStopped, func(t *Turn) bool { return t.endedBy(last) })
	ids, err := halt.Deleted(ctx, page)
	if err != nil {
		return err
	}
	b.running.End(k, ErrDeleted, func(t *Turn) bool { return slices.ContainsFunc(ids, t.handles) })
	return b.endByArrival(ctx, page)
}
