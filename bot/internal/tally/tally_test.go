package tally_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/bot/internal/tally"
)

func TestCounts(t *testing.T) {
	t.Parallel()
	var c tally.Counts
	c.Add(tally.Handled, "")
	c.Add(tally.Ignored, "self")
	c.Add(tally.Ignored, "self")
	got := c.All()
	if diff := cmp.Diff(map[string]int64{"handled": 1, "ignored:self": 2}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	got["handled"] = 9
	if c.All()["handled"] != 1 {
		t.Error("the counts can be changed from outside")
	}
}

// TestTrafficIsBounded: what comes from outside makes no more than 65 rows.
func TestTrafficIsBounded(t *testing.T) {
	t.Parallel()
	var traffic tally.Traffic
	for i := range 100 {
		for range 2 {
			traffic.Note("T"+strconv.Itoa(i), time.Unix(int64(i), 0))
		}
	}
	traffic.Note("", time.Unix(1000, 0))
	all := traffic.All()
	if len(all) != 65 || all[0].Type != "T0" || all[0].Count != 2 {
		t.Fatalf("%d types, the first is %+v", len(all), all[0])
	}
	other := all[64]
	if want := (tally.Seen{Type: "other", Count: 2*36 + 1, Last: time.Unix(1000, 0)}); other != want {
		t.Errorf("%+v, want %+v", other, want)
	}
}
