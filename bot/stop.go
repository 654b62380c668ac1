package bot

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/state"
)

// ErrStopped is the cause with which a handler's context ends when a person
// asks the bot to stop.
var ErrStopped = errors.New("bot: a person asked to stop")

const (
	// stopTTL is how long a stop is remembered: longer than a turn that was
	// begun before it can come back after a crash.
	stopTTL = 24 * time.Hour
	// stopPoll is how often a running turn looks for a stop that another
	// instance has received.
	stopPoll = time.Second
)

// A stop in an agent session ends the turns of everything that was said before
// it: those that run, on whichever instance, and those that wait. Their
// contexts end with ErrStopped, after which they write nothing more. What is
// said after the stop begins clean. A stop has a lane of its own, so it does
// not wait for what it is to stop.

// running are the turns of this process that a stop can end.
type running struct {
	mu    sync.Mutex
	turns map[state.Key]map[*Turn]context.CancelCauseFunc
}

func (r *running) add(k state.Key, t *Turn, cancel context.CancelCauseFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.turns == nil {
		r.turns = make(map[state.Key]map[*Turn]context.CancelCauseFunc)
	}
	if r.turns[k] == nil {
		r.turns[k] = make(map[*Turn]context.CancelCauseFunc)
	}
	r.turns[k][t] = cancel
}

func (r *running) remove(k state.Key, t *Turn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.turns[k], t)
	if len(r.turns[k]) == 0 {
		delete(r.turns, k)
	}
}

// stop ends the turns of a thread that were said before at.
func (r *running) stop(k state.Key, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for t, cancel := range r.turns[k] {
		if !t.entry.EnqueuedAt.After(at) {
			cancel(ErrStopped)
		}
	}
}

// isSession reports whether a turn belongs to an agent session.
func (b *Bot) isSession(t *Turn) bool {
	return t.thread != nil && b.can.agent != nil && b.can.agent.IsSession(t.thread.id)
}

// stoppable gives a turn a context that ends when a person asks to stop.
// release must be called when the turn is over.
func (b *Bot) stoppable(ctx context.Context, t *Turn) (_ context.Context, release func(), err error) {
	if _, isStop := t.event.(*adapter.StopEvent); isStop || !b.isSession(t) {
		return ctx, func() {}, nil
	}
	k := t.thread.key()
	limited, cancelLimit := t.limited(ctx)
	stopped, err := b.stoppedSince(limited, t)
	cancelLimit()
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	if stopped {
		cancel(ErrStopped)
		return ctx, func() {}, nil
	}
	b.turns.add(k, t, cancel)
	done := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		tick := time.NewTicker(stopPoll)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if stopped, err := b.stoppedSince(ctx, t); err == nil && stopped {
				cancel(ErrStopped)
			}
		}
	})
	return ctx, func() {
		b.turns.remove(k, t)
		close(done)
		cancel(nil)
		watch.Wait()
	}, nil
}

// stoppedSince reports whether a person asked to stop after the event of a turn
// was stored.
func (b *Bot) stoppedSince(ctx context.Context, t *Turn) (bool, error) {
	at, err := b.lastStop(ctx, t)
	return !at.IsZero() && !t.entry.EnqueuedAt.After(at), err
}

// lastStop returns when a person last asked to stop in the session of a turn.
// It is zero if nobody did.
func (b *Bot) lastStop(ctx context.Context, t *Turn) (time.Time, error) {
	data, err := b.cfg.Store.Get(ctx, stopKey(t))
	switch {
	case errors.Is(err, state.ErrNotFound):
		return time.Time{}, nil
	case err != nil:
		return time.Time{}, fmt.Errorf("bot: stop of %s: %w", t.thread.id, err)
	}
	at, err := strconv.ParseInt(string(data), 10, 64)
	if err != nil {
		return time.Time{}, nil //nolint:nilerr // written by another version: no stop of ours
	}
	return time.Unix(0, at), nil
}

// dispatchStop ends what a stop is to end, and tells the handlers. If there is
// none, the bot confirms by itself, as Linear wants a last activity
// (linear.app/developers/agent-signals).
func (b *Bot) dispatchStop(ctx context.Context, log *zerolog.Logger, t *Turn, m *adapter.Message) error {
	if b.isSession(t) {
		at := t.entry.EnqueuedAt
		ctx, cancel := t.limited(ctx)
		defer cancel()
		if err := b.cfg.Store.Set(ctx, stopKey(t), []byte(strconv.FormatInt(at.UnixNano(), 10)), stopTTL); err != nil {
			return fmt.Errorf("bot: stop of %s: %w", t.thread.id, err)
		}
		b.turns.stop(t.thread.key(), at)
		if len(b.on.stop) == 0 && !t.event.Head().Actor.IsSelf() {
			t.enter("stop")
			return b.can.agent.Activity(ctx, &adapter.Activity{
				Workspace: t.thread.workspace, Thread: t.thread.id, Key: t.thread.writeKey(ctx),
				Kind: adapter.Response, Body: "Stopped.",
			})
		}
	}
	return b.dispatchOwn(ctx, log, t, m, b.on.stop)
}

func stopKey(t *Turn) state.Key {
	k := t.thread.key()
	k.Kind = "stopped"
	return k
}
