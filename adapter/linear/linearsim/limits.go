package linearsim

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

const maxComplexity = 10_000

// Hourly limits that Linear documents, for headers.
const (
	keyRequests    = 2_500
	appRequests    = 5_000
	openRequests   = 600
	keyComplexity  = 3_000_000
	appComplexity  = 2_000_000
	openComplexity = 100_000
)

// complexity prices an operation: 0.1 for a scalar, 1 for an object, and the
// children of a connection as often as its page is long. A fragment costs what
// is in it wherever it is spread, and fields that @skip and @include leave out
// count in full; Linear documents neither. The sum is rounded up.
func complexity(op *ast.OperationDefinition, vars map[string]any) int {
	p := pricing{vars: vars, fragments: map[string]float64{}}
	sum := p.set(op.SelectionSet)
	if sum > math.MaxInt32 {
		return math.MaxInt32
	}
	return int(math.Ceil(sum - 1e-9))
}

type pricing struct {
	vars      map[string]any
	fragments map[string]float64
}

func (p pricing) set(set ast.SelectionSet) float64 {
	sum := 0.0
	for _, sel := range set {
		switch s := sel.(type) {
		case *ast.Field:
			sum += p.field(s)
		case *ast.InlineFragment:
			sum += p.set(s.SelectionSet)
		case *ast.FragmentSpread:
			cost, ok := p.fragments[s.Name]
			if !ok && s.Definition != nil {
				cost = p.set(s.Definition.SelectionSet)
				p.fragments[s.Name] = cost
			}
			sum += cost
		}
	}
	return sum
}

func (p pricing) field(f *ast.Field) float64 {
	if len(f.SelectionSet) == 0 {
		return 0.1
	}
	times := 1.0
	if f.Definition != nil && strings.HasSuffix(f.Definition.Type.Name(), "Connection") {
		times = defaultPage
		for _, name := range []string{"first", "last"} {
			arg := f.Arguments.ForName(name)
			if arg == nil {
				continue
			}
			v, err := arg.Value.Value(p.vars)
			if n, ok := number(v); ok && err == nil {
				times = max(n, 1)
				break
			}
		}
	}
	return 1 + times*p.set(f.SelectionSet)
}

// bucket is the request budget of one caller.
type bucket struct {
	left float64
	at   time.Time
}

// budget is what a caller has left after this request.
type budget struct {
	ok         bool
	limit      int
	remaining  int
	reset      time.Time     // when the budget is full again
	retryAfter time.Duration // when refused
	complexity int           // limit of points
	points     int           // that remain
	full       time.Time     // when all points are back
	by         string        // what a refusal is about: requests, complexity points or the endpoint
	endpoint   endpointBudget
}

// endpointBudget is what a caller has left of an operation with a limit of its own.
type endpointBudget struct {
	name             string // "" for operations without one
	limit, remaining int
	reset            time.Time
}

// searchesPerMinute is how many of each search the schema says that a caller has.
const searchesPerMinute = 30

// spendSearch takes a search, if the operation is one, from the caller's budget
// for it.
func (s *Server) spendSearch(who *caller, op *ast.OperationDefinition) {
	for _, name := range rootFields(nil, op.SelectionSet, 0) {
		if name != "searchIssues" && name != "semanticSearch" || who.token == nil {
			continue
		}
		e := &who.budget.endpoint
		*e = endpointBudget{name: name, limit: searchesPerMinute, remaining: searchesPerMinute - 1, reset: s.now().Add(time.Minute)}
		if s.cfg.SearchesPerMinute == 0 {
			continue
		}
		e.limit = s.cfg.SearchesPerMinute
		s.mu.Lock()
		left, wait, full := s.drain(name+" "+who.token.user.ID, float64(e.limit), 1, time.Minute)
		s.mu.Unlock()
		e.remaining, e.reset = int(left), full
		if wait > 0 {
			who.budget.ok, who.budget.retryAfter, who.budget.by = false, wait, name
			return
		}
	}
}

// spend takes one request from the budget of key.
func (s *Server) spend(key string, limit, complexity int) budget {
	now := s.now()
	b := budget{
		ok: true, limit: limit, remaining: limit - 1, reset: now.Add(time.Hour), by: "requests",
		complexity: complexity, points: complexity, full: now.Add(time.Hour),
	}
	if s.cfg.RequestsPerHour > 0 {
		b.limit = s.cfg.RequestsPerHour
		var left float64
		left, b.retryAfter, b.reset = s.drain(key, float64(b.limit), 1, time.Hour)
		b.ok, b.remaining = b.retryAfter == 0, int(left)
	}
	if s.cfg.ComplexityPerHour > 0 {
		b.complexity = s.cfg.ComplexityPerHour
		left, _, full := s.drain("points "+key, float64(b.complexity), 0, time.Hour)
		b.points, b.full = int(left), full
	}
	return b
}

// spendPoints takes the complexity of a request from the caller's budget.
func (s *Server) spendPoints(who *caller, cost int) {
	if s.cfg.ComplexityPerHour == 0 || who.token == nil {
		who.budget.points = max(0, who.budget.points-cost)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	left, wait, full := s.drain("points "+who.token.user.ID, float64(s.cfg.ComplexityPerHour), float64(cost), time.Hour)
	who.budget.points, who.budget.full = int(left), full
	if wait > 0 {
		who.budget.ok, who.budget.retryAfter, who.budget.by = false, wait, "complexity points"
	}
}

// drain takes an amount from a bucket that refills in a period. It returns what is
// left, how long the caller must wait if that is too little, and when the bucket
// is full again.
func (s *Server) drain(key string, size, amount float64, period time.Duration) (left float64, wait time.Duration, full time.Time) {
	now := s.now()
	rate := size / period.Seconds()
	k, ok := s.buckets[key]
	if !ok {
		k = &bucket{left: size, at: now}
		s.buckets[key] = k
	}
	if d := now.Sub(k.at); d > 0 {
		k.left = min(size, k.left+d.Seconds()*rate)
		k.at = now
	}
	if k.left < amount-1e-9 {
		wait = seconds((amount - k.left) / rate)
	} else {
		k.left = max(0, k.left-amount)
	}
	return k.left, wait, now.Add(seconds((size - k.left) / rate))
}

func seconds(n float64) time.Duration {
	return time.Duration(math.Round(n*1e6)) * time.Microsecond // hides what float arithmetic leaves over
}

// exhaust rejects the request as if the budget were spent.
func (c *caller) exhaust(now time.Time, after time.Duration) {
	if after <= 0 {
		after = time.Second
	}
	c.budget.ok, c.budget.remaining = false, 0
	c.budget.retryAfter, c.budget.reset = after, now.Add(after)
}

func (b budget) refusal() *apiError {
	limit, by, period := b.limit, b.by, "1 hour"
	switch b.by {
	case "complexity points":
		limit = b.complexity
	case b.endpoint.name:
		limit, by, period = b.endpoint.limit, "requests to "+b.endpoint.name, "1 minute"
	}
	return &apiError{
		message: "Rate limit exceeded. Only " + strconv.Itoa(limit) + " " + by + " are allowed per " + period + ".",
		user:    "You have made too many requests. Please try again later.",
		code:    "RATELIMITED", typ: "ratelimited",
		status: http.StatusTooManyRequests, http: http.StatusBadRequest, // 429 inside a 400, as Linear does
	}
}

func (b budget) headers(h http.Header, cost int) {
	reset := strconv.FormatInt(b.reset.UnixMilli(), 10)
	h.Set("X-Ratelimit-Requests-Limit", strconv.Itoa(b.limit))
	h.Set("X-Ratelimit-Requests-Remaining", strconv.Itoa(b.remaining))
	h.Set("X-Ratelimit-Requests-Reset", reset)
	h.Set("X-Complexity", strconv.Itoa(cost))
	h.Set("X-Ratelimit-Complexity-Limit", strconv.Itoa(b.complexity))
	h.Set("X-Ratelimit-Complexity-Remaining", strconv.Itoa(b.points))
	h.Set("X-Ratelimit-Complexity-Reset", strconv.FormatInt(b.full.UnixMilli(), 10))
	if e := b.endpoint; e.name != "" {
		h.Set("X-Ratelimit-Endpoint-Requests-Limit", strconv.Itoa(e.limit))
		h.Set("X-Ratelimit-Endpoint-Requests-Remaining", strconv.Itoa(e.remaining))
		h.Set("X-Ratelimit-Endpoint-Requests-Reset", strconv.FormatInt(e.reset.UnixMilli(), 10))
		h.Set("X-Ratelimit-Endpoint-Name", e.name)
	}
	if !b.ok {
		h.Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(b.retryAfter.Seconds())))))
	}
}

// limits answers rateLimitStatus.
func (r *request) limits() any {
	kind := "oauthApp"
	if r.token.key {
		kind = "apiKey"
	}
	limit := func(typ string, asked, allowed, left int, reset time.Time) payload {
		return payload{"RateLimitResultPayload", map[string]any{
			"type": typ, "period": float64(time.Hour.Milliseconds()), "requestedAmount": asked,
			"allowedAmount": allowed, "remainingAmount": left, "reset": float64(reset.UnixMilli()),
		}}
	}
	b := r.budget
	return payload{"RateLimitPayload", map[string]any{
		"identifier": r.user.ID, "kind": kind, "limits": []any{
			limit("request", 1, b.limit, b.remaining, b.reset),
			limit("complexity", 0, b.complexity, b.points, b.full),
		},
	}}
}
