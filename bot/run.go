package bot

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/linearbot/linearbot/state"
)

// stopGrace is how long Run waits for handlers whose context has ended.
const stopGrace = 5 * time.Second

// Run works on stored deliveries until ctx ends. Then it takes no new work,
// lets running turns finish for up to Config.DrainTimeout, ends their contexts
// with the cause [ErrDraining], hands back what is unfinished and returns nil.
// An error means that a handler did not return even then, that Run was called
// twice, or, before anything is done, that options of handlers are no good
// ([*OptionsError]).
//
// A store that cannot be reached is no reason to return: Run keeps trying.
func (b *Bot) Run(ctx context.Context) error {
	if !b.running.CompareAndSwap(false, true) {
		return ErrRunning
	}
	defer b.running.Store(false)
	if err := b.registry.err(); err != nil {
		return err
	}

	// Work outlives intake: it has a context of its own.
	work, stopWork := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stopWork(nil)

	r := &runner{bot: b, free: make(chan struct{}, b.cfg.Workers)}
	for range b.cfg.Workers {
		r.free <- struct{}{}
	}
	r.fetch(ctx, work)

	done := make(chan struct{})
	var waiter sync.WaitGroup
	waiter.Go(func() { r.turns.Wait(); close(done) })
	if wait(done, b.cfg.DrainTimeout) {
		waiter.Wait()
		return nil
	}
	stopWork(ErrDraining)
	if wait(done, stopGrace) {
		waiter.Wait()
		return nil
	}
	return fmt.Errorf("bot: handlers did not return %s after their context ended", stopGrace)
}

// wait reports whether done was closed within d.
func wait(done <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}

// runner is one call of Run.
type runner struct {
	bot   *Bot
	free  chan struct{} // one token per worker that has nothing to do
	turns sync.WaitGroup
}

// fetch leases lanes and starts their turns until intake ends.
func (r *runner) fetch(intake, work context.Context) {
	b := r.bot
	retry := &backoff.ExponentialBackOff{
		InitialInterval: 50 * time.Millisecond, Multiplier: 2,
		RandomizationFactor: 0.3, MaxInterval: 3 * time.Second,
	}
	retry.Reset()
	for {
		n := r.reserve(intake)
		if n == 0 {
			return
		}
		size := b.leaseSize()
		leases, err := b.cfg.Store.Lease(intake, state.LeaseRequest{
			Holder: b.cfg.Holder, TTL: b.cfg.LeaseTTL, Lanes: n, Entries: size,
		})
		for range n - len(leases) {
			r.free <- struct{}{}
		}
		switch {
		case err == nil:
			if b.storeDown.CompareAndSwap(true, false) {
				b.log.Info().Msg("store is back")
			}
			retry.Reset()
		case intake.Err() != nil || errors.Is(err, state.ErrClosed):
			return
		default:
			if b.storeDown.CompareAndSwap(false, true) {
				b.log.Error().Err(err).Msg("store is down: trying again until it is back")
			}
			if !sleep(intake, retry.NextBackOff()) {
				return
			}
		}
		for _, l := range leases {
			r.turns.Go(func() {
				defer func() { r.free <- struct{}{} }()
				b.work(work, l, size)
			})
		}
	}
}

// reserve waits for a free worker and takes a few more if there are any. It
// returns how many it took; zero means that intake has ended.
func (r *runner) reserve(intake context.Context) int {
	const batch = 16
	select {
	case <-intake.Done():
		return 0
	case <-r.free:
	}
	if intake.Err() != nil {
		r.free <- struct{}{}
		return 0
	}
	for n := 1; n < batch; n++ {
		select {
		case <-r.free:
		default:
			return n
		}
	}
	return batch
}

// sleep waits for d and reports whether ctx still lives.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
