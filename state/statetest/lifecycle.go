package statetest

import (
	"context"
	"sync"
	"time"

	"github.com/linearbot/linearbot/state"
)

func lifecycleChecks() []check {
	return []check{
		{"ping", ping},
		{"close twice", closeTwice},
		{"close ends waiting calls", closeWakes},
		{"closed means closed", closedCalls},
		{"close against everything", closeRace},
		{"an ended context", deadContext},
	}
}

func ping(k *kit) {
	before := k.stats()
	for range 3 {
		if err := k.s.Ping(k.ctx()); err != nil {
			k.Fatalf("Ping: %v", err)
		}
	}
	k.wantStats(before)
	if got := k.export(); len(got) != 0 {
		k.Errorf("Ping left %+v", got)
	}
}

func closeTwice(k *kit) {
	for range 3 {
		if err := k.s.Close(); err != nil {
			k.Errorf("Close: %v", err)
		}
	}
}

func closeWakes(k *kit) {
	// Waiting for nothing, and waiting for a delay.
	a := k.leaseAside(k.ctx(), k.s)
	e := entry(lane("a"), "1")
	e.Delay = time.Hour
	k.put(e, state.OutcomeAdded)
	b := k.leaseAside(k.ctx(), k.s)
	k.pause(glance)
	if err := k.s.Close(); err != nil {
		k.Fatalf("Close: %v", err)
	}
	k.wants("waiting Lease", k.answer(a).err, state.ErrClosed)
	k.wants("waiting Lease", k.answer(b).err, state.ErrClosed)
}

func closedCalls(k *kit) {
	k.add(lane("a"), "1", "2")
	l := k.expect(lane("a"), "1")
	if err := k.s.Close(); err != nil {
		k.Fatalf("Close: %v", err)
	}
	ctx, s, v := k.ctx(), k.s, valueKey("v")
	_, err := s.Enqueue(ctx, entry(lane("a"), "3"))
	k.wants("Enqueue", err, state.ErrClosed)
	_, err = s.Lease(ctx, state.LeaseRequest{TTL: long})
	k.wants("Lease", err, state.ErrClosed)
	k.wants("Extend", s.Extend(ctx, l, long), state.ErrClosed)
	k.wants("Settle", s.Settle(ctx, l, verdicts(state.Ack("1"))), state.ErrClosed)
	_, err = s.Get(ctx, v)
	k.wants("Get", err, state.ErrClosed)
	k.wants("Set", s.Set(ctx, v, []byte("x"), 0), state.ErrClosed)
	k.wants("CompareAndSet", s.CompareAndSet(ctx, v, nil, []byte("x"), 0), state.ErrClosed)
	k.wants("Delete", s.Delete(ctx, v), state.ErrClosed)
	k.wants("WriteNotes", s.WriteNotes(ctx, lane("a"), noteOf("n", "x")), state.ErrClosed)
	_, err = s.Notes(ctx, lane("a"))
	k.wants("Notes", err, state.ErrClosed)
	k.wants("Subscribe", s.Subscribe(ctx, lane("a")), state.ErrClosed)
	k.wants("Unsubscribe", s.Unsubscribe(ctx, lane("a")), state.ErrClosed)
	_, err = s.Subscribed(ctx, lane("a"))
	k.wants("Subscribed", err, state.ErrClosed)
	_, err = s.Stats(ctx)
	k.wants("Stats", err, state.ErrClosed)
	k.wants("Requeue", s.Requeue(ctx, lane("a"), "1"), state.ErrClosed)
	k.wants("Purge", s.Purge(ctx, lane("a"), "1"), state.ErrClosed)
	k.wants("Import", s.Import(ctx, state.Record{Kind: state.RecordSubscription, Key: lane("a")}), state.ErrClosed)
	k.wants("Ping", s.Ping(ctx), state.ErrClosed)
	var errs []error
	for _, err := range s.Threads(ctx, "w1") {
		errs = append(errs, err)
	}
	for _, err := range s.Lanes(ctx) {
		errs = append(errs, err)
	}
	for _, err := range s.Delayed(ctx) {
		errs = append(errs, err)
	}
	for _, err := range s.Dead(ctx) {
		errs = append(errs, err)
	}
	for _, err := range s.Export(ctx) {
		errs = append(errs, err)
	}
	if len(errs) != 5 {
		k.Errorf("the iterators gave %d pairs, want one error each", len(errs))
	}
	for _, err := range errs {
		k.wants("iterator", err, state.ErrClosed)
	}
}

func closeRace(k *kit) {
	var wg sync.WaitGroup
	for w := range 4 {
		id := numbered("lane", 4)[w]
		wg.Go(func() {
			for _, e := range numbered("e", 10_000) {
				if _, err := k.s.Enqueue(k.Context(), entry(lane(id), e)); err != nil {
					k.wants("Enqueue", err, state.ErrClosed)
					return
				}
			}
		})
		wg.Go(func() {
			for {
				ls, err := k.s.Lease(k.Context(), state.LeaseRequest{TTL: long})
				if err != nil {
					k.wants("Lease", err, state.ErrClosed)
					return
				}
				if err := k.s.Settle(k.Context(), ls[0], verdicts(acks(ls[0])...)); err != nil {
					k.wants("Settle", err, state.ErrClosed)
					return
				}
			}
		})
	}
	k.pause(glance)
	for range 2 {
		wg.Go(func() {
			if err := k.s.Close(); err != nil {
				k.Errorf("Close: %v", err)
			}
		})
	}
	wg.Wait()
}

func deadContext(k *kit) {
	ctx, cancel := context.WithCancel(k.Context())
	cancel()
	// A call may be done before it looks at its context; if it fails, it is
	// with the error of the context.
	_, err := k.s.Enqueue(ctx, entry(lane("a"), "1"))
	if err != nil {
		k.wants("Enqueue", err, context.Canceled)
	}
	if err := k.s.Set(ctx, valueKey("v"), []byte("x"), 0); err != nil {
		k.wants("Set", err, context.Canceled)
	}
	if err := k.s.Ping(ctx); err != nil {
		k.wants("Ping", err, context.Canceled)
	}
	// Whether or not it was stored, a retry repairs it.
	if _, err := k.s.Enqueue(k.ctx(), entry(lane("a"), "1")); err != nil {
		k.Fatalf("Enqueue: %v", err)
	}
	k.ack(k.expect(lane("a"), "1"))
	k.none()
}
