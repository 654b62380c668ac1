package bot

import (
	"context"
	"errors"
	"fmt"
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

// pin keeps how the turn was routed, if t is the thread of a turn.
func (t *Thread) pin(ctx context.Context) error {
	turn := turnFrom(ctx)
	if turn == nil {
		turn = t.turn
	}
	if turn == nil || !turn.routed || turn.thread.key() != t.key() {
		return nil
	}
	routed := "0"
	if turn.subscribed {
		routed = "1"
	}
	if err := t.bot.cfg.Store.Set(ctx, turn.pinKey(), []byte(routed), pinTTL); err != nil {
		return fmt.Errorf("bot: subscription of %s: %w", t.id, err)
	}
	return nil
}

// subscribedFor reports whether the thread counted as subscribed when the turn
// was first routed.
func (t *Turn) subscribedFor(ctx context.Context, b *Bot) (bool, error) {
	pin, err := b.cfg.Store.Get(ctx, t.pinKey())
	switch {
	case err == nil:
		return string(pin) == "1", nil
	case errors.Is(err, state.ErrNotFound):
		return t.thread.Subscribed(ctx)
	default:
		return false, fmt.Errorf("bot: route of %s: %w", t.event.Head().Key, err)
	}
}

func (t *Turn) pinKey() state.Key {
	head := t.event.Head()
	return state.Key{Workspace: head.Workspace, Kind: "pin", ID: head.Key}
}
