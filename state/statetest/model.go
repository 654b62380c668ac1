package statetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/linearbot/linearbot/state"
)

// RunModel compares the queue of a store with a model of it, step by step, over random
// sequences of calls. Nothing in it depends on time. [Run] includes it; by itself it
// runs for as long as the flags of pgregory.net/rapid say (-rapid.checks). It needs
// Harness.Open only.
func RunModel(t *testing.T, h Harness) {
	t.Helper()
	walk(t, h, func(ctx func() context.Context, s state.Store) map[string]func(*rapid.T) {
		m := &machine{ctx: ctx, s: s, lanes: map[state.Key]*modelLane{}}
		return map[string]func(*rapid.T){
			"":              m.check,
			"enqueue":       m.enqueue,
			"enqueue more":  m.enqueue,
			"lease":         m.lease,
			"lease nothing": m.leaseNothing,
			"settle":        m.settle,
			"settle lost":   m.settleLost,
			"requeue":       m.requeue,
			"purge":         m.purge,
		}
	})
}

// walk runs random sequences of what a model can do, each on a store of its own.
func walk(t *testing.T, h Harness, model func(ctx func() context.Context, s state.Store) map[string]func(*rapid.T)) {
	t.Helper()
	rapid.Check(t, func(rt *rapid.T) {
		s := h.Open(t)
		defer func() {
			if err := s.Close(); err != nil {
				rt.Errorf("Close: %v", err)
			}
		}()
		ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
		defer cancel()
		rt.Repeat(model(func() context.Context { return ctx }, s))
	})
}

// machine holds a store and what it should hold.
type machine struct {
	ctx   func() context.Context
	s     state.Store
	lanes map[state.Key]*modelLane
	lost  []*state.Lease
}

// modelLane is one lane of the model.
type modelLane struct {
	entries []modelEntry
	dead    []modelEntry
	keys    map[string]bool
	lease   *state.Lease
	token   uint64
}

type modelEntry struct {
	id, body string
	spent    int // attempts
}

func (m *machine) lane(k state.Key) *modelLane {
	l := m.lanes[k]
	if l == nil {
		l = &modelLane{keys: map[string]bool{}}
		m.lanes[k] = l
	}
	return l
}

func (m *machine) keys(want func(*modelLane) bool) []state.Key {
	var out []state.Key
	for k, l := range m.lanes {
		if want(l) {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, func(a, b state.Key) int { return strings.Compare(a.String(), b.String()) })
	return out
}

func (m *machine) ready() []state.Key {
	return m.keys(func(l *modelLane) bool { return l.lease == nil && len(l.entries) > 0 })
}

func (m *machine) leased() []state.Key {
	return m.keys(func(l *modelLane) bool { return l.lease != nil })
}

func (m *machine) enqueue(t *rapid.T) {
	key := state.Key{
		Workspace: rapid.SampledFrom([]string{"w1", "w2"}).Draw(t, "workspace"),
		Kind:      "thread",
		ID:        rapid.SampledFrom([]string{"a", "b", "{c}"}).Draw(t, "lane"),
	}
	e := state.Entry{
		ID:     fmt.Sprint("id", rapid.IntRange(0, 40).Draw(t, "id")),
		Lane:   key,
		Body:   rapid.SliceOfN(rapid.Byte(), 0, 8).Draw(t, "body"),
		IfIdle: rapid.IntRange(0, 4).Draw(t, "if idle") == 0,
	}
	for range rapid.IntRange(0, 2).Draw(t, "keys") {
		e.Keys = append(e.Keys, fmt.Sprint("key", rapid.IntRange(0, 40).Draw(t, "key")))
	}
	got, err := m.s.Enqueue(m.ctx(), e)
	if err != nil {
		t.Fatalf("Enqueue: %v", err)
	}

	l := m.lane(key)
	all := append([]string{e.ID}, e.Keys...)
	want := state.OutcomeAdded
	switch {
	case slices.ContainsFunc(all, func(k string) bool { return l.keys[k] }):
		want = state.OutcomeDuplicate
	case e.IfIdle && len(l.entries) > 0:
		want = state.OutcomeBusy
	default:
		l.entries = append(l.entries, modelEntry{id: e.ID, body: string(e.Body)})
	}
	if got.Outcome != want || got.Depth != len(l.entries) {
		t.Fatalf("Enqueue = %v at depth %d, want %v at %d", got.Outcome, got.Depth, want, len(l.entries))
	}
	if want != state.OutcomeDuplicate {
		for _, k := range all {
			l.keys[k] = true
		}
	}
}

func (m *machine) lease(t *rapid.T) {
	ready := m.ready()
	if len(ready) == 0 {
		t.Skip("nothing is ready")
	}
	req := state.LeaseRequest{
		TTL:     10 * time.Minute,
		Holder:  "model",
		Lanes:   rapid.IntRange(0, 3).Draw(t, "lanes"),
		Entries: rapid.IntRange(0, 4).Draw(t, "entries"),
	}
	ls, err := m.s.Lease(m.ctx(), req)
	if err != nil {
		t.Fatalf("Lease: %v, while %v are ready", err, ready)
	}
	if len(ls) == 0 || len(ls) > max(req.Lanes, 1) {
		t.Fatalf("Lease gave %d leases, want 1 to %d", len(ls), max(req.Lanes, 1))
	}
	for _, got := range ls {
		l := m.lanes[got.Lane]
		if l == nil || l.lease != nil || len(l.entries) == 0 {
			t.Fatalf("lane %v was leased; ready were %v", got.Lane, ready)
		}
		if got.Token <= l.token {
			t.Fatalf("lane %v has token %d after %d", got.Lane, got.Token, l.token)
		}
		n := min(max(req.Entries, 1), len(l.entries))
		for i := range n {
			l.entries[i].spent++
		}
		var entries []modelEntry
		for _, e := range got.Entries {
			entries = append(entries, modelEntry{id: e.ID, body: string(e.Body), spent: e.Attempt})
		}
		if !slices.Equal(entries, l.entries[:n]) || got.Behind != len(l.entries)-n {
			t.Fatalf("lane %v gave %v with %d behind, want %v with %d", got.Lane, entries, got.Behind, l.entries[:n], len(l.entries)-n)
		}
		l.lease, l.token = got, got.Token
	}
}

func (m *machine) leaseNothing(t *rapid.T) {
	if len(m.ready()) > 0 {
		t.Skip("something is ready")
	}
	ctx, cancel := context.WithTimeout(m.ctx(), 3*time.Millisecond)
	defer cancel()
	ls, err := m.s.Lease(ctx, state.LeaseRequest{TTL: time.Minute})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Lease = %v, %v, though nothing is ready", ls, err)
	}
}

func (m *machine) settle(t *rapid.T) {
	leased := m.leased()
	if len(leased) == 0 {
		t.Skip("nothing is leased")
	}
	l := m.lanes[rapid.SampledFrom(leased).Draw(t, "lane")]
	n := len(l.lease.Entries)
	var verdicts []state.Verdict
	var keep []modelEntry
	for _, e := range l.entries[:n] {
		switch rapid.SampledFrom([]string{"ack", "retry", "return", "bury", "none"}).Draw(t, "verdict") {
		case "ack":
			verdicts = append(verdicts, state.Ack(e.id))
		case "retry":
			verdicts = append(verdicts, state.Retry(e.id, 0, state.Cause{Code: "again"}))
			keep = append(keep, e)
		case "return":
			verdicts = append(verdicts, state.Return(e.id, 0))
			e.spent--
			keep = append(keep, e)
		case "bury":
			verdicts = append(verdicts, state.Bury(e.id, state.Cause{Code: "dead"}))
			l.dead = append(l.dead, e)
		default:
			e.spent--
			keep = append(keep, e)
		}
	}
	if err := m.s.Settle(m.ctx(), l.lease, state.Settlement{Verdicts: verdicts}); err != nil {
		t.Fatalf("Settle: %v", err)
	}
	l.entries = append(keep, l.entries[n:]...)
	m.lost = append(m.lost, l.lease)
	l.lease = nil
}

func (m *machine) settleLost(t *rapid.T) {
	if len(m.lost) == 0 {
		t.Skip("no lease is lost")
	}
	l := m.lost[rapid.IntRange(0, len(m.lost)-1).Draw(t, "lease")]
	for _, v := range []state.Verdict{state.Ack(l.Entries[0].ID), state.Bury(l.Entries[0].ID, state.Cause{})} {
		if err := m.s.Settle(m.ctx(), l, verdicts(v)); !errors.Is(err, state.ErrLeaseLost) {
			t.Fatalf("Settle of a lost lease: %v", err)
		}
	}
	if err := m.s.Extend(m.ctx(), l, time.Minute); !errors.Is(err, state.ErrLeaseLost) {
		t.Fatalf("Extend of a lost lease: %v", err)
	}
}

// takeDead draws a dead letter and removes it from the model.
func (m *machine) takeDead(t *rapid.T) (state.Key, modelEntry) {
	some := m.keys(func(l *modelLane) bool { return len(l.dead) > 0 })
	if len(some) == 0 {
		t.Skip("nothing is dead")
	}
	key := rapid.SampledFrom(some).Draw(t, "lane")
	l := m.lanes[key]
	i := rapid.IntRange(0, len(l.dead)-1).Draw(t, "dead")
	e := l.dead[i]
	l.dead = slices.Delete(l.dead, i, i+1)
	return key, e
}

func (m *machine) requeue(t *rapid.T) {
	key, e := m.takeDead(t)
	if err := m.s.Requeue(m.ctx(), key, e.id); err != nil {
		t.Fatalf("Requeue: %v", err)
	}
	if err := m.s.Requeue(m.ctx(), key, e.id); !errors.Is(err, state.ErrNotFound) {
		t.Fatalf("second Requeue: %v", err)
	}
	e.spent = 0
	l := m.lanes[key]
	l.entries = append(l.entries, e)
}

func (m *machine) purge(t *rapid.T) {
	key, e := m.takeDead(t)
	if err := m.s.Purge(m.ctx(), key, e.id); err != nil {
		t.Fatalf("Purge: %v", err)
	}
	if err := m.s.Purge(m.ctx(), key, e.id); !errors.Is(err, state.ErrNotFound) {
		t.Fatalf("second Purge: %v", err)
	}
}

// check compares the views.
func (m *machine) check(t *rapid.T) {
	var want state.Stats
	depths, deads := map[state.Key]int{}, map[string]int{}
	for k, l := range m.lanes {
		want.Entries += len(l.entries)
		want.Dead += len(l.dead)
		if len(l.entries) > 0 {
			want.Lanes++
			depths[k] = len(l.entries)
		}
		if l.lease != nil {
			want.Leased++
		}
		for _, e := range l.dead {
			deads[k.String()+" "+e.id] = e.spent
		}
	}
	got, err := m.s.Stats(m.ctx())
	if err != nil || got != want {
		t.Fatalf("Stats = %+v, %v, want %+v", got, err, want)
	}
	for info, err := range m.s.Lanes(m.ctx()) {
		if err != nil {
			t.Fatalf("Lanes: %v", err)
		}
		leased := m.lanes[info.Lane] != nil && m.lanes[info.Lane].lease != nil
		if depths[info.Lane] != info.Depth || leased != (info.Holder != "") {
			t.Fatalf("lane is %+v, want depth %d and leased %v", info, depths[info.Lane], leased)
		}
		delete(depths, info.Lane)
	}
	if len(depths) > 0 {
		t.Fatalf("lanes %v are not listed", slices.Collect(maps.Keys(depths)))
	}
	for d, err := range m.s.Dead(m.ctx()) {
		if err != nil {
			t.Fatalf("Dead: %v", err)
		}
		name := d.Lane.String() + " " + d.ID
		if spent, ok := deads[name]; !ok || spent != d.Attempt {
			t.Fatalf("dead letter %s has attempt %d, want %d (known: %v)", name, d.Attempt, spent, ok)
		}
		delete(deads, name)
	}
	if len(deads) > 0 {
		t.Fatalf("dead letters %v are not listed", deads)
	}
}
