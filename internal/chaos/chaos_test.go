package chaos

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	logging.Disable() // Redis is down on purpose
	goleak.VerifyTestMain(m)
}

// leaseTTL is short, so that the leases of a dead process expire soon.
const leaseTTL = 2 * time.Second

// scenario is a store with a number of instances on it.
type scenario struct {
	name      string
	instances int
	store     func(t *testing.T, instances int) store
	// processGap and storeGap are the mean times between faults.
	processGap, storeGap time.Duration
}

func scenarios() []scenario {
	return []scenario{
		{"file", 1, newFileStore, 1500 * time.Millisecond, time.Second},
		{"redis", 3, newRedisStore, 1500 * time.Millisecond, 1500 * time.Millisecond},
		{"cluster", 3, newClusterStore, 1500 * time.Millisecond, 1500 * time.Millisecond},
		{"sentinel", 2, newSentinelStore, 2 * time.Second, 3 * time.Second},
	}
}

// env reads a number from the environment.
func env(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	v := os.Getenv(name)
	if v == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(v, 10, 64)
	if err != nil {
		t.Fatalf("%s is %q, want a number", name, v)
	}
	return n
}

//nolint:paralleltest // the scenarios would disturb each other
func TestChaos(t *testing.T) {
	if testing.Short() {
		t.Skip("takes two minutes")
	}
	run := &Report{
		Seed:     env(t, "CHAOS_SEED", uint64(rand.Uint32())),
		Messages: int(env(t, "CHAOS_MESSAGES", 600)),
		Seconds:  int(env(t, "CHAOS_SECONDS", 20)),
	}
	t.Logf("CHAOS_SEED=%d CHAOS_MESSAGES=%d CHAOS_SECONDS=%d", run.Seed, run.Messages, run.Seconds)
	bin := program(t)
	for _, sc := range scenarios() {
		t.Run(sc.name, func(t *testing.T) {
			r := newRig(t, sc, bin, run)
			r.play()
			r.inspect()
			run.Scenarios = append(run.Scenarios, r.result)
		})
	}
	if name := os.Getenv("CHAOS_REPORT"); name != "" {
		if err := run.write(name); err != nil {
			t.Error(err)
		}
	}
}
