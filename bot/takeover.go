package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
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

// arrival is the last message of a thread that takes over.
type arrival struct {
	at    time.Time // by the store's clock, after it was stored
	entry string
}

// ends reports whether a message takes over from a turn: one of messages, leased
// before it arrived. What a question runs again is not taken over, nor what is no
// message.
func (a arrival) ends(t *Turn) bool {
	_, message := t.event.(*adapter.MessageEvent)
	return message && !isResumed(&t.entry) && a.at.After(t.leased) && t.entry.ID != a.entry && !slices.Contains(t.olderIDs, a.entry)
}

func (a arrival) stored() []byte {
	return []byte(strconv.FormatInt(a.at.UnixNano(), 10) + " " + a.entry)
}

// parseArrival reads the stored form of an arrival. Nil is the zero arrival, which
// ends nothing.
func parseArrival(data []byte) arrival {
	nano, entry, _ := strings.Cut(string(data), " ")
	at, err := strconv.ParseInt(nano, 10, 64)
	if err != nil {
		return arrival{}
	}
	return arrival{time.Unix(0, at), entry}
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
	if err == nil {
		err = keepArrival(ctx, page, arrival{now, d.Key()})
	}
	if err != nil {
		logUnlessNil(&log, err)
		return
	}
	b.running.Tell(k)
	b.running.End(k, ErrTakenOver, arrival{now, d.Key()}.ends)
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
	ev, err := b.cfg.Adapter.Decode(d, self)
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

// keepArrival stores an arrival, unless a later one is there.
func keepArrival(ctx context.Context, page *notes.Thread, a arrival) error {
	for {
		old, err := page.Get(ctx, notes.Arrival, "")
		if err != nil || parseArrival(old).at.After(a.at) {
			return err
		}
		err = page.Swap(ctx, notes.Arrival, "", old, a.stored())
		if err == nil || !errors.Is(err, state.ErrConflict) {
			return err
		}
	}
}

// endByArrival ends what the last message of a thread has taken over.
func (b *Bot) endByArrival(ctx context.Context, page *notes.Thread) error {
	if !b.cfg.Policy.takesOver() {
		return nil
	}
	data, err := page.Get(ctx, notes.Arrival, "")
	if err != nil {
		return fmt.Errorf("bot: messages of %s: %w", page.Key().ID, err)
	}
	b.running.End(page.Key(), ErrTakenOver, parseArrival(data).ends)
	return nil
}
