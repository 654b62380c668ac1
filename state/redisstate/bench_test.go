package redisstate

import (
	"fmt"
	"strconv"
	"strings"
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
		s, err := OpenOptions(server(b).URL(), fresh(Options{}))
		if err != nil {
			b.Fatal(err)
		}
		return s
	})
}

const callers = 64

// serverTime returns the processor time that the shared server has spent.
func serverTime(b *testing.B) float64 {
	b.Helper()
	c := server(b).Client()
	defer c.Close()
	info, err := c.Info(b.Context(), "cpu").Result()
	if err != nil {
		b.Fatal(err)
	}
	sum := 0.0
	for line := range strings.Lines(info) {
		for _, name := range []string{"used_cpu_sys:", "used_cpu_user:"} {
			if v, ok := strings.CutPrefix(strings.TrimSpace(line), name); ok {
				n, err := strconv.ParseFloat(v, 64)
				if err != nil {
					b.Fatal(err)
				}
				sum += n
			}
		}
	}
	return sum
}

// report reports the rate and what an entry cost the server since start.
func report(b *testing.B, start float64) {
	b.Helper()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
	b.ReportMetric((serverTime(b)-start)*1e9/float64(b.N), "server-ns/op")
}

// crowd runs f in many goroutines, b.N times in all.
func crowd(b *testing.B, f func(i int) error) {
	b.Helper()
	var n atomic.Int64
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for {
				i := int(n.Add(1))
				if i > b.N {
					return
				}
				if err := f(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func work(i, lanes int) state.Entry {
	id := strconv.Itoa(i)
	return state.Entry{ID: id, Lane: lane(strconv.Itoa(i % lanes)), Body: make([]byte, 2560)}
}

// BenchmarkParallel is many callers that append and many that drain, with the
// delivery of a comment as the body.
func BenchmarkParallel(b *testing.B) {
	for _, o := range []Options{{}, {AutoPipeline: true}} {
		for _, lanes := range []int{1000, 100_000} {
			name := fmt.Sprintf("lanes=%d,pipeline=%v", lanes, o.AutoPipeline)
			b.Run("enqueue/"+name, func(b *testing.B) {
				s := openAt(b, server(b).URL(), o)
				b.ReportAllocs()
				start := serverTime(b)
				b.ResetTimer()
				crowd(b, func(i int) error {
					_, err := s.Enqueue(b.Context(), work(i, lanes))
					return err
				})
				report(b, start)
			})
			b.Run("drain/"+name, func(b *testing.B) {
				s := openAt(b, server(b).URL(), o)
				crowd(b, func(i int) error {
					_, err := s.Enqueue(b.Context(), work(i, lanes))
					return err
				})
				b.ReportAllocs()
				start := serverTime(b)
				b.ResetTimer()
				drain(b, s, b.N)
				report(b, start)
			})
		}
	}
}

// drain leases lanes in batches and settles them in many goroutines.
func drain(b *testing.B, s *Store, total int) {
	b.Helper()
	work := make(chan *state.Lease, callers)
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for l := range work {
				if err := s.Settle(b.Context(), l, state.Ack(l.Entries[0].ID)); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for total > 0 {
		ls, err := s.Lease(b.Context(), state.LeaseRequest{TTL: time.Minute, Lanes: callers})
		if err != nil {
			b.Error(err)
			break
		}
		total -= len(ls)
		for _, l := range ls {
			work <- l
		}
	}
	close(work)
	wg.Wait()
}
