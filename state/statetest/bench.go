package statetest

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/linearbot/linearbot/state"
)

// Bench measures a store: a durable append by one caller and by many, a lease with its
// settle, the time from an append to a waiting Lease, notes and values. open returns an
// empty store for each measurement, which closes it.
func Bench(b *testing.B, open func(b *testing.B) state.Store) {
	b.Helper()
	for _, m := range []struct {
		name string
		run  func(b *testing.B, s state.Store)
	}{
		{"enqueue", benchEnqueue},
		{"enqueue/parallel", benchEnqueueParallel},
		{"enqueue/duplicate", benchDuplicate},
		{"drain/lanes=1", func(b *testing.B, s state.Store) { b.Helper(); benchDrain(b, s, 1, 1) }},
		{"drain/lanes=1000", func(b *testing.B, s state.Store) { b.Helper(); benchDrain(b, s, 1000, 1) }},
		{"drain/lanes=1000,batch=16", func(b *testing.B, s state.Store) { b.Helper(); benchDrain(b, s, 1000, 16) }},
		{"turn/idle=10000", benchTurn},
		{"turn/notes=3", benchTurnNotes},
		{"latency", benchLatency},
		{"latency/loaded=2000", func(b *testing.B, s state.Store) { b.Helper(); benchLoaded(b, s, 2000) }},
		{"latency/loaded=10000", func(b *testing.B, s state.Store) { b.Helper(); benchLoaded(b, s, 10_000) }},
		{"values/get", benchGet},
		{"values/set", benchSet},
		{"values/cas", benchCAS},
		{"notes/write", benchNotes},
	} {
		b.Run(m.name, func(b *testing.B) {
			s := open(b)
			defer func() {
				if err := s.Close(); err != nil {
					b.Errorf("Close: %v", err)
				}
			}()
			b.ReportAllocs()
			m.run(b, s)
		})
	}
}

// benchEntry is about the size of a webhook delivery.
func benchEntry(l, id int) state.Entry {
	return state.Entry{
		ID:   strconv.Itoa(id),
		Lane: lane(strconv.Itoa(l)),
		Keys: []string{"event " + strconv.Itoa(id)},
		Body: make([]byte, 2048),
	}
}

func benchAdd(b *testing.B, s state.Store, e state.Entry) {
	b.Helper()
	if _, err := s.Enqueue(b.Context(), e); err != nil {
		b.Fatalf("Enqueue: %v", err)
	}
}

// benchFill adds an entry to each of n lanes, many at a time.
func benchFill(b *testing.B, s state.Store, n, id int, edit func(*state.Entry)) {
	b.Helper()
	var wg sync.WaitGroup
	const workers = 32
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				e := benchEntry(i, id)
				edit(&e)
				if _, err := s.Enqueue(b.Context(), e); err != nil {
					b.Errorf("Enqueue: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func benchEnqueue(b *testing.B, s state.Store) {
	b.Helper()
	i := 0
	for b.Loop() {
		benchAdd(b, s, benchEntry(i%1000, i))
		i++
	}
}

func benchEnqueueParallel(b *testing.B, s state.Store) {
	b.Helper()
	var n atomic.Int64
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := int(n.Add(1))
			if _, err := s.Enqueue(b.Context(), benchEntry(i%1000, i)); err != nil {
				b.Errorf("Enqueue: %v", err)
				return
			}
		}
	})
}

func benchDuplicate(b *testing.B, s state.Store) {
	b.Helper()
	e := benchEntry(0, 0)
	benchAdd(b, s, e)
	for b.Loop() {
		benchAdd(b, s, e)
	}
}

// benchDrain measures a lease and its settles per lane.
func benchDrain(b *testing.B, s state.Store, lanes, batch int) {
	b.Helper()
	left, round, leases := 0, 0, 0
	for b.Loop() {
		if left == 0 {
			b.StopTimer()
			benchFill(b, s, lanes, round, func(*state.Entry) {})
			left = lanes
			round++
			b.StartTimer()
		}
		ls, err := s.Lease(b.Context(), state.LeaseRequest{TTL: time.Minute, Lanes: batch})
		if err != nil {
			b.Fatalf("Lease: %v", err)
		}
		for _, l := range ls {
			if err := s.Settle(b.Context(), l, verdicts(state.Ack(l.Entries[0].ID))); err != nil {
				b.Fatalf("Settle: %v", err)
			}
		}
		left -= len(ls)
		leases += len(ls)
	}
	b.ReportMetric(float64(leases)/float64(b.N), "lanes/op")
}

// benchTurn measures append, lease and settle while many lanes are held.
func benchTurn(b *testing.B, s state.Store) {
	b.Helper()
	benchFill(b, s, 10_000, 0, func(e *state.Entry) { e.Hold = time.Hour })
	i := 0
	for b.Loop() {
		i++
		benchAdd(b, s, benchEntry(-1, i))
		ls, err := s.Lease(b.Context(), state.LeaseRequest{TTL: time.Minute})
		if err != nil {
			b.Fatalf("Lease: %v", err)
		}
		if err := s.Settle(b.Context(), ls[0], verdicts(state.Ack(ls[0].Entries[0].ID))); err != nil {
			b.Fatalf("Settle: %v", err)
		}
	}
}

// benchLatency measures the time from an append in an idle store until a
// waiting worker has the entry.
func benchLatency(b *testing.B, s state.Store) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	got := make(chan *state.Lease)
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(got)
		for {
			ls, err := s.Lease(ctx, state.LeaseRequest{TTL: time.Minute})
			if err != nil {
				return
			}
			got <- ls[0]
		}
	})
	i := 0
	for b.Loop() {
		benchAdd(b, s, benchEntry(0, i))
		i++
		l, ok := <-got
		if !ok {
			b.Error("Lease ended")
			break
		}
		b.StopTimer()
		if err := s.Settle(ctx, l, verdicts(state.Ack(l.Entries[0].ID))); err != nil {
			b.Errorf("Settle: %v", err)
		}
		b.StartTimer()
	}
	cancel()
	wg.Wait()
}

func benchGet(b *testing.B, s state.Store) {
	b.Helper()
	k := valueKey("v")
	if err := s.Set(b.Context(), k, make([]byte, 256), 0); err != nil {
		b.Fatalf("Set: %v", err)
	}
	for b.Loop() {
		if _, err := s.Get(b.Context(), k); err != nil {
			b.Fatalf("Get: %v", err)
		}
	}
}

func benchSet(b *testing.B, s state.Store) {
	b.Helper()
	v := make([]byte, 256)
	i := 0
	for b.Loop() {
		if err := s.Set(b.Context(), valueKey(strconv.Itoa(i%1000)), v, time.Hour); err != nil {
			b.Fatalf("Set: %v", err)
		}
		i++
	}
}

func benchCAS(b *testing.B, s state.Store) {
	b.Helper()
	k := valueKey("v")
	var old []byte
	i := 0
	for b.Loop() {
		next := strconv.AppendInt(nil, int64(i), 10)
		if err := s.CompareAndSet(b.Context(), k, old, next, 0); err != nil {
			b.Fatalf("CompareAndSet: %v", err)
		}
		old = next
		i++
	}
}

func benchNotes(b *testing.B, s state.Store) {
	b.Helper()
	i := 0
	for b.Loop() {
		if err := s.WriteNotes(b.Context(), lane(strconv.Itoa(i%1000)), threeNotes()...); err != nil {
			b.Fatalf("WriteNotes: %v", err)
		}
		i++
	}
}

// threeNotes is about what a turn remembers.
func threeNotes() []state.NoteWrite {
	return []state.NoteWrite{
		{Name: "question", Value: make([]byte, 300), TTL: time.Hour},
		{Name: "session", Value: make([]byte, 60), TTL: time.Hour},
		{Name: "claim", Value: make([]byte, 40), TTL: time.Hour},
	}
}

// benchTurnNotes measures append, lease and settle of a thread that has three
// notes, all of which are written by the settle.
func benchTurnNotes(b *testing.B, s state.Store) {
	b.Helper()
	i := 0
	for b.Loop() {
		i++
		benchAdd(b, s, benchEntry(i%1000, i))
		ls, err := s.Lease(b.Context(), state.LeaseRequest{TTL: time.Minute})
		if err != nil {
			b.Fatalf("Lease: %v", err)
		}
		how := state.Settlement{Verdicts: []state.Verdict{state.Ack(ls[0].Entries[0].ID)}, Notes: threeNotes()}
		if err := s.Settle(b.Context(), ls[0], how); err != nil {
			b.Fatalf("Settle: %v", err)
		}
	}
}
