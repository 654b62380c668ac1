package turns

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/linearbot/linearbot/state"
)

// crew are the goroutines that run turns. They are started when they are needed
// and stay until leasing ends, as a goroutine that has run a turn has the stack
// that the next one needs.
type crew struct {
	runner *Runner
	work   context.Context //nolint:containedctx // that of all turns of a Run
	leases chan leased
	mu     sync.Mutex // guards gone and the closing of leases
	gone   bool
	// idle counts those that are about to take a lease.
	idle atomic.Int64
}

// leased is a lease and how many entries were asked for.
type leased struct {
	*state.Lease

	asked int
	ttl   time.Duration // that it was asked for
}

func (r *Runner) newCrew(work context.Context) *crew {
	return &crew{runner: r, work: work, leases: make(chan leased, r.cfg.Workers)}
}

// start hands a lease to an idle goroutine, or to a new one. It reports false once the
// crew is dismissed.
func (c *crew) start(l leased) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return false
	}
	if c.idle.Add(-1) >= 0 {
		c.leases <- l // there is room for one for each worker
		return true
	}
	c.idle.Add(1)
	c.runner.turns.Go(func() {
		ended := false
		defer func() {
			if !ended { // a handler has ended the goroutine, with runtime.Goexit
				c.runner.free <- struct{}{}
			}
		}()
		for more := true; more; l, more = <-c.leases {
			c.runner.take(c.work, l)
			// Idle first: who sees the free worker may have a lease for it.
			c.idle.Add(1)
			c.runner.free <- struct{}{}
		}
		ended = true
	})
	return true
}

// dismiss ends the idle goroutines, and the others after their turns.
func (c *crew) dismiss() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = true
	close(c.leases)
}

// withEntry is the longest lifetime of a lease that comes with an entry, until it is
// renewed. If the answer of the store is lost, the lane waits for its end, although
// the process that asked for it is alive.
const withEntry = 5 * time.Second

// Reserve keeps an idle worker for an entry that is about to be stored, whose lane may
// be leased in the same step: the request is for [state.Entry.Lease]. The caller must
// pass the lease that comes of it, or nil, to [Runner.Begin]; Run waits for that, so that
// a lease that comes during a stop is handed back. Reserve returns nil while more than
// half of the workers are busy, when leasing many lanes at once costs less, and before
// and after Run. It does not block.
func (r *Runner) Reserve() *state.LeaseRequest {
	c := r.crew.Load()
	if 2*len(r.free) < r.cfg.Workers || c == nil || !c.keep() {
		return nil
	}
	select {
	case <-r.free:
		return &r.request
	default:
		r.turns.Done()
		return nil
	}
}

// keep has Run wait for one more. It reports false once the crew is dismissed.
func (c *crew) keep() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.gone {
		c.runner.turns.Add(1)
	}
	return !c.gone
}

// Begin has the worker that Reserve has kept handle a lease, or lets it go if there is
// none. A lease that comes when leasing has ended is handed back, for which Begin blocks
// for a write to the store.
func (r *Runner) Begin(l *state.Lease) {
	defer r.turns.Done()
	if l != nil {
		entries, _ := r.cfg.Size()
		if c := r.crew.Load(); c != nil && c.start(leased{l, entries, r.request.TTL}) {
			return
		}
		r.handBack(l, 0)
	}
	select {
	case r.free <- struct{}{}:
	default: // Run did not wait so long, and another one has begun, with all workers
	}
}

// take runs the turn of a lease, unless its workspace has its share already.
func (r *Runner) take(work context.Context, l leased) {
	if ok, wait := r.share.take(l.Lane.Workspace); !ok {
		r.handBack(l.Lease, wait) //nolint:contextcheck // it has a context of its own
		return
	}
	defer r.share.give(l.Lane.Workspace, time.Now())
	r.noteBegin(l)
	r.turn(work, l)
	r.release(2)
}

// noteBegin notes how long the entries of a lease have waited.
//
//go:noinline
func (r *Runner) noteBegin(l leased) {
	r.lag.note(l.Waited + l.ttl - time.Until(l.Expires))
	if first := &l.Entries[0]; first.Attempt <= 1 {
		r.waits.Observe(l.Notes.Now.Sub(first.EnqueuedAt))
	}
}
