package statetest

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/state"
)

func noteChecks() []check {
	return []check{
		{"write, read, delete", notesWrite},
		{"the lease brings them", notesInLease},
		{"the lease brings the subscription", subscriptionInLease},
		{"the lease brings the store's time", timeInLease},
		{"the settle writes them", notesInSettle},
		{"a settle writes all or nothing", notesAtomic},
		{"a late settle writes nothing", notesLate},
		{"extend writes nothing", notesExtend},
		{"lanes of a thread share them", notesShared},
		{"threads do not share them", notesApart},
		{"checked writes", notesChecked},
		{"writes of a call apply in order", notesOrder},
		{"checked writes count", notesCount},
		{"expiry", notesExpire},
		{"expired notes make room", notesExpiredRoom},
		{"number of notes", notesNumber},
		{"bytes of notes", notesBytes},
		{"values are copied", notesCopied},
		{"any bytes, any names", notesAnyBytes},
		{"invalid writes", notesInvalid},
		{"survive a crash", notesReopen},
		{"between clients", notesSecond},
		{"a crash keeps or loses a settlement whole", notesReopenLoad},
	}
}

// noteOf is a write of text.
func noteOf(name, value string) state.NoteWrite {
	return state.NoteWrite{Name: name, Value: []byte(value), TTL: time.Hour}
}

// checked is w if the present value is old; nil means none.
func checked(w state.NoteWrite, old []byte) state.NoteWrite {
	w.Check, w.Old = true, old
	return w
}

func (k *kit) write(thread state.Key, writes ...state.NoteWrite) {
	k.Helper()
	if err := k.s.WriteNotes(k.ctx(), thread, writes...); err != nil {
		k.Fatalf("WriteNotes(%q): %v", thread, err)
	}
}

func (k *kit) note(thread state.Key, name, value string, ttl time.Duration) {
	k.Helper()
	k.write(thread, state.NoteWrite{Name: name, Value: []byte(value), TTL: ttl})
}

// notes wants a thread to have exactly these.
func (k *kit) notes(thread state.Key, want map[string]string) {
	k.Helper()
	set, err := k.s.Notes(k.ctx(), thread)
	if err != nil {
		k.Fatalf("Notes(%q): %v", thread, err)
	}
	k.sameNotes(fmt.Sprintf("Notes(%q)", thread), set, want)
}

func (k *kit) sameNotes(what string, set state.NoteSet, want map[string]string) {
	k.Helper()
	var got map[string]string
	for name, v := range set.Values {
		if got == nil {
			got = map[string]string{}
		}
		if v == nil {
			k.Errorf("%s: the value of %q is nil", what, name)
		}
		got[name] = string(v)
	}
	if len(want) == 0 {
		want = nil
		if set.Values != nil {
			k.Errorf("%s without notes has values that are not nil", what)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		k.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// named maps each name to itself.
func named(names ...string) map[string]string {
	out := map[string]string{}
	for _, n := range names {
		out[n] = n
	}
	return out
}

func notesWrite(k *kit) {
	t := lane("a")
	k.notes(t, nil)
	k.write(t)
	k.write(t, state.NoteWrite{Name: "absent"})
	k.notes(t, nil)
	k.write(t, noteOf("a", "1"), noteOf("b", "2"), noteOf("empty", ""))
	k.notes(t, map[string]string{"a": "1", "b": "2", "empty": ""})
	k.write(t, noteOf("a", "3"), state.NoteWrite{Name: "b"}, noteOf("c", "4"))
	k.notes(t, map[string]string{"a": "3", "empty": "", "c": "4"})
	k.write(t, state.NoteWrite{Name: "a"}, state.NoteWrite{Name: "empty"}, state.NoteWrite{Name: "c"})
	k.notes(t, nil)
	k.wantStats(state.Stats{})
	if got := k.export(); len(got) != 0 {
		k.Errorf("after all notes were deleted the store exports %+v", got)
	}
}

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

func notesApart(k *kit) {
	keys := []state.Key{
		lane("a"), lane("b"), lane("a/b"), lane("A"),
		{Workspace: "w2", Kind: "thread", ID: "a"},
		{Kind: "thread", ID: "a"},
		{Workspace: "w1/thread", Kind: "thread", ID: "a"},
	}
	for i, t := range keys {
		k.notes(t, nil)
		k.note(t, "n", strconv.Itoa(i), time.Hour)
	}
	for i, t := range keys {
		k.notes(t, map[string]string{"n": strconv.Itoa(i)})
	}
}

func notesChecked(k *kit) {
	t := lane("a")
	try := func(want error, writes ...state.NoteWrite) {
		k.Helper()
		k.wants(fmt.Sprintf("WriteNotes(%+v)", writes), k.s.WriteNotes(k.ctx(), t, writes...), want)
	}
	try(state.ErrConflict, checked(noteOf("n", "1"), []byte("x")))
	try(state.ErrConflict, checked(noteOf("n", "1"), []byte{}))
	try(nil, checked(state.NoteWrite{Name: "n"}, nil))
	k.notes(t, nil)
	try(nil, checked(noteOf("n", "1"), nil))
	try(state.ErrConflict, checked(noteOf("n", "2"), nil))
	try(state.ErrConflict, checked(noteOf("n", "2"), []byte("1\x00")))
	try(state.ErrConflict, noteOf("m", "x"), checked(noteOf("n", "2"), []byte("2")))
	k.notes(t, map[string]string{"n": "1"})
	try(nil, checked(noteOf("n", ""), []byte("1")), noteOf("m", "x"))
	try(state.ErrConflict, checked(noteOf("n", "2"), nil))
	try(nil, checked(noteOf("n", "\x00\xff"), []byte{}))
	try(state.ErrConflict, checked(state.NoteWrite{Name: "n"}, []byte("x")))
	try(nil, checked(state.NoteWrite{Name: "n"}, []byte("\x00\xff")))
	k.notes(t, map[string]string{"m": "x"})
	var err error
	if err = k.s.WriteNotes(k.ctx(), t, checked(noteOf("m", "y"), nil)); err == nil || !strings.Contains(err.Error(), `"m"`) {
		k.Errorf("conflict says %v, want the name of the note", err)
	}
}

func notesOrder(k *kit) {
	t := lane("a")
	k.write(t, noteOf("n", "1"), checked(noteOf("n", "2"), []byte("1")), noteOf("m", "x"), state.NoteWrite{Name: "m"},
		checked(noteOf("m", "y"), nil))
	k.notes(t, map[string]string{"n": "2", "m": "y"})
	k.wants("a check of what the call changed",
		k.s.WriteNotes(k.ctx(), t, noteOf("n", "3"), checked(noteOf("m", "z"), []byte("y")), checked(noteOf("n", "4"), []byte("2"))),
		state.ErrConflict)
	k.notes(t, map[string]string{"n": "2", "m": "y"})
}

func notesCount(k *kit) {
	const workers, each = 6, 10
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() { k.countNote(k.s, lane("a"), each) })
	}
	wg.Wait()
	k.notes(lane("a"), map[string]string{"n": strconv.Itoa(workers * each)})
}

// countNote raises the number in a note n times.
func (k *kit) countNote(s state.Store, thread state.Key, n int) {
	k.Helper()
	end := time.Now().Add(patience)
	for n > 0 && !k.Failed() {
		if time.Now().After(end) {
			k.Errorf("%d of the changes met a conflict for %v", n, patience)
			return
		}
		set, err := s.Notes(k.Context(), thread)
		if err != nil {
			k.Errorf("Notes: %v", err)
			return
		}
		old := set.Values["n"]
		now, _ := strconv.Atoi(string(old))
		switch err := s.WriteNotes(k.Context(), thread, checked(noteOf("n", strconv.Itoa(now+1)), old)); {
		case err == nil:
			n--
		case !errors.Is(err, state.ErrConflict):
			k.Errorf("WriteNotes: %v", err)
			return
		}
	}
}

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
			k.put(state.Entry{ID: "1", Lane: t}, state.Added)
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

func notesReopen(k *kit) {
	k.add(lane("a"), "1", "2")
	k.subscribe(lane("a"))
	k.write(lane("a"), noteOf("written", "x"), noteOf("gone", "x"))
	if err := k.settleNotes(k.expect(lane("a"), "1"), []state.Verdict{state.Ack("1")},
		noteOf("settled", ""), state.NoteWrite{Name: "gone"}); err != nil {
		k.Fatalf("Settle: %v", err)
	}
	k = k.reopen()
	l := k.expect(lane("a"), "2")
	k.sameNotes("lease after a crash", l.Notes, map[string]string{"written": "x", "settled": ""})
	if !l.Notes.Subscribed {
		k.Error("the subscription is lost")
	}
}

func notesSecond(k *kit) {
	o := k.second()
	k.note(lane("a"), "n", "x", time.Hour)
	k.subscribe(lane("a"))
	o.notes(lane("a"), map[string]string{"n": "x"})
	k.add(lane("a"), "1", "2")
	l := o.expect(lane("a"), "1")
	if !l.Notes.Subscribed || string(l.Notes.Values["n"]) != "x" {
		k.Errorf("lease of the other client brings %+v", l.Notes)
	}
	k.note(lane("a"), "n", "y", time.Hour)
	k.wants("Settle after the other client wrote",
		o.settleNotes(l, acks(l), checked(noteOf("n", "z"), []byte("x"))), state.ErrConflict)
	if err := o.settleNotes(l, acks(l), checked(noteOf("n", "z"), []byte("y"))); err != nil {
		k.Fatalf("Settle: %v", err)
	}
	k.sameNotes("lease", k.expect(lane("a"), "2").Notes, map[string]string{"n": "z"})
	var wg sync.WaitGroup
	for _, c := range []*kit{k, o, k, o} {
		wg.Go(func() { k.countNote(c.s, lane("c"), 8) })
	}
	wg.Wait()
	o.notes(lane("c"), map[string]string{"n": "32"})
}

// notesReopenLoad crashes the store while it settles. A note and the verdicts
// of its settlement are both there or neither.
func notesReopenLoad(k *kit) {
	if k.h.Reopen == nil {
		k.Skip("the store keeps nothing")
	}
	const n = 400
	ids := numbered("e", n)
	k.add(lane("a"), ids...)
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range n {
			ls, err := k.s.Lease(k.Context(), state.LeaseRequest{TTL: long})
			if err != nil {
				return
			}
			how := state.Settlement{Verdicts: acks(ls[0]), Notes: []state.NoteWrite{noteOf("done", strconv.Itoa(i+1))}}
			if k.s.Settle(k.Context(), ls[0], how) != nil {
				return
			}
		}
	})
	k.Cleanup(wg.Wait)
	k.pause(glance / 2)
	next := k.reopen()
	wg.Wait()
	set, err := next.s.Notes(k.ctx(), lane("a"))
	if err != nil {
		k.Fatalf("Notes: %v", err)
	}
	done, _ := strconv.Atoi(string(set.Values["done"]))
	if st := next.stats(); st.Entries != n-done {
		k.Errorf("%d entries are left after %d settlements of one each, want %d", st.Entries, done, n-done)
	}
}
