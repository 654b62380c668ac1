package statetest

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/linearbot/linearbot/state"
)

const (
	// patience bounds whatever must happen. It is generous: the suite finds
	// what never happens, not what is slow.
	patience = 20 * time.Second
	// long is the ttl of leases that must not lapse within a case.
	long = time.Minute
	// short is the ttl of leases that are meant to lapse.
	short = 80 * time.Millisecond
	// glance is how long the suite looks to see that nothing happens.
	glance = 60 * time.Millisecond
	// rounding is what a backend may lose by keeping milliseconds.
	rounding = 5 * time.Millisecond
)

// kit is a store under test together with the steps that cases are made of.
// The steps end the test when the store fails them.
type kit struct {
	*testing.T

	h  Harness
	s  state.Store
	wg sync.WaitGroup // of what runs aside
}

func open(t *testing.T, h Harness) *kit {
	t.Helper()
	return with(t, h, h.Open(t))
}

func with(t *testing.T, h Harness, s state.Store) *kit {
	t.Helper()
	if s == nil {
		t.Fatal("the harness returned no store")
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return &kit{T: t, h: h, s: s}
}

// second returns a kit for another client on the same data.
func (k *kit) second() *kit {
	k.Helper()
	if k.h.Second == nil {
		k.Skip("the store is used by one process only")
	}
	return with(k.T, k.h, k.h.Second(k.T, k.s))
}

// reopen crashes the store and opens what is left.
func (k *kit) reopen() *kit {
	k.Helper()
	if k.h.Reopen == nil {
		k.Skip("the store keeps nothing")
	}
	return with(k.T, k.h, k.h.Reopen(k.T, k.s))
}

// ctx returns a context that lives as long as the suite is patient.
func (k *kit) ctx() context.Context {
	k.Helper()
	return k.within(patience)
}

func (k *kit) within(d time.Duration) context.Context {
	k.Helper()
	ctx, cancel := context.WithTimeout(k.Context(), d)
	k.Cleanup(cancel)
	return ctx
}

// lane names a lane of the first workspace.
func lane(id string) state.Key {
	return state.Key{Workspace: "w1", Kind: "thread", ID: id}
}

// entry returns an entry with a body of its own.
func entry(l state.Key, id string) state.Entry {
	return state.Entry{ID: id, Lane: l, Body: []byte("body of " + id)}
}

// put enqueues e and wants the outcome.
func (k *kit) put(e state.Entry, want state.Outcome) state.Receipt {
	k.Helper()
	r, err := k.s.Enqueue(k.ctx(), e)
	if err != nil {
		k.Fatalf("Enqueue(%q): %v", e.ID, err)
	}
	if r.Outcome != want {
		k.Fatalf("Enqueue(%q) = %v, want %v", e.ID, r.Outcome, want)
	}
	return r
}

// add enqueues plain entries.
func (k *kit) add(l state.Key, ids ...string) {
	k.Helper()
	for _, id := range ids {
		k.put(entry(l, id), state.OutcomeAdded)
	}
}

// lease waits for lanes.
func (k *kit) lease(req state.LeaseRequest) []*state.Lease {
	k.Helper()
	if req.TTL == 0 {
		req.TTL = long
	}
	if req.Holder == "" {
		req.Holder = "ada"
	}
	ls, err := k.s.Lease(k.ctx(), req)
	if err != nil {
		k.Fatalf("Lease: %v", err)
	}
	if len(ls) == 0 || len(ls) > max(req.Lanes, 1) {
		k.Fatalf("Lease gave %d leases, want 1 to %d", len(ls), max(req.Lanes, 1))
	}
	for _, l := range ls {
		if len(l.Entries) == 0 || len(l.Entries) > max(req.Entries, 1) {
			k.Fatalf("Lease gave %d entries of lane %v, want 1 to %d", len(l.Entries), l.Lane, max(req.Entries, 1))
		}
	}
	return ls
}

// one leases one lane with up to n entries for ttl.
func (k *kit) one(n int, ttl time.Duration) *state.Lease {
	k.Helper()
	return k.lease(state.LeaseRequest{Entries: n, TTL: ttl})[0]
}

// expect leases up to as many entries as are named and wants exactly them.
func (k *kit) expect(l state.Key, ids ...string) *state.Lease {
	k.Helper()
	return k.expectFor(long, l, ids...)
}

func (k *kit) expectFor(ttl time.Duration, l state.Key, ids ...string) *state.Lease {
	k.Helper()
	got := k.one(len(ids), ttl)
	if got.Lane != l || !slices.Equal(idsOf(got), ids) {
		k.Fatalf("leased %v of lane %v, want %v of %v", idsOf(got), got.Lane, ids, l)
	}
	return got
}

// none wants nothing to be ready.
func (k *kit) none() {
	k.Helper()
	ls, err := k.s.Lease(k.within(glance), state.LeaseRequest{TTL: long, Holder: "glance"})
	switch {
	case err == nil:
		k.Fatalf("leased %v of lane %v, want nothing to be ready", idsOf(ls[0]), ls[0].Lane)
	case !errors.Is(err, context.DeadlineExceeded):
		k.Fatalf("Lease without work: %v, want the error of the context", err)
	}
}

// settle wants the verdicts to be applied.
func (k *kit) settle(l *state.Lease, vs ...state.Verdict) {
	k.Helper()
	if err := k.s.Settle(k.ctx(), l, verdicts(vs...)); err != nil {
		k.Fatalf("Settle(%v): %v", idsOf(l), err)
	}
}

// verdicts is a settlement without notes.
func verdicts(vs ...state.Verdict) state.Settlement { return state.Settlement{Verdicts: vs} }

// ack settles all entries of the lease as done.
func (k *kit) ack(l *state.Lease) {
	k.Helper()
	k.settle(l, acks(l)...)
}

// drain leases and acks until nothing is ready and returns the ids by lane.
func (k *kit) drain() map[state.Key][]string {
	k.Helper()
	got := map[state.Key][]string{}
	end := time.Now().Add(2 * patience)
	for {
		st := k.stats()
		if st.Entries == 0 {
			return got
		}
		if time.Now().After(end) {
			k.Fatalf("the store still holds %+v after %d lanes were worked on for %v", st, len(got), 2*patience)
		}
		for _, l := range k.lease(state.LeaseRequest{Lanes: 16, Entries: 16}) {
			got[l.Lane] = append(got[l.Lane], idsOf(l)...)
			k.ack(l)
		}
	}
}

// wants reports an error that is not the wanted one.
func (k *kit) wants(what string, err, want error) {
	k.Helper()
	if !errors.Is(err, want) {
		k.Errorf("%s: %v, want %v", what, err, want)
	}
}

// eventually polls until ok.
func (k *kit) eventually(what string, ok func() bool) {
	k.Helper()
	end := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(end) {
			k.Fatalf("%s: did not happen within %v", what, patience)
		}
		k.pause(5 * time.Millisecond)
	}
}

// pause lets d pass.
func (k *kit) pause(d time.Duration) {
	k.Helper()
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-k.Context().Done():
	case <-t.C:
	}
}

// notBefore wants d to have passed since start.
func (k *kit) notBefore(what string, start time.Time, d time.Duration) {
	k.Helper()
	if e := time.Since(start); e < d-rounding {
		k.Errorf("%s after %v, want not before %v", what, e, d)
	}
}

// attempt wants the attempt of the only entry.
func (k *kit) attempt(l *state.Lease, want int) {
	k.Helper()
	if got := l.Entries[0].Attempt; got != want {
		k.Fatalf("attempt of %q is %d, want %d", l.Entries[0].ID, got, want)
	}
}

func (k *kit) stats() state.Stats {
	k.Helper()
	st, err := k.s.Stats(k.ctx())
	if err != nil {
		k.Fatalf("Stats: %v", err)
	}
	return st
}

func (k *kit) wantStats(want state.Stats) {
	k.Helper()
	if got := k.stats(); got != want {
		k.Fatalf("Stats = %+v, want %+v", got, want)
	}
}

func (k *kit) dead() []state.DeadEntry {
	k.Helper()
	var out []state.DeadEntry
	for d, err := range k.s.Dead(k.ctx()) {
		if err != nil {
			k.Fatalf("Dead: %v", err)
		}
		out = append(out, d)
	}
	return out
}

func (k *kit) delayed() []state.DelayedEntry {
	k.Helper()
	var out []state.DelayedEntry
	for d, err := range k.s.Delayed(k.ctx()) {
		if err != nil {
			k.Fatalf("Delayed: %v", err)
		}
		out = append(out, d)
	}
	return out
}

func (k *kit) lanes() map[state.Key]state.LaneInfo {
	k.Helper()
	out := map[state.Key]state.LaneInfo{}
	for l, err := range k.s.Lanes(k.ctx()) {
		if err != nil {
			k.Fatalf("Lanes: %v", err)
		}
		out[l.Lane] = l
	}
	return out
}

func idsOf(l *state.Lease) []string {
	ids := make([]string, 0, len(l.Entries))
	for _, e := range l.Entries {
		ids = append(ids, e.ID)
	}
	return ids
}

func acks(l *state.Lease) []state.Verdict {
	vs := make([]state.Verdict, 0, len(l.Entries))
	for _, e := range l.Entries {
		vs = append(vs, state.Ack(e.ID))
	}
	return vs
}

// numbered returns n names with a prefix.
func numbered(prefix string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = prefix + strconv.Itoa(i)
	}
	return out
}
