package statetest

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/state"
)

func valueChecks() []check {
	return []check{
		{"set, get, delete", setGetDelete},
		{"empty is not absent", emptyValue},
		{"values are copied", valuesCopied},
		{"any bytes, any names", valueBytes},
		{"ttl ends a value", valueTTL},
		{"set replaces the ttl", valueTTLReplaced},
		{"compare and set", compareAndSet},
		{"compare and set with a ttl", compareAndSetTTL},
		{"compare and set counts", compareAndSetCounts},
		{"lists", lists},
		{"lists under a limit", listLimit},
		{"ttl of a list", listTTL},
		{"append from many", listRace},
		{"a value and a list of one name", valueAndList},
		{"invalid values", invalidValues},
	}
}

func valueKey(id string) state.Key { return state.Key{Workspace: "w1", Kind: "value", ID: id} }

func (k *kit) set(key state.Key, v string, ttl time.Duration) {
	k.Helper()
	if err := k.s.Set(k.ctx(), key, []byte(v), ttl); err != nil {
		k.Fatalf("Set(%q): %v", key, err)
	}
}

func (k *kit) gets(key state.Key, want string) {
	k.Helper()
	got, err := k.s.Get(k.ctx(), key)
	if err != nil || string(got) != want {
		k.Errorf("Get(%q) = %q, %v, want %q", key, got, err, want)
	}
}

func (k *kit) absent(key state.Key) {
	k.Helper()
	if got, err := k.s.Get(k.ctx(), key); err == nil {
		k.Errorf("Get(%q) = %q, want nothing", key, got)
	} else {
		k.wants("Get", err, state.ErrNotFound)
	}
}

func (k *kit) cas(key state.Key, old, next []byte, want error) {
	k.Helper()
	k.wants(fmt.Sprintf("CompareAndSet(%q, %q)", old, next), k.s.CompareAndSet(k.ctx(), key, old, next, 0), want)
}

func (k *kit) push(key state.Key, limit int, ttl time.Duration, items ...string) {
	k.Helper()
	for _, it := range items {
		if err := k.s.Append(k.ctx(), key, []byte(it), limit, ttl); err != nil {
			k.Fatalf("Append(%q): %v", key, err)
		}
	}
}

func (k *kit) lists(key state.Key, want ...string) {
	k.Helper()
	items, err := k.s.List(k.ctx(), key)
	if err != nil {
		k.Fatalf("List(%q): %v", key, err)
	}
	got := make([]string, 0, len(items))
	for _, it := range items {
		got = append(got, string(it))
	}
	if diff := cmp.Diff(append([]string{}, want...), got); diff != "" {
		k.Errorf("List(%q) (-want +got):\n%s", key, diff)
	}
}

func setGetDelete(k *kit) {
	v := valueKey("v")
	k.absent(v)
	k.set(v, "one", 0)
	k.gets(v, "one")
	k.set(v, "two", 0)
	k.gets(v, "two")
	k.absent(state.Key{Workspace: "w2", Kind: "value", ID: "v"})
	k.absent(state.Key{Workspace: "w1", Kind: "other", ID: "v"})
	k.absent(state.Key{Kind: "value", ID: "v"})
	for range 2 {
		if err := k.s.Delete(k.ctx(), v); err != nil {
			k.Errorf("Delete: %v", err)
		}
		k.absent(v)
	}
}

func emptyValue(k *kit) {
	v := valueKey("v")
	k.set(v, "", 0)
	k.gets(v, "")
	k.cas(v, nil, []byte("x"), state.ErrConflict)
	k.cas(v, []byte{}, []byte("x"), nil)
	k.gets(v, "x")
	k.cas(v, []byte{}, []byte("y"), state.ErrConflict)
	k.cas(v, []byte("x"), []byte{}, nil)
	k.gets(v, "")
	k.cas(v, []byte{}, nil, nil)
	k.absent(v)
	k.cas(v, []byte{}, []byte("x"), state.ErrConflict)
	k.absent(v)
	k.cas(v, nil, []byte{}, nil)
	k.gets(v, "")
	// Set has no way to delete: nil is an empty value.
	if err := k.s.Set(k.ctx(), v, nil, 0); err != nil {
		k.Fatalf("Set: %v", err)
	}
	k.gets(v, "")
}

func valuesCopied(k *kit) {
	v := valueKey("v")
	in := []byte("good")
	if err := k.s.Set(k.ctx(), v, in, 0); err != nil {
		k.Fatalf("Set: %v", err)
	}
	copy(in, "evil")
	k.gets(v, "good")
	out, err := k.s.Get(k.ctx(), v)
	if err != nil {
		k.Fatalf("Get: %v", err)
	}
	copy(out, "evil")
	k.gets(v, "good")

	next := []byte("next")
	k.cas(v, []byte("good"), next, nil)
	copy(next, "evil")
	k.gets(v, "next")

	item := []byte("item")
	if err := k.s.Append(k.ctx(), v, item, 0, 0); err != nil {
		k.Fatalf("Append: %v", err)
	}
	copy(item, "evil")
	items, err := k.s.List(k.ctx(), v)
	if err != nil || len(items) != 1 {
		k.Fatalf("List = %q, %v", items, err)
	}
	copy(items[0], "evil")
	k.lists(v, "item")
}

func valueBytes(k *kit) {
	names := oddNames()
	for i, n := range names {
		k.set(valueKey(n), n+strconv.Itoa(i), 0)
		k.push(valueKey(n), 0, 0, n, "")
		k.set(state.Key{Workspace: n, Kind: "value", ID: "x"}, "ws "+n, 0)
		k.set(state.Key{Workspace: "w", Kind: n, ID: "x"}, "kind "+n, 0)
	}
	for i, n := range names {
		k.gets(valueKey(n), n+strconv.Itoa(i))
		k.lists(valueKey(n), n, "")
		k.gets(state.Key{Workspace: n, Kind: "value", ID: "x"}, "ws "+n)
		k.gets(state.Key{Workspace: "w", Kind: n, ID: "x"}, "kind "+n)
	}
	// Parts that read the same once they are joined.
	for i, same := range []state.Key{
		{Workspace: "a", Kind: "b", ID: "c/d"},
		{Workspace: "a", Kind: "b/c", ID: "d"},
		{Workspace: "a/b", Kind: "c", ID: "d"},
		{Workspace: "a%2Fb", Kind: "c", ID: "d"},
		{Workspace: "a", Kind: "b:c", ID: "d"},
		{Workspace: "a:b", Kind: "c", ID: "d"},
		{Workspace: "a", Kind: "b", ID: "c:d"},
	} {
		k.absent(same)
		k.set(same, strconv.Itoa(i), 0)
	}
	big := bytes.Repeat([]byte{0, 1, 2, '\r', '\n', 0xff}, 50_000)
	k.set(valueKey("big"), string(big), 0)
	k.gets(valueKey("big"), string(big))
}

func valueTTL(k *kit) {
	const ttl = 150 * time.Millisecond
	v := valueKey("v")
	start := time.Now()
	k.set(v, "x", ttl)
	got, err := k.s.Get(k.ctx(), v)
	if time.Since(start) < ttl-rounding && (err != nil || string(got) != "x") {
		k.Errorf("Get before the ttl is over = %q, %v", got, err)
	}
	k.pause(time.Until(time.Now().Add(ttl + rounding)))
	k.absent(v)
	k.cas(v, []byte("x"), []byte("y"), state.ErrConflict)
	k.cas(v, nil, []byte("z"), nil)
	k.gets(v, "z")
}

func valueTTLReplaced(k *kit) {
	const ttl = 100 * time.Millisecond
	v, w := valueKey("v"), valueKey("w")
	k.set(v, "a", ttl)
	k.set(v, "b", 0)
	k.set(w, "a", 0)
	k.set(w, "b", ttl)
	k.pause(ttl + 2*rounding)
	k.gets(v, "b")
	k.absent(w)
}

func compareAndSet(k *kit) {
	v := valueKey("v")
	k.cas(v, []byte("x"), []byte("y"), state.ErrConflict)
	k.cas(v, []byte("x"), nil, state.ErrConflict)
	k.absent(v)
	k.cas(v, nil, nil, nil)
	k.absent(v)
	k.cas(v, nil, []byte("1"), nil)
	k.cas(v, nil, []byte("2"), state.ErrConflict)
	k.cas(v, nil, nil, state.ErrConflict)
	k.cas(v, []byte("2"), []byte("3"), state.ErrConflict)
	k.cas(v, []byte("1\x00"), []byte("3"), state.ErrConflict)
	k.gets(v, "1")
	k.cas(v, []byte("1"), []byte("1"), nil)
	k.cas(v, []byte("1"), []byte("\x00\xff"), nil)
	k.gets(v, "\x00\xff")
	k.cas(v, []byte("\x00\xff"), nil, nil)
	k.absent(v)
}

func compareAndSetTTL(k *kit) {
	const ttl = 100 * time.Millisecond
	v, w, d := valueKey("v"), valueKey("w"), valueKey("d")
	k.set(v, "a", 0)
	k.set(d, "a", ttl)
	for key, old := range map[state.Key][]byte{v: []byte("a"), w: nil} {
		if err := k.s.CompareAndSet(k.ctx(), key, old, []byte("b"), ttl); err != nil {
			k.Fatalf("CompareAndSet: %v", err)
		}
	}
	switch err := k.s.CompareAndSet(k.ctx(), d, []byte("a"), []byte("b"), 0); {
	case err != nil:
		k.Skip("the machine is too slow to change a value before its short ttl is over")
	default:
		k.pause(ttl + 2*rounding)
	}
	k.absent(v)
	k.absent(w)
	k.gets(d, "b")
}

// count raises the number under key n times.
func (k *kit) count(s state.Store, key state.Key, n int) {
	k.Helper()
	end := time.Now().Add(patience)
	for n > 0 && !k.Failed() {
		if time.Now().After(end) {
			k.Errorf("%d of the changes met a conflict for %v", n, patience)
			return
		}
		now := 0
		old, err := s.Get(k.Context(), key)
		if err != nil {
			k.wants("Get", err, state.ErrNotFound)
			old = nil
		} else if now, err = strconv.Atoi(string(old)); err != nil {
			k.Errorf("value is %q", old)
			return
		}
		err = s.CompareAndSet(k.Context(), key, old, []byte(strconv.Itoa(now+1)), 0)
		if err == nil {
			n--
			continue
		}
		k.wants("CompareAndSet", err, state.ErrConflict)
	}
}

func compareAndSetCounts(k *kit) {
	const workers, each = 8, 15
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() { k.count(k.s, valueKey("n"), each) })
	}
	wg.Wait()
	k.gets(valueKey("n"), strconv.Itoa(workers*each))
}

func lists(k *kit) {
	l := valueKey("l")
	k.lists(l)
	k.push(l, 0, 0, "a", "b", "", "\x00", "a")
	k.lists(l, "a", "b", "", "\x00", "a")
	k.lists(state.Key{Workspace: "w2", Kind: "value", ID: "l"})
	if err := k.s.Delete(k.ctx(), l); err != nil {
		k.Fatalf("Delete: %v", err)
	}
	k.lists(l)
	k.push(l, 0, 0, "new")
	k.lists(l, "new")
}

func listLimit(k *kit) {
	l := valueKey("l")
	k.push(l, 3, 0, "a", "b", "c", "d", "e")
	k.lists(l, "c", "d", "e")
	k.push(l, 0, 0, "f")
	k.lists(l, "c", "d", "e", "f")
	k.push(l, 2, 0, "g")
	k.lists(l, "f", "g")
	k.push(l, 1, 0, "h")
	k.lists(l, "h")
}

func listTTL(k *kit) {
	const ttl = 200 * time.Millisecond
	l, kept := valueKey("l"), valueKey("kept")
	k.push(l, 0, ttl, "a")
	k.push(kept, 0, ttl, "a")
	k.push(kept, 0, 0, "b") // restarts the ttl, now for ever
	items, err := k.s.List(k.ctx(), kept)
	if err != nil || len(items) == 0 {
		k.Fatalf("List = %q, %v", items, err)
	}
	whole := len(items) == 2 // unless the machine is slow
	k.pause(ttl / 2)
	k.push(l, 0, 10*ttl, "b")
	k.pause(ttl/2 + 2*rounding)
	items, err = k.s.List(k.ctx(), l)
	if err != nil || len(items) == 0 || string(items[len(items)-1]) != "b" {
		k.Errorf("List = %q, %v after its ttl was restarted", items, err)
	}
	if whole {
		k.lists(kept, "a", "b")
	}
	k.push(l, 0, ttl, "c")
	k.pause(ttl + 2*rounding)
	k.lists(l)
	k.push(l, 0, 0, "new")
	k.lists(l, "new")
}

func listRace(k *kit) {
	const workers, each = 6, 10
	l, limited := valueKey("l"), valueKey("limited")
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				item := fmt.Appendf(nil, "%d-%d", w, i)
				if err := k.s.Append(k.Context(), l, item, 0, 0); err != nil {
					k.Errorf("Append: %v", err)
				}
				if err := k.s.Append(k.Context(), limited, item, 7, 0); err != nil {
					k.Errorf("Append: %v", err)
				}
			}
		})
	}
	wg.Wait()
	items, err := k.s.List(k.ctx(), l)
	if err != nil || len(items) != workers*each {
		k.Fatalf("List gave %d items, %v, want %d", len(items), err, workers*each)
	}
	next := map[string]int{}
	for _, it := range items {
		w, i, _ := strings.Cut(string(it), "-")
		if i != strconv.Itoa(next[w]) {
			k.Errorf("item %q of a writer is out of order", it)
		}
		next[w]++
	}
	if items, err = k.s.List(k.ctx(), limited); err != nil || len(items) != 7 {
		k.Errorf("List gave %d items, %v, want the limit of 7", len(items), err)
	}
}

func valueAndList(k *kit) {
	v := valueKey("v")
	k.set(v, "value", 0)
	k.push(v, 0, 0, "item")
	k.gets(v, "value")
	k.lists(v, "item")
	k.cas(v, []byte("value"), nil, nil)
	k.absent(v)
	k.lists(v, "item")
	k.set(v, "value", 0)
	if err := k.s.Delete(k.ctx(), v); err != nil {
		k.Fatalf("Delete: %v", err)
	}
	k.absent(v)
	k.lists(v)
	// Neither is a subscription or a lane.
	k.set(lane("a"), "value", 0)
	k.add(lane("a"), "1")
	if err := k.s.Subscribe(k.ctx(), lane("a")); err != nil {
		k.Fatalf("Subscribe: %v", err)
	}
	k.gets(lane("a"), "value")
	k.lists(lane("a"))
	k.ack(k.expect(lane("a"), "1"))
}

func invalidValues(k *kit) {
	v := valueKey("v")
	k.wants("Set with a negative ttl", k.s.Set(k.ctx(), v, []byte("x"), -1), state.ErrInvalid)
	k.wants("CompareAndSet with a negative ttl", k.s.CompareAndSet(k.ctx(), v, nil, []byte("x"), -time.Second), state.ErrInvalid)
	k.wants("Append with a negative ttl", k.s.Append(k.ctx(), v, []byte("x"), 0, -time.Second), state.ErrInvalid)
	k.wants("Append with a negative limit", k.s.Append(k.ctx(), v, []byte("x"), -1, 0), state.ErrInvalid)
	k.absent(v)
	k.lists(v)
}
