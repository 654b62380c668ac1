package bot

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
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

// A stop of a thread ends the turns of everything that happened there before it:
// those that run, on whichever instance, and those that wait. Their contexts end
// with ErrStopped, after which they write nothing more. What is said after the
// stop begins clean. In an agent session a person asks for it; that has a lane of
// its own, so it does not wait for what it is to stop. Elsewhere a handler does,
// with Thread.Stop.

// stop is when a thread was stopped.
type stop struct {
	at time.Time
	// by is the event whose turn asked for it, and which goes on.
	by string
}

// ends reports whether a stop ends a turn.
func (s stop) ends(t *Turn) bool {
	return !s.at.IsZero() && !t.entry.EnqueuedAt.After(s.at) && t.event.Head().Key != s.by
}

// Stop ends what goes on in the thread: the turns of everything that happened
// there before now, and within a turn before the event of that, which itself goes
// on. The contexts of turns that run end with the cause [ErrStopped], on this
// instance at once and on others within a second or so, and nothing more is
// written by them. Turns that wait do not begin, questions that wait for an answer
// are closed, and what was scheduled is not posted. What happens
// in a thread waits for the turns before it, so stop a thread from elsewhere: from
// an endpoint or a timer of your own, with a handle of [Bot.Thread], or from a
// turn of another thread.
func (t *Thread) Stop(ctx context.Context) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s := stop{at: time.Now()}
	if turn := t.turnOf(ctx); turn != nil {
		s = stop{at: turn.entry.EnqueuedAt, by: turn.event.Head().Key}
	}
	return t.stop(ctx, s)
}

// stop stores a stop and ends what it concerns: the turns of this process, and
// the questions.
func (t *Thread) stop(ctx context.Context, s stop) error {
	value := strconv.FormatInt(s.at.UnixNano(), 10) + " " + s.by
	if err := t.bot.cfg.Store.Set(ctx, t.stopKey(), []byte(value), stopTTL); err != nil {
		return fmt.Errorf("bot: stop of %s: %w", t.id, err)
	}
	t.bot.turns.stop(t.key(), s)
	return t.closeQuestions(ctx, s.at)
}

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

// stop ends the turns of a thread that a stop concerns.
func (r *running) stop(k state.Key, s stop) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for t, cancel := range r.turns[k] {
		if s.ends(t) {
			cancel(ErrStopped)
		}
	}
}

// isSession reports whether a turn belongs to an agent session.
func (b *Bot) isSession(t *Turn) bool {
	return t.thread != nil && b.can.agent != nil && b.can.agent.IsSession(t.thread.id)
}

// stoppable gives a turn a context that ends when its thread is stopped. release
// must be called when the turn is over.
func (b *Bot) stoppable(ctx context.Context, t *Turn) (_ context.Context, release func(), err error) {
	if _, isStop := t.event.(*adapter.StopEvent); isStop || t.thread == nil {
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

// stoppedSince reports whether the thread of a turn was stopped after the event
// was stored.
func (b *Bot) stoppedSince(ctx context.Context, t *Turn) (bool, error) {
	s, err := t.thread.lastStop(ctx)
	return s.ends(t), err
}

// lastStop returns the last stop of the thread. It is zero if there was none.
func (t *Thread) lastStop(ctx context.Context) (stop, error) {
	data, err := t.bot.cfg.Store.Get(ctx, t.stopKey())
	switch {
	case errors.Is(err, state.ErrNotFound):
		return stop{}, nil
	case err != nil:
		return stop{}, fmt.Errorf("bot: stop of %s: %w", t.id, err)
	}
	nano, by, _ := strings.Cut(string(data), " ")
	at, err := strconv.ParseInt(nano, 10, 64)
	if err != nil {
		return stop{}, nil //nolint:nilerr // written by another version: no stop of ours
	}
	return stop{time.Unix(0, at), by}, nil
}

// dispatchStop ends what a stop is to end, and tells the handlers. If there is
// none, the bot confirms by itself, as Linear wants a last activity
// (linear.app/developers/agent-signals).
func (b *Bot) dispatchStop(ctx context.Context, log *zerolog.Logger, t *Turn, m *adapter.Message) error {
	if b.isSession(t) {
		ctx, cancel := t.limited(ctx)
		defer cancel()
		if err := t.thread.stop(ctx, stop{at: t.entry.EnqueuedAt}); err != nil {
			return err
		}
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

func (t *Thread) stopKey() state.Key {
	k := t.key()
	k.Kind = "stopped"
	return k
}
