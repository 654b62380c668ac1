package scheduled_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/scheduled"
	"github.com/linearbot/linearbot/state/memstate"
)

// TestFate: the first of posting and canceling decides, until long after the post was due.
func TestFate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := memstate.New(memstate.Options{})
		defer store.Close()
		book := notes.New(store)
		made, canceled := scheduled.Named("W1", "k1"), scheduled.Named("W1", "k2")
		do := func(p scheduled.Post, what string, f func() (bool, error), want bool) {
			t.Helper()
			if got, err := f(); got != want || err != nil {
				t.Errorf("%s %s: %t, %v, want %t", what, p.Name, got, err, want)
			}
		}
		begin := func(p scheduled.Post, want bool) {
			t.Helper()
			do(p, "begin", func() (bool, error) { return p.Begin(t.Context(), book) }, want)
		}
		cancel := func(p scheduled.Post, left time.Duration, want bool) {
			t.Helper()
			do(p, "cancel", func() (bool, error) { return p.Cancel(t.Context(), book, left) }, want)
		}
		begin(made, true)
		begin(made, true) // its turn is retried
		cancel(made, -time.Hour, false)
		const year = 365 * 24 * time.Hour
		cancel(canceled, year, true)
		cancel(canceled, year, true)
		time.Sleep(year + 24*time.Hour)
		begin(canceled, false)
		begin(scheduled.Named("W2", "k2"), true) // of another workspace
		do(canceled, "canceled", func() (bool, error) { return canceled.IsCanceled(t.Context(), book) }, true)
	})
}

// TestNames: a post is the same by its key, its entry and its id.
func TestNames(t *testing.T) {
	t.Parallel()
	p, at := scheduled.Named("W1", "k1"), time.Unix(1700000000, 0)
	if got := scheduled.Of("W1", p.Entry()); got != p {
		t.Errorf("%v, want %v", got, p)
	}
	if got, due, err := scheduled.ParseID("W1", p.ID(at)); got != p || !due.Equal(at) || err != nil {
		t.Errorf("%v, %v, %v, want %v, %v", got, due, err, p, at)
	}
	for _, id := range []string{"", "-", "x", "x-", "-1700000000", "x-soon"} {
		if _, _, err := scheduled.ParseID("W1", id); err == nil {
			t.Errorf("%q is an id", id)
		}
	}
}
