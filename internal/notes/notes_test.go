package notes_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

// counted counts the calls that a store gets.
type counted struct {
	state.Store

	calls int
}

func (c *counted) Notes(ctx context.Context, k state.Key) (state.NoteSet, error) {
	c.calls++
	return c.Store.Notes(ctx, k)
}

func (c *counted) WriteNotes(ctx context.Context, k state.Key, w ...state.NoteWrite) error {
	c.calls++
	return c.Store.WriteNotes(ctx, k, w...)
}

var thread = state.Key{Workspace: "W", Kind: "thread", ID: "linear:i:c:1"}

func book(t *testing.T) (notes.Book, *counted) {
	t.Helper()
	store := &counted{Store: memstate.New(memstate.Options{})}
	t.Cleanup(func() { _ = store.Close() })
	return notes.New(store), store
}

// TestEveryKindHasAnEnd checks the table: names are unique, and each has an
// owner, a format and a lifetime.
func TestEveryKindHasAnEnd(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	kinds := map[notes.Kind]bool{}
	for _, i := range notes.Kinds() {
		if i.Name == "" || i.Of == "" || i.Format == "" || i.Life <= 0 || i.Kind == 0 {
			t.Errorf("%+v is incomplete", i)
		}
		if names[i.Name] || kinds[i.Kind] {
			t.Errorf("%+v stands twice", i)
		}
		names[i.Name], kinds[i.Kind] = true, true
		if strings.ContainsAny(i.Name, "/ \x00") {
			t.Errorf("%q cannot be the begin of a name", i.Name)
		}
	}
}

func TestLeasedNotesAskTheStoreNothing(t *testing.T) {
	t.Parallel()
	b, store := book(t)
	ctx := t.Context()
	if err := b.Thread(thread).Put(ctx, notes.Stop, "", []byte("1")); err != nil {
		t.Fatal(err)
	}
	if err := store.Subscribe(ctx, thread); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Enqueue(ctx, state.Entry{ID: "e", Lane: thread, Body: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	leases, err := store.Lease(ctx, state.LeaseRequest{TTL: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	store.calls = 0
	page := b.Leased(leases[0])
	stop, err := page.Get(ctx, notes.Stop, "")
	if err != nil || string(stop) != "1" {
		t.Errorf("got %q, %v", stop, err)
	}
	if ok, err := page.Subscribed(ctx); err != nil || !ok {
		t.Errorf("subscribed %v, %v", ok, err)
	}
	page.Stage(notes.Pin, "event", []byte("0"))
	page.Stage(notes.Talk, "", nil) // absent, so a no-op
	page.Stage(notes.Stop, "", nil)
	if stop, err := page.Get(ctx, notes.Stop, ""); err != nil || stop != nil {
		t.Errorf("a staged deletion is not seen: %q, %v", stop, err)
	}
	if store.calls != 0 {
		t.Errorf("%d calls of the store, want none", store.calls)
	}
	if n := len(page.Staged()); n != 2 {
		t.Errorf("%d writes are staged, want 2", n)
	}
	if err := store.Settle(ctx, leases[0], state.Settlement{Verdicts: []state.Verdict{state.Ack("e")}, Notes: page.Staged()}); err != nil {
		t.Fatal(err)
	}
	set, err := store.Notes(ctx, thread)
	if err != nil || string(set.Values["pin/event"]) != "0" || set.Values["stop"] != nil {
		t.Errorf("the store has %q, %v", set.Values, err)
	}
}

func TestSwapOfAnOldValueFailsAndReadsAgain(t *testing.T) {
	t.Parallel()
	b, _ := book(t)
	ctx := t.Context()
	one, two := b.Thread(thread), b.Thread(thread)
	if v, err := one.Get(ctx, notes.Asking, ""); err != nil || v != nil {
		t.Fatalf("%q, %v", v, err)
	}
	if err := two.Swap(ctx, notes.Asking, "", nil, []byte("two")); err != nil {
		t.Fatal(err)
	}
	if err := one.Swap(ctx, notes.Asking, "", nil, []byte("one")); !errors.Is(err, state.ErrConflict) {
		t.Errorf("%v, want a conflict", err)
	}
	if v, err := one.Get(ctx, notes.Asking, ""); err != nil || string(v) != "two" {
		t.Errorf("after the conflict: %q, %v", v, err)
	}
	if err := one.Swap(ctx, notes.Asking, "", []byte("two"), nil); err != nil {
		t.Error(err)
	}
}

func TestLongIDsAreHashed(t *testing.T) {
	t.Parallel()
	b, _ := book(t)
	long := strings.Repeat("event", 200)
	for _, id := range []string{long, long + "2", strings.Repeat("x", 252), strings.Repeat("x", 253)} {
		if err := b.Thread(thread).Put(t.Context(), notes.Pin, id, []byte(id)); err != nil {
			t.Errorf("%d bytes: %v", len(id), err)
		}
		if v, err := b.Thread(thread).Get(t.Context(), notes.Pin, id); err != nil || string(v) != id {
			t.Errorf("%d bytes: %d came back, %v", len(id), len(v), err)
		}
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := memstate.New(memstate.Options{})
		defer store.Close()
		ctx := t.Context()
		if err := notes.New(store).Value(notes.Sessions, "W").Set(ctx, []byte("1")); err != nil {
			t.Errorf("without a name: %v", err)
		}
		v := notes.New(store).Value(notes.Refused, "W", "thread", "ada")
		if data, err := v.Get(ctx); data != nil || err != nil {
			t.Errorf("absent: %q, %v", data, err)
		}
		if held, err := v.Claim(ctx, []byte("m1")); err != nil || string(held) != "m1" {
			t.Errorf("first claim: %q, %v", held, err)
		}
		if held, err := v.Claim(ctx, []byte("m2")); err != nil || string(held) != "m1" {
			t.Errorf("second claim: %q, %v", held, err)
		}
		time.Sleep(notes.Refused.Life() + time.Second)
		if held, err := v.Claim(ctx, []byte("m3")); err != nil || string(held) != "m3" {
			t.Errorf("claim after the lifetime: %q, %v", held, err)
		}
		for _, other := range []notes.Value{
			notes.New(store).Value(notes.Refused, "V", "thread", "ada"),
			notes.New(store).Value(notes.Refused, "W", "thread", "bob"),
			notes.New(store).Value(notes.Act, "W", "thread", "ada"),
			v.Named("x"),
		} {
			if data, err := other.Get(ctx); data != nil || err != nil {
				t.Errorf("%s: %q, %v", other.Name(), data, err)
			}
		}
		if err := v.Set(ctx, []byte{}); err != nil {
			t.Error(err)
		}
		if data, err := v.Get(ctx); data == nil || err != nil {
			t.Errorf("an empty value reads as absent: %v", err)
		}
		if err := errors.Join(v.Delete(ctx), v.Delete(ctx)); err != nil {
			t.Error(err)
		}
	})
}

// TestWorkspacesHaveNotesOfTheirOwn writes the same in two workspaces.
func TestWorkspacesHaveNotesOfTheirOwn(t *testing.T) {
	t.Parallel()
	b, _ := book(t)
	ctx := t.Context()
	other := thread
	other.Workspace = "V"
	if err := b.Thread(thread).Put(ctx, notes.Stop, "", []byte("W")); err != nil {
		t.Fatal(err)
	}
	if v, err := b.Thread(other).Get(ctx, notes.Stop, ""); v != nil || err != nil {
		t.Errorf("%q, %v", v, err)
	}
	var all []string
	for _, lane := range []string{thread.ID, thread.ID + "#1", thread.ID + "#2"} {
		v, err := b.Thread(state.Key{Workspace: "W", Kind: "urgent", ID: lane}).Get(ctx, notes.Stop, "")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(v))
	}
	if !slices.Equal(all, []string{"W", "W", "W"}) {
		t.Errorf("lanes of the thread have %q", all)
	}
}
