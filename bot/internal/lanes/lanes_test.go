package lanes_test

import (
	"strings"
	"testing"
	"time"

	"github.com/linearbot/linearbot/bot/internal/lanes"
	"github.com/linearbot/linearbot/state"
)

func TestPolicies(t *testing.T) {
	t.Parallel()
	first, newest := time.Unix(10, 0), time.Unix(20, 0)
	for want, c := range map[string]struct {
		policy    lanes.Policy
		coalesces bool
		due       time.Time
		entry     state.Entry
	}{
		"serial":       {lanes.Policy{Kind: lanes.Serial}, false, time.Time{}, state.Entry{}},
		"latest":       {lanes.Policy{Kind: lanes.Latest}, true, time.Time{}, state.Entry{}},
		"takeover":     {lanes.Policy{Kind: lanes.Takeover}, true, time.Time{}, state.Entry{}},
		"drop":         {lanes.Policy{Kind: lanes.Drop}, false, time.Time{}, state.Entry{IfIdle: true}},
		"debounce 2s":  {lanes.Policy{Kind: lanes.Debounce, D: 2 * time.Second}, true, time.Unix(22, 0), state.Entry{Hold: 2 * time.Second, HoldMode: state.HoldReset}},
		"burst 3s":     {lanes.Policy{Kind: lanes.Burst, D: 3 * time.Second}, true, time.Unix(13, 0), state.Entry{Hold: 3 * time.Second, HoldMode: state.HoldIdle}},
		"concurrent 1": {lanes.Policy{Kind: lanes.Concurrent, N: 1}, false, time.Time{}, state.Entry{Lane: state.Key{ID: "#0"}}},
	} {
		p := c.policy
		if p.String() != want || !p.Valid() || p.Coalesces() != c.coalesces || p.TakesOver() != (want == "takeover") || !p.Due(first, newest).Equal(c.due) {
			t.Errorf("%s: %s, valid %t, coalesces %t, due %s", want, p, p.Valid(), p.Coalesces(), p.Due(first, newest))
		}
		var e state.Entry
		p.Apply(&e, "k1")
		if e.Lane != c.entry.Lane || e.Hold != c.entry.Hold || e.HoldMode != c.entry.HoldMode || e.IfIdle != c.entry.IfIdle {
			t.Errorf("%s: stored as %+v, want %+v", want, e, c.entry)
		}
	}
	for _, p := range []lanes.Policy{{Kind: lanes.Debounce}, {Kind: lanes.Burst, D: -1}, {Kind: lanes.Concurrent}, {Kind: 200}} {
		if p.Valid() {
			t.Errorf("%+v is valid", p)
		}
	}
	if zero := (lanes.Policy{}); !zero.Valid() || zero.String() != "serial" {
		t.Error("the zero policy is not serial")
	}
}

// TestPlacesOfConcurrent: a repeat takes the place of the first, and others spread.
func TestPlacesOfConcurrent(t *testing.T) {
	t.Parallel()
	p, places := lanes.Policy{Kind: lanes.Concurrent, N: 4}, make(map[string]int)
	for event := range strings.SplitSeq("a b c d e f g h i j k l m n o p", " ") {
		var one, two state.Entry
		p.Apply(&one, event)
		p.Apply(&two, event)
		if one.Lane != two.Lane {
			t.Errorf("%s is stored in %v and %v", event, one.Lane, two.Lane)
		}
		places[one.Lane.ID]++
	}
	if len(places) != 4 {
		t.Errorf("places %v, want 4", places)
	}
}
