package filestate

import (
	"testing"

	"github.com/linearbot/linearbot/state"
)

// TestPatientOperationsWaitForOthers: they are taken with the first that is not
// patient, when their patience is over, or when the store closes.
func TestPatientOperationsWaitForOthers(t *testing.T) {
	t.Parallel()
	push := func(q *queue, patient bool) {
		op := &attemptsOp{call: newCall(0)}
		op.patient = patient
		if !q.push(op) {
			t.Error("the queue is closed")
		}
	}
	take := func(q *queue, over bool, want int, wait bool) {
		t.Helper()
		ops, waiting, _ := q.take(over)
		if len(ops) != want || waiting != wait {
			t.Errorf("took %d operations, waiting %v, want %d and %v", len(ops), waiting, want, wait)
		}
	}
	q := &queue{kick: make(chan struct{}, 1)}
	take(q, false, 0, false)
	push(q, true)
	push(q, true)
	take(q, false, 0, true)
	<-q.kick
	push(q, false)
	select {
	case <-q.kick:
	default:
		t.Error("the writer was not woken for an operation that is not patient")
	}
	take(q, false, 3, false)
	take(q, false, 0, false)
	push(q, true)
	take(q, false, 0, true)
	take(q, true, 1, false)
	push(q, true)
	q.close()
	take(q, false, 1, false)
}

// TestSettleIsPatientIfNothingWaitsInItsLane only.
func TestSettleIsPatientIfNothingWaitsInItsLane(t *testing.T) {
	t.Parallel()
	s := openTest(t, t.TempDir(), Options{NoSync: true})
	put(t, s, entry("a", "1"))
	l := leaseOne(t, s, 1)
	if !s.isLast(l) {
		t.Error("the settle of the only entry is not patient")
	}
	put(t, s, entry("a", "2"))
	if s.isLast(l) {
		t.Error("a settle is patient while an entry waits for it")
	}
	if err := s.Settle(t.Context(), l, state.Settlement{Verdicts: []state.Verdict{state.Ack("1")}}); err != nil {
		t.Fatal(err)
	}
	if l := leaseOne(t, s, 1); l.Entries[0].ID != "2" || !s.isLast(l) {
		t.Errorf("leased %q, patient %v", l.Entries[0].ID, s.isLast(l))
	}
}
