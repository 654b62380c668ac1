package statetest

import (
	"time"

	"github.com/linearbot/linearbot/state"
)

func timeChecks() []check {
	return []check{
		{"delay lets others pass", delay},
		{"delay in an empty lane", delayAlone},
		{"hold collects a burst", holdIdle},
		{"hold of an idle lane only", holdIdleOnly},
		{"hold restarts", holdReset},
		{"hold restarts in a ready lane", holdResetReady},
		{"hold does not bind other lanes", holdOthers},
		{"lapse wakes a waiting call", lapseWakes},
	}
}

func delay(k *kit) {
	const wait = 300 * time.Millisecond
	k.add(lane("a"), "1")
	e := entry(lane("a"), "later")
	e.Delay = wait
	start := time.Now()
	k.put(e, state.OutcomeAdded)
	k.add(lane("a"), "2", "3")
	end := start.Add(wait)
	k.ack(k.expect(lane("a"), "1"))
	l := k.one(1, long)
	d := k.delayed()
	if !time.Now().Before(end) {
		k.Skip("the machine is too slow to see a short delay")
	}
	if l.Entries[0].ID != "2" {
		k.Fatalf("leased %v, want the entry behind the delayed one", idsOf(l))
	}
	if len(d) != 1 || d[0].ID != "later" || d[0].Attempt != 0 {
		k.Fatalf("delayed are %+v, want one", d)
	}
	k.ack(l)
	k.pause(time.Until(end.Add(2 * rounding)))
	k.eventually("the entry is due", func() bool { return k.stats().Delayed == 0 })
	l = k.expect(lane("a"), "later")
	k.attempt(l, 1)
	k.ack(l)
	k.ack(k.expect(lane("a"), "3"))
}

func delayAlone(k *kit) {
	const wait = 120 * time.Millisecond
	e := entry(lane("a"), "1")
	e.Delay = wait
	start := time.Now()
	if r := k.put(e, state.OutcomeAdded); r.Depth != 0 {
		k.Errorf("depth is %d, want 0: the entry is out of its lane", r.Depth)
	}
	k.put(e, state.OutcomeDuplicate)
	l := k.expect(lane("a"), "1") // waits and wakes
	k.notBefore("leased", start, wait)
	k.ack(l)
}

func holdIdle(k *kit) {
	const hold = 200 * time.Millisecond
	e := entry(lane("a"), "0")
	e.Hold = hold
	start := time.Now()
	k.put(e, state.OutcomeAdded)
	// Later entries do not move the end of the hold, however long theirs is.
	for _, id := range []string{"1", "2"} {
		e := entry(lane("a"), id)
		e.Hold = time.Hour
		k.put(e, state.OutcomeAdded)
	}
	k.add(lane("a"), "3")
	l := k.expect(lane("a"), "0", "1", "2", "3")
	k.notBefore("leased", start, hold)
	k.ack(l)
	// The hold has ended and does not return.
	k.add(lane("a"), "4")
	k.ack(k.expect(lane("a"), "4"))
}

func holdIdleOnly(k *kit) {
	held := func(id string) state.Entry {
		e := entry(lane("a"), id)
		e.Hold = time.Hour
		return e
	}
	k.add(lane("a"), "1")
	k.put(held("2"), state.OutcomeAdded) // not empty
	l := k.expect(lane("a"), "1", "2")
	k.put(held("3"), state.OutcomeAdded) // leased
	k.ack(l)
	k.ack(k.expect(lane("a"), "3"))
	k.put(held("4"), state.OutcomeAdded) // idle
	k.none()
}

func holdReset(k *kit) {
	const hold = 200 * time.Millisecond
	var last time.Time
	for _, id := range []string{"0", "1", "2", "3"} {
		e := entry(lane("a"), id)
		e.Hold, e.HoldMode = hold, state.HoldReset
		last = time.Now()
		k.put(e, state.OutcomeAdded)
		k.pause(40 * time.Millisecond)
	}
	l := k.one(4, long)
	k.notBefore("leased", last, hold)
	// While the lane is leased the hold restarts too.
	e := entry(lane("a"), "4")
	e.Hold, e.HoldMode = hold, state.HoldReset
	last = time.Now()
	k.put(e, state.OutcomeAdded)
	k.ack(l)
	l = k.one(1, long)
	k.notBefore("leased again", last, hold)
	k.ack(l)
}

func holdResetReady(k *kit) {
	const hold = 150 * time.Millisecond
	k.add(lane("a"), "1")
	e := entry(lane("a"), "2")
	e.Hold, e.HoldMode = hold, state.HoldReset
	start := time.Now()
	k.put(e, state.OutcomeAdded)
	k.expect(lane("a"), "1", "2")
	k.notBefore("leased", start, hold)
}

func holdOthers(k *kit) {
	e := entry(lane("a"), "1")
	e.Hold = time.Hour
	k.put(e, state.OutcomeAdded)
	k.add(lane("b"), "1")
	k.ack(k.expect(lane("b"), "1"))
	k.none()
}

func lapseWakes(k *kit) {
	k.add(lane("a"), "1")
	start := time.Now()
	k.expectFor(2*glance, lane("a"), "1")
	k.attempt(k.expect(lane("a"), "1"), 2)
	k.notBefore("lapsed", start, 2*glance)
}
