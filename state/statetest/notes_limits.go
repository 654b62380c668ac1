package statetest

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/linearbot/linearbot/state"
)

// The lifetimes, the limits and the bytes of notes.

func notesExpire(k *kit) {
	const ttl = 100 * time.Millisecond
	t := lane("a")
	k.add(t, "1", "2")
	k.note(t, "brief", "x", ttl)
	k.note(t, "long", "x", time.Hour)
	k.note(t, "renewed", "x", ttl)
	k.note(t, "shortened", "x", time.Hour)
	k.write(t, state.NoteWrite{Name: "shortened", Value: []byte("x"), TTL: ttl}, noteOf("renewed", "y"))
	k.note(lane("b"), "n", "x", ttl)
	k.pause(ttl + 2*rounding)
	want := map[string]string{"long": "x", "renewed": "y"}
	k.notes(t, want)
	k.notes(lane("b"), nil)
	l := k.expect(t, "1")
	k.sameNotes("lease", l.Notes, want)
	k.wants("a check of an expired note", k.settleNotes(l, acks(l), checked(noteOf("brief", "y"), []byte("x"))), state.ErrConflict)
	if err := k.settleNotes(l, acks(l), checked(noteOf("brief", "y"), nil), state.NoteWrite{Name: "s", Value: []byte("x"), TTL: ttl}); err != nil {
		k.Fatalf("Settle: %v", err)
	}
	k.pause(ttl + 2*rounding)
	want["brief"] = "y"
	k.notes(t, want)
	for _, r := range k.export() {
		if r.Kind == state.RecordNote && (r.Key != t || want[r.Note] != string(r.Value) || !r.Expires.After(time.Now())) {
			k.Errorf("exported %+v", r)
		}
	}
}

func notesExpiredRoom(k *kit) {
	const ttl = 50 * time.Millisecond
	t := lane("a")
	fill := make([]state.NoteWrite, state.MaxNotes)
	for i := range fill {
		fill[i] = state.NoteWrite{Name: strconv.Itoa(i), Value: []byte("x"), TTL: ttl}
	}
	k.write(t, fill...)
	k.pause(ttl + 2*rounding)
	for i := range fill {
		fill[i].Name, fill[i].TTL = "new"+fill[i].Name, time.Hour
	}
	k.write(t, fill...)
	if set, err := k.s.Notes(k.ctx(), t); err != nil || len(set.Values) != state.MaxNotes {
		k.Errorf("%d notes, %v, want %d", len(set.Values), err, state.MaxNotes)
	}
}

func notesNumber(k *kit) {
	t := lane("a")
	for i := range state.MaxNotes {
		k.note(t, strconv.Itoa(i), "x", time.Hour)
	}
	full := func(err error) {
		k.Helper()
		k.wants("one note more", err, state.ErrInvalid)
		if err != nil && !strings.Contains(err.Error(), strconv.Itoa(state.MaxNotes)) {
			k.Errorf("error %q does not say the limit", err)
		}
	}
	full(k.s.WriteNotes(k.ctx(), t, noteOf("more", "x")))
	k.add(t, "1")
	l := k.expect(t, "1")
	full(k.settleNotes(l, acks(l), noteOf("more", "x")))
	// Replacing is allowed, and so is making room in the same call.
	if err := k.settleNotes(l, acks(l), noteOf("more", "x"), noteOf("1", "y"), state.NoteWrite{Name: "0"}); err != nil {
		k.Errorf("Settle: %v", err)
	}
	if set, err := k.s.Notes(k.ctx(), t); err != nil || len(set.Values) != state.MaxNotes || string(set.Values["1"]) != "y" {
		k.Errorf("%d notes, %v, want %d", len(set.Values), err, state.MaxNotes)
	}
	k.note(lane("b"), "n", "x", time.Hour)
}

func notesBytes(k *kit) {
	t := lane("a")
	big := string(bytes.Repeat([]byte{'x'}, state.MaxNote))
	k.wants("a note too big", k.s.WriteNotes(k.ctx(), t, noteOf("n", big+"x")), state.ErrInvalid)
	names := numbered("n", state.MaxNoteBytes/state.MaxNote)
	for _, n := range names {
		k.note(t, n, big, time.Hour)
	}
	err := k.s.WriteNotes(k.ctx(), t, noteOf("more", "x"))
	k.wants("one byte more", err, state.ErrInvalid)
	if err != nil && !strings.Contains(err.Error(), strconv.Itoa(state.MaxNoteBytes)) {
		k.Errorf("error %q does not say the limit", err)
	}
	k.write(t, noteOf("more", ""), noteOf(names[0], big))
	k.write(t, noteOf("more", big), state.NoteWrite{Name: names[0]})
	k.wants("again one byte more", k.s.WriteNotes(k.ctx(), t, noteOf(names[0], "x")), state.ErrInvalid)
	k.add(t, "1")
	if l := k.expect(t, "1"); len(l.Notes.Values) != len(names) || string(l.Notes.Values["more"]) != big {
		k.Errorf("the lease brings %d notes, want %d", len(l.Notes.Values), len(names))
	}
}

func notesCopied(k *kit) {
	t := lane("a")
	in := []byte("good")
	k.write(t, state.NoteWrite{Name: "n", Value: in, TTL: time.Hour})
	copy(in, "evil")
	set, err := k.s.Notes(k.ctx(), t)
	if err != nil {
		k.Fatalf("Notes: %v", err)
	}
	copy(set.Values["n"], "evil")
	set.Values["m"] = nil
	k.notes(t, map[string]string{"n": "good"})
	k.add(t, "1")
	l := k.expect(t, "1")
	copy(l.Notes.Values["n"], "evil")
	delete(l.Notes.Values, "n")
	in = []byte("next")
	if err := k.settleNotes(l, nil, state.NoteWrite{Name: "m", Value: in, TTL: time.Hour}); err != nil {
		k.Fatalf("Settle: %v", err)
	}
	copy(in, "evil")
	k.notes(t, map[string]string{"n": "good", "m": "next"})
}

func notesAnyBytes(k *kit) {
	want := map[string]string{}
	for _, n := range oddNames() {
		if n == "" || len(n) > state.MaxNoteName {
			continue
		}
		k.note(lane("names"), n, "value of "+n, time.Hour)
		want[n] = "value of " + n
	}
	k.notes(lane("names"), want)
	for i, n := range oddNames() {
		for _, t := range []state.Key{{Workspace: n, Kind: "thread", ID: "x"}, {Workspace: "w", Kind: "thread", ID: n}} {
			if t.ID == "" || t.Thread().ID == "" {
				continue
			}
			k.note(t, "n", n+strconv.Itoa(i), time.Hour)
			k.put(state.Entry{ID: "1", Lane: t}, state.OutcomeAdded)
			l := k.one(1, long)
			if l.Lane != t || string(l.Notes.Values["n"]) != n+strconv.Itoa(i) {
				k.Errorf("lease of %q brings %q", t, l.Notes.Values)
			}
			if err := k.settleNotes(l, acks(l), state.NoteWrite{Name: "n"}); err != nil {
				k.Errorf("Settle of %q: %v", t, err)
			}
			k.notes(t, nil)
		}
	}
	k.note(lane("long"), strings.Repeat("n", state.MaxNoteName), "x", time.Hour)
}

func notesInvalid(k *kit) {
	for name, w := range map[string]state.NoteWrite{
		"no name":                   noteOf("", "x"),
		"no name, deleted":          {},
		"a long name":               noteOf(strings.Repeat("n", state.MaxNoteName+1), "x"),
		"no lifetime":               {Name: "n", Value: []byte("x")},
		"no lifetime, empty value":  {Name: "n", Value: []byte{}},
		"a negative lifetime":       {Name: "n", Value: []byte("x"), TTL: -time.Second},
		"a value of too many bytes": noteOf("n", strings.Repeat("x", state.MaxNote+1)),
	} {
		k.wants(name, k.s.WriteNotes(k.ctx(), lane("a"), noteOf("ok", "x"), w), state.ErrInvalid)
	}
	for _, t := range []state.Key{{}, {Workspace: "w1", Kind: "thread"}, {Workspace: "w1", ID: "a"}} {
		k.wants("WriteNotes without a full key", k.s.WriteNotes(k.ctx(), t, noteOf("n", "x")), state.ErrInvalid)
		_, err := k.s.Notes(k.ctx(), t)
		k.wants("Notes without a full key", err, state.ErrInvalid)
	}
	k.notes(lane("a"), nil)
}
