package breaker_test

import (
	"errors"
	"testing"

	"github.com/linearbot/linearbot/bot/internal/breaker"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

func page(store state.Store) *notes.Thread {
	return notes.New(store).Thread(state.Key{Workspace: "W1", Kind: "thread", ID: "fake:room:1"})
}

// TestCount: two messages of programs are answered, the third is not, each counts once,
// and a mention by a person starts anew.
func TestCount(t *testing.T) {
	t.Parallel()
	store := memstate.New(memstate.Options{})
	defer store.Close()
	program := func(event string) breaker.Message { return breaker.Message{Event: event} }
	for _, c := range []struct {
		message breaker.Message
		want    breaker.Decision
	}{
		{program("e1"), breaker.Answer},
		{program("e1"), breaker.Answer}, // another run
		{program("e2"), breaker.Answer},
		{breaker.Message{Event: "h1", Human: true}, breaker.Answer},
		{program("e3"), breaker.Leave},
		{program("e3"), breaker.Leave}, // it may not have been said
		{breaker.Message{Event: "e4", Mentioned: true}, breaker.Ignore},
		{breaker.Message{Event: "h2", Human: true, Mentioned: true}, breaker.Answer},
		{program("e5"), breaker.Answer},
		{program("e6"), breaker.Answer},
		{program("e7"), breaker.Leave},
	} {
		if got, err := breaker.Count(t.Context(), page(store), c.message, 2); err != nil || got != c.want {
			t.Errorf("%+v: %v, %v, want %v", c.message, got, err, c.want)
		}
	}
}

// TestCountAnew: a count of another version starts anew, and a store that fails is told.
func TestCountAnew(t *testing.T) {
	t.Parallel()
	store := memstate.New(memstate.Options{})
	if err := page(store).Put(t.Context(), notes.Talk, "", []byte("?")); err != nil {
		t.Fatal(err)
	}
	if got, err := breaker.Count(t.Context(), page(store), breaker.Message{Event: "e1"}, 1); err != nil || got != breaker.Answer {
		t.Errorf("after a note of another version: %v, %v", got, err)
	}
	store.Close()
	if _, err := breaker.Count(t.Context(), page(store), breaker.Message{Event: "e2"}, 1); !errors.Is(err, state.ErrClosed) {
		t.Errorf("without a store: %v", err)
	}
}
