package filestate

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/state"
)

// gate is an operation that keeps the writer busy until it is opened.
type gate struct {
	tamperOp

	started, opened chan struct{}
}

// shut starts a transaction that does not end before the gate is opened.
func shut(t *testing.T, s *Store, wg *sync.WaitGroup) *gate {
	t.Helper()
	g := &gate{started: make(chan struct{}), opened: make(chan struct{})}
	g.call = newCall(0)
	g.f = func(*batch) error { close(g.started); <-g.opened; return nil }
	wg.Go(func() {
		if err := s.do(t.Context(), g); err != nil {
			t.Errorf("gate: %v", err)
		}
	})
	<-g.started
	return g
}

// waiting polls until n operations are in the queue. Synctest cannot: the writer
// is held in a system call.
func waiting(s *Store, n int) {
	for got := -1; got < n; time.Sleep(time.Millisecond) {
		s.queue.mu.Lock()
		got = len(s.queue.ops)
		s.queue.mu.Unlock()
	}
}

// TestOneTransaction has operations that depend on each other in one
// transaction.
func TestOneTransaction(t *testing.T) {
	t.Parallel()
	s := openTest(t, t.TempDir(), Options{MaxEntries: 5})
	put(t, s, entry("a", "0"))
	l := leaseOne(t, s, 1)
	var wg sync.WaitGroup
	g := shut(t, s, &wg)
	got := map[string]string{}
	var mu sync.Mutex
	queued := 0
	do := func(name string, f func() (string, error)) {
		wg.Go(func() {
			r, err := f()
			if err != nil {
				r = fmt.Sprint("error ", errors.Is(err, state.ErrFull), errors.Is(err, state.ErrLeaseLost))
			}
			mu.Lock()
			got[name] = r
			mu.Unlock()
		})
		queued++
		waiting(s, queued)
	}
	add := func(name string, e state.Entry) {
		do(name, func() (string, error) {
			r, err := s.Enqueue(t.Context(), e)
			return fmt.Sprint(r.Outcome, r.Depth), err
		})
	}
	settle := func() (string, error) {
		return "settled", s.Settle(t.Context(), l, state.Settlement{Verdicts: []state.Verdict{state.Ack("0")}})
	}
	idle := entry("a", "1")
	idle.IfIdle = true
	busy := entry("a", "2")
	busy.IfIdle = true
	twin := entry("b", "x1")
	twin.Keys = []string{"event"}
	other := entry("b", "x2")
	other.Keys = []string{"event"}

	do("settle", settle)
	do("settle again", settle)
	add("idle", idle) // the lane is empty by now
	add("busy", busy)
	add("busy again", entry("a", "2"))
	add("twin", twin)
	add("other twin", other)
	for i := range 4 {
		add(fmt.Sprint("more", i), entry("c", fmt.Sprint(i)))
	}
	close(g.opened)
	wg.Wait()
	want := map[string]string{
		"settle": "settled", "settle again": "error false true",
		"idle": "added 1", "busy": "busy 1", "busy again": "duplicate 1",
		"twin": "added 1", "other twin": "duplicate 1",
		"more0": "added 1", "more1": "added 2", "more2": "added 3", "more3": "error true false",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

// TestSettleOutlivesLease has a lease lapse while it is being settled.
func TestSettleOutlivesLease(t *testing.T) {
	t.Parallel()
	s := openTest(t, t.TempDir(), Options{})
	put(t, s, entry("a", "1"))
	put(t, s, entry("a", "2"))
	ls, err := s.Lease(t.Context(), state.LeaseRequest{TTL: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	first := shut(t, s, &wg)
	wg.Go(func() {
		if err := s.Settle(t.Context(), ls[0], state.Settlement{Verdicts: []state.Verdict{state.Ack("1")}}); err != nil {
			t.Errorf("Settle: %v", err)
		}
	})
	waiting(s, 1)
	// A second gate in the same transaction keeps the settle staged.
	second := &gate{started: make(chan struct{}), opened: make(chan struct{})}
	second.call = newCall(0)
	second.f = func(*batch) error { close(second.started); <-second.opened; return nil }
	wg.Go(func() { _ = s.do(t.Context(), second) })
	waiting(s, 2)
	close(first.opened)
	<-second.started

	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if got, err := s.Lease(ctx, state.LeaseRequest{TTL: time.Minute}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Lease while the lane is being settled = %v, %v", got, err)
	}
	close(second.opened)
	wg.Wait()
	if l := leaseOne(t, s, 2); len(l.Entries) != 1 || l.Entries[0].ID != "2" {
		t.Errorf("leased %v, want 2", ids(l))
	}
}

// TestAttemptsAfterFailure has the write of an attempt fail.
func TestAttemptsAfterFailure(t *testing.T) {
	t.Parallel()
	s, f := openFailing(t)
	put(t, s, entry("a", "1"))
	f.set(errors.New("input/output error"), false)
	leaseOne(t, s, 1)
	if err := s.Ping(t.Context()); !errors.Is(err, state.ErrUnavailable) {
		t.Errorf("Ping = %v", err)
	}
	f.set(nil, false)
	again := openTest(t, crash(t, s), Options{})
	if got := leaseOne(t, again, 1).Entries[0].Attempt; got != 2 {
		t.Errorf("attempt is %d, want 2", got)
	}
}

// cancelOp ends a context while the outcome of its transaction is applied.
type cancelOp struct {
	tamperOp

	cancel context.CancelFunc
}

func (o *cancelOp) apply(*Store, time.Time) { o.cancel() }

// TestWakeIsPassedOn has the context of a waiting Lease end in the moment in
// which an entry wakes it. Another one that waits gets the entry.
func TestWakeIsPassedOn(t *testing.T) {
	t.Parallel()
	s := openTest(t, t.TempDir(), Options{NoSync: true})
	for i := range 40 {
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if ls, err := s.Lease(ctx, state.LeaseRequest{TTL: time.Minute}); !errors.Is(err, context.Canceled) {
				t.Errorf("Lease = %v, %v, want the error of the context", ls, err)
			}
		})
		sleepers(s, 1)
		wg.Go(func() {
			l := leaseOne(t, s, 1)
			if err := s.Settle(t.Context(), l, state.Settlement{Verdicts: []state.Verdict{state.Ack(l.Entries[0].ID)}}); err != nil {
				t.Errorf("Settle: %v", err)
			}
		})
		sleepers(s, 2)
		g := shut(t, s, &wg)
		wg.Go(func() { put(t, s, entry("a", fmt.Sprint(i))) })
		waiting(s, 1)
		wg.Go(func() {
			o := &cancelOp{cancel: cancel}
			o.call, o.f = newCall(0), func(*batch) error { return nil }
			if err := s.do(t.Context(), o); err != nil {
				t.Errorf("cancel: %v", err)
			}
		})
		waiting(s, 2)
		close(g.opened)
		wg.Wait()
	}
}

// sleepers polls until n calls of Lease wait; synctest cannot, as above.
func sleepers(s *Store, n int) {
	for got := -1; got != n; time.Sleep(100 * time.Microsecond) {
		s.mu.Lock()
		got = s.waiters.Len()
		s.mu.Unlock()
	}
}

// TestWokenWaiterLeaves takes the wake of a waiter that is about to leave.
func TestWokenWaiterLeaves(t *testing.T) {
	t.Parallel()
	for range 20 {
		s := openTest(t, t.TempDir(), Options{NoSync: true})
		w := &waiter{wake: make(chan struct{})}
		s.mu.Lock()
		w.elem = s.waiters.PushBack(w)
		s.mu.Unlock()
		var wg sync.WaitGroup
		wg.Go(func() { leaseOne(t, s, 1) })
		sleepers(s, 2)
		put(t, s, entry("a", "1")) // wakes w
		<-w.wake
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		w.wake = make(chan struct{}) // so that it sees the end of its context
		if err := s.wait(ctx, w); !errors.Is(err, context.Canceled) {
			t.Errorf("wait = %v", err)
		}
		wg.Wait()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
