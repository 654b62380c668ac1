package webhook

import (
	"maps"
	"net/http"
	"sync"
	"time"
)

// Intake counts the outcomes of requests to the delivery endpoint. It is safe for
// concurrent use.
type Intake struct {
	mu     sync.Mutex
	counts map[int]int64
	slow   time.Duration
}

// observe records one answer.
func (i *Intake) observe(status int, took time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.counts == nil {
		i.counts = make(map[int]int64)
	}
	i.counts[status]++
	i.slow = max(i.slow, took)
}

// Answered returns the number of answers by HTTP status.
func (i *Intake) Answered() map[int]int64 {
	i.mu.Lock()
	defer i.mu.Unlock()
	return maps.Clone(i.counts)
}

// Accepted returns how many deliveries were answered 200.
func (i *Intake) Accepted() int64 {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.counts[http.StatusOK]
}

// Slowest returns the longest time that an answer took.
func (i *Intake) Slowest() time.Duration {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.slow
}
