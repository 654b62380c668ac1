package statetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/linearbot/linearbot/state"
)

// Load measures the throughput of a store under many concurrent callers. Its methods
// report entries/s and stop the timer. The zero values of all fields but Store are
// useful. It is for one benchmark at a time.
type Load struct {
	// Store is the store to measure. Required. The caller closes it.
	Store state.Store
	// Lanes is the number of lanes that the entries go to. Defaults to 1000.
	Lanes int
	// BodySize is the size of a body, in bytes. Defaults to 2048. Bodies differ, as
	// deliveries do.
	BodySize int
	// Callers is the number of callers that append or settle, and of the lanes
	// that a lease asks for. Defaults to 64.
	Callers int
	// Leasers is the number of callers that lease, which stand for as many processes.
	// Defaults to 2.
	Leasers int

	noise   []byte
	threads []state.Key
	added   int // ids that were used
}

func (c *Load) defaults() {
	if c.Lanes == 0 {
		c.Lanes = 1000
	}
	if c.BodySize == 0 {
		c.BodySize = 2048
	}
	if c.Callers == 0 {
		c.Callers = 64
	}
	if c.Leasers == 0 {
		c.Leasers = 2
	}
	if len(c.threads) != c.Lanes {
		c.threads = make([]state.Key, c.Lanes)
		for i := range c.threads {
			c.threads[i] = threadOf(i)
		}
	}
	const room = 1 << 16
	if len(c.noise) != room+c.BodySize {
		c.noise = make([]byte, room+c.BodySize)
		r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same for each run
		for i := range c.noise {
			c.noise[i] = byte(' ' + r.Uint32()%64)
		}
	}
}

// entry returns the entry with number i.
func (c *Load) entry(i int) state.Entry {
	at := i % (len(c.noise) - c.BodySize)
	return state.Entry{ID: idOf(i), Lane: c.threads[i%c.Lanes], Body: c.noise[at : at+c.BodySize]}
}

// threadOf returns a lane with a name as long as those of comment threads.
func threadOf(i int) state.Key {
	return state.Key{
		Workspace: "a1b2c3d4-0000-4000-8000-000000000001", Kind: "thread",
		ID: fmt.Sprintf("linear:a1b2c3d4-0000-4000-8000-%012d:c:a1b2c3d4-0000-4000-8000-%012d", i, i),
	}
}

// idOf returns an id as long as those of deliveries.
func idOf(i int) string {
	digits := strconv.Itoa(i)
	return strings.Repeat("0", 64-len(digits)) + digits
}

// add appends n entries.
func (c *Load) add(b *testing.B, n int, edit func(*state.Entry)) {
	b.Helper()
	c.defaults()
	first := c.added
	c.added += n
	var next atomic.Int64
	var wg sync.WaitGroup
	for range c.Callers {
		wg.Go(func() {
			for i := int(next.Add(1)); i <= n; i = int(next.Add(1)) {
				e := c.entry(first + i)
				edit(&e)
				if _, err := c.Store.Enqueue(b.Context(), e); err != nil {
					b.Errorf("Enqueue: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func rate(b *testing.B) {
	b.Helper()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

// Enqueue measures b.N durable appends.
func (c *Load) Enqueue(b *testing.B) {
	b.Helper()
	c.defaults()
	b.ReportAllocs()
	b.ResetTimer()
	c.add(b, b.N, func(*state.Entry) {})
	rate(b)
}

// Fill appends b.N entries for [Load.Drain], without measuring.
func (c *Load) Fill(b *testing.B) {
	b.Helper()
	c.add(b, b.N, func(*state.Entry) {})
}

// Drain measures b.N leases with their settles: Leasers callers lease lanes in
// batches, Callers callers settle them.
func (c *Load) Drain(b *testing.B) {
	b.Helper()
	b.ReportAllocs()
	b.ResetTimer()
	c.drain(b, b.N)
	rate(b)
}

func (c *Load) drain(b *testing.B, total int) {
	b.Helper()
	leases := make(chan *state.Lease, c.Callers)
	var settlers, leasers sync.WaitGroup
	for range c.Callers {
		settlers.Go(func() {
			for l := range leases {
				if err := c.Store.Settle(b.Context(), l, verdicts(state.Ack(l.Entries[0].ID))); err != nil {
					b.Errorf("Settle: %v", err)
				}
			}
		})
	}
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	var left atomic.Int64
	left.Store(int64(total))
	for range c.Leasers {
		leasers.Go(func() {
			for left.Load() > 0 {
				ls, err := c.Store.Lease(ctx, state.LeaseRequest{TTL: time.Minute, Lanes: c.Callers})
				if ctx.Err() != nil {
					return
				}
				if err != nil {
					b.Errorf("Lease: %v", err)
					return
				}
				if left.Add(-int64(len(ls))) <= 0 {
					cancel() // nothing is left for the others
				}
				for _, l := range ls {
					leases <- l
				}
			}
		})
	}
	leasers.Wait()
	close(leases)
	settlers.Wait()
}

// BenchBacklog measures an append, and a lease with its settle, beside a backlog of up
// to a million threads, each with an entry that is not due and two dedup keys. The
// costs should not depend on the size of the backlog. It takes some gigabytes and
// minutes. open returns an empty store, which BenchBacklog closes.
func BenchBacklog(b *testing.B, open func(b *testing.B) state.Store) {
	b.Helper()
	for _, threads := range []int{1_000, 100_000, 1_000_000} {
		b.Run("threads="+strconv.Itoa(threads), func(b *testing.B) {
			s := open(b)
			waiting := &Load{Store: s, Lanes: threads, BodySize: 64}
			waiting.add(b, threads, func(e *state.Entry) {
				e.Lane.Kind = "waiting"
				e.Keys = []string{"event " + e.ID}
				e.Hold = 24 * time.Hour
			})
			c := &Load{Store: s}
			b.Run("enqueue", func(b *testing.B) {
				c.Enqueue(b)
				c.drain(b, b.N)
			})
			b.Run("drain", func(b *testing.B) {
				c.Fill(b)
				c.Drain(b)
			})
			if err := s.Close(); err != nil {
				b.Errorf("Close: %v", err)
			}
		})
	}
}
