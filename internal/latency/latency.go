// Package latency counts how long things took, in buckets, at the cost of two
// atomic additions each time. The packages that measure need no library of
// metrics for it, and the counts are read when they are shown.
package latency

import (
	"sync/atomic"
	"time"
)

// Histogram counts durations. Make one with [New]. It is safe for concurrent
// use.
type Histogram struct {
	bounds []time.Duration
	counts []atomic.Uint64 // one for each bound, and one for what is longer
	sum    atomic.Int64
}

// New returns a histogram with these upper bounds, which must ascend.
func New(bounds ...time.Duration) *Histogram {
	return &Histogram{bounds: bounds, counts: make([]atomic.Uint64, len(bounds)+1)}
}

// Quick returns a histogram for what should take milliseconds: from 1 ms to 5 s.
func Quick() *Histogram {
	const ms = time.Millisecond
	return New(ms, 2500*time.Microsecond, 5*ms, 10*ms, 25*ms, 50*ms, 100*ms, 250*ms, 500*ms, time.Second, 2500*ms, 5*time.Second)
}

// Long returns a histogram for what may take minutes: from 10 ms to 10 min.
func Long() *Histogram {
	const s = time.Second
	return New(s/100, s/20, s/10, s/4, s/2, s, 5*s/2, 5*s, 10*s, 30*s, 60*s, 300*s, 600*s)
}

// Observe counts one duration. A negative one counts as zero: clocks differ.
func (h *Histogram) Observe(d time.Duration) {
	d = max(d, 0)
	at := len(h.bounds)
	for i, bound := range h.bounds {
		if d <= bound {
			at = i
			break
		}
	}
	h.counts[at].Add(1)
	h.sum.Add(int64(d))
}

// Snapshot is the content of a histogram.
type Snapshot struct {
	// Count is how many durations were counted, Sum their sum.
	Count uint64
	Sum   time.Duration
	// Buckets are how many were at most as long as each bound, by the bound in
	// seconds.
	Buckets map[float64]uint64
}

// Snapshot returns the present content. What is counted meanwhile may be missing
// in Sum.
func (h *Histogram) Snapshot() Snapshot {
	s := Snapshot{Sum: time.Duration(h.sum.Load()), Buckets: make(map[float64]uint64, len(h.bounds))}
	for i := range h.counts {
		s.Count += h.counts[i].Load()
		if i < len(h.bounds) {
			s.Buckets[h.bounds[i].Seconds()] = s.Count
		}
	}
	return s
}
