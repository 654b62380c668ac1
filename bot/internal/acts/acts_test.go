package acts_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/acts"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

func book(t *testing.T) notes.Book {
	t.Helper()
	store := memstate.New(memstate.Options{})
	t.Cleanup(func() { store.Close() })
	return notes.New(store)
}

// TestClaim: one kind of event speaks for an act, and every event of that kind.
func TestClaim(t *testing.T) {
	t.Parallel()
	b := book(t)
	for _, c := range []struct {
		typ, key, workspace string
		acts                []string
		want                bool
	}{
		{"Comment", "c1", "W1", []string{"a1", "a0"}, true},
		{"AgentSession", "s1", "W1", []string{"a1"}, false},
		{"Comment", "c1", "W1", []string{"a1", "a0"}, true}, // another run
		{"Comment", "c2", "W1", []string{"a1"}, true},
		{"AgentSession", "s1", "W1", []string{"a0"}, false}, // of a message that c1 stands for
		{"AgentSession", "s1", "W2", []string{"a1"}, true},  // another workspace
		{"AgentSession", "s2", "W1", []string{"a2", "a1"}, true},
	} {
		got, rival, err := acts.Claim(t.Context(), b, &adapter.Meta{Type: c.typ, Key: c.key, Workspace: c.workspace}, c.acts)
		if err != nil || got != c.want {
			t.Errorf("%s %s of %v in %s: %t, %v, want %t", c.typ, c.key, c.acts, c.workspace, got, err, c.want)
		}
		if want := map[bool]string{false: "c1"}[c.want]; rival != want {
			t.Errorf("%s %s of %v in %s: the rival is %q, want %q", c.typ, c.key, c.acts, c.workspace, rival, want)
		}
	}
}

// TestWords: a thread keeps word of the last acts, each once, and only whole names
// count.
func TestWords(t *testing.T) {
	t.Parallel()
	page := book(t).Thread(state.Key{Workspace: "W1", Kind: "thread", ID: "t"})
	load := func() acts.Words {
		t.Helper()
		w, err := acts.Spoken(t.Context(), page)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	if load().Has("a1") || load().Has("") {
		t.Error("a new thread has word of something")
	}
	load().Leave(page, "a1", "a2", "a1")
	load().Leave(page, "a2")
	if w := load(); string(w) != "a1\na2" || !w.Has("a1") || !w.Has("a2") || w.Has("a") {
		t.Errorf("%q", w)
	}
	for i := range 31 {
		load().Leave(page, fmt.Sprint("b", i))
	}
	if w := load(); w.Has("a1") || !w.Has("a2") || !w.Has("b30") {
		t.Errorf("%q", w)
	}
}

// TestWorkspaces: a process believes what it knows for ten seconds, and what it has
// learned at once.
func TestWorkspaces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := book(t)
		one, two := acts.NewWorkspaces(b), acts.NewWorkspaces(b)
		expect := func(when string, w *acts.Workspaces, send, fresh bool) {
			t.Helper()
			got, err := w.Send(t.Context(), "W1")
			if err != nil || got != send {
				t.Errorf("%s: sends %t, %v, want %t", when, got, err, send)
			}
			if got, err := w.Fresh(t.Context(), "W1", time.Now()); err != nil || got != fresh {
				t.Errorf("%s: fresh %t, %v, want %t", when, got, err, fresh)
			}
		}
		expect("at first", one, false, true)
		expect("at first, elsewhere", two, false, true)
		for _, want := range []bool{true, false} {
			if first, err := one.Note(t.Context(), "W1", time.Now()); err != nil || first != want {
				t.Errorf("noted: first %t, %v, want %t", first, err, want)
			}
		}
		expect("noted", one, true, true)
		expect("noted elsewhere", two, false, true)
		time.Sleep(10 * time.Second)
		expect("noted elsewhere, later", two, true, true)
		time.Sleep(21 * time.Second)
		expect("long known", two, true, false)

		two.Arrive("W2")
		if !two.HasArrived("W2") || two.HasArrived("W1") {
			t.Error("a session has arrived in the wrong workspace")
		}
		time.Sleep(10 * time.Second)
		if two.HasArrived("W2") {
			t.Error("a session that has arrived is never forgotten")
		}
	})
}
