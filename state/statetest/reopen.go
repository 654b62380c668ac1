package statetest

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/linearbot/linearbot/state"
)

func reopenChecks() []check {
	return []check{
		{"everything promised survives", reopenAll},
		{"leases end and stay fenced", reopenLeases},
		{"attempts survive", reopenAttempts},
		{"holds and delays survive", reopenTimes},
		{"busy keys survive", reopenBusy},
		{"again and again", reopenOften},
		{"crash under load", reopenLoad},
	}
}

func reopenAll(k *kit) {
	k.furnish()
	want := k.content()
	k = k.reopen()
	if got := k.content(); got.Stats.Delayed == want.Stats.Delayed {
		k.same(want, got)
	}
	k.use()
	k = k.reopen()
	k.wantStats(state.Stats{Delayed: 1})
	k.gets(valueKey("v"), "value\x00")
	k.none()
}

func reopenLeases(k *kit) {
	k.add(lane("a"), "1", "2")
	old := k.expectFor(10*short, lane("a"), "1")
	k = k.reopen()
	l := k.expect(lane("a"), "1") // at once or after the lapse
	k.attempt(l, 2)
	if l.Token <= old.Token {
		k.Errorf("token %d follows %d", l.Token, old.Token)
	}
	k.wants("Settle from before", k.s.Settle(k.ctx(), old, verdicts(state.Ack("1"))), state.ErrLeaseLost)
	k.wants("Extend from before", k.s.Extend(k.ctx(), old, long), state.ErrLeaseLost)
	k.ack(l)
	l = k.expect(lane("a"), "2")
	k.attempt(l, 1)
	k.ack(l)

	// The token is not reused although the lane is empty now.
	last := l.Token
	k = k.reopen()
	k.add(lane("a"), "3")
	if l := k.expect(lane("a"), "3"); l.Token <= last {
		k.Errorf("token %d follows %d", l.Token, last)
	}
}

func reopenAttempts(k *kit) {
	k.add(lane("a"), "1", "2")
	k.settle(k.expect(lane("a"), "1"), state.Retry("1", 0, state.Cause{}))
	k.settle(k.expect(lane("a"), "1"), state.Return("1", 0))
	k = k.reopen()
	l := k.expect(lane("a"), "1")
	k.attempt(l, 2)
	k.settle(l)
	k = k.reopen()
	l = k.expect(lane("a"), "1")
	k.attempt(l, 2)
	k.settle(l, state.Bury("1", state.Cause{Code: "c"}))
	k = k.reopen()
	if d := k.dead(); len(d) != 1 || d[0].Attempt != 2 || d[0].Cause.Code != "c" {
		k.Errorf("dead letters are %+v", d)
	}
	if err := k.s.Requeue(k.ctx(), lane("a"), "1"); err != nil {
		k.Fatalf("Requeue: %v", err)
	}
	k = k.reopen()
	l = k.expect(lane("a"), "2", "1")
	if e := l.Entries[1]; e.Attempt != 1 {
		k.Errorf("attempt after a requeue is %d, want 1", e.Attempt)
	}
}

func reopenTimes(k *kit) {
	const wait = 400 * time.Millisecond
	held := entry(lane("held"), "1")
	held.Hold = wait
	late := entry(lane("late"), "1")
	late.Delay = wait
	far := entry(lane("far"), "1")
	far.Delay = time.Hour
	k.add(lane("retried"), "1")
	l := k.expect(lane("retried"), "1")
	start := time.Now()
	k.put(held, state.OutcomeAdded)
	k.put(late, state.OutcomeAdded)
	k.put(far, state.OutcomeAdded)
	k.settle(l, state.Retry("1", wait, state.Cause{}))
	k = k.reopen()
	for range 3 {
		l := k.one(1, long)
		k.notBefore(l.Lane.ID, start, wait)
		k.ack(l)
	}
	k.none()
	k.wantStats(state.Stats{Delayed: 1})
}

func reopenBusy(k *kit) {
	k.add(lane("a"), "1")
	e := entry(lane("a"), "2")
	e.IfIdle, e.Keys = true, []string{"k"}
	k.put(e, state.OutcomeBusy)
	k = k.reopen()
	k.put(e, state.OutcomeDuplicate)
	k.put(state.Entry{ID: "x", Lane: lane("a"), Keys: []string{"k"}}, state.OutcomeDuplicate)
	k.expect(lane("a"), "1")
}

func reopenOften(k *kit) {
	ids := numbered("e", 5)
	for i, id := range ids {
		k.add(lane("a"), id)
		k.note(lane("a"), id, id, time.Hour)
		k = k.reopen()
		k.put(entry(lane("a"), id), state.OutcomeDuplicate)
		k.notes(lane("a"), named(ids[:i+1]...))
	}
	k.ack(k.expect(lane("a"), ids...))
	k = k.reopen()
	k.wantStats(state.Stats{})
	for _, id := range ids {
		k.put(entry(lane("a"), id), state.OutcomeDuplicate)
	}
}

// reopenLoad crashes the store while it is written. What was answered before
// is there, in order and without gaps; what was not may or may not be.
func reopenLoad(k *kit) {
	if k.h.Reopen == nil {
		k.Skip("the store keeps nothing")
	}
	ids := numbered("e", 20_000)
	lanes := numbered("l", 4)
	stored := make([]atomic.Int64, len(lanes))
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for w, l := range lanes {
		wg.Go(func() {
			for _, id := range ids {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := k.s.Enqueue(k.Context(), entry(lane(l), id)); err != nil {
					return
				}
				stored[w].Add(1)
			}
		})
	}
	k.pause(2 * glance)
	promised := make([]int, len(lanes))
	for w := range stored {
		promised[w] = int(stored[w].Load())
	}
	k.Cleanup(wg.Wait)
	next := k.reopen()
	close(stop)
	wg.Wait()
	got := next.drain()
	for w, l := range lanes {
		have := got[lane(l)]
		if len(have) < promised[w] {
			k.Errorf("lane %s has %d entries after the crash, %d were stored", l, len(have), promised[w])
		}
		if !slices.Equal(have, ids[:len(have)]) {
			k.Errorf("lane %s has gaps or another order after the crash: %v", l, have)
		}
	}
}
