package statetest

import (
	"context"
	"slices"
	"time"

	"github.com/linearbot/linearbot/state"
)

// Leases that wait until there is something.

// leased is the answer of a Lease that ran aside.
type leased struct {
	ls  []*state.Lease
	err error
}

// leaseAside calls Lease in a goroutine of its own. The kit waits for it.
func (k *kit) leaseAside(ctx context.Context, s state.Store) <-chan leased {
	k.Helper()
	ctx, cancel := context.WithCancel(ctx)
	answer := make(chan leased, 1)
	k.wg.Go(func() {
		ls, err := s.Lease(ctx, state.LeaseRequest{TTL: long, Holder: "aside"})
		answer <- leased{ls, err}
	})
	k.Cleanup(func() {
		cancel()
		k.wg.Wait()
	})
	return answer
}

// answer waits for what leaseAside began.
func (k *kit) answer(c <-chan leased) leased {
	k.Helper()
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case a := <-c:
		return a
	case <-t.C:
		k.Fatalf("Lease did not return within %v", patience)
		return leased{}
	}
}

// wakes wants a waiting Lease to get id of lane a after do.
func (k *kit) wakes(do func(), id string) {
	k.Helper()
	c := k.leaseAside(k.ctx(), k.s)
	k.pause(glance)
	select {
	case a := <-c:
		k.Fatalf("Lease returned %v, %v before there was work", a.ls, a.err)
	default:
	}
	do()
	a := k.answer(c)
	if a.err != nil {
		k.Fatalf("Lease: %v", a.err)
	}
	if l := a.ls[0]; l.Lane != lane("a") || !slices.Equal(idsOf(l), []string{id}) {
		k.Fatalf("leased %v of lane %v, want %v", idsOf(l), l.Lane, id)
	}
}

func wakesForEntry(k *kit) {
	k.wakes(func() { k.add(lane("a"), "1") }, "1")
}

func wakesForSettle(k *kit) {
	k.add(lane("a"), "1", "2")
	l := k.expect(lane("a"), "1")
	k.wakes(func() { k.ack(l) }, "2")
}

func wakesForRequeue(k *kit) {
	k.add(lane("a"), "1")
	k.settle(k.expect(lane("a"), "1"), state.Bury("1", state.Cause{}))
	k.wakes(func() {
		if err := k.s.Requeue(k.ctx(), lane("a"), "1"); err != nil {
			k.Fatalf("Requeue: %v", err)
		}
	}, "1")
}

func wakesForEarlier(k *kit) {
	far := entry(lane("b"), "far")
	far.Delay = time.Hour
	k.put(far, state.OutcomeAdded)
	near := entry(lane("a"), "near")
	near.Delay = 2 * glance
	k.wakes(func() { k.put(near, state.OutcomeAdded) }, "near")
}

func leaseContext(k *kit) {
	ends := func(c <-chan leased, since time.Time, want error) {
		k.Helper()
		a := k.answer(c)
		k.wants("Lease", a.err, want)
		if len(a.ls) > 0 {
			k.Errorf("Lease gave leases with the error %v", a.err)
		}
		// The contract says a second; the rest is for the machine.
		if d := time.Since(since); d > 5*time.Second {
			k.Errorf("Lease returned %v after its context ended", d)
		}
	}
	ctx, cancel := context.WithCancel(k.Context())
	c := k.leaseAside(ctx, k.s)
	k.pause(glance)
	cancel()
	ends(c, time.Now(), context.Canceled)

	ctx, cancel = context.WithTimeout(k.Context(), glance)
	defer cancel()
	ends(k.leaseAside(ctx, k.s), time.Now().Add(glance), context.DeadlineExceeded)

	ctx, cancel = context.WithCancel(k.Context())
	cancel()
	_, err := k.s.Lease(ctx, state.LeaseRequest{TTL: long})
	k.wants("ended context", err, context.Canceled)
	// No lane was lost to a caller that had gone.
	k.add(lane("a"), "1")
	k.attempt(k.expect(lane("a"), "1"), 1)
}
