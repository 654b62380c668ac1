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
	early, late := stop{at: time.Unix(1, 0)}, stop{at: time.Unix(2, 0), by: "m2"}
	arrived, newer := stop{seq: 3}, stop{seq: 7}
	turn := stop{seq: 3, at: time.Unix(1, 0)}
	newerTurn := stop{seq: 7, at: time.Unix(2, 0)}
	again := stop{seq: 9, at: time.Unix(1, 0)} // of the dead letters
	for name, steps := range map[string][]struct{ keep, want stop }{
		"by time":                 {{early, early}, {late, late}, {early, late}, {late, late}},
		"arrives, then its turn":  {{arrived, arrived}, {turn, turn}},
		"its turn is retried":     {{arrived, arrived}, {newer, newer}, {turn, newer}, {newerTurn, newerTurn}, {turn, newerTurn}},
		"it is handled again":     {{turn, turn}, {newerTurn, newerTurn}, {again, newerTurn}},
		"the next arrives":        {{turn, turn}, {newer, newer}},
		"the turn of another one": {{turn, turn}, {late, late}, {turn, late}},
	} {
		store := memstate.New(memstate.Options{})
		page := func() *notes.Thread { return notes.New(store).Thread(laneKey("W1", "fake:room:1")) }
		for _, c := range steps {
			if err := keepStop(t.Context(), page(), c.keep); err != nil {
				t.Fatal(err)
			}
			if got, err := loadStop(t.Context(), page()); err != nil || got != c.want {
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
		stop stop
		seq  uint64
		at   time.Time
		want bool
	}{
		"none":                                    {stop{}, 1, at(1), false},
		"before":                                  {stop{seq: 5, at: at(5)}, 4, at(4), true},
		"before, at the same instant":             {stop{seq: 5, at: at(5)}, 4, at(5), true},
		"after, at the same instant":              {stop{seq: 5, at: at(5)}, 6, at(5), false},
		"after":                                   {stop{seq: 5, at: at(5)}, 6, at(6), false},
		"after, by a clock that was set back":     {stop{seq: 5, at: at(5)}, 6, at(4), false},
		"before, as it arrives":                   {stop{seq: 5}, 4, at(9), true},
		"after, as it arrives":                    {stop{seq: 5}, 6, at(9), false},
		"between a stop and its repetition":       {stop{seq: 9, at: at(5)}, 8, at(6), false},
		"before a stop from the turn of a thread": {stop{at: at(5)}, 4, at(5), true},
		"after a stop from the turn of a thread":  {stop{at: at(5)}, 4, at(6), false},
	} {
		if got := c.stop.endsEntry(c.seq, c.at); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
}
