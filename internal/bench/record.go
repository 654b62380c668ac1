package main

import (
	"slices"
	"sync/atomic"
	"time"
)

// most is how many deliveries one load can have.
const most = 1 << 20

// record holds what became of each delivery of a load, in nanoseconds since its
// begin. It is safe for concurrent use.
type record struct {
	begin    time.Time
	sent     []atomic.Int64
	acked    []atomic.Int64
	answered []atomic.Int64
	// waiting gets a value for each answer, by n modulo its length.
	waiting []chan struct{}

	used      atomic.Int64 // one more than the greatest n
	refused   atomic.Int64
	doubled   atomic.Int64
	nAcked    atomic.Int64
	nAnswered atomic.Int64
}

func newRecord(conns int) *record {
	r := &record{
		begin: time.Now(), sent: make([]atomic.Int64, most), acked: make([]atomic.Int64, most), answered: make([]atomic.Int64, most),
		waiting: make([]chan struct{}, conns),
	}
	for i := range r.waiting {
		r.waiting[i] = make(chan struct{}, 1)
	}
	return r
}

// send notes that delivery n was sent, or was to be sent, at a time.
func (r *record) send(n int, at time.Time) {
	r.sent[n].Store(int64(at.Sub(r.begin)))
	for {
		used := r.used.Load()
		if int64(n) < used || r.used.CompareAndSwap(used, int64(n)+1) {
			return
		}
	}
}

// ack notes that delivery n was answered 200.
func (r *record) ack(n int) {
	r.acked[n].Store(int64(time.Since(r.begin)))
	r.nAcked.Add(1)
}

// answer notes that the comment for delivery n has arrived.
func (r *record) answer(n int) {
	if n < 0 || n >= most {
		return
	}
	if !r.answered[n].CompareAndSwap(0, int64(time.Since(r.begin))) {
		r.doubled.Add(1)
		return
	}
	r.nAnswered.Add(1)
	select {
	case r.waiting[n%len(r.waiting)] <- struct{}{}:
	default: // the load does not wait for answers
	}
}

// Percentiles are times in milliseconds.
type Percentiles struct {
	P50  float64 `json:"p50"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
}

func percentiles(times []int64) Percentiles {
	if len(times) == 0 {
		return Percentiles{}
	}
	slices.Sort(times)
	at := func(part float64) float64 {
		return float64(times[min(int(part*float64(len(times))), len(times)-1)]) / 1e6
	}
	return Percentiles{P50: at(0.50), P99: at(0.99), P999: at(0.999)}
}

// between returns how many of at are within the window.
func between(at []atomic.Int64, used int, from, to time.Duration) int {
	count := 0
	for i := range used {
		if v := at[i].Load(); v > int64(from) && v <= int64(to) {
			count++
		}
	}
	return count
}

// latencies returns the times from sending to at, of what was sent after the
// warm-up.
func (r *record) latencies(at []atomic.Int64, from time.Duration) []int64 {
	var times []int64
	for i := range int(r.used.Load()) {
		if v, sent := at[i].Load(), r.sent[i].Load(); v > 0 && sent > int64(from) {
			times = append(times, v-sent)
		}
	}
	return times
}
