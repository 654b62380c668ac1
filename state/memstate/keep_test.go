package memstate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/internal/allocs"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

// TestAnAnsweredThreadKeepsLittle: for a day, a store keeps the dedup keys of a delivery
// and a note of its thread. Most threads of a day have one delivery.
//
//nolint:paralleltest // the whole heap is measured
func TestAnAnsweredThreadKeepsLittle(t *testing.T) {
	s := memstate.New(memstate.Options{})
	defer s.Close()
	const n = 4000
	allocs.CheckHeld(t, "an answered thread", n, allocs.Held{Stack: 100, Heap: 1200}, func() {
		for range n {
			comment := uuid.NewString()
			enqueue(t, s, state.Entry{
				ID: strings.Repeat("0", 28) + comment, Keys: []string{"Comment|create|" + comment}, Body: make([]byte, 2000),
				Lane: state.Key{
					Workspace: strings.Clone("5c47dceb-8536-48b0-a62e-f621e60aa0a2"), Kind: "thread",
					ID: "linear:b33540e9-ca1c-4522-9f7a-035fd391151d:c:" + comment,
				},
			}, state.OutcomeAdded)
			l := lease(t, s)
			err := s.Settle(t.Context(), l, state.Settlement{
				Verdicts: []state.Verdict{state.Ack(l.Entries[0].ID)},
				Notes:    []state.NoteWrite{{Name: "acts", Value: []byte("comment:" + comment), TTL: 24 * time.Hour}},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}
