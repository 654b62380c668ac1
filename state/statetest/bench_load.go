package statetest

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/linearbot/linearbot/state"
)

// benchLoaded measures the way of an entry while many others are on it: entries
// of 1,000 lanes come at a steady rate, whether the store keeps up or not, and
// 64 workers settle what one goroutine leases, as a bot has it. It reports the median and the 99th
// percentile of the time from when an entry was due to be appended until a
// worker had it, in milliseconds.
func benchLoaded(b *testing.B, s state.Store, rate int) {
	b.Helper()
	const producers, workers = 64, 64
	var (
		due  = make([]time.Time, b.N)
		took = make([]time.Duration, b.N)
		free = make(chan struct{}, workers)
		next atomic.Int64
		left atomic.Int64
		wg   sync.WaitGroup
	)
	for range workers {
		free <- struct{}{}
	}
	left.Store(int64(b.N))
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	begin := time.Now()
	for i := range due {
		due[i] = begin.Add(time.Duration(i) * time.Second / time.Duration(rate))
	}
	for range producers {
		wg.Go(func() {
			for {
				i := int(next.Add(1) - 1)
				if i >= b.N {
					return
				}
				if !waitUntil(ctx, due[i]) {
					return
				}
				e := benchEntry(i%1000, i)
				if _, err := s.Enqueue(ctx, e); err != nil {
					b.Errorf("Enqueue: %v", err)
					cancel()
				}
			}
		})
	}
	settle := func(l *state.Lease) {
		defer func() { free <- struct{}{} }()
		if err := s.Settle(b.Context(), l, verdicts(state.Ack(l.Entries[0].ID))); err != nil {
			b.Errorf("Settle: %v", err)
			cancel()
		}
		if left.Add(-1) == 0 {
			cancel()
		}
	}
	wg.Go(func() {
		for {
			n := reserve(ctx, free)
			if n == 0 {
				return
			}
			ls, err := s.Lease(ctx, state.LeaseRequest{TTL: time.Minute, Lanes: n})
			if err != nil {
				return // the last one is settled, or something failed
			}
			now := time.Now()
			for range n - len(ls) {
				free <- struct{}{}
			}
			for _, l := range ls {
				if i, err := strconv.Atoi(l.Entries[0].ID); err == nil {
					took[i] = now.Sub(due[i])
				}
				wg.Go(func() { settle(l) })
			}
		}
	})
	wg.Wait()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2])/1e6, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100])/1e6, "p99-ms")
	b.ReportMetric(float64(b.N)/time.Since(begin).Seconds(), "entries/s")
}

// reserve waits for a free worker and takes up to 16. Zero means that ctx has
// ended.
func reserve(ctx context.Context, free <-chan struct{}) int {
	select {
	case <-ctx.Done():
		return 0
	case <-free:
	}
	for n := 1; n < 16; n++ {
		select {
		case <-free:
		default:
			return n
		}
	}
	return 16
}

// waitUntil waits until a time and reports whether ctx still lives.
func waitUntil(ctx context.Context, at time.Time) bool {
	d := time.Until(at)
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
