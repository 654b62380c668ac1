package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/linearbot/linearbot/state"
)

// pinTTL is how long a pin outlives its turn: longer than any retry.
const pinTTL = 7 * 24 * time.Hour

// A turn that subscribes its own thread, or takes that back, changes what the
// same message would be routed to if the turn ran again, after a crash for
// example. Other handlers would run and their replies would come on top. So the
// turn first pins the state in which it was routed, and a repeat is routed by
// the pin. Turns that change nothing write no pin.
//
// Where messages are taken together, older messages may still wait for the one
// that stands for them when a turn in between changes the subscription. They are
// pinned too.

// pin keeps how the turn was routed, if t is the thread of a turn.
func (t *Thread) pin(ctx context.Context) error {
	turn := turnFrom(ctx)
	if turn == nil {
		turn = t.turn
	}
	if turn == nil || turn.thread == nil || turn.thread.key() != t.key() {
		return nil
	}
	pinned := turn.passed
	if turn.routed {
		pinned = append(slices.Clip(pinned), turn)
	}
	for _, p := range pinned {
		routed := "0"
		if p.subscribed {
			routed = "1"
		}
		if err := t.bot.cfg.Store.Set(ctx, p.pinKey(), []byte(routed), pinTTL); err != nil {
			return fmt.Errorf("bot: subscription of %s: %w", t.id, err)
		}
	}
	return nil
}

// subscribedFor reports whether the thread counted as subscribed when the turn
// was first routed.
func (t *Turn) subscribedFor(ctx context.Context, b *Bot) (bool, error) {
	subscribed, pinned, err := t.pinned(ctx, b)
	if err != nil || pinned {
		return subscribed, err
	}
	return t.thread.Subscribed(ctx)
}

// pinned reports whether there is a pin, and what it says.
func (t *Turn) pinned(ctx context.Context, b *Bot) (subscribed, ok bool, err error) {
	pin, err := b.cfg.Store.Get(ctx, t.pinKey())
	switch {
	case err == nil:
		return string(pin) == "1", true, nil
	case errors.Is(err, state.ErrNotFound):
		return false, false, nil
	default:
		return false, false, fmt.Errorf("bot: route of %s: %w", t.event.Head().Key, err)
	}
}

func (t *Turn) pinKey() state.Key {
	head := t.event.Head()
	return state.Key{Workspace: head.Workspace, Kind: "pin", ID: head.Key}
}
