package bot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/attend"
	"github.com/linearbot/linearbot/bot/internal/events"
	"github.com/linearbot/linearbot/bot/internal/halt"
	"github.com/linearbot/linearbot/bot/internal/own"
	"github.com/linearbot/linearbot/bot/internal/questions"
	"github.com/linearbot/linearbot/bot/internal/verdict"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/pause"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/state"
)

// Errors with which the contexts of handlers end.
var (
	// ErrStopped is the cause with which a handler's context ends when a person
	// asks the bot to stop.
	ErrStopped = halt.ErrStopped
	// ErrDeleted is the cause with which a handler's context ends when the
	// message that it handles, or the one that begins its thread, is deleted.
	ErrDeleted = halt.ErrDeleted
	// ErrTakenOver is the cause with which a handler's context ends when a newer message
	// takes over; see [Takeover].
	ErrTakenOver = halt.ErrTakenOver
)

// Three things end turns before they are done, those that run, on any instance, and
// those that wait; package halt keeps and carries them out. They are noted when they
// arrive, whether or not a worker is free for the turn of their own event:
//
//   - A stop ends everything that happened in the thread before it. In an agent session
//     a person asks for it; it has a lane of its own, so it does not wait for the turns
//     that it ends. Elsewhere a handler calls Thread.Stop.
//   - A person who deletes a message wants no answer to it.
//   - Under Takeover, a message that the bot listens to ends what runs in its thread.
//     The turn that was ended goes back to its lane, where the newer message stands for
//     it.
//
// Their contexts end with the cause, after which they write nothing more.

// haltable returns what ends turns of b.
func (b *Bot) haltable() *halt.Turns {
	cfg := halt.Config{Book: b.notes, TakesOver: b.cfg.Policy.p.TakesOver(), Log: b.log, Other: b.learnSessions}
	if s, ok := b.cfg.Store.(state.Signaler); ok {
		cfg.Signals = s
	}
	return halt.NewTurns(cfg)
}

// halts returns what decides whether a turn ends. Only new messages and edits are
// answered, so only they go with their message.
func (t *Turn) halts() *halt.Turn {
	h := &t.halted
	h.Event, h.Entry = t.head().Key, &t.entry
	var m *adapter.Message
	switch ev := t.event.(type) {
	case *adapter.MessageEvent:
		m, h.Replaceable = ev.Message, !isResumed(&t.entry)
	case *adapter.EditEvent:
		m = ev.Message
	default:
	}
	if m != nil && m.ID != "" {
		h.Message, h.Root = m.ID, m.ParentID
	}
	return h
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
// write. If the thread has no room to keep the stop, it ends what runs on this instance
// and returns an error that wraps [state.ErrInvalid].
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
	lane := t.bot.laneOf(t.workspace, t.id)
	lane.Kind = "urgent"
	seq, err := own.Place(ctx, t.bot.cfg.Store, lane)
	return halt.Stop{Seq: seq, At: now}, err
}

// stop carries a stop out, and closes the questions that it concerns. An error that wraps
// [state.ErrInvalid] says that all of that is done, but the thread has no room to keep the
// stop: what waits is not ended by it.
func (t *Thread) stop(ctx context.Context, s halt.Stop) error {
	noRoom := t.bot.halts.Stop(ctx, t.key(), s)
	if noRoom != nil {
		noRoom = fmt.Errorf("bot: stop of %s: %w", t.id, noRoom)
	}
	if noRoom != nil && !errors.Is(noRoom, state.ErrInvalid) {
		return noRoom
	}
	if err := t.closeQuestions(ctx, s); err != nil {
		return err // it goes before: it is worth another try
	}
	return noRoom
}

// stopAt ends what a delivery asks to stop, if it does: everything that was stored
// before it. Its turn confirms it, and does what fails here.
func (b *Bot) stopAt(ctx context.Context, to *adapter.Route, receipt state.Receipt) {
	if !to.Urgent {
		return
	}
	k := laneKey(to.Workspace, to.Thread)
	if err := b.halts.Stop(ctx, k, halt.Stop{Seq: receipt.Seq, Pending: true}); err != nil {
		b.log.Warn().Err(err).Str(keyThread, k.ID).Msg("a stop could not be carried out at once: it waits for its turn")
	}
}

// noteDeletion notes that a message was deleted, and ends what runs for it.
func (b *Bot) noteDeletion(ctx context.Context, to *adapter.Route) error {
	err := b.halts.Delete(ctx, laneKey(to.Workspace, to.Thread), to.Deleted)
	if errors.Is(err, state.ErrInvalid) {
		// The thread has no room for notes. The deletion is stored all the same.
		b.log.Warn().Err(err).Str(keyThread, string(to.Thread)).Msg("a message that is deleted may still be answered")
		return nil
	}
	return err
}

// takeOver ends what runs in the thread of a message that was just stored in a lane.
// If it fails the message is handled after that, and nothing is lost.
func (b *Bot) takeOver(ctx context.Context, d *adapter.Delivery, to *adapter.Route, lane state.Key) {
	page := b.notes.Thread(laneKey(to.Workspace, to.Thread))
	takes, err := b.mayTakeOver(ctx, d, to, lane, page)
	if err == nil && takes {
		err = b.halts.TakeOver(ctx, page, d.Key())
	}
	if err != nil {
		b.log.Warn().Err(err).Str(keyThread, string(to.Thread)).Msg("a newer message could not take over: it waits for its turn")
	}
}

// mayTakeOver reports whether a delivery is a message of an author to whom the bot
// listens, and no answer: that belongs to the turn whose question it answers, and
// waits for the one that runs.
func (b *Bot) mayTakeOver(ctx context.Context, d *adapter.Delivery, to *adapter.Route, lane state.Key, page *notes.Thread) (bool, error) {
	self, err := b.cfg.Adapter.Identity(ctx, to.Workspace)
	if err != nil {
		return false, err
	}
	ev, err := decoded(b.cfg.Adapter, d, self)
	if err != nil {
		return false, err
	}
	m, ok := ev.(*adapter.MessageEvent)
	if !ok || m.Thread != to.Thread || m.Message.Author.IsSelf() {
		return false, nil
	}
	message := b.newMessage(m.Message, self, m.Late, 1)
	if b.refuses(message) != "" {
		return false, nil
	}
	open, err := questions.OpenIn(ctx, page)
	if err != nil {
		return false, err
	}
	answers, _, err := b.questions.Reply(ctx, to.Workspace, open, questions.Said{Event: ev, Lane: lane, Text: message.Text})
	return answers == nil, err
}

// obeyStop ends what a person asked to stop. Without a handler for it the bot
// confirms it, because Linear wants a last activity
// (linear.app/developers/agent-signals).
func (b *Bot) obeyStop(ctx context.Context, r *run) (*outcome, error) {
	own := r.head().Actor.IsSelf() || r.message != nil && r.message.Author.IsSelf()
	if r.session != nil {
		ctx := r.limited(ctx)
		err := r.thread.stop(ctx, halt.Stop{Seq: r.entry.Seq, At: r.entry.EnqueuedAt, Pending: true})
		if errors.Is(err, state.ErrInvalid) {
			r.log.Warn().Err(err).Msg("a stop has ended only what runs in this process")
			err = nil
		}
		if err != nil {
			return nil, err
		}
		if err := b.awaitStop(ctx, r); err != nil {
			return nil, err
		}
		r.session.CancelPlan(ctx)
		if len(b.on.stop) == 0 && !own {
			r.writes.Begin("stop")
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
	lane := b.laneOf(r.thread.workspace, r.thread.id)
	for deadline := time.Now().Add(stopPatience); time.Now().Before(deadline); {
		busy, err := own.Busy(ctx, b.cfg.Store, lane, r.head().Key)
		if err != nil {
			return fmt.Errorf("bot: stop of %s: %w", r.thread.id, err)
		}
		if !busy || pause.For(ctx, stopPoll) != nil {
			break
		}
	}
	return alive(ctx)
}

// stopConfirmed notes that the turn of a stop is over: its confirmation is written, or
// never will be. What waits for it does not wait for long, so a failure is only logged.
func (b *Bot) stopConfirmed(ctx context.Context, log *zerolog.Logger, t *Turn) {
	if _, isStop := t.event.(*adapter.StopEvent); !isStop || t.session == nil {
		return
	}
	s := halt.Stop{Seq: t.entry.Seq, At: t.entry.EnqueuedAt}
	if err := s.Keep(ctx, b.notes.Thread(t.thread.key())); err != nil {
		log.Warn().Err(err).Msg("what a person writes after a stop waits a little")
	}
}

// confirmPoll is how often a message looks whether the stop before it is confirmed.
const confirmPoll = 100 * time.Millisecond

// yieldToStop returns a *verdict.YieldError as long as the confirmation of a stop is pending
// that a person pressed before they wrote the message of a turn: it would end the
// session in the middle of the answer.
func (b *Bot) yieldToStop(ctx context.Context, r *run) error {
	if _, isMessage := r.event.(*adapter.MessageEvent); !isMessage || r.session == nil {
		return nil
	}
	last, err := halt.LastStop(ctx, r.notes)
	if err != nil || !last.Pending {
		return err
	}
	now, err := r.now(ctx)
	if err != nil || !last.Holds(r.entry.EnqueuedAt, now) {
		return err
	}
	return &verdict.YieldError{Wait: confirmPoll, Why: "waiting until the stop before it is confirmed", InOrder: true}
}

// stoppable registers a run, whose context cancel ends, to be ended by what ends turns
// of its thread. unstoppable must be called when the run is over, unless there was an
// error.
func (b *Bot) stoppable(ctx context.Context, r *run, cancel context.CancelCauseFunc) error {
	if _, isStop := r.event.(*adapter.StopEvent); isStop || r.thread == nil {
		return nil
	}
	return b.halts.Begin(ctx, r.notes, r.halts(), events.Subject(r.event), cancel)
}

func (b *Bot) unstoppable(r *run) {
	if r.thread != nil {
		b.halts.Leave(r.thread.key(), &r.halted)
	}
}
