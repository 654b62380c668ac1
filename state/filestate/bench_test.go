package filestate

import (
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/statetest"
)

func BenchmarkStore(b *testing.B) {
	statetest.Bench(b, func(b *testing.B) state.Store {
		b.Helper()
		s, err := Open(b.TempDir())
		if err != nil {
			b.Fatal(err)
		}
		return s
	})
}

func BenchmarkFlat(b *testing.B) {
	statetest.BenchBacklog(b, func(b *testing.B) state.Store {
		b.Helper()
		s, err := Open(b.TempDir())
		if err != nil {
			b.Fatal(err)
		}
		return s
	})
}

// BenchmarkDrain64 measures leases and settles by 64 callers at once.
func BenchmarkDrain64(b *testing.B) {
	s, err := Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	c := &statetest.Load{Store: s}
	c.Fill(b)
	c.Drain(b)
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkEnqueue64 measures durable appends by 64 callers at once.
func BenchmarkEnqueue64(b *testing.B) {
	for _, size := range []int{512, 2048} {
		b.Run(fmt.Sprint("body=", size), func(b *testing.B) {
			s, err := Open(b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			var n atomic.Int64
			body := make([]byte, size)
			b.ReportAllocs()
			b.SetParallelism((64 + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					i := int(n.Add(1))
					e := state.Entry{ID: strconv.Itoa(i), Lane: laneOf(strconv.Itoa(i % 1000)), Keys: []string{"event " + strconv.Itoa(i)}, Body: body}
					if _, err := s.Enqueue(b.Context(), e); err != nil {
						b.Errorf("Enqueue: %v", err)
						return
					}
				}
			})
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkTurn64 measures append, lease and settle with 64 callers and 64
// workers at once.
func BenchmarkTurn64(b *testing.B) {
	s, err := Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	var in, out atomic.Int64
	total := int64(b.N)
	body := make([]byte, 2048)
	b.ReportAllocs()
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for {
				i := in.Add(1)
				if i > total {
					return
				}
				e := state.Entry{ID: strconv.FormatInt(i, 10), Lane: laneOf(strconv.FormatInt(i%1000, 10)), Body: body}
				if _, err := s.Enqueue(b.Context(), e); err != nil {
					b.Errorf("Enqueue: %v", err)
					return
				}
			}
		})
		wg.Go(func() {
			for out.Add(1) <= total {
				ls, err := s.Lease(b.Context(), state.LeaseRequest{TTL: time.Minute})
				if err == nil {
					err = s.Settle(b.Context(), ls[0], state.Settlement{Verdicts: []state.Verdict{state.Ack(ls[0].Entries[0].ID)}})
				}
				if err != nil {
					b.Errorf("Lease or Settle: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkOpen measures reading the index of a backlog.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	fill(b, dir, 50_000)
	b.ReportAllocs()
	for b.Loop() {
		s, err := OpenOptions(dir, Options{NoSync: true})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// fill stores n entries.
func fill(tb testing.TB, dir string, n int) {
	tb.Helper()
	s, err := OpenOptions(dir, Options{NoSync: true})
	if err != nil {
		tb.Fatal(err)
	}
	var wg sync.WaitGroup
	for w := range 64 {
		wg.Go(func() {
			for i := w; i < n; i += 64 {
				e := entry(strconv.Itoa(i%1000), strconv.Itoa(i))
				e.Body = make([]byte, 2048)
				if _, err := s.Enqueue(tb.Context(), e); err != nil {
					tb.Errorf("Enqueue: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		tb.Fatal(err)
	}
}

func BenchmarkDedup(b *testing.B) {
	d := newDedup(state.DedupTTL)
	at := time.Now()
	for i := range 24 {
		for j := range 10_000 {
			d.add(d.slot(at.Add(time.Duration(i)*time.Hour)), digestOf(laneOf("a"), fmt.Sprint(i, "/", j)))
		}
	}
	k := digestOf(laneOf("a"), "new")
	b.ReportAllocs()
	for b.Loop() {
		if d.has(k) {
			b.Fatal("known")
		}
	}
}
