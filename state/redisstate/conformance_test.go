package redisstate

import (
	"testing"

	"github.com/linearbot/linearbot/internal/redistest"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/statetest"
)

// harness runs the suite on the servers at url.
func harness(url string, o Options) statetest.Harness {
	again := func(t *testing.T, s state.Store) state.Store {
		t.Helper()
		mine, ok := s.(*Store)
		if !ok {
			t.Fatalf("the suite gave a %T", s)
		}
		return openAt(t, url, mine.o)
	}
	return statetest.Harness{
		Open: func(t *testing.T) state.Store {
			t.Helper()
			return openAt(t, url, o)
		},
		Second: again,
		Reopen: func(t *testing.T, s state.Store) state.Store {
			t.Helper()
			// Close writes nothing, so what is there is what was acknowledged.
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return again(t, s)
		},
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	statetest.Run(t, harness(server(t).URL(), Options{PoolSize: 8}))
}

func TestConformanceOneShard(t *testing.T) {
	t.Parallel()
	h := harness(server(t).URL(), Options{Shards: 1, AutoPipeline: true, PoolSize: 8})
	h.ManyLanes = 1000
	statetest.Run(t, h)
}

func TestConformanceCluster(t *testing.T) {
	t.Parallel()
	h := harness(redistest.RunCluster(t).URL(), Options{PoolSize: 4})
	h.ManyLanes = 1000
	statetest.Run(t, h)
}
