package bot

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/state"
)

// route is how the message of a turn was routed.
type route struct {
	// subscribed says that the thread counted as subscribed.
	subscribed bool
	// changed says that the turn has made it otherwise.
	changed atomic.Bool
}

// routed returns the groups of handlers that a turn is for, in the order in
// which they are tried. Those of OnEvent, which get everything in the end, are
// left out.
func (b *Bot) routed(ctx context.Context, r *run) ([][]*handler, error) {
	switch r.event.(type) {
	case *adapter.MessageEvent:
		return b.routeMessage(ctx, r)
	case *adapter.DeleteEvent:
		return [][]*handler{b.on.deleted}, nil
	case *adapter.StopEvent:
		return [][]*handler{b.on.stop}, nil
	case *adapter.ReactionEvent:
		return [][]*handler{b.on.reaction}, nil
	case *adapter.ActionEvent:
		return [][]*handler{b.on.action}, nil
	case *adapter.UninstallEvent:
		return [][]*handler{b.on.uninstalled}, nil
	case *adapter.InstallEvent:
		return [][]*handler{b.on.installed}, nil
	case *adapter.AccessEvent:
		return [][]*handler{b.on.accessChanged}, nil
	case *adapter.ResolveEvent:
		return [][]*handler{b.on.resolved}, nil
	case *adapter.NotificationEvent:
		return [][]*handler{b.on.notified}, nil
	default:
		return nil, nil
	}
}

// routeMessage routes a new message: delegation, then command, then subscribed, then mention,
// then pattern.
func (b *Bot) routeMessage(ctx context.Context, r *run) ([][]*handler, error) {
	ctx = r.limited(ctx)
	to := &route{}
	if len(b.on.subscribed) > 0 {
		var err error
		if to.subscribed, err = r.subscribedFor(ctx); err != nil {
			return nil, err
		}
	}
	r.route = to
	if to.subscribed {
		b.decisions.Add(ctx, adapter.TraceStep{Code: reason.Subscribed})
	}
	if err := b.noteSession(ctx, r); err != nil {
		return nil, err
	}
	groups, last := b.commandGroups(r.Turn)
	if s := r.message.Session; s != nil && s.New && s.Delegated {
		groups = append([][]*handler{b.on.delegated}, groups...)
	}
	if to.subscribed {
		groups = append(groups, b.on.subscribed)
	}
	if r.message.Mentioned {
		groups = append(groups, b.on.mention)
	}
	return append(groups, b.on.pattern, last), nil
}

// A turn that subscribes its own thread, or takes that back, changes what the
// same message would be routed to if the turn ran again, after a crash for
// example. Other handlers would run and their replies would come on top. So the
// turn first pins the state in which it was routed, and a repeat is routed by
// the pin. Turns that change nothing keep no pin. Others keep it when their event is
// done, for as long as it may be replayed, or come back from the dead letters.

// pin keeps how the turn was routed, if t is the thread of a turn. subscribed is
// what the turn makes of the thread.
func (t *Thread) pin(ctx context.Context, subscribed bool) error {
	turn := t.turnOf(ctx)
	if turn == nil || turn.route == nil || turn.thread == nil || turn.thread.key() != t.key() {
		return nil
	}
	turn.route.changed.Store(subscribed != turn.route.subscribed)
	routed := []byte("0")
	if turn.route.subscribed {
		routed = []byte("1")
	}
	err := turn.notes.Put(ctx, notes.Pin, turn.head().Key, routed)
	if errors.Is(err, state.ErrInvalid) {
		// The thread has no room for notes. It matters only if the turn runs again.
		t.bot.log.Warn().Str(keyThread, string(t.id)).Msg("the thread has no room for notes: if the process ends now, other handlers may get the message")
		return nil
	}
	if err != nil {
		return fmt.Errorf("bot: subscription of %s: %w", t.id, err)
	}
	return nil
}

// unpin forgets the pin, with the verdict, unless the same event would be routed
// otherwise now.
func (t *Turn) unpin() {
	if t.route != nil && !t.route.changed.Load() && t.notes.Key() == t.thread.key() {
		t.notes.Stage(notes.Pin, t.head().Key, nil)
	}
}

// subscribedFor reports whether the thread counted as subscribed when the turn
// was first routed.
func (t *Turn) subscribedFor(ctx context.Context) (bool, error) {
	pin, err := t.notes.Get(ctx, notes.Pin, t.head().Key)
	if err != nil {
		return false, fmt.Errorf("bot: route of %s: %w", t.head().Key, err)
	}
	if pin != nil {
		return string(pin) == "1", nil
	}
	subscribed, err := t.notes.Subscribed(ctx)
	if err != nil {
		return false, fmt.Errorf("bot: subscription of %s: %w", t.thread.id, err)
	}
	return subscribed, nil
}
