package bot

import (
	"context"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/state"
)

// A turn may run, and end, on another instance than the one that received its message
// and is about to speak for it. Two things see to it that nothing is said in a session
// whose turn has begun or ended:
//
//   - The first word has one id, whoever says it. A turn that reaches a handler has
//     said it by then, so what the intake says later is not written.
//   - A turn that ends without a keeper (no handler took it, access was refused,
//     another event tells of the same act …) claims the word, and so does the intake
//     before it speaks. If the intake was first, the turn says the word itself before
//     it writes or ends, so that nothing comes after that.

// The claimants of a first word.
const (
	wordOfIntake = "intake"
	wordOfTurn   = "turn"
)

// firstWordOf is who says the first word for an entry.
func (b *Bot) firstWordOf(workspace, entry string) notes.Value {
	return b.notes.Value(notes.FirstWord, workspace, replayed(entry))
}

// mayGreet claims the first word for the intake and reports whether it may say it: no
// turn has claimed it, on any instance, and no stop has ended the turn before it began.
func (n *awaited) mayGreet(ctx context.Context) bool {
	if n.wasStopped(ctx) {
		return false
	}
	t := n.thread
	held, err := t.bot.firstWordOf(t.workspace, n.entry).Claim(ctx, []byte(wordOfIntake))
	if err != nil || string(held) != wordOfIntake {
		return false // without the store no turn begins either
	}
	return !n.wasStopped(ctx) // in between
}

// wasStopped reports whether the turn was stopped before it began, or may have been.
func (n *awaited) wasStopped(ctx context.Context) bool {
	last, err := loadStop(ctx, n.thread.bot.notes.Thread(n.thread.key()))
	if last.seq > 0 {
		return err != nil || n.seq < last.seq
	}
	return err != nil || !n.at.After(last.at)
}

// settleWord sees to it that the intake, on whichever instance, says nothing more for an
// entry, and reports whether it has spoken.
func (t *Thread) settleWord(ctx context.Context, entry string, greeted bool) bool {
	b := t.bot
	if b.cfg.Sessions.Unattended {
		return false
	}
	// Also if the turn was stopped.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keeperPatience)
	defer cancel()
	if !greeted {
		held, err := b.firstWordOf(t.workspace, entry).Claim(ctx, []byte(wordOfTurn))
		if err != nil {
			b.log.Warn().Err(err).Str(keyThread, string(t.id)).Msg("a session may be told that a turn is to begin which is over")
			return false
		}
		if string(held) != wordOfIntake {
			return false
		}
	}
	// The intake has said it or is about to. Once it stands, it is not written again.
	t.tell(ctx, keeperKey(entry, nameFirst), b.cfg.Sessions.First)
	return true
}

// settleWord sees to it, once, that the intake says nothing more for the turn, and
// reports whether it has spoken. It is a no-op for turns for which it does not speak,
// and for those whose keeper has said the first word.
func (t *Turn) settleWord(ctx context.Context) bool {
	if _, isMessage := t.event.(*adapter.MessageEvent); !isMessage || !t.bot.isSession(t) || isResumed(&t.entry) || t.keeper.hasSpoken() {
		return false
	}
	t.word.settled.Do(func() { t.word.spoken = t.thread.settleWord(ctx, t.entry.ID, t.greeted) })
	return t.word.spoken
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
		turn.last.Store(kind)
	}
	return err
}

// saidEnd reports whether the turn has written an end into its session without a keeper.
func (t *Turn) saidEnd() bool {
	kind, ok := t.last.Load().(adapter.ActivityKind)
	return ok && kind.Ends()
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
		return !r.saidEnd()
	case err != nil || end == nil || context.Cause(ctx) != nil:
		return false
	}
	switch end.ignored {
	case "", reason.SameAct, reason.Self, reason.OwnSession:
		return false // the session goes on, or has an end
	case reason.NoHandler:
		spoken := r.settleWord(ctx)
		return spoken || r.message != nil && r.message.Author.IsHuman()
	default:
		return r.settleWord(ctx) && !r.saidEnd()
	}
}

// mayBeInSession reports whether the thread of an entry may be a session.
func (b *Bot) mayBeInSession(e *state.Queued) bool {
	return b.can.agent != nil && (b.cfg.Lanes == LanePerChannel || b.can.agent.IsSession(adapter.ThreadID(e.Lane.Thread().ID)))
}
