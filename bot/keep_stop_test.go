package bot

import (
	"testing"
	"time"

	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state/memstate"
)

// TestAnOlderStopRevivesNothing: a stop that is retried does not take the place of
// a newer one.
func TestAnOlderStopRevivesNothing(t *testing.T) {
	t.Parallel()
	store := memstate.New(memstate.Options{})
	defer store.Close()
	page := func() *notes.Thread { return notes.New(store).Thread(laneKey("W1", "fake:room:1")) }
	early, late := stop{at: time.Unix(1, 0)}, stop{at: time.Unix(2, 0), by: "m2"}
	for _, c := range []struct{ keep, want stop }{{early, early}, {late, late}, {early, late}, {late, late}} {
		if err := keepStop(t.Context(), page(), c.keep); err != nil {
			t.Fatal(err)
		}
		if got, err := loadStop(t.Context(), page()); err != nil || got != c.want {
			t.Errorf("after %v: %v, %v, want %v", c.keep, got, err, c.want)
		}
	}
}
