package turns_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/internal/turns"
	"github.com/linearbot/linearbot/state"
)

// leased adds an entry and leases its lane, as a store does that gives a lease with
// the receipt.
func (b *bench) leased(in string, req *state.LeaseRequest) *state.Lease {
	b.t.Helper()
	b.add(in, in)
	ls, err := b.store.Store.Lease(b.t.Context(), *req)
	if err != nil {
		b.t.Fatal(err)
	}
	return ls[0]
}

// TestLeaseWithEntry has leases that came with their entries handled by workers that
// were kept for them.
func TestLeaseWithEntry(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, b *bench) {
		b.store.failed = func() error { return errors.New("nothing is leased otherwise") }
		b.cfg.Workers = 8
		held := make(chan struct{})
		b.cfg.Work = func(ctx context.Context, l *state.Lease, asked int) state.Settlement {
			b.note("%s, %d asked", l.Lane.ID, asked)
			if l.Lane.ID == "slow" {
				<-held
			}
			return state.Settlement{Verdicts: []state.Verdict{state.Ack(l.Entries[0].ID)}}
		}
		r := turns.New(b.cfg)
		if r.Reserve() != nil {
			t.Error("a worker is kept before Run")
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		time.Sleep(time.Second) // of the bubble, until all workers lease
		synctest.Wait()

		req := r.Reserve()
		if req == nil || req.TTL != b.cfg.LeaseTTL || req.Holder != "test" {
			t.Fatalf("Reserve = %+v, want the lifetime and the holder of the runner", req)
		}
		r.Begin(b.leased("slow", req))
		synctest.Wait()
		var kept []*state.LeaseRequest
		for {
			another := r.Reserve()
			if another == nil {
				break
			}
			kept = append(kept, another)
		}
		if len(kept) != 4 {
			t.Errorf("beside one that is busy %d workers of 8 were kept, want 4: half of them lease", len(kept))
		}
		for range kept[1:] {
			r.Begin(nil)
		}
		r.Begin(b.leased("quick", kept[0]))
		synctest.Wait()
		if st, err := b.store.Stats(t.Context()); err != nil || st.Entries != 1 {
			t.Errorf("Stats = %+v, %v, want the slow one", st, err)
		}
		if load := r.Load(); load.Busy != 1 {
			t.Errorf("%d are busy, want 1", load.Busy)
		}

		late := r.Reserve()
		cancel()
		synctest.Wait()
		r.Begin(b.leased("late", late))
		close(held)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if r.Reserve() != nil {
			t.Error("a worker is kept after Run")
		}
		if got := b.notes(); len(got) != 2 || got[0] != "slow, 1 asked" || got[1] != "quick, 1 asked" {
			t.Errorf("handled were %q", got)
		}
		ls, err := b.store.Store.Lease(t.Context(), *late)
		if err != nil || ls[0].Lane.ID != "late" || ls[0].Entries[0].Attempt != 1 {
			t.Errorf("leased %+v, %v, want the late one again, with no attempt spent", ls, err)
		}
	})
}

// TestRunWaitsForWhatIsKept ends Run while an entry is being stored. The lease that
// comes with it goes back at once: its lane does not wait until it lapses.
func TestRunWaitsForWhatIsKept(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, b *bench) {
		b.cfg.Workers = 64 // one call leases for 16 of them
		b.cfg.Work = func(context.Context, *state.Lease, int) state.Settlement {
			t.Error("a turn began after the end of Run")
			return state.Settlement{}
		}
		r := turns.New(b.cfg)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		time.Sleep(time.Second) // of the bubble, until all workers lease
		first, second := r.Reserve(), r.Reserve()
		if first == nil || second == nil {
			t.Fatal("no worker is kept")
		}
		cancel()
		synctest.Wait()
		r.Begin(nil)
		synctest.Wait()
		select {
		case err := <-ended:
			t.Fatalf("Run has ended with %v before the entry was stored", err)
		default:
		}
		r.Begin(b.leased("late", first))
		if err := <-ended; err != nil {
			t.Error(err)
		}
		at := time.Now()
		ls, err := b.store.Store.Lease(t.Context(), *first)
		if err != nil || ls[0].Lane.ID != "late" || time.Since(at) > 0 {
			t.Errorf("leased %+v, %v after %s, want the lane at once", ls, err, time.Since(at))
		}
	})
}

// TestLeaseWithEntryIsShort has a turn outlive the short lease that came with its entry.
// The first renewal comes in time, whatever the usual lifetime, and gives it that; and the
// time since the lease began is no lag.
func TestLeaseWithEntryIsShort(t *testing.T) {
	t.Parallel()
	for _, ttl := range []time.Duration{5 * time.Second, 15 * time.Second, 40 * time.Second, time.Minute, time.Hour} {
		t.Run(ttl.String(), func(t *testing.T) {
			t.Parallel()
			run(t, func(t *testing.T, b *bench) { b.outlives(ttl) })
		})
	}
}

// outlives has a turn of a minute begin with a lease that came with its entry, where the
// usual lifetime is ttl.
func (b *bench) outlives(ttl time.Duration) {
	t := b.t
	b.store.failed = func() error { return errors.New("nothing is leased otherwise") }
	b.store.extend = func(context.Context) error {
		time.Sleep(time.Second) // a store that is slow
		return nil
	}
	b.cfg.Workers, b.cfg.LeaseTTL = 8, ttl
	b.cfg.Work = func(ctx context.Context, l *state.Lease, _ int) state.Settlement {
		time.Sleep(time.Minute)
		if err := ctx.Err(); err != nil {
			t.Errorf("the turn ended: %v", context.Cause(ctx))
		}
		return state.Settlement{Verdicts: []state.Verdict{state.Ack(l.Entries[0].ID)}}
	}
	r := turns.New(b.cfg)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	time.Sleep(time.Second) // of the bubble, until all workers lease
	req := r.Reserve()
	if req == nil || req.TTL != 5*time.Second {
		t.Fatalf("Reserve = %+v, want a lifetime of 5 s", req)
	}
	r.Begin(b.leased("slow", req))
	synctest.Wait()
	if lag := r.Lag(); lag != 0 {
		t.Errorf("the lag is %s", lag)
	}
	other, enough := context.WithTimeout(t.Context(), 20*time.Second)
	defer enough()
	if ls, err := b.store.Store.Lease(other, state.LeaseRequest{Holder: "other", TTL: time.Second}); err == nil {
		t.Errorf("another one got the lane: %+v", ls)
	}
	time.Sleep(time.Minute)
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if st, err := b.store.Stats(t.Context()); err != nil || st.Entries != 0 {
		t.Errorf("Stats = %+v, %v, want nothing left", st, err)
	}
}

// TestALeaseThatIsOverIsNotBegun has the process stand still between the store's answer
// and the turn: by then another process may work on the lane.
func TestALeaseThatIsOverIsNotBegun(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, b *bench) {
		b.store.failed = func() error { return errors.New("nothing is leased otherwise") }
		b.cfg.Workers = 8
		b.cfg.Work = func(context.Context, *state.Lease, int) state.Settlement {
			t.Error("the turn began")
			return state.Settlement{}
		}
		r := turns.New(b.cfg)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		time.Sleep(time.Second) // of the bubble, until all workers lease
		req := r.Reserve()
		l := b.leased("late", req)
		time.Sleep(req.TTL)
		r.Begin(l)
		synctest.Wait()
		ls, err := b.store.Store.Lease(t.Context(), *req)
		if err != nil || ls[0].Lane.ID != "late" {
			t.Errorf("leased %+v, %v, want the lane", ls, err)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
