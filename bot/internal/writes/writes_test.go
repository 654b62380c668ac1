package writes_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/linearbot/linearbot/bot/internal/writes"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

// TestNames: two runs that write the same have the same names, and no two writes of a
// run have one.
func TestNames(t *testing.T) {
	t.Parallel()
	run := func() (names []string) {
		var n writes.Names
		for _, handler := range []string{"mention/0", "mention/1"} {
			n.Begin(handler)
			if n.Handler() != handler {
				t.Errorf("%s begins, and %s runs", handler, n.Handler())
			}
			for _, step := range []string{"", "look", ""} {
				for _, sort := range []string{"write", "files"} {
					next := n.Peek("ev", sort, step)
					if got := n.Next("ev", sort, step); got != next {
						t.Errorf("the next name is %q, not %q", got, next)
					}
					names = append(names, sort+" "+next)
				}
			}
		}
		return names
	}
	first, second := run(), run()
	seen := make(map[string]bool)
	for i, name := range first {
		if seen[name] || name != second[i] {
			t.Errorf("%q: seen %t, and %q in the second run", name, seen[name], second[i])
		}
		seen[name] = true
	}
	if first[0] != "write ev\x00mention/0\x00\x000" || first[4] != "write ev\x00mention/0\x00\x001" {
		t.Errorf("%q, %q: names of stored turns must stay as they are", first[0], first[4])
	}
	if a, b := writes.Variant("k", "one", "two"), writes.Variant("k", "one two"); a == b || !strings.HasPrefix(a, "k\x00") {
		t.Errorf("%q and %q are wordings of k", a, b)
	}
}

// TestSent: the next run finds the hashes of what the run before sent, under each key
// the last, and nothing when the turn is over.
func TestSent(t *testing.T) {
	t.Parallel()
	store := memstate.New(memstate.Options{})
	defer store.Close()
	page := func() *notes.Thread {
		return notes.New(store).Thread(state.Key{Workspace: "W1", Kind: "thread", ID: "fake:room:1"})
	}
	long := strings.Repeat("long ", 1000)
	run := func(texts map[string]string, keep bool) (before map[string]string) {
		t.Helper()
		var s writes.Sent
		in := page()
		before = make(map[string]string)
		for key, text := range texts {
			for _, said := range []string{"a draft", text} {
				var err error
				if before[key], err = s.Note(t.Context(), in, "ev", key, said); err != nil {
					t.Fatal(err)
				}
			}
		}
		if keep {
			s.Keep(in, "ev")
		} else {
			writes.Forget(in, "ev")
		}
		if err := in.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		return before
	}
	if before := run(map[string]string{"a": "one ", "b": long}, true); before["a"] != "" || before["b"] != "" {
		t.Errorf("before the first run: %v", before)
	}
	before := run(map[string]string{"a": "two"}, true)
	if writes.Differs(before["a"], "one", true, "", "") || !writes.Differs(before["a"], "two", true, "", "") {
		t.Errorf("the second run has %q before", before["a"])
	}
	before = run(map[string]string{"a": "two", "b": long, "c": "three"}, false)
	if writes.Differs(before["a"], "two", true, "", "") || writes.Differs(before["b"], long, true, "", "") || before["c"] != "" {
		t.Errorf("the third run has %v before", before)
	}
	if before = run(map[string]string{"a": "two"}, true); before["a"] != "" {
		t.Errorf("after the turn was over: %v", before)
	}
	many := make(map[string]string)
	for i := range 100 {
		many[fmt.Sprint("k", i)] = "text"
	}
	run(many, true)
	kept := 0
	for _, hash := range run(many, true) {
		if hash != "" {
			kept++
		}
	}
	if kept != 64 {
		t.Errorf("%d of 100 writes are kept, want 64", kept)
	}
}

// TestDiffers: without a hash only a turn that may have run before looks at the text.
func TestDiffers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		again       bool
		there, body string
		want        bool
	}{
		"the request was repeated": {false, "a", "b", false},
		"the same text":            {true, " a", "a\n", false},
		"another text":             {true, "a", "b", true},
	} {
		if got := writes.Differs("", "said", c.again, c.there, c.body); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
}
