package bot

import (
	"context"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/attend"
	"github.com/linearbot/linearbot/internal/greet"
	"github.com/linearbot/linearbot/internal/halt"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/state"
)

// The first word in a session is that of its turn, or of the intake if the turn is long
// in coming; see package attend. It never delays a delivery, and costs calls of the
// store only if the turn has not begun by then.

// greetLater queues the first word for a delivery that was stored, if it is a message to
// a session. It does not block.
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
