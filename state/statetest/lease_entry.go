package statetest

import (
	"errors"
	"slices"
	"time"

	"github.com/linearbot/linearbot/state"
)

// Leases that come with an entry, in its receipt.

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
	r := k.put(e, state.OutcomeAdded)
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
	if r := k.put(asking(a, "1", long), state.OutcomeDuplicate); r.Lease != nil {
		k.Errorf("a duplicate has a lease: %+v", r.Lease)
	}
	if r := k.put(asking(a, "2", long), state.OutcomeAdded); r.Lease != nil || r.Depth != 2 {
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
		if r := k.put(e, state.OutcomeAdded); r.Lease != nil {
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
	l := k.put(asking(a, "1", short), state.OutcomeAdded).Lease
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
	l = k.put(asking(a, "3", long), state.OutcomeAdded).Lease
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
	if r := k.put(asking(lane("second"), "2", long), state.OutcomeAdded); r.Lease != nil {
		k.Errorf("the lease %+v passes over a lane that waits", r.Lease)
	}
	k.ack(k.expect(lane("first"), "1"))
	k.ack(k.expect(lane("second"), "2"))
}
