package bot

import (
	"context"
	"errors"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/halt"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/questions"
	"github.com/linearbot/linearbot/state"
)

// ErrTakenOver is the cause with which a handler's context ends when a newer message
// takes over; see [Takeover].
var ErrTakenOver = errors.New("bot: a newer message takes over")

// Under Takeover, intake notes when a message arrived that the bot listens to, and
// ends what runs in its thread; other instances learn of it by a signal, like of a
// stop. The turn that was ended goes back to its lane, where the newer message stands
// for it.

// takenOverBy reports whether a message takes over from the turn: one of messages, leased
// before it arrived. What a question runs again is not taken over, nor what is no
// message.
func (t *Turn) takenOverBy(a halt.Arrival) bool {
	_, message := t.event.(*adapter.MessageEvent)
	return message && !isResumed(&t.entry) && a.Ends(t.leased, t.entry.ID, t.olderIDs)
}

// takeOver ends what runs in the thread of a message that was just stored in a lane.
// If it fails the message is handled after that, and nothing is lost.
func (b *Bot) takeOver(ctx context.Context, d *adapter.Delivery, to *adapter.Route, lane state.Key) {
	k := laneKey(to.Workspace, to.Thread)
	log := b.log.With().Str(keyThread, k.ID).Logger()
	page := b.notes.Thread(k)
	if takes, err := b.mayTakeOver(ctx, d, to, lane, page); err != nil || !takes {
		logUnlessNil(&log, err)
		return
	}
	now, err := page.Now(ctx)
	a := halt.Arrival{At: now, Entry: d.Key()}
	if err == nil {
		err = a.Keep(ctx, page)
	}
	if err != nil {
		logUnlessNil(&log, err)
		return
	}
	b.running.Tell(k)
	b.running.End(k, ErrTakenOver, func(t *Turn) bool { return t.takenOverBy(a) })
	b.signal(ctx, k)
}

func logUnlessNil(log *zerolog.Logger, err error) {
	if err != nil {
		log.Warn().Err(err).Msg("a newer message could not take over: it waits for its turn")
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
	t := &Turn{bot: b, event: ev, self: self, notes: page, message: b.newMessage(m.Message, self, m.Late, 1)}
	t.entry.ID, t.entry.Lane = d.Key(), lane
	t.thread = &Thread{bot: b, id: to.Thread, workspace: to.Workspace, turn: t}
	if b.refuses(t.message) != "" {
		return false, nil
	}
	open, err := questions.OpenIn(ctx, page)
	if err != nil {
		return false, err
	}
	answers, _, err := b.reply(ctx, t, open)
	return answers == nil, err
}

// endByArrival ends what the last message of a thread has taken over.
func (b *Bot) endByArrival(ctx context.Context, page *notes.Thread) error {
	if !b.cfg.Policy.takesOver() {
		return nil
	}
	a, err := halt.LastArrival(ctx, page)
	if err != nil {
		return err
	}
	b.running.End(page.Key(), ErrTakenOver, func(t *Turn) bool { return t.takenOverBy(a) })
	return nil
}
