package statetest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/linearbot/linearbot/state"
)

func leaseChecks() []check {
	return []check{
		{"one live lease per lane", oneLease},
		{"enqueue while leased", enqueueWhileLeased},
		{"several entries and those behind", severalEntries},
		{"bytes of a lease", leaseBytes},
		{"several lanes", severalLanes},
		{"longest waiting lane first", longestWaitingFirst},
		{"tokens grow within a lane", tokensGrow},
		{"extend keeps the lane", extendKeeps},
		{"extend can shorten", extendShortens},
		{"lapse hands the lane out again", lapse},
		{"poison counts attempts", poison},
		{"late calls after a takeover", lateAfterTakeover},
		{"late settle without a takeover", lateWithoutTakeover},
		{"late extend without a takeover", lateExtend},
		{"wakes for an entry", wakesForEntry},
		{"wakes for a settle", wakesForSettle},
		{"wakes for a requeue", wakesForRequeue},
		{"wakes for what was set later but is due earlier", wakesForEarlier},
		{"lease with the entry", leaseWithEntry},
		{"lease with the entry lapses", leaseWithEntryLapses},
		{"lease with the entry passes over nothing", leaseWithEntryWaits},
		{"ends with its context", leaseContext},
		{"invalid requests", invalidLeases},
	}
}

func oneLease(k *kit) {
	k.add(lane("a"), "1", "2")
	l := k.expect(lane("a"), "1")
	k.none()
	k.ack(l)
	l = k.expect(lane("a"), "2")
	k.none()
	k.ack(l)
	k.none()
}

func enqueueWhileLeased(k *kit) {
	k.add(lane("a"), "1")
	l := k.expect(lane("a"), "1")
	k.add(lane("a"), "2")
	k.none()
	k.ack(l)
	k.ack(k.expect(lane("a"), "2"))
	k.none()
}

func severalEntries(k *kit) {
	k.add(lane("a"), numbered("e", 5)...)
	l := k.expect(lane("a"), "e0", "e1", "e2")
	if l.Behind != 2 {
		k.Errorf("Behind is %d, want 2", l.Behind)
	}
	k.add(lane("a"), "e5")
	k.ack(l)
	l = k.expect(lane("a"), "e3", "e4", "e5")
	if l.Behind != 0 {
		k.Errorf("Behind is %d, want 0", l.Behind)
	}
	k.ack(l)
	k.add(lane("a"), "last")
	if l = k.one(10, long); !slices.Equal(idsOf(l), []string{"last"}) {
		k.Errorf("leased %v, want the only entry", idsOf(l))
	}
}

func leaseBytes(k *kit) {
	put := func(l string, sizes ...int) {
		k.Helper()
		for i, n := range sizes {
			e := entry(lane(l), strconv.Itoa(i))
			e.Body = make([]byte, n)
			k.put(e, state.Added)
		}
	}
	take := func(l string, bytes, entries, want int) {
		k.Helper()
		got := k.lease(state.LeaseRequest{Entries: entries, Bytes: bytes})[0]
		if got.Lane != lane(l) || len(got.Entries) != want {
			k.Fatalf("a lease of %d bytes has %d entries of %v, want %d", bytes, len(got.Entries), got.Lane, want)
		}
		for i, e := range got.Entries {
			if e.ID != strconv.Itoa(i) {
				k.Errorf("entry %d of the lease is %q", i, e.ID)
			}
		}
		if got.Behind == 0 {
			k.Error("the lease leaves nothing behind")
		}
		k.settle(got)
	}
	put("a", 1000, 1000, 1000, 5000, 400, 400)
	take("a", 1, 10, 1)
	take("a", 1500, 10, 1)
	take("a", 2500, 10, 2)
	take("a", 5000, 10, 3)
	take("a", 8500, 10, 5)
	take("a", 100_000, 2, 2)
	take("a", 0, 5, 5)
	k.drain()
	put("b", 3<<20, 3<<20, 3<<20, 1)
	take("b", 0, 10, 2)
	take("b", 1, 10, 1)
	k.drain()
	many := make([]int, 300)
	for i := range many {
		many[i] = 100
	}
	put("c", many...)
	take("c", 0, 250, 250)
}

func severalLanes(k *kit) {
	for _, id := range numbered("l", 10) {
		k.add(lane(id), "1", "2")
	}
	seen := map[state.Key]bool{}
	for len(seen) < 10 {
		for _, l := range k.lease(state.LeaseRequest{Lanes: 4}) {
			if seen[l.Lane] {
				k.Fatalf("lane %v is leased twice", l.Lane)
			}
			seen[l.Lane] = true
			if !slices.Equal(idsOf(l), []string{"1"}) || l.Behind != 1 {
				k.Errorf("lane %v gave %v with %d behind", l.Lane, idsOf(l), l.Behind)
			}
		}
	}
	k.none()
	if st := k.stats(); st.Leased != 10 {
		k.Errorf("%d lanes are leased, want 10", st.Leased)
	}
}

func longestWaitingFirst(k *kit) {
	const gap = 4 * rounding // a backend may compare milliseconds
	for _, id := range []string{"a", "b", "c"} {
		k.add(lane(id), "1", "2", "3")
		k.pause(gap)
	}
	turn := func(id, e string) {
		k.Helper()
		k.ack(k.expect(lane(id), e))
		k.pause(gap)
	}
	// What is settled goes behind the others.
	turn("a", "1")
	turn("b", "1")
	turn("c", "1")
	turn("a", "2")
	// A new lane goes behind all.
	k.add(lane("d"), "1")
	k.pause(gap)
	turn("b", "2")
	turn("c", "2")
	// More entries do not change the place of a lane.
	k.add(lane("d"), "2")
	turn("a", "3")
	turn("d", "1")
	ls := k.lease(state.LeaseRequest{Lanes: 3})
	if len(ls) != 3 || ls[0].Lane != lane("b") || ls[1].Lane != lane("c") || ls[2].Lane != lane("d") {
		k.Errorf("leased %v, want the lanes b, c and d in that order", lanesOf(ls))
	}
}

func lanesOf(ls []*state.Lease) []string {
	out := make([]string, 0, len(ls))
	for _, l := range ls {
		out = append(out, l.Lane.String())
	}
	return out
}

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

// asking returns an entry that asks for its lane to be leased.
func asking(l state.Key, id string, ttl time.Duration) state.Entry {
	e := entry(l, id)
	e.Lease = &state.LeaseRequest{Holder: "ada", TTL: ttl}
	return e
}

// leaseWithEntry: a lease that comes with a receipt is like any other. Stores may leave
// it to the next Lease.
func leaseWithEntry(k *kit) {
	a := lane("a")
	k.write(a, noteOf("note", "value"))
	e := asking(a, "1", long)
	e.Head, e.Keys = []byte("head of "), []string{"k"}
	r := k.put(e, state.Added)
	l := r.Lease
	if l == nil {
		if !k.h.NoReceiptLease {
			k.Fatalf("the receipt %+v has no lease", r)
		}
		l = k.one(1, long)
	}
	q := &l.Entries[0]
	if len(l.Entries) != 1 || l.Lane != a || l.Holder != "ada" || l.Token == 0 || l.Behind != 0 || l.Waited > patience {
		k.Errorf("lease is %+v", l)
	}
	if q.ID != "1" || q.Lane != a || !slices.Equal(q.Keys, e.Keys) || string(q.Body) != "head of body of 1" || q.Head != nil ||
		q.Lease != nil || q.Seq != r.Seq || q.Attempt != 1 || l.Notes.Now.Sub(q.EnqueuedAt) < 0 || l.Notes.Now.Sub(q.EnqueuedAt) > patience {
		k.Errorf("entry is %+v", q)
	}
	if string(l.Notes.Values["note"]) != "value" || l.Notes.Subscribed {
		k.Errorf("notes are %+v", l.Notes)
	}
	if d := time.Until(l.Expires); d < long-patience || d > long {
		k.Errorf("lease expires in %v, want about %v", d, long)
	}
	k.none()
	if r := k.put(asking(a, "1", long), state.Duplicate); r.Lease != nil {
		k.Errorf("a duplicate has a lease: %+v", r.Lease)
	}
	if r := k.put(asking(a, "2", long), state.Added); r.Lease != nil || r.Depth != 2 {
		k.Errorf("an entry of a leased lane has depth %d and the lease %+v", r.Depth, r.Lease)
	}
	k.none()
	if err := k.s.Extend(k.ctx(), l, long); err != nil {
		k.Errorf("Extend: %v", err)
	}
	set := state.Settlement{Verdicts: acks(l), Notes: []state.NoteWrite{noteOf("note", "new")}}
	if err := k.s.Settle(k.ctx(), l, set); err != nil {
		k.Fatalf("Settle: %v", err)
	}
	k.wants("second Settle", k.s.Settle(k.ctx(), l, verdicts(state.Ack("1"))), state.ErrLeaseLost)
	next := k.expect(a, "2")
	if next.Token <= l.Token || string(next.Notes.Values["note"]) != "new" {
		k.Errorf("the next lease is %+v, want a token above %d", next, l.Token)
	}
	k.ack(next)
	held := asking(lane("held"), "3", long)
	held.Hold = time.Hour
	late := asking(lane("late"), "4", long)
	late.Delay = time.Hour
	for _, e := range []state.Entry{held, late} {
		if r := k.put(e, state.Added); r.Lease != nil {
			k.Errorf("an entry that waits has a lease: %+v", r.Lease)
		}
	}
	k.none()
	bad := asking(a, "5", state.MinLease-1)
	if _, err := k.s.Enqueue(k.ctx(), bad); !errors.Is(err, state.ErrInvalid) {
		k.Errorf("a lease of %v: %v, want ErrInvalid", bad.Lease.TTL, err)
	}
}

func leaseWithEntryLapses(k *kit) {
	a := lane("a")
	l := k.put(asking(a, "1", short), state.Added).Lease
	if l == nil {
		l = k.one(1, short)
	}
	k.add(a, "2")
	k.waitLapsed(l)
	again := k.expect(a, "1", "2")
	if q := again.Entries[0]; q.Attempt != 2 {
		k.Errorf("the attempt is %d, want 2", q.Attempt)
	}
	k.wants("Settle of the lapsed lease", k.s.Settle(k.ctx(), l, verdicts(state.Ack("1"))), state.ErrLeaseLost)
	k.ack(again)
	// One that is returned was not an attempt.
	l = k.put(asking(a, "3", long), state.Added).Lease
	if l == nil {
		l = k.one(1, long)
	}
	k.settle(l, state.Return("3", 0))
	again = k.expect(a, "3")
	k.attempt(again, 1)
	k.ack(again)
	k.wantStats(state.Stats{})
}

// leaseWithEntryWaits: a lane that is ready is leased before one that becomes so.
func leaseWithEntryWaits(k *kit) {
	k.add(lane("first"), "1")
	if r := k.put(asking(lane("second"), "2", long), state.Added); r.Lease != nil {
		k.Errorf("the lease %+v passes over a lane that waits", r.Lease)
	}
	k.ack(k.expect(lane("first"), "1"))
	k.ack(k.expect(lane("second"), "2"))
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

func invalidLeases(k *kit) {
	k.add(lane("a"), "1")
	for _, c := range []struct {
		name string
		req  state.LeaseRequest
	}{
		{"no ttl", state.LeaseRequest{}},
		{"ttl under 10 ms", state.LeaseRequest{TTL: 10*time.Millisecond - 1}},
		{"negative ttl", state.LeaseRequest{TTL: -time.Second}},
		{"negative lanes", state.LeaseRequest{TTL: long, Lanes: -1}},
		{"negative entries", state.LeaseRequest{TTL: long, Entries: -1}},
		{"negative bytes", state.LeaseRequest{TTL: long, Bytes: -1}},
	} {
		_, err := k.s.Lease(k.ctx(), c.req)
		k.wants(c.name, err, state.ErrInvalid)
	}
	l := k.expect(lane("a"), "1")
	k.attempt(l, 1)
	k.wants("Extend by a negative ttl", k.s.Extend(k.ctx(), l, -time.Second), state.ErrInvalid)
	k.ack(l)
}
