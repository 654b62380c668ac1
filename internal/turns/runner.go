package turns

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/internal/latency"
	"github.com/linearbot/linearbot/internal/pause"
	"github.com/linearbot/linearbot/state"
)

// The causes with which the context of a callback ends, and what Run returns.
var (
	// ErrLeaseLost says that another process works on the lane, or soon could.
	ErrLeaseLost = errors.New("turns: lane was taken over by another process")
	// ErrDraining says that the process stops and the drain time is over.
	ErrDraining = errors.New("turns: process is stopping")
	// ErrRunning says that Run was called while it ran.
	ErrRunning = errors.New("turns: already running")
)

// stopGrace is how long Run waits for callbacks whose contexts have ended. What
// they decided may take settleGrace of it to reach a store that does not answer;
// then the lease is left to lapse.
const (
	stopGrace   = 5 * time.Second
	settleGrace = 3 * time.Second
)

// Queue is the part of a store that a Runner works with.
type Queue interface {
	Lease(ctx context.Context, req state.LeaseRequest) ([]*state.Lease, error)
	Extend(ctx context.Context, l *state.Lease, ttl time.Duration) error
	Settle(ctx context.Context, l *state.Lease, s state.Settlement) error
}

// Work handles what a lease holds and says what becomes of it. asked is the most
// entries that the lease could have had, as Config.Size said when it was
// requested. Entries without a verdict stay in their lane. Work must not keep the
// lease, and may be called for several leases at once.
type Work func(ctx context.Context, l *state.Lease, asked int) state.Settlement

// Config says how a Runner works. Every field but PerWorkspace, Size, Running
// and Log is required.
type Config struct {
	Queue Queue
	Work  Work
	// Holder names this process in views of the store.
	Holder string
	// Workers is the most callbacks that run at once.
	Workers int
	// PerWorkspace is the most callbacks that run at once for lanes of one
	// workspace, so that the rest of the workers is for the others. Defaults to
	// no limit.
	PerWorkspace int
	// LeaseTTL is the lifetime of a lease without renewal.
	LeaseTTL time.Duration
	// DrainTimeout is how long callbacks may keep running after the context of
	// Run has ended.
	DrainTimeout time.Duration
	// Size returns how much of a lane is leased at the next opportunity:
	// the most entries, and the most bytes of their bodies. Defaults to one
	// entry of any size.
	Size func() (entries, bytes int)
	// Running names the callbacks that run, the oldest first and at most as
	// many as given, for the log of a stop. Defaults to no names.
	Running func(most int) []string
	// Log gets a line for what goes wrong between runner and store.
	Log zerolog.Logger
}

// Runner works through a queue. Make one with [New].
type Runner struct {
	cfg   Config
	free  chan struct{} // one token for each idle worker that may lease
	turns sync.WaitGroup
	// slow counts the workers that may not lease yet; see release.
	slow atomic.Int64
	// crew runs the turns while lanes are leased; nil before and after.
	crew     atomic.Pointer[crew]
	request  state.LeaseRequest // of Reserve
	share    share
	lag      lag
	waits    *latency.Histogram
	takes    *latency.Histogram
	active   atomic.Int64
	running  atomic.Bool
	settling settling // Run resets it
	down     bool     // the store did not answer the last time; only the leasing goroutine uses it
}

// New returns a Runner. It does no I/O.
func New(cfg Config) *Runner {
	if cfg.Size == nil {
		cfg.Size = func() (int, int) { return 1, 0 }
	}
	if cfg.Running == nil {
		cfg.Running = func(int) []string { return nil }
	}
	return &Runner{
		cfg: cfg, free: make(chan struct{}, cfg.Workers), share: share{most: cfg.PerWorkspace}, waits: latency.Long(), takes: latency.Long(),
		request: state.LeaseRequest{Holder: cfg.Holder, TTL: min(cfg.LeaseTTL, withEntry)},
	}
}

// rampStep is how often another worker may lease at the start.
const rampStep = 10 * time.Millisecond

// release lets n more workers lease, as far as there are any. A runner starts
// with one worker, and has more with time and with each turn that ends: if an
// entry ends the process whenever it is handled, few others are leased beside it
// and lose an attempt with it.
func (r *Runner) release(n int64) {
	for range n {
		if r.slow.Add(-1) < 0 {
			r.slow.Add(1)
			return
		}
		r.free <- struct{}{}
	}
}

// ramp releases all workers with time, until ctx ends.
func (r *Runner) ramp(ctx context.Context) {
	tick := time.NewTicker(rampStep)
	defer tick.Stop()
	for r.slow.Load() > 0 {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			r.release(1)
		}
	}
}

// The keys of this package's log lines: the thread, and the id of the first entry,
// which is also that of its trace.
const (
	keyThread = "thread"
	keyTrace  = "trace"
	// keyRunning names the turns that a stop waits for.
	keyRunning = "running"
)

// mostNamed is how many of them are named.
const mostNamed = 20

// Load is how much a runner has to do.
type Load struct {
	// Workers is how many callbacks may run at once, Busy how many do.
	Workers, Busy int
	// Waits are how long entries were in the store, by its clock, before their
	// first callback began: a wait that was asked for counts. Takes are how long
	// callbacks took.
	Waits, Takes latency.Snapshot
}

// Load returns the present load.
func (r *Runner) Load() Load {
	return Load{
		Workers: r.cfg.Workers, Busy: int(r.active.Load()),
		Waits: r.waits.Snapshot(), Takes: r.takes.Snapshot(),
	}
}

// busy is how many workers have a turn.
func (r *Runner) busy() int {
	return r.cfg.Workers - len(r.free) - int(r.slow.Load())
}

// Run works until ctx ends and everything that was begun has ended, as the
// package comment says. It returns nil after a clean stop. Errors: ErrRunning,
// or one that says that callbacks ignored the end of their contexts.
func (r *Runner) Run(ctx context.Context) error {
	if !r.running.CompareAndSwap(false, true) {
		return ErrRunning
	}
	defer r.running.Store(false)

	// Work outlives intake: it has a context of its own.
	work, stopWork := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stopWork(nil)
	settling, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	r.settling.reset(settling)

	r.slow.Store(int64(r.cfg.Workers - len(r.free)))
	r.release(1)
	var ramping sync.WaitGroup
	ramping.Go(func() { r.ramp(ctx) })
	r.fetch(ctx, work)
	ramping.Wait()
	if busy := r.busy(); busy > 0 {
		r.cfg.Log.Info().Int("turns", busy).Strs(keyRunning, r.cfg.Running(mostNamed)).Stringer("drain_timeout", r.cfg.DrainTimeout).
			Msg("stopping: waiting for running turns")
	}

	done := make(chan struct{})
	var waiter sync.WaitGroup
	waiter.Go(func() { r.turns.Wait(); close(done) })
	if closesWithin(done, r.cfg.DrainTimeout) {
		waiter.Wait()
		return nil
	}
	r.cfg.Log.Warn().Int("turns", r.busy()).Strs(keyRunning, r.cfg.Running(mostNamed)).
		Msg("stopping: the drain time is over, the turns that still run are ended and run again elsewhere, or after the next start")
	stopWork(ErrDraining)
	if !closesWithin(done, settleGrace) {
		giveUp()
	}
	if closesWithin(done, stopGrace-settleGrace) {
		waiter.Wait()
		return nil
	}
	return fmt.Errorf("turns: %d handlers did not return within %s after their context ended", r.busy(), stopGrace)
}

// closesWithin reports whether done was closed within d.
func closesWithin(done <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}

// fetch leases lanes and starts their turns until intake ends.
func (r *Runner) fetch(intake, work context.Context) {
	retry := &backoff.ExponentialBackOff{
		InitialInterval: 50 * time.Millisecond, Multiplier: 2,
		RandomizationFactor: 0.3, MaxInterval: 3 * time.Second,
	}
	retry.Reset()
	crew := r.newCrew(work)
	r.crew.Store(crew)
	defer func() {
		r.crew.Store(nil)
		crew.dismiss()
	}()
	for {
		n := r.reserve(intake)
		if n == 0 {
			return
		}
		leases, asked, err := r.lease(intake, n)
		for range n - len(leases) {
			r.free <- struct{}{}
		}
		for _, l := range leases {
			crew.start(leased{l, asked, r.cfg.LeaseTTL})
		}
		switch {
		case err == nil:
			retry.Reset()
		case intake.Err() != nil || errors.Is(err, state.ErrClosed):
			return
		case pause.For(intake, retry.NextBackOff()) != nil:
			return
		}
	}
}

// lease asks the store for up to n lanes, and for asked entries of each. It logs
// the begin and the end of an outage.
func (r *Runner) lease(ctx context.Context, n int) (leases []*state.Lease, asked int, err error) {
	entries, bytes := r.cfg.Size()
	leases, err = r.cfg.Queue.Lease(ctx, state.LeaseRequest{
		Holder: r.cfg.Holder, TTL: r.cfg.LeaseTTL, Lanes: n, Entries: entries, Bytes: bytes,
	})
	switch {
	case err == nil && r.down:
		r.down = false
		r.cfg.Log.Info().Msg("store is back")
	case err != nil && !r.down && ctx.Err() == nil && !errors.Is(err, state.ErrClosed):
		r.down = true
		r.cfg.Log.Error().Err(err).Msg("store is down: retrying until it is back")
	}
	return leases, entries, err
}

// reserve waits for an idle worker and takes a few more if there are any. It
// returns how many it took; zero means that intake has ended.
func (r *Runner) reserve(intake context.Context) int {
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
