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
// is in it wherever it is spread, and what @skip and @include leave out costs
// as if it was there; Linear documents neither. The sum is rounded up.
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
	complexity int           // limit
}

// spend takes one request from the budget of key.
func (s *Server) spend(key string, limit, complexity int) budget {
	now := s.now()
	b := budget{ok: true, limit: limit, remaining: limit - 1, reset: now.Add(time.Hour), complexity: complexity}
	if s.cfg.RequestsPerHour == 0 {
		return b
	}
	b.limit = s.cfg.RequestsPerHour
	size := float64(b.limit)
	rate := size / time.Hour.Seconds()
	k, ok := s.buckets[key]
	if !ok {
		k = &bucket{left: size, at: now}
		s.buckets[key] = k
	}
	if d := now.Sub(k.at); d > 0 {
		k.left = min(size, k.left+d.Seconds()*rate)
		k.at = now
	}
	if k.left < 1-1e-9 {
		b.ok = false
		b.retryAfter = seconds((1 - k.left) / rate)
	} else {
		k.left = max(0, k.left-1)
	}
	b.remaining = int(k.left)
	b.reset = now.Add(seconds((size - k.left) / rate))
	return b
}

func seconds(n float64) time.Duration {
	return time.Duration(math.Round(n*1e6)) * time.Microsecond // hides what float arithmetic leaves over
}

// exhaust makes the request be refused as if the budget was spent.
func (c *caller) exhaust(now time.Time, after time.Duration) {
	if after <= 0 {
		after = time.Second
	}
	c.budget.ok, c.budget.remaining = false, 0
	c.budget.retryAfter, c.budget.reset = after, now.Add(after)
}

func (b budget) refusal() *apiError {
	return &apiError{
		message: "Rate limit exceeded. Only " + strconv.Itoa(b.limit) + " requests are allowed per 1 hour.",
		user:    "You have made too many requests. Please try again later.",
		code:    "RATELIMITED", typ: "ratelimited",
		status: http.StatusTooManyRequests, http: http.StatusBadRequest, // 429 inside a 400, as Linear does
	}
}

func (b budget) headers(h http.Header, now time.Time, cost int) {
	reset := strconv.FormatInt(b.reset.UnixMilli(), 10)
	h.Set("X-Ratelimit-Requests-Limit", strconv.Itoa(b.limit))
	h.Set("X-Ratelimit-Requests-Remaining", strconv.Itoa(b.remaining))
	h.Set("X-Ratelimit-Requests-Reset", reset)
	h.Set("X-Complexity", strconv.Itoa(cost))
	h.Set("X-Ratelimit-Complexity-Limit", strconv.Itoa(b.complexity))
	h.Set("X-Ratelimit-Complexity-Remaining", strconv.Itoa(max(0, b.complexity-cost)))
	h.Set("X-Ratelimit-Complexity-Reset", strconv.FormatInt(now.Add(time.Hour).UnixMilli(), 10))
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
			limit("complexity", 0, b.complexity, b.complexity, r.srv.now().Add(time.Hour)),
		},
	}}
}
