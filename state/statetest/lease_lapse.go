package statetest

import (
	"fmt"
	"time"

	"github.com/linearbot/linearbot/state"
)

// A lease over time: how it is extended, lapses, and is refused once it is lost.

func tokensGrow(k *kit) {
	var last uint64
	for i := range 6 {
		id := fmt.Sprint("e", i)
		k.add(lane("a"), id)
		l := k.expect(lane("a"), id)
		if l.Token <= last {
			k.Fatalf("token %d follows %d", l.Token, last)
		}
		last = l.Token
		if i%2 == 0 {
			k.ack(l) // the lane is empty now, and still no token comes back
			continue
		}
		k.settle(l)
		l = k.expect(lane("a"), id)
		if l.Token <= last {
			k.Fatalf("token %d follows %d after an empty settle", l.Token, last)
		}
		last = l.Token
		k.ack(l)
	}
}

func extendKeeps(k *kit) {
	const ttl = 300 * time.Millisecond
	k.add(lane("a"), "1")
	start := time.Now()
	l := k.expectFor(ttl, lane("a"), "1")
	first := l.Expires
	alive := time.Now() // the lease was certainly alive here
	for time.Since(start) < 3*ttl {
		if err := k.s.Extend(k.ctx(), l, ttl); err != nil {
			k.Fatalf("Extend: %v", err)
		}
		if time.Since(alive) > ttl-rounding {
			k.Skip("the machine is too slow to keep a short lease alive")
		}
		alive = time.Now()
		ls, err := k.s.Lease(k.within(20*time.Millisecond), state.LeaseRequest{TTL: long})
		if err == nil {
			if time.Since(alive) > ttl-rounding {
				k.Skip("the machine is too slow to keep a short lease alive")
			}
			k.Fatalf("lane %v was handed out while its lease was extended", ls[0].Lane)
		}
	}
	if !l.Expires.After(first) {
		k.Errorf("Expires is %v after Extend, was %v", l.Expires, first)
	}
	if err := k.s.Extend(k.ctx(), l, long); err != nil {
		k.Fatalf("Extend: %v", err)
	}
	if d := time.Until(l.Expires); d > long || d < long-patience {
		k.Errorf("lease expires in %v after Extend by %v", d, long)
	}
	k.ack(l)
}

func extendShortens(k *kit) {
	k.add(lane("a"), "1")
	l := k.expect(lane("a"), "1")
	start := time.Now()
	if err := k.s.Extend(k.ctx(), l, short); err != nil {
		k.Fatalf("Extend: %v", err)
	}
	again := k.expect(lane("a"), "1")
	k.notBefore("lapsed", start, short)
	k.attempt(again, 2)
}

func lapse(k *kit) {
	k.add(lane("a"), "1", "2", "3")
	start := time.Now()
	l := k.expectFor(short, lane("a"), "1", "2")
	if l.Expires.After(time.Now().Add(short)) {
		k.Errorf("Expires is %v from now, later than the ttl", time.Until(l.Expires))
	}
	again := k.expect(lane("a"), "1", "2")
	k.notBefore("lapsed", start, short)
	want := l.Entries[0].Attempt + 1 // which is 2, unless the store was too slow for the first lease
	if again.Entries[0].Attempt != want || again.Entries[1].Attempt != want {
		k.Errorf("attempts are %d and %d, want %d", again.Entries[0].Attempt, again.Entries[1].Attempt, want)
	}
	if again.Behind != 1 {
		k.Errorf("Behind is %d, want 1", again.Behind)
	}
	k.ack(again)
	k.attempt(k.expect(lane("a"), "3"), 1)
}

func poison(k *kit) {
	k.add(lane("a"), "bad", "next")
	attempts := 0
	for range 4 {
		l := k.expectFor(30*time.Millisecond, lane("a"), "bad")
		if got := l.Entries[0].Attempt; got <= attempts { // more than one if the store was too slow for the first lease
			k.Fatalf("attempt %d follows attempt %d", got, attempts)
		}
		attempts = l.Entries[0].Attempt
	}
	l := k.expect(lane("a"), "bad")
	k.attempt(l, attempts+1)
	k.settle(l, state.Bury("bad", state.Cause{Code: "poison"}))
	k.attempt(k.expect(lane("a"), "next"), 1)
	if d := k.dead(); len(d) != 1 || d[0].Attempt != attempts+1 {
		k.Errorf("dead letters are %+v, want one with %d attempts", d, attempts+1)
	}
}

func lateAfterTakeover(k *kit) {
	k.add(lane("a"), "1", "2")
	late := k.expectFor(short, lane("a"), "1")
	held := k.expect(lane("a"), "1")
	if held.Token <= late.Token {
		k.Errorf("token %d follows %d", held.Token, late.Token)
	}
	before := k.stats()
	expires := late.Expires
	for _, v := range []state.Verdict{
		state.Ack("1"),
		state.Retry("1", time.Hour, state.Cause{Code: "late"}),
		state.RetryAside("1", time.Hour, state.Cause{Code: "late"}),
		state.Return("1", time.Hour),
		state.Bury("1", state.Cause{Code: "late"}),
	} {
		k.wants("late Settle", k.s.Settle(k.ctx(), late, verdicts(v)), state.ErrLeaseLost)
	}
	k.wants("late empty Settle", k.s.Settle(k.ctx(), late, state.Settlement{}), state.ErrLeaseLost)
	k.wants("late Extend", k.s.Extend(k.ctx(), late, 2*long), state.ErrLeaseLost)
	if late.Expires != expires {
		k.Errorf("a refused Extend changed Expires")
	}
	k.wantStats(before)
	k.none()
	k.ack(held)
	// The lane is free now, and still the late call is refused.
	k.wants("later Settle", k.s.Settle(k.ctx(), late, verdicts(state.Ack("1"))), state.ErrLeaseLost)
	k.wants("later Extend", k.s.Extend(k.ctx(), late, long), state.ErrLeaseLost)
	next := k.expect(lane("a"), "2")
	k.attempt(next, 1)
	k.wants("even later Settle", k.s.Settle(k.ctx(), late, verdicts(state.Ack("1"))), state.ErrLeaseLost)
	k.ack(next)
	k.wantStats(state.Stats{})
}

// waitLapsed returns once the lease has lapsed for every caller.
func (k *kit) waitLapsed(l *state.Lease) {
	k.Helper()
	k.pause(time.Until(l.Expires))
	k.eventually("the lease lapses", func() bool { return k.stats().Leased == 0 })
}

func lateWithoutTakeover(k *kit) {
	k.add(lane("a"), "1", "2")
	l := k.expectFor(short, lane("a"), "1")
	k.waitLapsed(l)
	if err := k.s.Settle(k.ctx(), l, verdicts(state.Ack("1"))); err == nil {
		k.attempt(k.expect(lane("a"), "2"), 1)
		k.wants("second Settle", k.s.Settle(k.ctx(), l, verdicts(state.Ack("1"))), state.ErrLeaseLost)
	} else {
		k.wants("late Settle", err, state.ErrLeaseLost)
		k.attempt(k.expect(lane("a"), "1"), 2)
	}
}

func lateExtend(k *kit) {
	k.add(lane("a"), "1", "2")
	l := k.expectFor(short, lane("a"), "1")
	k.waitLapsed(l)
	if err := k.s.Extend(k.ctx(), l, long); err == nil {
		k.none()
		k.ack(l)
		k.attempt(k.expect(lane("a"), "2"), 1)
	} else {
		k.wants("late Extend", err, state.ErrLeaseLost)
		k.attempt(k.expect(lane("a"), "1"), 2)
	}
}
