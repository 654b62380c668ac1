package statetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/linearbot/linearbot/state"
)

func porterChecks() []check {
	return []check{
		{"an empty store", exportEmpty},
		{"everything moves", moveAll},
		{"importing twice is importing once", moveTwice},
		{"entries go behind", importBehind},
		{"expired records are ignored", importExpired},
		{"invalid records", importInvalid},
	}
}

func (k *kit) export() []state.Record {
	k.Helper()
	var out []state.Record
	for r, err := range k.s.Export(k.ctx()) {
		if err != nil {
			k.Fatalf("Export: %v", err)
		}
		out = append(out, r)
	}
	return out
}

func (k *kit) imports(records ...state.Record) {
	k.Helper()
	for _, r := range records {
		if err := k.s.Import(k.ctx(), r); err != nil {
			k.Fatalf("Import(%+v): %v", r, err)
		}
	}
}

// viaJSON writes records as JSON and reads them back, as a dump does. Names
// that are not text in UTF-8 do not survive that, bodies and values do.
func (k *kit) viaJSON(records []state.Record) []state.Record {
	k.Helper()
	out := make([]state.Record, 0, len(records))
	for _, r := range records {
		b, err := json.Marshal(r)
		if err != nil {
			k.Fatalf("record %+v: %v", r, err)
		}
		var back state.Record
		if err := json.Unmarshal(b, &back); err != nil {
			k.Fatalf("record %s: %v", b, err)
		}
		out = append(out, back)
	}
	return out
}

// aside is how long furnish puts an entry aside: long enough for a slow machine
// to look at the store before it ends.
const aside = 3 * time.Second

// furnish puts something of every kind into the store.
func (k *kit) furnish() {
	k.Helper()
	a, b := lane("a"), state.Key{Workspace: "w2/{x}:y", Kind: "thread", ID: "a\nb"}
	for _, id := range numbered("e", 12) {
		e := entry(a, id)
		e.Keys = []string{"key of " + id}
		e.Body = append(e.Body, 0, 0xff)
		k.put(e, state.OutcomeAdded)
	}
	k.ack(k.expect(a, "e0"))
	k.settle(k.expect(a, "e1"), state.Bury("e1", state.Cause{Code: "c", Message: "m", Stack: "s"}))
	k.settle(k.expect(a, "e2"), state.RetryAside("e2", aside, state.Cause{Code: "aside"}))
	k.settle(k.expect(a, "e3"), state.Retry("e3", 0, state.Cause{}))
	late := entry(b, "late")
	late.Delay = time.Hour
	k.put(late, state.OutcomeAdded)
	k.add(b, "b0", "b1")

	k.set(valueKey("v"), "value\x00", 0)
	k.set(valueKey("empty"), "", 0)
	k.set(valueKey("ttl"), "value", time.Hour)
	k.note(a, "open question", "q\x00", time.Hour)
	k.note(a, "empty", "", time.Hour)
	k.note(b, "n", "of b", time.Hour)
	k.subscribe(a, b, state.Key{Kind: "thread", ID: "global"})
}

// content is what a store holds, in a form that can be compared.
type content struct {
	Stats   state.Stats
	Entries map[string][]state.Queued // by lane, in order
	Dead    []state.DeadEntry
	Delayed []state.DelayedEntry
	Rest    []string
}

func (k *kit) content() content {
	k.Helper()
	c := content{Stats: k.stats(), Entries: map[string][]state.Queued{}}
	for _, r := range k.export() {
		switch r.Kind {
		case state.RecordEntry:
			l := r.Entry.Lane.String()
			c.Entries[l] = append(c.Entries[l], *r.Entry)
		case state.RecordDelayed:
			c.Delayed = append(c.Delayed, *r.Delayed)
		case state.RecordDead:
			c.Dead = append(c.Dead, *r.Dead)
		default:
			never := r.Expires.IsZero()
			c.Rest = append(c.Rest, fmt.Sprintf("%s %q %q %q %q %v", r.Kind, r.Key, r.Dedup, r.Note, r.Value, never))
		}
	}
	slices.Sort(c.Rest)
	return c
}

// same wants two stores to hold the same.
func (k *kit) same(want, got content) {
	k.Helper()
	diff := cmp.Diff(
		want, got,
		cmpopts.IgnoreFields(state.Queued{}, "Seq"),
		cmpopts.EquateApproxTime(2*time.Millisecond),
		cmpopts.EquateEmpty(),
		cmpopts.SortSlices(func(a, b state.DelayedEntry) bool { return a.ID < b.ID }),
		cmpopts.SortSlices(func(a, b state.DeadEntry) bool { return a.ID < b.ID }),
	)
	if diff != "" {
		k.Errorf("content (-want +got):\n%s", diff)
	}
}

func exportEmpty(k *kit) {
	if got := k.export(); len(got) != 0 {
		k.Errorf("an empty store exports %+v", got)
	}
}

func moveAll(k *kit) {
	k.furnish()
	want := k.content()
	if len(want.Entries) != 2 || len(want.Dead) != 1 || len(want.Delayed) != 2 || want.Stats.Entries != 11 {
		k.Fatalf("export is %+v", want)
	}
	kinds := map[state.RecordKind]int{}
	for _, r := range k.export() {
		kinds[r.Kind]++
	}
	// 12 ids, 12 keys and the three ids of the other lane.
	if n := kinds[state.RecordDedup]; n != 27 {
		k.Errorf("%d dedup keys are exported, want 27", n)
	}
	// A lease is not exported; its entry is.
	held := k.lease(state.LeaseRequest{Lanes: 1})
	records := k.viaJSON(k.export())
	for _, l := range held {
		k.settle(l) // the attempt is taken back
	}
	k.pause(10 * rounding) // so that new times would differ from the old ones

	to := open(k.T, k.h)
	to.imports(records...)
	got := to.content()
	leased := held[0].Lane.String()
	if e := got.Entries[leased]; len(e) == 0 || e[0].Attempt != held[0].Entries[0].Attempt {
		k.Errorf("leased entry was imported as %+v, want attempt %d", e, held[0].Entries[0].Attempt)
	} else {
		e[0].Attempt--
	}
	if time.Now().Before(want.Delayed[0].Due) && time.Now().Before(want.Delayed[1].Due) {
		to.same(want, got)
	}
	to.use()
}

// use goes through a copy of what furnish made.
func (k *kit) use() {
	k.Helper()
	a := lane("a")
	for _, id := range numbered("e", 12) {
		k.put(entry(a, id), state.OutcomeDuplicate)
		k.put(state.Entry{ID: "new", Lane: a, Keys: []string{"key of " + id}}, state.OutcomeDuplicate)
	}
	k.pause(aside)
	k.eventually("e2 is back", func() bool { return k.stats().Delayed == 1 })
	if err := k.s.Requeue(k.ctx(), a, "e1"); err != nil {
		k.Fatalf("Requeue: %v", err)
	}
	k.add(a, "new")
	want := append([]string{"e2"}, numbered("e", 12)[3:]...)
	want = append(want, "e1", "new")
	got := k.drain()
	if diff := cmp.Diff(want, got[a]); diff != "" {
		k.Errorf("order after the move (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"b0", "b1"}, got[state.Key{Workspace: "w2/{x}:y", Kind: "thread", ID: "a\nb"}]); diff != "" {
		k.Errorf("order of the other lane (-want +got):\n%s", diff)
	}
	k.gets(valueKey("v"), "value\x00")
	k.gets(valueKey("empty"), "")
	k.gets(valueKey("ttl"), "value")
	k.notes(a, map[string]string{"open question": "q\x00", "empty": ""})
	k.subscribed(a, true)
	k.threads("", state.Key{Kind: "thread", ID: "global"})
}

func moveTwice(k *kit) {
	k.furnish()
	records := k.export()
	k.imports(records...) // into itself
	to := open(k.T, k.h)
	for range 2 {
		to.imports(records...)
	}
	k.pause(aside)
	for _, s := range []*kit{k, to} {
		s.eventually("e2 is back", func() bool { return s.stats().Delayed == 1 })
		s.wantStats(state.Stats{Lanes: 2, Entries: 12, Delayed: 1, Dead: 1})
	}
	k.same(k.content(), to.content())
	to.use()
}

func importBehind(k *kit) {
	k.add(lane("a"), "1", "2")
	records := k.export()
	to := open(k.T, k.h)
	to.add(lane("a"), "x", "2")
	to.imports(records...)
	to.add(lane("a"), "y")
	to.expect(lane("a"), "x", "2", "1", "y")
}

func importExpired(k *kit) {
	past := time.Now().Add(-time.Minute)
	future := time.Now().Add(time.Hour)
	for _, r := range []state.Record{
		{Kind: state.RecordValue, Key: valueKey("v"), Value: []byte("x"), Expires: past},
		{Kind: state.RecordNote, Key: lane("a"), Note: "n", Value: []byte("x"), Expires: past},
		{Kind: state.RecordDedup, Key: lane("a"), Dedup: "old", Expires: past},
		{Kind: state.RecordValue, Key: valueKey("fresh"), Value: []byte("x"), Expires: future},
		{Kind: state.RecordDedup, Key: lane("a"), Dedup: "known", Expires: future},
	} {
		k.imports(r)
	}
	k.absent(valueKey("v"))
	k.notes(lane("a"), nil)
	k.put(entry(lane("a"), "old"), state.OutcomeAdded)
	k.gets(valueKey("fresh"), "x")
	k.put(entry(lane("a"), "known"), state.OutcomeDuplicate)
	k.ack(k.expect(lane("a"), "old"))
	// A delayed entry whose time has come is simply ready.
	k.imports(state.Record{Kind: state.RecordDelayed, Delayed: &state.DelayedEntry{
		Queued: state.Queued{Entry: entry(lane("b"), "due"), Seq: 1, Attempt: 2, EnqueuedAt: past},
		Due:    past,
	}})
	k.attempt(k.expect(lane("b"), "due"), 3)
}

func importInvalid(k *kit) {
	for _, r := range []state.Record{
		{},
		{Kind: "unknown"},
		{Kind: state.RecordEntry},
		{Kind: state.RecordDelayed},
		{Kind: state.RecordDead},
		{Kind: state.RecordEntry, Entry: &state.Queued{Entry: state.Entry{ID: "1"}}},
		{Kind: state.RecordNote, Key: lane("a"), Note: "never expires", Value: []byte("x")},
		{Kind: state.RecordNote, Key: lane("a"), Value: []byte("no name"), Expires: time.Now().Add(time.Hour)},
		{Kind: state.RecordNote, Note: "no thread", Value: []byte("x"), Expires: time.Now().Add(time.Hour)},
	} {
		k.wants(fmt.Sprintf("Import(%+v)", r), k.s.Import(k.ctx(), r), state.ErrInvalid)
	}
	k.wantStats(state.Stats{})
}
