package running

import (
	"context"
	"sync"
	"time"

	"github.com/linearbot/linearbot/state"
)

// pollEvery is how often the notes of a running turn are read without signals.
const pollEvery = time.Second

// Watcher says how the notes of threads are looked at.
type Watcher struct {
	// Signals brings the threads to look at. Nil if the store has no signals.
	Signals state.Signaler
	// Other takes a signal that is not of a thread, and reports whether it was one.
	// Must not block. Nil for none.
	Other func(k state.Key) bool
	// Look reads the notes of a thread and ends the turns that they say are over.
	Look func(ctx context.Context, k state.Key) error
}

// Watch has the notes of threads with running turns looked at until ctx ends: when a
// signal arrives, or from time to time.
func (s *Set[T]) Watch(ctx context.Context, w Watcher) {
	if w.Signals == nil {
		s.poll(ctx, w)
		return
	}
	inbox := newInbox()
	defer w.Signals.OnSignal(func(k state.Key) {
		if w.Other == nil || !w.Other(k) {
			inbox.put(k)
		}
	})()
	for {
		select {
		case <-ctx.Done():
			return
		case <-inbox.more:
		}
		var failed []state.Key
		for _, k := range inbox.take() {
			s.Tell(k)
			look := []state.Key{k}
			if k.IsZero() {
				look = s.threads(0)
			}
			for _, k := range look {
				if s.has(k) && w.Look(ctx, k) != nil {
					failed = append(failed, k)
				}
			}
		}
		if len(failed) == 0 {
			continue
		}
		// The store did not answer. It is asked again, so that no signal is lost.
		timer := time.NewTimer(pollEvery)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		for _, k := range failed {
			inbox.put(k)
		}
	}
}

// poll is Watch for stores without signals.
func (s *Set[T]) poll(ctx context.Context, w Watcher) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, k := range s.threads(pollEvery / 2) {
			_ = w.Look(ctx, k) // looked at again
		}
	}
}

// inbox holds the threads of signals until they are looked at. It never blocks
// the store, and holds each thread once.
type inbox struct {
	more chan struct{}

	mu   sync.Mutex
	keys map[state.Key]struct{}
}

// inboxMost is how many threads an inbox holds. Beyond, all running turns are
// looked at.
const inboxMost = 1024

func newInbox() *inbox {
	return &inbox{more: make(chan struct{}, 1), keys: make(map[state.Key]struct{})}
}

func (i *inbox) put(k state.Key) {
	i.mu.Lock()
	if len(i.keys) >= inboxMost {
		i.keys = map[state.Key]struct{}{{}: {}}
	} else {
		i.keys[k] = struct{}{}
	}
	i.mu.Unlock()
	select {
	case i.more <- struct{}{}:
	default: // it knows
	}
}

func (i *inbox) take() []state.Key {
	i.mu.Lock()
	defer i.mu.Unlock()
	keys := make([]state.Key, 0, len(i.keys))
	for k := range i.keys {
		keys = append(keys, k)
	}
	clear(i.keys)
	return keys
}
