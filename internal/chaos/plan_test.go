package chaos

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// event is one fault of a schedule.
type event struct {
	At     time.Duration // since the start of the storm
	Kind   string
	Target int           // which instance or server, modulo how many there are
	For    time.Duration // how long it lasts
	Times  int           // how many requests it hits
}

func (e event) String() string {
	return fmt.Sprintf("%7.3fs %-12s target %d, %v, %d times", e.At.Seconds(), e.Kind, e.Target, e.For, e.Times)
}

// kind is a sort of fault.
type kind struct {
	name   string
	weight int
	// The range of how long it lasts. Defaults to no time at all.
	least, most time.Duration
	// times is the maximum number of requests that it hits. Defaults to 1.
	times int
}

// random returns a generator for one purpose of a run.
func random(seed uint64, purpose string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(purpose)) // a hash never fails
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// between returns a random time from least to most, in milliseconds.
func between(rng *rand.Rand, least, most time.Duration) time.Duration {
	ms := int64((most - least) / time.Millisecond)
	if ms <= 0 {
		return least
	}
	return least + time.Duration(rng.Int64N(ms+1))*time.Millisecond
}

// schedule draws events until the storm ends, with gaps between the end of one
// and the start of the next that are gap on average.
func schedule(rng *rand.Rand, until, gap time.Duration, kinds []kind) []event {
	total := 0
	for _, k := range kinds {
		total += k.weight
	}
	if total == 0 {
		return nil
	}
	var out []event
	at := between(rng, 0, gap)
	for at < until {
		n := rng.IntN(total)
		i := 0
		for n >= kinds[i].weight {
			n -= kinds[i].weight
			i++
		}
		k := kinds[i]
		e := event{At: at, Kind: k.name, Target: rng.IntN(1000), Times: 1 + rng.IntN(max(k.times, 1))}
		e.For = min(between(rng, k.least, k.most), until-at)
		out = append(out, e)
		at += e.For + between(rng, gap/5, gap*9/5)
	}
	return out
}

func TestScheduleIsReproducible(t *testing.T) {
	t.Parallel()
	kinds := []kind{{name: "a", weight: 3, least: time.Second, most: 2 * time.Second}, {name: "b", weight: 1, times: 5}}
	draw := func(seed uint64, purpose string) []event {
		return schedule(random(seed, purpose), time.Minute, time.Second, kinds)
	}
	first := draw(7, "x")
	if diff := cmp.Diff(first, draw(7, "x")); diff != "" {
		t.Errorf("the same seed differs:\n%s", diff)
	}
	if cmp.Equal(first, draw(8, "x")) || cmp.Equal(first, draw(7, "y")) {
		t.Error("another seed or purpose is the same")
	}
	seen := map[string]int{}
	end := time.Duration(0)
	for _, e := range first {
		seen[e.Kind]++
		if e.At < end || e.At+e.For > time.Minute || e.Times < 1 || e.Times > 5 {
			t.Errorf("bad event after %v: %v", end, e)
		}
		end = e.At + e.For
	}
	if seen["a"] <= seen["b"] || seen["b"] == 0 {
		t.Errorf("kinds %v", seen)
	}
	if got := schedule(random(7, "x"), time.Minute, time.Second, nil); got != nil {
		t.Errorf("out of nothing came %v", got)
	}
}
