package adminui

import (
	"context"
	"sync"
	"time"

	"github.com/linearbot/linearbot/internal/latency"
)

const (
	// sampleEvery is the time between samples, and samples how many are kept: half
	// an hour.
	sampleEvery = 5 * time.Second
	samples     = 360
)

// sample is what was counted up to a time.
type sample struct {
	at       time.Time
	accepted int64
	handled  int64
	failed   int64
	wait     latency.Snapshot
	take     latency.Snapshot
}

// history keeps the newest samples. The zero value is ready to use.
type history struct {
	mu  sync.Mutex
	all []sample
}

func (h *history) add(s sample) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.all) >= samples {
		h.all = append(h.all[:0], h.all[1:]...)
	}
	h.all = append(h.all, s)
}

func (h *history) read() []sample {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]sample(nil), h.all...)
}

// Run samples what the charts show, until ctx ends. Then the live pages
// end.
func (c *Console) Run(ctx context.Context) error {
	defer c.stop.Do(func() { close(c.stopped) })
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		c.sample()
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// sample takes one sample.
func (c *Console) sample() {
	b := c.cfg.Status.Bot
	if b == nil {
		return
	}
	counts, load := b.Counts(), b.Load()
	c.history.add(sample{
		at: c.cfg.Now(), accepted: counts["accepted"], handled: counts["handled"], failed: counts["retried"] + counts["buried"],
		wait: latency.Snapshot(load.Waits), take: latency.Snapshot(load.Takes),
	})
}

// quantile estimates a quantile of what was counted between two snapshots, in
// seconds, from the bounds of the buckets.
func quantile(q float64, from, to latency.Snapshot) (float64, bool) {
	total := to.Count - from.Count
	if total == 0 || to.Count < from.Count {
		return 0, false
	}
	rank := q * float64(total)
	var below, lower float64
	for _, bound := range sorted(to.Buckets) {
		n := float64(to.Buckets[bound] - from.Buckets[bound])
		if n >= rank {
			if n == below {
				return bound, true
			}
			return lower + (bound-lower)*(rank-below)/(n-below), true
		}
		below, lower = n, bound
	}
	return lower, true // beyond the last bound
}
