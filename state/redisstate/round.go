package redisstate

import (
	"context"
	"sync"
	"time"

	"github.com/linearbot/linearbot/state"
)

// patience is how long a Lease waits for the slowest of the nodes that it
// asked. What they answer later is for the next Lease, and until they do no call
// waits for them.
const patience = 250 * time.Millisecond

// round is one time of asking shards for lanes. The client cannot be
// interrupted, so the exchanges run aside, in a cluster one for each shard: a
// node that is silent must not hold up the others.
type round struct {
	s   *Store
	req state.LeaseRequest

	mu     sync.Mutex
	parts  [][]ask
	open   int           // parts that are waited for and have not answered
	done   chan struct{} // closed when all of them have
	left   bool          // the Lease has left
	gone   bool          // and what arrives is given back
	leases []taken
	failed int // asks
	err    error
}

// leaseFrom asks shards for lanes. If ctx ends meanwhile, its lanes are given
// back.
func (s *Store) leaseFrom(ctx context.Context, asks []ask, req state.LeaseRequest) ([]*state.Lease, error) {
	aside := context.WithoutCancel(ctx)
	r := &round{s: s, req: req, parts: [][]ask{asks}, done: make(chan struct{})}
	var late <-chan time.Time
	if s.cluster() {
		r.parts = r.parts[:0]
		for i := range asks {
			r.parts = append(r.parts, asks[i:i+1])
			if !asks[i].slow {
				r.open++
			}
		}
		timer := time.NewTimer(patience)
		defer timer.Stop()
		late = timer.C
	}
	if !s.cluster() {
		r.open = 1
	}
	if r.open == 0 {
		close(r.done)
	}
	for i := range r.parts {
		if !s.spawn(func() { r.ask(aside, i) }) {
			r.abandon(aside)
			return nil, state.ErrClosed
		}
	}
	select {
	case <-r.done:
	case <-late:
	case <-ctx.Done():
		r.abandon(aside)
		return nil, ctx.Err()
	case <-s.done:
		r.abandon(aside)
		return nil, state.ErrClosed
	}
	leases, failed, err := r.leave()
	down := s.board.down()
	if failed == len(asks) && (!s.cluster() || !unavailable(err) || down != nil) {
		return nil, s.fail(ctx, "lease", err)
	}
	return leases, nil
}

// ask makes the exchange of one part. It delivers what came of it to the Lease,
// to the next one if that has left, or gives it back.
func (r *round) ask(ctx context.Context, part int) {
	asks := r.parts[part]
	awaited := !r.s.cluster() || !asks[0].slow
	bound, cancel := r.s.bound(ctx)
	leases, err := r.s.exchange(bound, asks, r.req)
	cancel()
	r.mu.Lock()
	r.parts[part] = nil
	if awaited {
		r.open--
	}
	left, gone := r.left, r.gone
	if !left {
		r.leases = append(r.leases, leases...)
		if err != nil {
			r.failed, r.err = r.failed+len(asks), err
		}
		if awaited && r.open == 0 {
			close(r.done)
		}
	}
	r.mu.Unlock()
	if !left {
		return
	}
	if late := longestFirst(leases); !r.s.board.returned(asks, gone, late, r.req) {
		r.s.giveAllBack(ctx, late)
	}
}

// leave ends the Lease's part. What comes later is for another one.
func (r *round) leave() (leases []*state.Lease, failed int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left = true
	for _, asks := range r.parts {
		r.s.board.behind(asks)
	}
	return longestFirst(r.leases), r.failed, r.err
}

// abandon has all that there is and all that comes given back.
func (r *round) abandon(ctx context.Context) {
	r.mu.Lock()
	r.gone = true
	r.mu.Unlock()
	if leases, _, _ := r.leave(); len(leases) > 0 {
		r.s.spawn(func() { r.s.giveAllBack(ctx, leases) })
	}
}

// bound limits an exchange in a cluster, whose client would retry after a
// timeout, and then elsewhere, which takes long and may apply a call twice.
func (s *Store) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	if !s.cluster() {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, ioTimeout)
}

// giveAllBack gives unused leases back.
func (s *Store) giveAllBack(ctx context.Context, leases []*state.Lease) {
	for _, l := range leases {
		name, i := s.at(l.Lane)
		s.giveBack(ctx, i, name, l.Token, nil)
	}
}
