package webhook

import (
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/linearbot/linearbot/internal/latency"
)

// refusedMethod is why a request with another method than POST is refused. It has no trace.
const refusedMethod = "method"

// Intake counts the outcomes of requests to the delivery endpoint. It is safe for
// concurrent use.
type Intake struct {
	mu      sync.Mutex
	counts  map[int]int64
	refused map[string]int64
	late    int64
	last    time.Time

	took *latency.Histogram
}

func newIntake() *Intake { return &Intake{took: latency.Quick()} }

// observe records one answer. reason is why the request was refused, if it was.
func (i *Intake) observe(status int, reason string, took time.Duration, at time.Time) {
	i.took.Observe(took)
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.counts == nil {
		i.counts, i.refused = make(map[int]int64), make(map[string]int64)
	}
	i.counts[status]++
	if status == http.StatusOK {
		i.last = at
	} else {
		i.refused[reason]++
	}
}

// observeLate records that a delivery came late.
func (i *Intake) observeLate() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.late++
}

// Answered returns the number of answers by HTTP status.
func (i *Intake) Answered() map[int]int64 {
	i.mu.Lock()
	defer i.mu.Unlock()
	return maps.Clone(i.counts)
}

// Refused returns the number of refused requests by reason, for example
// "bad_signature". The reasons are those of decision traces, and "method".
func (i *Intake) Refused() map[string]int64 {
	i.mu.Lock()
	defer i.mu.Unlock()
	return maps.Clone(i.refused)
}

// LastAccepted returns when a delivery was last answered 200. Zero if none was.
func (i *Intake) LastAccepted() time.Time {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.last
}

// Late returns how many authentic deliveries came more than a minute after they
// were signed and were not too old.
func (i *Intake) Late() int64 {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.late
}

// Took returns how long the answers took, without the time for which Config.Lag
// delayed them.
func (i *Intake) Took() Durations { return Durations(i.took.Snapshot()) }

// Durations are counts of durations since the server was made.
type Durations struct {
	// Count is how many were counted, Sum their sum.
	Count uint64
	Sum   time.Duration
	// Buckets are how many were at most as long as each bound, by the bound in
	// seconds.
	Buckets map[float64]uint64
}
