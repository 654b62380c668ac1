package ticketing

import (
	"testing"
	"time"
)

// What was read before a drop is not kept after it.
func TestCacheDropDuringRead(t *testing.T) {
	t.Parallel()
	c := newCache(time.Now)
	key := cacheKey("conn", "linked", "1", "7")
	read := func(v int, during func()) int {
		got, err := remember(c, key, time.Minute, func() (int, error) { during(); return v, nil })
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	read(1, func() { c.drop("conn", "linked") })
	if got := read(2, func() { c.drop("conn", "other") }); got != 2 {
		t.Errorf("got %d, which was read before the drop", got)
	}
	if got := read(3, func() {}); got != 2 {
		t.Errorf("got %d, want what is kept", got)
	}
}
