// Package memstate is a [state.Store] in memory, for tests and experiments. It keeps every promise of package state except that nothing
// survives the process: [Store.Durable] is false.
//
// It starts no goroutines and reads the clock with the time package only, so
// it works inside a testing/synctest bubble: holds, delays, leases and ttls
// then pass without real waiting. What falls due is done by the next call, and
// a call that waits in [Store.Lease] wakes up for it.
package memstate

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/internal/signals"
)

// Options changes how a store works. The zero value is useful.
type Options struct {
	// DedupTTL is how long dedup keys are remembered. Defaults to
	// [state.DedupTTL].
	DedupTTL time.Duration
	// MaxEntries is the most entries that may wait, delayed ones included and
	// dead ones not. Enqueue fails with [state.ErrFull] beyond that; Requeue
	// and Import do not. Defaults to 0, no limit.
	MaxEntries int
	// MaxDead is the most dead letters that are kept; the oldest are dropped
	// first. Defaults to [state.DefaultMaxDead]. Negative means no limit.
	MaxDead int
	// DeadTTL is how long dead letters are kept. Defaults to [state.DefaultDeadTTL].
	// Negative means that they do not expire.
	DeadTTL time.Duration
}

// Store is a [state.Store] in memory. Make one with [New]. It is safe for
// concurrent use; every method is one critical section.
type Store struct {
	signals signals.Hub

	dedupTTL   time.Duration
	maxEntries int
	maxDead    int           // negative for no limit
	deadTTL    time.Duration // negative for no end
	done       chan struct{} // closed by Close

	mu      sync.Mutex
	closed  bool
	changed chan struct{} // closed to wake the waiters; nil without waiters

	lanes map[state.Key]*lane
	// workspace is that of the last lane that was made, one string for all of its lanes.
	workspace string

	ready   agenda // lanes that may be leased, longest waiting first
	work    agenda // ends of holds, delays and leases; waiters wake for them
	expiry  agenda // ends of dedup keys, values and notes; they wake no waiter
	dead    agenda // ends of dead letters, oldest first
	dropped int    // dead letters that were dropped
	seq     uint64 // the last Seq given
	token   uint64 // the last lease token given
	backlog int    // entries in lanes and delayed

	values        map[state.Key]*value
	notes         map[state.Key]*threadNotes        // by thread
	subscriptions map[string]map[state.Key]struct{} // by workspace
}

var (
	_ state.Store    = (*Store)(nil)
	_ state.Signaler = (*Store)(nil)
)

// New returns an empty store.
func New(opts Options) *Store {
	if opts.DedupTTL <= 0 {
		opts.DedupTTL = state.DedupTTL
	}
	return &Store{
		dedupTTL:      opts.DedupTTL,
		maxEntries:    opts.MaxEntries,
		maxDead:       cmp.Or(opts.MaxDead, state.DefaultMaxDead),
		deadTTL:       cmp.Or(opts.DeadTTL, state.DefaultDeadTTL),
		done:          make(chan struct{}),
		lanes:         map[state.Key]*lane{},
		values:        map[state.Key]*value{},
		notes:         map[state.Key]*threadNotes{},
		subscriptions: map[string]map[state.Key]struct{}{},
	}
}

// Ping fails only if ctx has ended or the store is closed.
func (s *Store) Ping(ctx context.Context) error {
	_, err := s.begin(ctx)
	if err != nil {
		return err
	}
	s.mu.Unlock()
	return nil
}

// Durable returns false.
func (s *Store) Durable() bool { return false }

// Close wakes the calls that wait in Lease and makes all later calls fail with
// [state.ErrClosed]. It never fails.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.closed = true
		close(s.done)
	}
	return nil
}

// begin locks the store and does what has fallen due. Every method starts with
// it, so that none of them meets an ended lease, hold, delay or ttl. The
// caller unlocks unless there is an error.
func (s *Store) begin(ctx context.Context) (now time.Time, err error) {
	if err := ctx.Err(); err != nil {
		return now, err
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return now, state.ErrClosed
	}
	now = time.Now()
	s.work.run(s, now)
	s.expiry.run(s, now)
	s.dead.run(s, now)
	return now, nil
}

// wake lets the waiters look again.
func (s *Store) wake() {
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}
