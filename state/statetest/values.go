package statetest

import (
	"bytes"
	"fmt"
	"strconv"
	"sync"
	"time"

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
		{"names are apart from lanes and subscriptions", valueNames},
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
}

func valueBytes(k *kit) {
	names := oddNames()
	for i, n := range names {
		k.set(valueKey(n), n+strconv.Itoa(i), 0)
		k.set(state.Key{Workspace: n, Kind: "value", ID: "x"}, "ws "+n, 0)
		k.set(state.Key{Workspace: "w", Kind: n, ID: "x"}, "kind "+n, 0)
	}
	for i, n := range names {
		k.gets(valueKey(n), n+strconv.Itoa(i))
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
		k.Errorf("Get before the value expires = %q, %v", got, err)
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
		k.Skip("the machine is too slow to change a value before it expires")
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

func valueNames(k *kit) {
	k.set(lane("a"), "value", 0)
	k.add(lane("a"), "1")
	k.subscribe(lane("a"))
	k.note(lane("a"), "n", "note", time.Hour)
	k.gets(lane("a"), "value")
	k.ack(k.expect(lane("a"), "1"))
	if err := k.s.Delete(k.ctx(), lane("a")); err != nil {
		k.Fatalf("Delete: %v", err)
	}
	k.absent(lane("a"))
	k.subscribed(lane("a"), true)
	k.notes(lane("a"), map[string]string{"n": "note"})
}

func invalidValues(k *kit) {
	v := valueKey("v")
	k.wants("Set with a negative ttl", k.s.Set(k.ctx(), v, []byte("x"), -1), state.ErrInvalid)
	k.wants("CompareAndSet with a negative ttl", k.s.CompareAndSet(k.ctx(), v, nil, []byte("x"), -time.Second), state.ErrInvalid)
	k.absent(v)
}
