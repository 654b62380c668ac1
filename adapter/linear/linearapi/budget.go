package linearapi

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Budget is what Linear last said about its limits.
type Budget struct {
	// Requests and Complexity are the hourly budgets of the token's user or
	// app.
	Requests, Complexity Allowance
	// Endpoint is the budget of the endpoint that has a lower limit of its
	// own and was called last. EndpointName is Linear's name for it.
	Endpoint     Allowance
	EndpointName string
	// Cost is the complexity of the last operation, in points.
	Cost float64
	// At is when the last answer with any of this arrived. Zero if there was
	// none.
	At time.Time
}

// Allowance is one limit. The zero value means that Linear said nothing.
type Allowance struct {
	// Limit is how much is allowed per period, Remaining what is left.
	Limit, Remaining float64
	// Reset is when the full limit is available again.
	Reset time.Time
}

// meter remembers the last budget.
type meter struct {
	mu   sync.Mutex
	last Budget
	// requests and points are what was sent since the last answer.
	requests, points float64
	// costs is the complexity that each operation had last.
	costs map[string]float64
}

func (m *meter) read() Budget {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last
}

// note takes over what h says of an operation and returns the result. What h
// does not say stays as it was.
func (m *meter) note(op string, h http.Header, at time.Time) Budget {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := m.last.Requests.note(h, "X-Ratelimit-Requests")
	found = m.last.Complexity.note(h, "X-Ratelimit-Complexity") || found
	if m.last.Endpoint.note(h, "X-Ratelimit-Endpoint-Requests") {
		m.last.EndpointName = brief(h.Get("X-Ratelimit-Endpoint-Name"), 100)
		found = true
	}
	if cost, ok := number(h, "X-Complexity"); ok {
		m.last.Cost = cost
		if m.costs == nil {
			m.costs = make(map[string]float64)
		}
		m.costs[op] = cost
		found = true
	}
	if found {
		m.last.At = at
		m.requests, m.points = 0, 0
	}
	return m.last
}

func (a *Allowance) note(h http.Header, prefix string) bool {
	limit, hasLimit := number(h, prefix+"-Limit")
	if hasLimit {
		a.Limit = limit
	}
	remaining, hasRemaining := number(h, prefix+"-Remaining")
	if hasRemaining {
		a.Remaining = remaining
	}
	reset, hasReset := resetTime(h, prefix+"-Reset")
	if hasReset {
		a.Reset = reset
	}
	return hasLimit || hasRemaining || hasReset
}

// untilReset returns how long to wait until a spent budget is there again:
// the longest wait of those that h calls spent or, if it calls none so, the
// shortest wait that it names. Zero if it does not say.
func untilReset(h http.Header, now time.Time) time.Duration {
	var spent, shortest time.Duration
	for _, prefix := range []string{"X-Ratelimit-Requests", "X-Ratelimit-Complexity", "X-Ratelimit-Endpoint-Requests"} {
		reset, ok := resetTime(h, prefix+"-Reset")
		wait := reset.Sub(now)
		if !ok || wait <= 0 {
			continue
		}
		if left, ok := number(h, prefix+"-Remaining"); ok && left < 1 {
			spent = max(spent, wait)
		}
		if shortest == 0 || wait < shortest {
			shortest = wait
		}
	}
	if spent > 0 {
		return spent
	}
	return shortest
}

// retryAfter reads the Retry-After header: seconds or a date.
func retryAfter(h http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if value == "" {
		return 0
	}
	if seconds, ok := number(h, "Retry-After"); ok {
		if seconds <= 0 {
			return 0
		}
		return time.Duration(math.Min(seconds, maxSeconds) * float64(time.Second))
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return max(0, at.Sub(now))
}

// maxSeconds keeps durations out of overflow: about a year.
const maxSeconds = 366 * 24 * 3600

// resetTime reads a time in milliseconds since 1970. Numbers that are too
// small for that are taken as seconds.
func resetTime(h http.Header, name string) (time.Time, bool) {
	n, ok := number(h, name)
	if !ok || n <= 0 || n > 1e15 {
		return time.Time{}, false
	}
	if n < 1e11 {
		n *= 1000
	}
	return time.UnixMilli(int64(n)).UTC(), true
}

func number(h http.Header, name string) (float64, bool) {
	value := strings.TrimSpace(h.Get(name))
	if value == "" {
		return 0, false
	}
	n, err := strconv.ParseFloat(value, 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return 0, false
	}
	return n, true
}
