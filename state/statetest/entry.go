package statetest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/state"
)

// What is stored of an entry: it comes back whole, with any bytes and any text.

func entryWhole(k *kit) {
	e := state.Entry{ID: "id", Lane: lane("a"), Keys: []string{"k1", "k2"}, Body: []byte("work")}
	before := time.Now()
	k.put(e, state.OutcomeAdded)
	l := k.one(1, long)
	got := l.Entries[0]
	if diff := cmp.Diff(e, got.Entry); diff != "" {
		k.Errorf("entry (-want +got):\n%s", diff)
	}
	if got.Attempt != 1 {
		k.Errorf("attempt is %d, want 1", got.Attempt)
	}
	// A backend's clock may differ from ours, though not by much in a test.
	if got.EnqueuedAt.Before(before.Add(-time.Minute)) || got.EnqueuedAt.After(time.Now().Add(time.Minute)) {
		k.Errorf("enqueued at %v, want about %v", got.EnqueuedAt, before)
	}
	if l.Lane != e.Lane || l.Holder != "ada" || l.Behind != 0 || l.Token == 0 {
		k.Errorf("lease is %+v", l)
	}
	if d := l.Expires.Sub(before); d < long-time.Second || d > long+patience {
		k.Errorf("lease expires after %v, want about %v", d, long)
	}
}

// entryHead: a head is stored in front of the body, and the store keeps neither buffer.
func entryHead(k *kit) {
	for i, e := range []state.Entry{
		{Head: []byte("head\x00"), Body: []byte("body")},
		{Head: []byte("head"), Body: nil},
		{Head: []byte("put aside "), Body: []byte("and back"), Delay: time.Millisecond},
		{Head: bytes.Repeat([]byte("h"), 40<<10), Body: bytes.Repeat([]byte("b"), 40<<10)},
	} {
		e.ID, e.Lane = fmt.Sprint("e", i), lane(fmt.Sprint("head", i))
		want := slices.Concat(e.Head, e.Body)
		k.put(e, state.OutcomeAdded)
		clear(e.Head)
		clear(e.Body)
		l := k.one(1, long)
		if got := &l.Entries[0]; !bytes.Equal(got.Body, want) || got.Head != nil {
			k.Errorf("entry %d has the body %.40q of %d bytes and the head %.40q, want the body %.40q of %d bytes",
				i, got.Body, len(got.Body), got.Head, want, len(want))
		}
		k.ack(l)
	}
	e := entry(lane("big"), "big")
	e.Head, e.Body = make([]byte, 1), make([]byte, state.MaxBody)
	if _, err := k.s.Enqueue(k.ctx(), e); !errors.Is(err, state.ErrInvalid) {
		k.Errorf("a head and a body of more than %d bytes: %v, want ErrInvalid", state.MaxBody, err)
	}
}

func anyBytes(k *kit) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	bodies := [][]byte{every, {0}, []byte("\r\n$5\r\nhello\r\n"), []byte("\xff\xfe\xfd"), []byte(`{"a":"\u0000"}`), {}, nil}
	for i, b := range bodies {
		e := entry(lane("a"), fmt.Sprint("e", i))
		e.Body = b
		k.put(e, state.OutcomeAdded)
	}
	l := k.one(len(bodies), long)
	if len(l.Entries) != len(bodies) {
		k.Fatalf("leased %d entries, want %d", len(l.Entries), len(bodies))
	}
	for i, b := range bodies {
		if got := l.Entries[i].Body; !bytes.Equal(got, b) {
			k.Errorf("body %d is %q, want %q", i, got, b)
		}
	}
}

// oddNames are texts that meet the separators of backends.
func oddNames() []string {
	return []string{
		"/", "a/b", "a", "b", "a//b", ":", "a:b", "{", "}", "{a}", "a}{b", "\n", "a\nb", " ", "%", "%2F", "%25", "*", "[a]*?",
		"\x00", "a\x00b", "äöü", "日本", "😀", "\xff", "..", "-1", "0", strings.Repeat("long/", 2000),
	}
}

func anyText(k *kit) {
	names := oddNames()
	seen := map[state.Key]bool{}
	var lanes []state.Key
	for i, n := range names {
		for _, l := range []state.Key{
			{Workspace: "w", Kind: "t", ID: n},
			{Workspace: n, Kind: "t", ID: "x"},
			{Workspace: "w", Kind: n, ID: "x"},
			{Workspace: n, Kind: names[(i+1)%len(names)], ID: n},
		} {
			if !seen[l] {
				seen[l] = true
				lanes = append(lanes, l)
			}
		}
	}
	for i, l := range lanes {
		n := names[i%len(names)]
		e := state.Entry{ID: n, Lane: l, Keys: []string{n + "!", "key/" + n}, Body: []byte(n)}
		k.put(e, state.OutcomeAdded)
		k.put(e, state.OutcomeDuplicate)
		k.put(state.Entry{ID: "other", Keys: []string{"key/" + n}, Lane: l}, state.OutcomeDuplicate)
	}
	left := map[state.Key]string{}
	for i, l := range lanes {
		left[l] = names[i%len(names)]
	}
	for len(left) > 0 {
		for _, l := range k.lease(state.LeaseRequest{Lanes: 32, Entries: 4}) {
			n, ok := left[l.Lane]
			if !ok {
				k.Fatalf("leased lane %q, which is unknown or was done", l.Lane)
			}
			if e := l.Entries[0]; len(l.Entries) != 1 || e.ID != n || string(e.Body) != n || e.Lane != l.Lane {
				k.Fatalf("lane %q gave %q, want one entry %q", l.Lane, idsOf(l), n)
			}
			delete(left, l.Lane)
			if len(left)%2 == 0 {
				k.ack(l)
				continue
			}
			k.settle(l, state.Bury(n, state.Cause{Code: n}))
			if err := k.s.Purge(k.ctx(), l.Lane, n); err != nil {
				k.Fatalf("Purge(%q, %q): %v", l.Lane, n, err)
			}
		}
	}
	k.none()
}

func callerKeepsSlices(k *kit) {
	e := state.Entry{ID: "1", Lane: lane("a"), Keys: []string{"k1"}, Body: []byte("good")}
	k.put(e, state.OutcomeAdded)
	copy(e.Body, "evil")
	e.Keys[0] = "k2"

	l := k.expect(lane("a"), "1")
	if got := l.Entries[0]; string(got.Body) != "good" || got.Keys[0] != "k1" {
		k.Fatalf("entry is %q %q after the caller changed its slices", got.Body, got.Keys)
	}
	copy(l.Entries[0].Body, "evil")
	l.Entries[0].Keys[0] = "k2"
	k.settle(l, state.Retry("1", 0, state.Cause{}))

	l = k.expect(lane("a"), "1")
	if got := l.Entries[0]; string(got.Body) != "good" || got.Keys[0] != "k1" {
		k.Fatalf("entry is %q %q after the holder changed its slices", got.Body, got.Keys)
	}
	k.settle(l, state.Bury("1", state.Cause{}))
	copy(k.dead()[0].Body, "evil")
	if got := k.dead()[0]; string(got.Body) != "good" {
		k.Fatalf("dead body is %q after a reader changed its slice", got.Body)
	}
}

func largestBody(k *kit) {
	e := entry(lane("a"), "big")
	e.Body = bytes.Repeat([]byte("0123456\x00"), state.MaxBody/8)
	k.put(e, state.OutcomeAdded)
	l := k.expect(lane("a"), "big")
	if !bytes.Equal(l.Entries[0].Body, e.Body) {
		k.Errorf("the body of %d bytes came back with %d bytes or changed", len(e.Body), len(l.Entries[0].Body))
	}
	k.ack(l)
}

func invalidEntries(k *kit) {
	for _, c := range []struct {
		name string
		edit func(*state.Entry)
	}{
		{"no id", func(e *state.Entry) { e.ID = "" }},
		{"no lane", func(e *state.Entry) { e.Lane = state.Key{} }},
		{"no lane id", func(e *state.Entry) { e.Lane.ID = "" }},
		{"no lane kind", func(e *state.Entry) { e.Lane.Kind = "" }},
		{"large body", func(e *state.Entry) { e.Body = make([]byte, state.MaxBody+1) }},
		{"negative delay", func(e *state.Entry) { e.Delay = -1 }},
		{"negative hold", func(e *state.Entry) { e.Hold = -time.Second }},
	} {
		e := entry(lane("a"), c.name)
		c.edit(&e)
		_, err := k.s.Enqueue(k.ctx(), e)
		k.wants(c.name, err, state.ErrInvalid)
		// Nothing was recorded that stops the repaired entry.
		k.put(entry(lane(c.name), c.name), state.OutcomeAdded)
	}
	if got := k.stats(); got.Entries != 7 || got.Delayed != 0 {
		k.Errorf("Stats = %+v, want the 7 valid entries", got)
	}
}
