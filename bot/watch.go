package bot

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/linearbot/linearbot/state"
)

// A stop or a deletion may reach another instance than the one that runs the
// turn. The instance writes a note and sends a signal; the one that runs the turn
// reads the notes when the signal arrives. Where a store has no signals, the notes
// of turns that run for long are read every pollEvery.

// pollEvery is how often the notes of a running turn are read without signals.
const pollEvery = time.Second

// sessionsSignal stands for the thread in a signal that says that a workspace has
// begun to send sessions. Ids of threads begin with the name of a platform.
const sessionsSignal = "sessions"

// signal tells other instances that a thread was stopped, or a message of it
// deleted. The note is written already: a turn that begins later ends by it, and
// only one that runs depends on the signal.
func (b *Bot) signal(ctx context.Context, k state.Key) {
	s, ok := b.cfg.Store.(state.Signaler)
	if !ok {
		return
	}
	if err := s.Signal(ctx, k); err != nil {
		b.log.Warn().Err(err).Str(keyThread, k.ID).Msg("other instances could not be told that a thread was stopped")
	}
}

// watch ends turns that their notes say are over, until ctx ends.
func (b *Bot) watch(ctx context.Context) {
	s, ok := b.cfg.Store.(state.Signaler)
	if !ok {
		b.poll(ctx)
		return
	}
	inbox := newInbox()
	defer s.OnSignal(func(k state.Key) {
		if k.ID == sessionsSignal {
			b.sessions.learn(k.Workspace, true)
			return
		}
		inbox.put(k)
	})()
	for {
		select {
		case <-ctx.Done():
			return
		case <-inbox.more:
		}
		var failed []state.Key
		for _, k := range inbox.take() {
			b.running.tell(k)
			look := []state.Key{k}
			if k.IsZero() {
				look = b.running.threads(0)
			}
			for _, k := range look {
				if b.running.has(k) && b.endByNotes(ctx, k) != nil {
					failed = append(failed, k)
				}
			}
		}
		if len(failed) == 0 {
			continue
		}
		// The store did not answer. It is asked again, so that no signal is lost.
		if !pause(ctx, pollEvery) {
			return
		}
		for _, k := range failed {
			inbox.put(k)
		}
	}
}

// pause waits for d and reports whether ctx still lives.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// poll is watch for stores without signals.
func (b *Bot) poll(ctx context.Context) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, k := range b.running.threads(pollEvery / 2) {
			_ = b.endByNotes(ctx, k) // looked at again
		}
	}
}

// endByNotes ends the turns of a thread that its notes say are over.
func (b *Bot) endByNotes(ctx context.Context, k state.Key) error {
	page := b.notes.Thread(k)
	last, err := loadStop(ctx, page)
	if err != nil {
		return err
	}
	b.running.end(k, ErrStopped, last.ends)
	ids, _, err := loadDeleted(ctx, page)
	if err != nil {
		return err
	}
	b.running.end(k, ErrDeleted, func(t *Turn) bool { return slices.ContainsFunc(ids, t.handles) })
	return b.endByArrival(ctx, page)
}

// threads returns the threads in which a turn has run for at least d.
func (r *running) threads(d time.Duration) []state.Key {
	r.mu.Lock()
	defer r.mu.Unlock()
	var keys []state.Key
	for k, turns := range r.turns {
		for _, one := range turns {
			if time.Since(one.since) >= d {
				keys = append(keys, k)
				break
			}
		}
	}
	return keys
}

// has reports whether a turn runs in a thread.
func (r *running) has(k state.Key) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.turns[k]) > 0
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
