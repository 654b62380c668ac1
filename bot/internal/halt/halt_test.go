package halt_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/linearbot/linearbot/bot/internal/halt"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

// TestAnOlderStopRevivesNothing: a stop that is retried does not take the place of
// a newer one.
func TestAnOlderStopRevivesNothing(t *testing.T) {
	t.Parallel()
	early, late := halt.Stop{At: time.Unix(1, 0)}, halt.Stop{At: time.Unix(2, 0), By: "m2"}
	arrived, newer := halt.Stop{Seq: 3}, halt.Stop{Seq: 7}
	turn := halt.Stop{Seq: 3, At: time.Unix(1, 0)}
	pending := halt.Stop{Seq: 3, At: time.Unix(1, 0), Pending: true}
	newerTurn := halt.Stop{Seq: 7, At: time.Unix(2, 0)}
	again := halt.Stop{Seq: 9, At: time.Unix(1, 0)} // of the dead letters
	for name, steps := range map[string][]struct{ keep, want halt.Stop }{
		"by time":                 {{early, early}, {late, late}, {early, late}, {late, late}},
		"arrives, then its turn":  {{arrived, arrived}, {turn, turn}},
		"its turn is retried":     {{arrived, arrived}, {newer, newer}, {turn, newer}, {newerTurn, newerTurn}, {turn, newerTurn}},
		"it is handled again":     {{turn, turn}, {newerTurn, newerTurn}, {again, newerTurn}},
		"it is confirmed":         {{pending, pending}, {turn, turn}},
		"its turn is faster":      {{pending, pending}, {arrived, pending}, {turn, turn}, {arrived, turn}},
		"the next arrives":        {{turn, turn}, {newer, newer}},
		"the turn of another one": {{turn, turn}, {late, late}, {turn, late}},
	} {
		store := memstate.New(memstate.Options{})
		page := func() *notes.Thread {
			return notes.New(store).Thread(state.Key{Workspace: "W1", Kind: "thread", ID: "fake:room:1"})
		}
		for _, c := range steps {
			if err := c.keep.Keep(t.Context(), page()); err != nil {
				t.Fatal(err)
			}
			if got, err := halt.LastStop(t.Context(), page()); err != nil || got != c.want {
				t.Errorf("%s: after %v: %v, %v, want %v", name, c.keep, got, err, c.want)
			}
		}
		store.Close()
	}
}

// TestStopEnds: a stop ends what was stored before it, and nothing that was stored
// after it, at the same instant or not.
func TestStopEnds(t *testing.T) {
	t.Parallel()
	at := func(s int64) time.Time { return time.Unix(s, 0) }
	for name, c := range map[string]struct {
		stop halt.Stop
		seq  uint64
		at   time.Time
		want bool
	}{
		"none":                                    {halt.Stop{}, 1, at(1), false},
		"before":                                  {halt.Stop{Seq: 5, At: at(5)}, 4, at(4), true},
		"before, at the same instant":             {halt.Stop{Seq: 5, At: at(5)}, 4, at(5), true},
		"after, at the same instant":              {halt.Stop{Seq: 5, At: at(5)}, 6, at(5), false},
		"after":                                   {halt.Stop{Seq: 5, At: at(5)}, 6, at(6), false},
		"after, by a clock that was set back":     {halt.Stop{Seq: 5, At: at(5)}, 6, at(4), false},
		"before, as it arrives":                   {halt.Stop{Seq: 5}, 4, at(9), true},
		"after, as it arrives":                    {halt.Stop{Seq: 5}, 6, at(9), false},
		"between a stop and its repetition":       {halt.Stop{Seq: 9, At: at(5)}, 8, at(6), false},
		"before a stop from the turn of a thread": {halt.Stop{At: at(5)}, 4, at(5), true},
		"after a stop from the turn of a thread":  {halt.Stop{At: at(5)}, 4, at(6), false},
	} {
		if got := c.stop.Ends(c.seq, c.at); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
}

// TestArrivalEnds: a message takes over from what was leased before it, and neither
// from itself nor from what stands for it.
func TestArrivalEnds(t *testing.T) {
	t.Parallel()
	at := func(s int64) time.Time { return time.Unix(s, 0) }
	a := halt.Arrival{At: at(5), Entry: "e"}
	for name, c := range map[string]struct {
		arrival halt.Arrival
		leased  time.Time
		entry   string
		others  []string
		want    bool
	}{
		"none":               {halt.Arrival{}, at(1), "d", nil, false},
		"before":             {a, at(4), "d", nil, true},
		"at the same moment": {a, at(5), "d", nil, false},
		"after":              {a, at(6), "d", nil, false},
		"itself":             {a, at(4), "e", nil, false},
		"stood for":          {a, at(4), "d", []string{"c", "e"}, false},
	} {
		if got := c.arrival.Ends(c.leased, c.entry, c.others); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
}

// TestOlderArrivalsChangeNothing: of two messages the later one is kept, in any order.
func TestOlderArrivalsChangeNothing(t *testing.T) {
	t.Parallel()
	store := memstate.New(memstate.Options{})
	defer store.Close()
	page := func() *notes.Thread {
		return notes.New(store).Thread(state.Key{Workspace: "W1", Kind: "thread", ID: "t"})
	}
	early, late := halt.Arrival{At: time.Unix(1, 5), Entry: "a b"}, halt.Arrival{At: time.Unix(2, 0), Entry: "c"}
	for _, c := range []struct{ keep, want halt.Arrival }{{early, early}, {late, late}, {early, late}} {
		if err := c.keep.Keep(t.Context(), page()); err != nil {
			t.Fatal(err)
		}
		if got, err := halt.LastArrival(t.Context(), page()); err != nil || got != c.want {
			t.Errorf("after %v: %v, %v, want %v", c.keep, got, err, c.want)
		}
	}
}

// TestDelete: a thread remembers the last 512 deletions, each once.
func TestDelete(t *testing.T) {
	t.Parallel()
	store := memstate.New(memstate.Options{})
	defer store.Close()
	page := notes.New(store).Thread(state.Key{Workspace: "W1", Kind: "thread", ID: "t"})
	for i := range 513 {
		for range 2 {
			if err := halt.Delete(t.Context(), page, strconv.Itoa(i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	ids, err := halt.Deleted(t.Context(), page)
	if err != nil || len(ids) != 512 || ids[0] != "1" || ids[511] != "512" {
		t.Errorf("%d deletions, %v", len(ids), err)
	}
}
