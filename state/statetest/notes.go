package statetest

import (
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
