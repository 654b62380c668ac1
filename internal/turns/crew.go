package turns

import (
	"context"
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
	// idle counts those that are about to take a lease.
	idle atomic.Int64
}

// leased is a lease and how many entries were asked for.
type leased struct {
	*state.Lease

	asked int
}

func (r *Runner) newCrew(work context.Context) *crew {
	return &crew{runner: r, work: work, leases: make(chan leased, r.cfg.Workers)}
}

// start hands a lease to an idle goroutine, or to a new one. Only one goroutine
// calls it.
func (c *crew) start(l leased) {
	if c.idle.Add(-1) >= 0 {
		c.leases <- l
		return
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
}

// dismiss ends the idle goroutines, and the others after their turns.
func (c *crew) dismiss() { close(c.leases) }

// take runs the turn of a lease, unless its workspace has its share already.
func (r *Runner) take(work context.Context, l leased) {
	if ok, wait := r.share.take(l.Lane.Workspace); !ok {
		r.handBack(l.Lease, wait) //nolint:contextcheck // it has a context of its own
		return
	}
	defer r.share.give(l.Lane.Workspace, time.Now())
	r.lag.note(l.Waited + r.cfg.LeaseTTL - time.Until(l.Expires))
	r.turn(work, l)
	r.release(2)
}
