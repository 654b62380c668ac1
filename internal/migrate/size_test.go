package migrate

import (
	"errors"
	"math"
	"testing"

	"github.com/redis/go-redis/v9"
)

// Whatever a server says of a list, some of it is asked for at a time.
func TestListSize(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		memory, length int64
		gone           bool
	}{
		{memory: 1000, length: 10},
		{memory: 0, length: 10},
		{memory: -10, length: 10},
		{memory: math.MinInt64, length: 1},
		{memory: math.MaxInt64, length: 1},
		{memory: 1, length: math.MaxInt64},
		{memory: 1000, length: 0, gone: true},
		{memory: 1000, length: -1, gone: true},
	} {
		z, err := listSize(redis.NewIntResult(tt.memory, nil), redis.NewIntResult(tt.length, nil))
		if err != nil || z.gone != tt.gone {
			t.Errorf("%d bytes, %d items: %+v, %v", tt.memory, tt.length, z, err)
		}
		if !z.gone && z.reason == "" && (z.bytes < 0 || z.bytes > MaxValue || z.chunk() < 1) {
			t.Errorf("%d bytes, %d items: %+v", tt.memory, tt.length, z)
		}
	}
	if z, err := listSize(redis.NewIntResult(0, errors.New("ERR unknown command")), redis.NewIntResult(3, nil)); err != nil || z.chunk() < 1 {
		t.Errorf("without MEMORY USAGE: %+v, %v", z, err)
	}
}
