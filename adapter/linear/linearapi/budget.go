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
	// At is when the last answer with any of this arrived. Zero if none has.
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
	// requests and points are what is left, by our own count.
	requests, points level
	// costs is the complexity that each operation had last.
	costs map[string]float64
}

func (m *meter) read() Budget {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last
}

// note updates the budget from the headers of an operation's answer and returns
// the result. Values that h lacks are unchanged.
func (m *meter) note(op string, h http.Header, at time.Time) Budget {
	m.mu.Lock()
	defer m.mu.Unlock()
	requests, complexity, endpoint := requestsHeaders(), complexityHeaders(), endpointHeaders()
	found, left := m.last.Requests.note(h, &requests)
	if found {
		m.requests.note(&m.last.Requests, left, at)
	}
	if said, left := m.last.Complexity.note(h, &complexity); said {
		found = true
		m.points.note(&m.last.Complexity, left, at)
	}
	if said, _ := m.last.Endpoint.note(h, &endpoint); said {
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
	}
	return m.last
}

// allowanceHeaders are the headers for one limit. They are in the canonical
// form of [http.Header], so that looking them up allocates nothing.
type allowanceHeaders struct{ limit, remaining, reset string }

func requestsHeaders() allowanceHeaders {
	return allowanceHeaders{"X-Ratelimit-Requests-Limit", "X-Ratelimit-Requests-Remaining", "X-Ratelimit-Requests-Reset"}
}

func complexityHeaders() allowanceHeaders {
	return allowanceHeaders{"X-Ratelimit-Complexity-Limit", "X-Ratelimit-Complexity-Remaining", "X-Ratelimit-Complexity-Reset"}
}

func endpointHeaders() allowanceHeaders {
	return allowanceHeaders{
		"X-Ratelimit-Endpoint-Requests-Limit", "X-Ratelimit-Endpoint-Requests-Remaining", "X-Ratelimit-Endpoint-Requests-Reset",
	}
}

// note reads the headers, and reports whether there are any, and whether they say what
// is left.
func (a *Allowance) note(h http.Header, names *allowanceHeaders) (found, left bool) {
	limit, hasLimit := number(h, names.limit)
	if hasLimit {
		a.Limit = limit
	}
	remaining, hasRemaining := number(h, names.remaining)
	if hasRemaining {
		a.Remaining = remaining
	}
	reset, hasReset := resetTime(h, names.reset)
	if hasReset {
		a.Reset = reset
	}
	return hasLimit || hasRemaining || hasReset, hasRemaining
}

// untilReset returns how long to wait until a spent budget is available again:
// the longest wait of the budgets that h reports as spent or, if it reports
// none, the shortest wait that it names. Zero if it does not say. No budget takes
// longer than [period] to refill, so a longer wait is a mistake and cut to that.
func untilReset(h http.Header, now time.Time) time.Duration {
	var spent, shortest time.Duration
	for _, names := range []allowanceHeaders{requestsHeaders(), complexityHeaders(), endpointHeaders()} {
		reset, ok := resetTime(h, names.reset)
		wait := reset.Sub(now)
		if !ok || wait <= 0 {
			continue
		}
		if left, ok := number(h, names.remaining); ok && left < 1 {
			spent = max(spent, wait)
		}
		if shortest == 0 || wait < shortest {
			shortest = wait
		}
	}
	if spent > 0 {
		return min(spent, period)
	}
	return min(shortest, period)
}

// retryAfter reads the Retry-After header: seconds or a date, at most [period] from now.
func retryAfter(h http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if value == "" {
		return 0
	}
	if seconds, ok := number(h, "Retry-After"); ok {
		if seconds <= 0 {
			return 0
		}
		return time.Duration(math.Min(seconds, period.Seconds()) * float64(time.Second))
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(0, at.Sub(now)), period)
}

// resetTime reads a time in milliseconds since 1970. Numbers that are too small
// for that are read as seconds.
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
