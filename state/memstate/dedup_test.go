package memstate

import (
	"maps"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/linearbot/linearbot/state"
)

// TestKeys compares what a lane knows with a map, for few keys and for many, as they
// are recorded together, again for longer and for shorter, and forgotten.
func TestKeys(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := New(Options{})
		k := state.Key{Workspace: "w", Kind: "thread", ID: "t"}
		model := map[string]time.Time{}
		now := time.Unix(0, 0)
		most := rapid.IntRange(2, 60).Draw(t, "keys")
		key := rapid.Custom(func(t *rapid.T) string { return strconv.Itoa(rapid.IntRange(0, most).Draw(t, "key")) })
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			if rapid.IntRange(0, 3).Draw(t, "step") == 0 {
				now = now.Add(time.Duration(rapid.IntRange(0, 4).Draw(t, "later")))
				s.expiry.run(s, now)
				maps.DeleteFunc(model, func(_ string, at time.Time) bool { return !at.After(now) })
			} else {
				at := now.Add(time.Duration(rapid.IntRange(1, 9).Draw(t, "ttl")))
				id, more := key.Draw(t, "id"), rapid.SliceOfN(key, 0, 3).Draw(t, "more")
				l := s.lane(k)
				s.remember(l, at, id, more)
				s.arrange(l, now)
				for _, one := range append(more, id) {
					if at.After(model[one]) {
						model[one] = at
					}
				}
			}
			got := map[string]time.Time{}
			if l := s.lanes[k]; l != nil {
				got = maps.Collect(l.known.all())
				for n := range most + 1 {
					_, want := model[strconv.Itoa(n)]
					if l.knows(strconv.Itoa(n), nil) != want {
						t.Fatalf("key %d is known: %v", n, !want)
					}
				}
			}
			if !maps.EqualFunc(got, model, time.Time.Equal) {
				t.Fatalf("known are %v, want %v", got, model)
			}
		}
	})
}
