package statetest

import (
	"slices"
	"time"

	"github.com/linearbot/linearbot/state"
)

func settleChecks() []check {
	return []check{
		{"ack removes", ackRemoves},
		{"settle twice", settleTwice},
		{"extend after settle", extendAfterSettle},
		{"no verdict, no attempt", noVerdict},
		{"some verdicts", someVerdicts},
		{"one verdict of each kind", everyVerdict},
		{"retry holds the lane", retryHolds},
		{"retry at once", retryAtOnce},
		{"return is not counted", returnFree},
		{"retry aside lets others pass", retryAside},
		{"put aside together, back in order", asideTogether},
		{"put aside alone, lane is free", asideAlone},
		{"due while the lane is leased", dueWhileLeased},
		{"bury", bury},
		{"requeue", requeue},
		{"purge", purge},
		{"invalid verdicts", invalidVerdicts},
	}
}

func ackRemoves(k *kit) {
	k.add(lane("a"), "1")
	k.ack(k.expect(lane("a"), "1"))
	k.wantStats(state.Stats{})
	k.none()
}

func settleTwice(k *kit) {
	k.add(lane("a"), "1", "2")
	l := k.expect(lane("a"), "1")
	k.ack(l)
	for _, v := range []state.Verdict{state.Ack("1"), state.Bury("1", state.Cause{}), state.Retry("1", 0, state.Cause{})} {
		k.wants("second Settle", k.s.Settle(k.ctx(), l, verdicts(v)), state.ErrLeaseLost)
	}
	k.wants("second empty Settle", k.s.Settle(k.ctx(), l, state.Settlement{}), state.ErrLeaseLost)
	k.wantStats(state.Stats{Lanes: 1, Entries: 1})
	next := k.expect(lane("a"), "2")
	k.attempt(next, 1)
	k.wants("Settle of the lease before", k.s.Settle(k.ctx(), l, verdicts(state.Ack("1"))), state.ErrLeaseLost)
	k.none()
	k.ack(next)

	// The same with an entry that stays.
	k.add(lane("a"), "3")
	l = k.expect(lane("a"), "3")
	k.settle(l)
	k.wants("Settle after an empty one", k.s.Settle(k.ctx(), l, verdicts(state.Ack("3"))), state.ErrLeaseLost)
	k.attempt(k.expect(lane("a"), "3"), 1)
}

func extendAfterSettle(k *kit) {
	k.add(lane("a"), "1", "2")
	l := k.expect(lane("a"), "1")
	k.ack(l)
	k.wants("Extend after Settle", k.s.Extend(k.ctx(), l, long), state.ErrLeaseLost)
	k.expect(lane("a"), "2")

	k.add(lane("b"), "1")
	l = k.expect(lane("b"), "1")
	k.ack(l)
	k.wants("Extend in an empty lane", k.s.Extend(k.ctx(), l, long), state.ErrLeaseLost)
	k.add(lane("b"), "2")
	k.ack(k.expect(lane("b"), "2"))
}

func noVerdict(k *kit) {
	k.add(lane("a"), "1", "2")
	for range 3 {
		l := k.expect(lane("a"), "1", "2")
		for _, e := range l.Entries {
			if e.Attempt != 1 {
				k.Fatalf("attempt of %q is %d after no verdict, want 1", e.ID, e.Attempt)
			}
		}
		k.settle(l)
	}
	// A lapse counts, an empty settle takes only its own attempt back.
	k.expectFor(short, lane("a"), "1")
	l := k.expect(lane("a"), "1")
	k.attempt(l, 2)
	k.settle(l)
	k.attempt(k.expect(lane("a"), "1"), 2)
}

func someVerdicts(k *kit) {
	k.add(lane("a"), "1", "2", "3", "4")
	l := k.expect(lane("a"), "1", "2", "3")
	k.settle(l, state.Ack("2"))
	l = k.expect(lane("a"), "1", "3", "4")
	for _, e := range l.Entries {
		if e.Attempt != 1 {
			k.Errorf("attempt of %q is %d, want 1", e.ID, e.Attempt)
		}
	}
	// The order of verdicts does not matter.
	k.settle(l, state.Ack("4"), state.Ack("1"))
	k.ack(k.expect(lane("a"), "3"))
	k.wantStats(state.Stats{})
}

func everyVerdict(k *kit) {
	k.add(lane("a"), "ack", "bury", "aside", "retry", "return", "none", "behind")
	l := k.expect(lane("a"), "ack", "bury", "aside", "retry", "return", "none")
	k.settle(
		l,
		state.Ack("ack"),
		state.Bury("bury", state.Cause{Code: "b"}),
		state.RetryAside("aside", time.Hour, state.Cause{Code: "a"}),
		state.Retry("retry", 0, state.Cause{Code: "r"}),
		state.Return("return", 0),
	)
	k.wantStats(state.Stats{Lanes: 1, Entries: 4, Delayed: 1, Dead: 1})
	l = k.expect(lane("a"), "retry", "return", "none", "behind")
	for i, want := range []int{2, 1, 1, 1} {
		if e := l.Entries[i]; e.Attempt != want {
			k.Errorf("attempt of %q is %d, want %d", e.ID, e.Attempt, want)
		}
	}
}

func retryHolds(k *kit) {
	const wait = 150 * time.Millisecond
	k.add(lane("a"), "1", "2")
	l := k.expect(lane("a"), "1")
	start := time.Now()
	k.settle(l, state.Retry("1", wait, state.Cause{Code: "again"}))
	// Other lanes continue, and a new entry does not end the hold.
	k.add(lane("a"), "3")
	k.add(lane("b"), "1")
	k.ack(k.expect(lane("b"), "1"))
	l = k.expect(lane("a"), "1")
	k.notBefore("retried", start, wait)
	k.attempt(l, 2)
	k.ack(l)
	k.ack(k.expect(lane("a"), "2"))
	k.ack(k.expect(lane("a"), "3"))
}

func retryAtOnce(k *kit) {
	k.add(lane("a"), "1", "2")
	for i := range 5 {
		l := k.expect(lane("a"), "1")
		k.attempt(l, i+1)
		k.settle(l, state.Retry("1", 0, state.Cause{}))
	}
}

func returnFree(k *kit) {
	const wait = 100 * time.Millisecond
	k.add(lane("a"), "1", "2")
	for range 3 {
		l := k.expect(lane("a"), "1")
		k.attempt(l, 1)
		k.settle(l, state.Return("1", 0))
	}
	l := k.expect(lane("a"), "1")
	start := time.Now()
	k.settle(l, state.Return("1", wait))
	l = k.expect(lane("a"), "1")
	k.notBefore("returned", start, wait)
	k.attempt(l, 1)
}

func retryAside(k *kit) {
	const wait = 300 * time.Millisecond
	k.add(lane("a"), "1", "2", "3", "4")
	l := k.expect(lane("a"), "1")
	start := time.Now()
	k.settle(l, state.RetryAside("1", wait, state.Cause{Code: "slow", Message: "later"}))
	end := start.Add(wait)

	l = k.one(1, long)
	d := k.delayed()
	if !time.Now().Before(end) {
		k.Skip("the machine is too slow to see a short wait")
	}
	if !slices.Equal(idsOf(l), []string{"2"}) {
		k.Fatalf("leased %v, want the next entry to pass", idsOf(l))
	}
	if len(d) != 1 || d[0].ID != "1" || d[0].Cause != (state.Cause{Code: "slow", Message: "later"}) || d[0].Attempt != 1 {
		k.Fatalf("delayed are %+v, want the entry that was put aside", d)
	}
	if off := d[0].Due.Sub(start); off < wait-time.Second || off > wait+patience {
		k.Errorf("due %v after it was put aside, want about %v", off, wait)
	}
	k.ack(l)
	// After the wait it precedes what is left, 3 and 4.
	k.pause(time.Until(end.Add(2 * rounding)))
	k.eventually("the entry is back", func() bool { return k.stats().Delayed == 0 })
	l = k.expect(lane("a"), "1")
	k.notBefore("back", start, wait)
	k.attempt(l, 2)
	k.ack(l)
	k.ack(k.expect(lane("a"), "3"))
	k.ack(k.expect(lane("a"), "4"))
	k.wantStats(state.Stats{})
}

// asideTogether has two entries that wait equally long. In order means that
// they come back in order.
func asideTogether(k *kit) {
	const wait = 80 * time.Millisecond
	k.add(lane("a"), "1", "2", "3")
	l := k.expect(lane("a"), "1", "2")
	k.settle(l, state.RetryAside("1", wait, state.Cause{}), state.RetryAside("2", wait, state.Cause{}))
	k.pause(wait + 2*rounding)
	k.eventually("the entries are back", func() bool { return k.stats().Delayed == 0 })
	k.expect(lane("a"), "1", "2", "3")
}

func asideAlone(k *kit) {
	const wait = 120 * time.Millisecond
	k.add(lane("a"), "1")
	l := k.expect(lane("a"), "1")
	start := time.Now()
	k.settle(l, state.RetryAside("1", wait, state.Cause{}))
	k.put(entry(lane("a"), "1"), state.OutcomeDuplicate)
	// A waiting call wakes up for it.
	l = k.expect(lane("a"), "1")
	k.notBefore("back", start, wait)
	k.attempt(l, 2)
	k.ack(l)
	k.wantStats(state.Stats{})
}

func dueWhileLeased(k *kit) {
	const wait = 80 * time.Millisecond
	k.add(lane("a"), "1", "2", "3")
	k.settle(k.expect(lane("a"), "1"), state.RetryAside("1", wait, state.Cause{}))
	l := k.one(1, long)
	if idsOf(l)[0] == "1" {
		k.Skip("the machine is too slow to lease before a short wait ends")
	}
	k.pause(wait + 2*rounding)
	k.none()
	// The verdict concerns the leased entry, not the one that came to the front.
	k.ack(l)
	l = k.expect(lane("a"), "1")
	k.attempt(l, 2)
	k.ack(l)
	l = k.expect(lane("a"), "3")
	k.attempt(l, 1)
	k.ack(l)
	k.wantStats(state.Stats{})
}

func bury(k *kit) {
	cause := state.Cause{Code: "panic", Message: "boom\nwith lines", Stack: "goroutine 1 [running]:\n\tmain.go:1"}
	e := state.Entry{ID: "1", Lane: lane("a"), Keys: []string{"k"}, Body: []byte("body\x00")}
	k.put(e, state.OutcomeAdded)
	k.add(lane("a"), "2")
	before := time.Now()
	k.settle(k.expect(lane("a"), "1"), state.Bury("1", cause))
	d := k.dead()
	if len(d) != 1 {
		k.Fatalf("%d dead letters, want 1", len(d))
	}
	if got := d[0]; got.ID != "1" || got.Lane != e.Lane || string(got.Body) != "body\x00" || got.Cause != cause || got.Attempt != 1 {
		k.Errorf("dead letter is %+v", got)
	}
	if off := d[0].BuriedAt.Sub(before); off < -time.Minute || off > time.Minute {
		k.Errorf("buried at %v, want about %v", d[0].BuriedAt, before)
	}
	// The lane continues at once, and the keys are still known.
	k.ack(k.expect(lane("a"), "2"))
	k.none()
	k.put(e, state.OutcomeDuplicate)
	k.put(state.Entry{ID: "x", Lane: e.Lane, Keys: []string{"k"}}, state.OutcomeDuplicate)
	k.wantStats(state.Stats{Dead: 1})
}

func requeue(k *kit) {
	k.add(lane("a"), "1", "2")
	lapsed := k.expectFor(30*time.Millisecond, lane("a"), "1")
	l := k.expect(lane("a"), "1")
	k.attempt(l, lapsed.Entries[0].Attempt+1) // which is 2, unless the store was too slow for the first lease
	k.settle(l, state.Bury("1", state.Cause{Code: "x"}))
	for name, try := range map[string]struct {
		lane state.Key
		id   string
	}{
		"unknown id":      {lane("a"), "no"},
		"unknown lane":    {lane("no"), "1"},
		"waiting entry":   {lane("a"), "2"},
		"other workspace": {state.Key{Workspace: "w2", Kind: "thread", ID: "a"}, "1"},
	} {
		k.wants(name, k.s.Requeue(k.ctx(), try.lane, try.id), state.ErrNotFound)
	}
	if err := k.s.Requeue(k.ctx(), lane("a"), "1"); err != nil {
		k.Fatalf("Requeue: %v", err)
	}
	k.wants("Requeue again", k.s.Requeue(k.ctx(), lane("a"), "1"), state.ErrNotFound)
	k.wants("Purge what is queued", k.s.Purge(k.ctx(), lane("a"), "1"), state.ErrNotFound)
	k.wantStats(state.Stats{Lanes: 1, Entries: 2})
	k.add(lane("a"), "3")
	l = k.expect(lane("a"), "2", "1", "3")
	if e := l.Entries[1]; e.Attempt != 1 || string(e.Body) != "body of 1" {
		k.Errorf("requeued entry is %+v, want its body and attempt 1", e)
	}
	k.ack(l)
	k.put(entry(lane("a"), "1"), state.OutcomeDuplicate)

	// Into a lane that is leased.
	k.add(lane("b"), "1", "2", "3")
	k.settle(k.expect(lane("b"), "1"), state.Bury("1", state.Cause{}))
	l = k.expect(lane("b"), "2")
	if err := k.s.Requeue(k.ctx(), lane("b"), "1"); err != nil {
		k.Fatalf("Requeue: %v", err)
	}
	k.none()
	k.ack(l)
	k.expect(lane("b"), "3", "1")
}

func purge(k *kit) {
	k.add(lane("a"), "1")
	k.settle(k.expect(lane("a"), "1"), state.Bury("1", state.Cause{}))
	k.wants("Purge of an unknown id", k.s.Purge(k.ctx(), lane("a"), "2"), state.ErrNotFound)
	k.wants("Purge in an unknown lane", k.s.Purge(k.ctx(), lane("b"), "1"), state.ErrNotFound)
	if err := k.s.Purge(k.ctx(), lane("a"), "1"); err != nil {
		k.Fatalf("Purge: %v", err)
	}
	k.wants("Purge again", k.s.Purge(k.ctx(), lane("a"), "1"), state.ErrNotFound)
	k.wants("Requeue what was purged", k.s.Requeue(k.ctx(), lane("a"), "1"), state.ErrNotFound)
	k.wantStats(state.Stats{})
	k.put(entry(lane("a"), "1"), state.OutcomeDuplicate)
	k.none()
}

func invalidVerdicts(k *kit) {
	k.add(lane("a"), "1", "2", "3")
	l := k.expect(lane("a"), "1", "2")
	for _, c := range []struct {
		name string
		vs   []state.Verdict
	}{
		{"no kind", []state.Verdict{state.Ack("1"), {ID: "2"}}},
		{"unknown kind", []state.Verdict{state.Ack("1"), {ID: "2", Kind: 99}}},
		{"negative wait", []state.Verdict{state.Ack("1"), state.Retry("2", -1, state.Cause{})}},
		{"negative wait aside", []state.Verdict{state.RetryAside("1", -time.Second, state.Cause{})}},
		{"entry that is not leased", []state.Verdict{state.Ack("1"), state.Ack("3")}},
		{"unknown entry", []state.Verdict{state.Ack("1"), state.Ack("4")}},
		{"two for one entry", []state.Verdict{state.Ack("1"), state.Retry("1", 0, state.Cause{})}},
	} {
		k.wants(c.name, k.s.Settle(k.ctx(), l, verdicts(c.vs...)), state.ErrInvalid)
	}
	k.wantStats(state.Stats{Lanes: 1, Entries: 3, Leased: 1})
	k.ack(l)
	k.attempt(k.expect(lane("a"), "3"), 1)
}
