package statetest

import (
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
			k.put(e, state.OutcomeAdded)
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
	k.wants("Extend by a short ttl", k.s.Extend(k.ctx(), l, state.MinLease-1), state.ErrInvalid)
	k.wants("Extend by a negative ttl", k.s.Extend(k.ctx(), l, -time.Second), state.ErrInvalid)
	k.ack(l)
}
