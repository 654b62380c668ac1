package statetest

import (
	"bytes"
	"strconv"
	"time"

	"github.com/linearbot/linearbot/state"
)

// What a lease brings of the notes, and what a settle writes.

func notesInLease(k *kit) {
	k.note(lane("a"), "n", "of a", time.Hour)
	k.add(lane("a"), "1", "2")
	k.add(lane("b"), "1")
	got := map[state.Key]state.NoteSet{}
	for len(got) < 2 {
		for _, l := range k.lease(state.LeaseRequest{Lanes: 2}) {
			got[l.Lane] = l.Notes
			if l.Lane == lane("a") {
				k.write(lane("a"), noteOf("later", "x"))
				k.settle(l, state.Ack("1"))
			}
		}
	}
	k.sameNotes("lease of b", got[lane("b")], nil)
	l := k.lease(state.LeaseRequest{})[0]
	k.sameNotes("lease of a", l.Notes, map[string]string{"n": "of a", "later": "x"})
}

func subscriptionInLease(k *kit) {
	urgent := state.Key{Workspace: "w1", Kind: "urgent", ID: "a#x"}
	k.subscribe(lane("a"), lane("other"))
	want := []bool{true, true, false, false}
	for i, l := range []state.Key{lane("a"), urgent, lane("b"), {Workspace: "w2", Kind: "thread", ID: "a"}} {
		k.add(l, "1")
		got := k.expect(l, "1")
		if got.Notes.Subscribed != want[i] {
			k.Errorf("lease of %v says subscribed %v, want %v", l, got.Notes.Subscribed, want[i])
		}
		set, err := k.s.Notes(k.ctx(), l)
		if err != nil || set.Subscribed != want[i] {
			k.Errorf("Notes of %v say subscribed %v, %v, want %v", l, set.Subscribed, err, want[i])
		}
		k.ack(got)
	}
	if err := k.s.Unsubscribe(k.ctx(), lane("a")); err != nil {
		k.Fatalf("Unsubscribe: %v", err)
	}
	k.add(lane("a"), "2")
	if k.expect(lane("a"), "2").Notes.Subscribed {
		k.Error("lease says subscribed after Unsubscribe")
	}
}

// timeInLease compares the times of the store with each other only.
func timeInLease(k *kit) {
	k.add(lane("a"), "1")
	k.pause(glance)
	l := k.expectFor(short, lane("a"), "1")
	if age := l.Notes.Now.Sub(l.Entries[0].EnqueuedAt); age < glance-rounding || age > patience {
		k.Errorf("the entry is %v old by the store's clock, want about %v", age, glance)
	}
	k.wasRead("lease", l.Notes)
	if l.Waited < glance-rounding || l.Waited > patience {
		k.Errorf("the lane was ready for %v, want about %v", l.Waited, glance)
	}
	again := k.expect(lane("a"), "1")
	if d := again.Notes.Now.Sub(l.Notes.Now); d < short-rounding || d > patience {
		k.Errorf("the second lease is %v later by the store's clock, want about %v", d, short)
	}
	if again.Waited > patience-short {
		k.Errorf("the lane was ready for %v after its lease had lapsed, want not much", again.Waited)
	}
	k.settle(again, state.RetryAside("1", time.Hour, state.Cause{}))
	set, err := k.s.Notes(k.ctx(), lane("a"))
	if err != nil {
		k.Fatalf("Notes: %v", err)
	}
	k.wasRead("Notes", set)
	if d := k.delayed()[0].Due.Sub(set.Now); d < 59*time.Minute || d > time.Hour+rounding {
		k.Errorf("the delayed entry is due %v after the store's time, want an hour", d)
	}
}

// wasRead checks that a set that was read just now says so.
func (k *kit) wasRead(what string, set state.NoteSet) {
	k.Helper()
	if age := time.Since(set.Read); set.Read.IsZero() || age < 0 || age > patience {
		k.Errorf("%s: the notes were read %v ago by this process's clock, want just now", what, age)
	}
}

func (k *kit) settleNotes(l *state.Lease, vs []state.Verdict, writes ...state.NoteWrite) error {
	k.Helper()
	return k.s.Settle(k.ctx(), l, state.Settlement{Verdicts: vs, Notes: writes})
}

func notesInSettle(k *kit) {
	k.add(lane("a"), "1", "2", "3", "4", "5")
	for i, vs := range [][]state.Verdict{
		{state.Ack("1")},
		{state.Retry("2", 0, state.Cause{})},
		{state.Bury("2", state.Cause{})},
		{state.RetryAside("3", time.Hour, state.Cause{})},
		{state.Return("4", 0)},
		nil,
	} {
		l := k.one(1, long)
		want := map[string]string{}
		if i > 0 {
			want["step"] = strconv.Itoa(i - 1)
		}
		k.sameNotes("lease", l.Notes, want)
		if err := k.settleNotes(l, vs, noteOf("step", strconv.Itoa(i))); err != nil {
			k.Fatalf("Settle: %v", err)
		}
		k.notes(lane("a"), map[string]string{"step": strconv.Itoa(i)})
	}
	k.wantStats(state.Stats{Lanes: 1, Entries: 2, Delayed: 1, Dead: 1})
	if err := k.settleNotes(k.expect(lane("a"), "4"), nil, state.NoteWrite{Name: "step"}); err != nil {
		k.Fatalf("Settle: %v", err)
	}
	k.notes(lane("a"), nil)
}

// notesAtomic has settlements that are refused. Neither their verdicts nor
// their other notes apply, and the lease lives on.
func notesAtomic(k *kit) {
	k.add(lane("a"), "1", "2", "3")
	k.note(lane("a"), "n", "old", time.Hour)
	l := k.expect(lane("a"), "1", "2")
	vs := []state.Verdict{state.Ack("1"), state.Bury("2", state.Cause{})}
	big := bytes.Repeat([]byte("x"), state.MaxNote)
	for _, c := range []struct {
		name   string
		want   error
		writes []state.NoteWrite
	}{
		{"another value", state.ErrConflict, []state.NoteWrite{noteOf("m", "new"), checked(noteOf("n", "new"), []byte("other"))}},
		{"not absent", state.ErrConflict, []state.NoteWrite{checked(noteOf("n", "new"), nil), noteOf("m", "new")}},
		{"not empty", state.ErrConflict, []state.NoteWrite{checked(noteOf("n", "new"), []byte{})}},
		{"absent", state.ErrConflict, []state.NoteWrite{noteOf("n", "new"), checked(state.NoteWrite{Name: "m"}, []byte("x"))}},
		{"no name", state.ErrInvalid, []state.NoteWrite{noteOf("n", "new"), noteOf("", "x")}},
		{"no lifetime", state.ErrInvalid, []state.NoteWrite{noteOf("n", "new"), {Name: "m", Value: []byte("x")}}},
		{"too many bytes", state.ErrInvalid, []state.NoteWrite{
			noteOf("n", "new"), noteOf("1", string(big)), noteOf("2", string(big)), noteOf("3", string(big)), noteOf("4", string(big)),
		}},
	} {
		k.wants(c.name, k.settleNotes(l, vs, c.writes...), c.want)
		k.notes(lane("a"), map[string]string{"n": "old"})
	}
	k.wants("invalid verdict", k.settleNotes(l, []state.Verdict{state.Ack("3")}, noteOf("n", "new")), state.ErrInvalid)
	k.notes(lane("a"), map[string]string{"n": "old"})
	k.wantStats(state.Stats{Lanes: 1, Entries: 3, Leased: 1})
	if err := k.s.Extend(k.ctx(), l, long); err != nil {
		k.Errorf("Extend after a refused Settle: %v", err)
	}
	if err := k.settleNotes(l, vs, checked(noteOf("n", "new"), []byte("old")), checked(noteOf("m", "x"), nil)); err != nil {
		k.Fatalf("Settle: %v", err)
	}
	k.notes(lane("a"), map[string]string{"n": "new", "m": "x"})
	k.wantStats(state.Stats{Lanes: 1, Entries: 1, Dead: 1})
}

func notesLate(k *kit) {
	k.add(lane("a"), "1", "2")
	k.note(lane("a"), "n", "old", time.Hour)
	late := k.expectFor(short, lane("a"), "1")
	l := k.expect(lane("a"), "1")
	k.wants("late Settle", k.settleNotes(late, acks(late), noteOf("n", "late")), state.ErrLeaseLost)
	k.wants("late Settle of notes alone", k.settleNotes(late, nil, noteOf("n", "late")), state.ErrLeaseLost)
	k.wants("late Settle with a conflict", k.settleNotes(late, nil, checked(noteOf("n", "late"), nil)), state.ErrLeaseLost)
	k.notes(lane("a"), map[string]string{"n": "old"})
	k.ack(l)
	k.wants("second Settle", k.settleNotes(l, acks(l), noteOf("n", "late")), state.ErrLeaseLost)
	k.notes(lane("a"), map[string]string{"n": "old"})
}

func notesExtend(k *kit) {
	k.add(lane("a"), "1")
	k.note(lane("a"), "n", "old", time.Hour)
	l := k.expect(lane("a"), "1")
	l.Notes.Values["n"] = []byte("changed")
	l.Notes.Values["m"] = []byte("added")
	if err := k.s.Extend(k.ctx(), l, long); err != nil {
		k.Fatalf("Extend: %v", err)
	}
	k.notes(lane("a"), map[string]string{"n": "old"})
	k.ack(l)
	k.notes(lane("a"), map[string]string{"n": "old"})
}

func notesShared(k *kit) {
	thread := lane("linear:i:c:c")
	lanes := []state.Key{
		thread,
		{Workspace: "w1", Kind: "thread", ID: "linear:i:c:c#0"},
		{Workspace: "w1", Kind: "thread", ID: "linear:i:c:c#12#3"},
		{Workspace: "w1", Kind: "urgent", ID: "linear:i:c:c"},
	}
	want := map[string]string{}
	leases := make([]*state.Lease, 0, len(lanes))
	for i, l := range lanes {
		k.add(l, "1")
		got := k.expect(l, "1")
		k.sameNotes("lease of "+l.String(), got.Notes, want)
		leases = append(leases, got)
		name := strconv.Itoa(i)
		k.write(l, noteOf(name, "written"))
		want[name] = "written"
	}
	// All of them are leased at once; each settles a note of its own.
	for i, l := range leases {
		name := strconv.Itoa(i)
		if err := k.settleNotes(l, acks(l), checked(noteOf(name, "settled"), []byte("written"))); err != nil {
			k.Fatalf("Settle: %v", err)
		}
		want[name] = "settled"
	}
	for _, l := range lanes {
		k.notes(l, want)
	}
}
