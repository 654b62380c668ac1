package latency

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestHistogram(t *testing.T) {
	t.Parallel()
	h := New(time.Second, 2*time.Second)
	for _, d := range []time.Duration{-time.Second, time.Second, 1500 * time.Millisecond, 2 * time.Second, time.Minute} {
		h.Observe(d)
	}
	want := Snapshot{Count: 5, Sum: 64500 * time.Millisecond, Buckets: map[float64]uint64{1: 2, 2: 4}}
	if diff := cmp.Diff(want, h.Snapshot()); diff != "" {
		t.Error(diff)
	}
}

// TestObserveTogether has several goroutines count in one histogram.
func TestObserveTogether(t *testing.T) {
	t.Parallel()
	h := Quick()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				h.Observe(time.Millisecond)
			}
		})
	}
	wg.Wait()
	if s := h.Snapshot(); s.Count != 8000 || s.Sum != 8*time.Second || s.Buckets[0.001] != 8000 {
		t.Errorf("%+v", s)
	}
}

// TestBoundsAscend checks the sets of bounds.
func TestBoundsAscend(t *testing.T) {
	t.Parallel()
	for _, h := range []*Histogram{Quick(), Long()} {
		for i := 1; i < len(h.bounds); i++ {
			if h.bounds[i] <= h.bounds[i-1] {
				t.Errorf("bound %d is %s, after %s", i, h.bounds[i], h.bounds[i-1])
			}
		}
	}
}
