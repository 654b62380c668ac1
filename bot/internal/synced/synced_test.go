package synced_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/synced"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

// TestNote: what one message says holds for those that say nothing, and is news once.
func TestNote(t *testing.T) {
	t.Parallel()
	store := memstate.New(memstate.Options{})
	page := func() *notes.Thread {
		return notes.New(store).Thread(state.Key{Workspace: "W1", Kind: "thread", ID: "fake:room:1"})
	}
	slack, mail := []adapter.Sync{{Service: "slack"}}, []adapter.Sync{{Service: "email"}}
	for _, c := range []struct {
		said, want []adapter.Sync
		news       bool
	}{
		{nil, nil, false},
		{slack, slack, true},
		{nil, slack, false},
		{mail, mail, false},
		{nil, slack, false}, // the first word counts
	} {
		got, news, err := synced.Note(t.Context(), page(), c.said)
		if err != nil || news != c.news || !reflect.DeepEqual(got, c.want) {
			t.Errorf("said %v: %v, news %t, %v; want %v, %t", c.said, got, news, err, c.want, c.news)
		}
	}
	if err := page().Put(t.Context(), notes.Synced, "", []byte("?")); err != nil {
		t.Fatal(err)
	}
	if with, known, err := synced.With(t.Context(), page()); err != nil || !known || len(with) != 1 {
		t.Errorf("a note of another version: %v, known %t, %v; want a service without a name", with, known, err)
	}
	store.Close()
	if _, _, err := synced.Note(t.Context(), page(), nil); !errors.Is(err, state.ErrClosed) {
		t.Errorf("without a store: %v", err)
	}
}
