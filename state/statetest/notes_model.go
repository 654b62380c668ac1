package statetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/linearbot/linearbot/state"
)

// runNotesModel compares the notes of a store with a model of them over random
// sequences of writes and settlements. Nothing in it depends on time.
func runNotesModel(t *testing.T, h Harness) {
	t.Helper()
	walk(t, h, func(ctx func() context.Context, s state.Store) map[string]func(*rapid.T) {
		m := &noteMachine{ctx: ctx, s: s, threads: map[state.Key]map[string][]byte{}}
		return map[string]func(*rapid.T){
			"":       m.check,
			"write":  m.write,
			"settle": m.settle,
		}
	})
}

// noteMachine holds a store and the notes it should hold.
type noteMachine struct {
	ctx     func() context.Context
	s       state.Store
	threads map[state.Key]map[string][]byte
	entries int
}

func (m *noteMachine) draw(t *rapid.T) (lane state.Key, writes []state.NoteWrite, want map[string][]byte, wantErr error) {
	lane = state.Key{
		Workspace: "w1",
		Kind:      rapid.SampledFrom([]string{"thread", "urgent"}).Draw(t, "kind"),
		ID:        rapid.SampledFrom([]string{"a", "a#1", "b"}).Draw(t, "lane"),
	}
	want = maps.Clone(m.threads[lane.Thread()])
	if want == nil {
		want = map[string][]byte{}
	}
	value := rapid.Custom(func(t *rapid.T) []byte {
		return rapid.SampledFrom([][]byte{nil, {}, []byte("x"), []byte("y"), bytes.Repeat([]byte("z"), state.MaxNote)}).Draw(t, "value")
	})
	for range rapid.IntRange(0, 4).Draw(t, "writes") {
		w := state.NoteWrite{
			Name:  fmt.Sprint("n", rapid.IntRange(0, 5).Draw(t, "name")),
			Value: value.Draw(t, "value"), TTL: time.Hour,
			Check: rapid.IntRange(0, 3).Draw(t, "check") == 0,
		}
		if w.Check {
			w.Old = value.Draw(t, "old")
			if have, ok := want[w.Name]; (ok != (w.Old != nil) || !bytes.Equal(have, w.Old)) && wantErr == nil {
				wantErr = state.ErrConflict
			}
		}
		if w.Value == nil {
			delete(want, w.Name)
		} else {
			want[w.Name] = w.Value
		}
		writes = append(writes, w)
	}
	size := 0
	for _, v := range want {
		size += len(v)
	}
	if wantErr == nil && size > state.MaxNoteBytes {
		wantErr = state.ErrInvalid
	}
	if wantErr != nil {
		want = m.threads[lane.Thread()]
	}
	return lane, writes, want, wantErr
}

func (m *noteMachine) write(t *rapid.T) {
	lane, writes, want, wantErr := m.draw(t)
	if err := m.s.WriteNotes(m.ctx(), lane, writes...); !errors.Is(err, wantErr) {
		t.Fatalf("WriteNotes: %v, want %v", err, wantErr)
	}
	m.threads[lane.Thread()] = want
}

func (m *noteMachine) settle(t *rapid.T) {
	lane, writes, want, wantErr := m.draw(t)
	m.entries++
	id := strconv.Itoa(m.entries)
	if _, err := m.s.Enqueue(m.ctx(), state.Entry{ID: id, Lane: lane}); err != nil {
		t.Fatalf("Enqueue: %v", err)
	}
	ls, err := m.s.Lease(m.ctx(), state.LeaseRequest{TTL: time.Minute})
	if err != nil {
		t.Fatalf("Lease: %v", err)
	}
	m.same(t, lane, ls[0].Notes)
	verdicts := []state.Verdict{state.Ack(id)}
	err = m.s.Settle(m.ctx(), ls[0], state.Settlement{Verdicts: verdicts, Notes: writes})
	if !errors.Is(err, wantErr) {
		t.Fatalf("Settle: %v, want %v", err, wantErr)
	}
	if err != nil {
		if err := m.s.Settle(m.ctx(), ls[0], state.Settlement{Verdicts: verdicts}); err != nil {
			t.Fatalf("Settle after a refused one: %v", err)
		}
	}
	m.threads[lane.Thread()] = want
}

func (m *noteMachine) same(t *rapid.T, lane state.Key, got state.NoteSet) {
	if !maps.EqualFunc(got.Values, m.threads[lane.Thread()], bytes.Equal) {
		t.Fatalf("notes of %v are %q, want %q", lane, got.Values, m.threads[lane.Thread()])
	}
}

func (m *noteMachine) check(t *rapid.T) {
	for thread := range m.threads {
		got, err := m.s.Notes(m.ctx(), thread)
		if err != nil {
			t.Fatalf("Notes: %v", err)
		}
		m.same(t, thread, got)
	}
	if st, err := m.s.Stats(m.ctx()); err != nil || st.Entries != 0 {
		t.Fatalf("Stats = %+v, %v, want no entries", st, err)
	}
}
