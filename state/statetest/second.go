package statetest

import (
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/linearbot/linearbot/state"
)

func secondChecks() []check {
	return []check{
		{"clients see each other's work", secondSees},
		{"one lease between clients", secondLease},
		{"fenced between clients", secondFence},
		{"wakes between clients", secondWakes},
		{"close of one leaves the other", secondClose},
		{"compare and set between clients", secondCounts},
		{"once between clients", secondDedup},
		{"signals between clients", secondSignals},
	}
}

// secondSignals: a signal reaches all clients. Stores without signals pass.
func secondSignals(k *kit) {
	from, ok := k.s.(state.Signaler)
	if !ok {
		return
	}
	to, ok := k.second().s.(state.Signaler)
	if !ok {
		return // the harness wraps it
	}
	got := make(chan state.Key, 64)
	stop := to.OnSignal(func(thread state.Key) {
		select {
		case got <- thread:
		default:
		}
	})
	want := lane("a").Thread()
	deadline := time.After(10 * time.Second)
	retry := time.NewTicker(50 * time.Millisecond) // the client may not listen yet
	defer retry.Stop()
	for arrived := false; !arrived; {
		select {
		case thread := <-got:
			arrived = thread == want
		case <-retry.C:
			if err := from.Signal(k.ctx(), lane("a#1")); err != nil {
				k.Fatalf("Signal: %v", err)
			}
		case <-deadline:
			k.Fatalf("no signal arrived")
		}
	}
	stop()
}

func secondSees(k *kit) {
	o := k.second()
	k.add(lane("a"), "1", "2")
	o.put(entry(lane("a"), "1"), state.OutcomeDuplicate)
	o.wantStats(state.Stats{Lanes: 1, Entries: 2})
	l := o.expect(lane("a"), "1")
	o.settle(l, state.Bury("1", state.Cause{Code: "c"}))
	if d := k.dead(); len(d) != 1 || d[0].ID != "1" {
		k.Errorf("dead letters are %+v", d)
	}
	if err := k.s.Requeue(k.ctx(), lane("a"), "1"); err != nil {
		k.Fatalf("Requeue: %v", err)
	}
	o.ack(o.expect(lane("a"), "2", "1"))
	k.set(valueKey("v"), "x", 0)
	o.gets(valueKey("v"), "x")
	o.note(lane("a"), "a", "a", time.Hour)
	k.note(lane("a"), "b", "b", time.Hour)
	o.notes(lane("a"), named("a", "b"))
	k.subscribe(lane("a"))
	o.subscribed(lane("a"), true)
}

func secondLease(k *kit) {
	o := k.second()
	ids := numbered("l", 6)
	for _, id := range ids {
		k.add(lane(id), "1")
	}
	seen := map[state.Key]bool{}
	for i := range ids {
		c := []*kit{k, o}[i%2]
		l := c.one(1, long)
		if seen[l.Lane] {
			k.Fatalf("lane %v is held by both clients", l.Lane)
		}
		seen[l.Lane] = true
	}
	k.none()
	o.none()
}

func secondFence(k *kit) {
	o := k.second()
	k.add(lane("a"), "1", "2")
	late := k.expectFor(short, lane("a"), "1")
	held := o.expect(lane("a"), "1")
	o.attempt(held, 2)
	k.wants("late Settle", k.s.Settle(k.ctx(), late, verdicts(state.Ack("1"))), state.ErrLeaseLost)
	k.wants("late Extend", k.s.Extend(k.ctx(), late, long), state.ErrLeaseLost)
	o.ack(held)
	k.attempt(k.expect(lane("a"), "2"), 1)
	// A lease may be settled by any client that has it.
	k.add(lane("b"), "1")
	o.ack(k.expect(lane("b"), "1"))
	k.none()
}

// secondWakes bounds a wait of the other client by patience only. A store that
// wakes other clients by polling passes; one that does not wake them does not.
func secondWakes(k *kit) {
	o := k.second()
	wakes := func(do func(), id string) *state.Lease {
		k.Helper()
		c := o.leaseAside(o.ctx(), o.s)
		k.pause(glance)
		do()
		a := k.answer(c)
		if a.err != nil {
			k.Fatalf("Lease: %v", a.err)
		}
		if !slices.Equal(idsOf(a.ls[0]), []string{id}) {
			k.Fatalf("leased %v, want %v", idsOf(a.ls[0]), id)
		}
		return a.ls[0]
	}
	l := wakes(func() { k.add(lane("a"), "1") }, "1")
	o.ack(l)
	k.add(lane("a"), "2", "3")
	l = k.expect(lane("a"), "2")
	l = wakes(func() { k.ack(l) }, "3")
	o.ack(l)
	e := entry(lane("a"), "4")
	e.Delay = 2 * glance
	o.ack(wakes(func() { k.put(e, state.OutcomeAdded) }, "4"))
}

func secondClose(k *kit) {
	o := k.second()
	c := k.leaseAside(k.ctx(), k.s)
	k.pause(glance)
	if err := o.s.Close(); err != nil {
		k.Fatalf("Close: %v", err)
	}
	k.pause(glance)
	k.add(lane("a"), "1")
	if a := k.answer(c); a.err != nil {
		k.Errorf("Lease after the other client closed: %v", a.err)
	}
}

func secondCounts(k *kit) {
	o := k.second()
	const each = 15
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { k.count(k.s, valueKey("n"), each) })
		wg.Go(func() { k.count(o.s, valueKey("n"), each) })
	}
	wg.Wait()
	k.gets(valueKey("n"), strconv.Itoa(8*each))
}

func secondDedup(k *kit) {
	o := k.second()
	const rounds = 30
	var mu sync.Mutex
	added := 0
	var wg sync.WaitGroup
	for _, c := range []*kit{k, o, k, o} {
		wg.Go(func() {
			for _, id := range numbered("e", rounds) {
				e := entry(lane("a"), id)
				e.Keys = []string{"key of " + id}
				r, err := c.s.Enqueue(k.Context(), e)
				if err != nil {
					k.Errorf("Enqueue: %v", err)
					return
				}
				if r.Outcome == state.OutcomeAdded {
					mu.Lock()
					added++
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if st := k.stats(); added != rounds || st.Entries != rounds {
		k.Errorf("%d entries were added and %d are stored, want %d", added, st.Entries, rounds)
	}
	if got := o.drain()[lane("a")]; !slices.Equal(got, numbered("e", rounds)) {
		k.Errorf("the lane gave %v", got)
	}
	k.wantStats(state.Stats{})
}
