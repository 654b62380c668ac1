package statetest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/state"
)

func queueChecks() []check {
	return []check{
		{"order in a lane", orderInLane},
		{"lanes are independent", lanesIndependent},
		{"depth in the receipt", depthInReceipt},
		{"sequence in the receipt", seqInReceipt},
		{"entry comes back whole", entryWhole},
		{"head in front of a body", entryHead},
		{"any bytes in a body", anyBytes},
		{"any text in names", anyText},
		{"the caller keeps its slices", callerKeepsSlices},
		{"the largest body", largestBody},
		{"invalid entries", invalidEntries},
		{"if idle", ifIdle},
		{"many lanes", manyLanes},
		{"a deep lane", deepLane},
	}
}

func orderInLane(k *kit) {
	ids := numbered("e", 20)
	k.add(lane("a"), ids...)
	var last uint64
	for i, id := range ids {
		l := k.expect(lane("a"), id)
		if seq := l.Entries[0].Seq; i > 0 && seq <= last {
			k.Fatalf("Seq of %q is %d after %d", id, seq, last)
		}
		last = l.Entries[0].Seq
		k.ack(l)
	}
	k.none()
}

func lanesIndependent(k *kit) {
	k.add(lane("a"), "1", "2")
	held := k.expect(lane("a"), "1")
	// The same ids in another lane, another workspace and another kind.
	others := []state.Key{
		lane("b"),
		{Workspace: "w2", Kind: "thread", ID: "a"},
		{Kind: "thread", ID: "a"},
		{Workspace: "w1", Kind: "other", ID: "a"},
	}
	for _, o := range others {
		k.add(o, "1", "2")
	}
	got := map[state.Key][]string{}
	for range 2 * len(others) {
		l := k.one(1, long)
		got[l.Lane] = append(got[l.Lane], idsOf(l)...)
		k.ack(l)
	}
	for _, o := range others {
		if !slices.Equal(got[o], []string{"1", "2"}) {
			k.Errorf("lane %v gave %v", o, got[o])
		}
	}
	k.none()
	k.ack(held)
	k.ack(k.expect(lane("a"), "2"))
}

// seqInReceipt: receipts and leases say in which order the entries of a thread were
// stored, whichever of its lanes they are in.
func seqInReceipt(k *kit) {
	urgent, second := lane("a"), lane("a#2")
	urgent.Kind = "urgent"
	want := map[state.Key]uint64{}
	var last uint64
	for _, in := range []state.Key{lane("a"), urgent, second} {
		r := k.put(entry(in, "e"), state.Added)
		if r.Seq <= last {
			k.Errorf("the sequence in %v is %d, after %d", in, r.Seq, last)
		}
		last, want[in] = r.Seq, r.Seq
		if r := k.put(entry(in, "e"), state.Duplicate); r.Seq != 0 {
			k.Errorf("a duplicate has the sequence %d", r.Seq)
		}
	}
	late := entry(lane("a"), "late")
	late.Delay = time.Hour
	if r := k.put(late, state.Added); r.Seq <= last {
		k.Errorf("the sequence of a delayed entry is %d, after %d", r.Seq, last)
	}
	for range want {
		l := k.one(1, long)
		if got := l.Entries[0].Seq; got != want[l.Lane] {
			k.Errorf("%v is leased with the sequence %d, want %d", l.Lane, got, want[l.Lane])
		}
		k.ack(l)
	}
}

func depthInReceipt(k *kit) {
	for i, id := range numbered("e", 3) {
		if r := k.put(entry(lane("a"), id), state.Added); r.Depth != i+1 {
			k.Errorf("depth after %q is %d, want %d", id, r.Depth, i+1)
		}
	}
	if r := k.put(entry(lane("a"), "e1"), state.Duplicate); r.Depth != 3 {
		k.Errorf("depth after a duplicate is %d, want 3", r.Depth)
	}
	late := entry(lane("a"), "late")
	late.Delay = time.Hour
	if r := k.put(late, state.Added); r.Depth != 3 {
		k.Errorf("depth after a delayed entry is %d, want 3", r.Depth)
	}
	busy := entry(lane("a"), "busy")
	busy.IfIdle = true
	if r := k.put(busy, state.Busy); r.Depth != 3 {
		k.Errorf("depth after a busy lane is %d, want 3", r.Depth)
	}
	l := k.expect(lane("a"), "e0")
	if r := k.put(entry(lane("a"), "e3"), state.Added); r.Depth != 4 {
		k.Errorf("depth with a leased entry is %d, want 4", r.Depth)
	}
	k.ack(l)
	if r := k.put(entry(lane("b"), "e0"), state.Added); r.Depth != 1 {
		k.Errorf("depth of another lane is %d, want 1", r.Depth)
	}
}

func entryWhole(k *kit) {
	e := state.Entry{ID: "id", Lane: lane("a"), Keys: []string{"k1", "k2"}, Body: []byte("work")}
	before := time.Now()
	k.put(e, state.Added)
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
		k.put(e, state.Added)
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
		k.put(e, state.Added)
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
		k.put(e, state.Added)
		k.put(e, state.Duplicate)
		k.put(state.Entry{ID: "other", Keys: []string{"key/" + n}, Lane: l}, state.Duplicate)
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
	k.put(e, state.Added)
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
	k.put(e, state.Added)
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
		k.put(entry(lane(c.name), c.name), state.Added)
	}
	if got := k.stats(); got.Entries != 7 || got.Delayed != 0 {
		k.Errorf("Stats = %+v, want the 7 valid entries", got)
	}
}

func ifIdle(k *kit) {
	idle := func(id string) state.Entry {
		e := entry(lane("a"), id)
		e.IfIdle = true
		e.Keys = []string{"key of " + id}
		return e
	}
	k.put(idle("1"), state.Added)
	k.put(idle("2"), state.Busy) // not empty
	l := k.expect(lane("a"), "1")
	k.put(idle("3"), state.Busy) // leased
	k.put(idle("1"), state.Duplicate)
	k.ack(l)
	// The keys of what was turned away are known.
	k.put(idle("2"), state.Duplicate)
	k.put(entry(lane("a"), "3"), state.Duplicate)
	e := entry(lane("a"), "4")
	e.Keys = []string{"key of 3"}
	k.put(e, state.Duplicate)
	k.none()
	k.put(idle("5"), state.Added)
	k.settle(k.expect(lane("a"), "5"), state.Retry("5", time.Hour, state.Cause{}))
	k.put(idle("6"), state.Busy) // held, not empty
}

func manyLanes(k *kit) {
	n := k.h.ManyLanes
	const workers = 64
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				if _, err := k.s.Enqueue(k.Context(), entry(lane(strconv.Itoa(i)), "e")); err != nil {
					k.Errorf("Enqueue: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
	if k.Failed() {
		return
	}
	if got := k.stats(); got.Lanes != n || got.Entries != n {
		k.Fatalf("Stats = %+v, want %d lanes and entries", got, n)
	}
	var mu sync.Mutex
	done := map[state.Key]bool{}
	end := time.Now().Add(2 * patience)
	for range 8 {
		wg.Go(func() {
			for {
				mu.Lock()
				finished := len(done) == n
				mu.Unlock()
				if finished || k.Failed() {
					return
				}
				if time.Now().After(end) {
					k.Errorf("not all %d lanes were handed out within %v", n, 2*patience)
					return
				}
				ctx := k.within(glance)
				ls, err := k.s.Lease(ctx, state.LeaseRequest{TTL: long, Lanes: 50})
				if err != nil {
					if ctx.Err() == nil {
						k.Errorf("Lease: %v", err)
						return
					}
					continue
				}
				for _, l := range ls {
					mu.Lock()
					if done[l.Lane] {
						k.Errorf("lane %v was handed out twice", l.Lane)
					}
					done[l.Lane] = true
					mu.Unlock()
					if err := k.s.Settle(k.Context(), l, verdicts(acks(l)...)); err != nil {
						k.Errorf("Settle: %v", err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	k.wantStats(state.Stats{})
}

func deepLane(k *kit) {
	ids := numbered("e", 300)
	k.add(lane("a"), ids...)
	var got []string
	for len(got) < len(ids) {
		l := k.one(7, long)
		if want := len(ids) - len(got) - len(l.Entries); l.Behind != want {
			k.Fatalf("Behind is %d, want %d", l.Behind, want)
		}
		got = append(got, idsOf(l)...)
		k.ack(l)
	}
	if diff := cmp.Diff(ids, got); diff != "" {
		k.Errorf("order (-want +got):\n%s", diff)
	}
}
