package turns

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/linearbot/linearbot/internal/wording"
	"github.com/linearbot/linearbot/state"
)

// turn runs the callback for a lease and settles what it says.
func (r *Runner) turn(ctx context.Context, l leased) {
	lease, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	if left := time.Until(l.Expires); left <= marginOf(l.ttl) {
		r.late(l.Lease, left) //nolint:contextcheck // handing back has a context of its own
		return
	}
	h := r.hold(l, cancel)
	defer h.release() // also if a handler ends the goroutine
	s := r.work(lease, l.Lease, l.asked)
	h.release()

	r.ended(lease, l.Lease, s)
}

// late gives a lease back whose time was over before its turn began: the process stood
// still since it was taken, for example. One that has run out is not given back.
func (r *Runner) late(l *state.Lease, left time.Duration) {
	r.cfg.Log.Warn().Str(keyThread, l.Lane.ID).Str(keyTrace, wording.ID(l.Entries[0].ID)).
		Msg("the lease ran out before its turn began: this process stood still, or is overloaded")
	if left > 0 {
		r.handBack(l, 0)
	}
}

// ended settles a turn, unless its lease was lost. It has a frame of its own, so that
// the stack of a turn that waits is small.
//
//go:noinline
func (r *Runner) ended(lease context.Context, l *state.Lease, s state.Settlement) {
	if errors.Is(context.Cause(lease), ErrLeaseLost) {
		r.cfg.Log.Warn().Str(keyThread, l.Lane.ID).Str(keyTrace, wording.ID(l.Entries[0].ID)).Msg("turn dropped: another process has taken over the thread, or could")
		return
	}
	r.settle(l, s) //nolint:contextcheck // it has a context of its own
}

// work runs the callback and measures it.
func (r *Runner) work(ctx context.Context, l *state.Lease, asked int) state.Settlement {
	start := time.Now()
	r.active.Add(1)
	defer func() { // also if a handler ends the goroutine
		r.active.Add(-1)
		r.takes.Observe(time.Since(start))
	}()
	return r.cfg.Work(ctx, l, asked)
}

// hold keeps a lease alive. It is one timer until the first renewal, then two,
// and a goroutine only while it renews: most turns end before that.
type hold struct {
	runner *Runner
	lease  *state.Lease
	ttl    time.Duration // of the lease as it is now; it may be short until it is renewed
	lost   context.CancelCauseFunc

	renewing sync.WaitGroup
	mu       sync.Mutex
	released bool
	renewal  *time.Timer
	// watchdog ends the turn in time, whatever a renewal does. It is set when
	// the first renewal begins.
	watchdog *time.Timer
	// stop ends a renewal that is under way, so that one that hangs does not
	// delay the settle.
	stop context.CancelFunc
}

// hold begins to keep l alive. The renewals do not run under the context of the
// turn: a turn that was told to stop holds its lease until it has stopped.
//
//go:noinline
func (r *Runner) hold(l leased, lost context.CancelCauseFunc) *hold {
	h := &hold{runner: r, lease: l.Lease, ttl: l.ttl, lost: lost}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.renewal = time.AfterFunc(min(h.every(), h.left(), time.Until(l.Expires)/3), h.renew)
	return h
}

// every is the time between renewals, and margin how long before the end of its
// lease a turn is told to stop.
func (h *hold) every() time.Duration  { return h.ttl / 3 }
func (h *hold) margin() time.Duration { return marginOf(h.ttl) }

func marginOf(ttl time.Duration) time.Duration { return ttl / 10 }

// left is how long the turn may keep running without a renewal.
func (h *hold) left() time.Duration { return time.Until(h.lease.Expires) - h.margin() }

// renew extends the lease and resets both timers.
func (h *hold) renew() {
	h.mu.Lock()
	if h.released {
		h.mu.Unlock()
		return
	}
	h.renewing.Add(1)
	ctx, cancel := context.WithTimeout(context.Background(), h.every())
	h.stop = cancel
	if h.watchdog == nil {
		h.watchdog = time.AfterFunc(h.left(), func() { h.lost(ErrLeaseLost) })
	}
	h.mu.Unlock()
	defer h.renewing.Done()
	err := h.runner.cfg.Queue.Extend(ctx, h.lease, h.runner.cfg.LeaseTTL)
	cancel()

	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.released:
	case errors.Is(err, state.ErrLeaseLost):
		h.lost(ErrLeaseLost)
	case err != nil:
		h.renewal.Reset(min(h.every(), h.margin()))
	case h.watchdog.Stop(): // otherwise it has fired, and the turn is ending
		h.ttl = h.runner.cfg.LeaseTTL
		h.watchdog.Reset(h.left())
		h.renewal.Reset(h.every())
	}
}

// release ends the renewals and returns when none runs any more. The lease is
// the caller's again. Releasing twice is a no-op.
func (h *hold) release() {
	h.mu.Lock()
	h.released = true
	h.renewal.Stop()
	if h.watchdog != nil {
		h.watchdog.Stop()
		h.stop()
	}
	h.mu.Unlock()
	h.renewing.Wait()
}
