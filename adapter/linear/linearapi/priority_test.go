package linearapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/adapter"
)

// bucket is a stand-in for Linear with an hourly request budget that refills
// continuously.
type bucket struct {
	limit, left float64
	at          time.Time
	refused     int
	sent        int
}

func (b *bucket) RoundTrip(r *http.Request) (*http.Response, error) {
	now := time.Now()
	b.left = min(b.limit, b.left+b.limit*now.Sub(b.at).Hours())
	b.at = now
	b.sent++
	status, body := http.StatusOK, goodViewer
	if b.left < 1 {
		b.refused++
		status, body = http.StatusBadRequest, `{"errors":[{"message":"x","extensions":{"code":"RATELIMITED"}}]}`
	} else {
		b.left--
	}
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{
			"Content-Type":                   {"application/json"},
			"X-Ratelimit-Requests-Limit":     {strconv.FormatFloat(b.limit, 'f', 0, 64)},
			"X-Ratelimit-Requests-Remaining": {strconv.FormatFloat(max(0, b.left), 'f', 0, 64)},
			"X-Ratelimit-Requests-Reset":     {strconv.FormatInt(now.Add(time.Hour).UnixMilli(), 10)},
		},
		Body: io.NopCloser(strings.NewReader(body)),
	}, nil
}

// TestBudgetIsKept has a greedy reader and an answering caller share a token.
func TestBudgetIsKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &bucket{limit: 3600, left: 3600, at: time.Now()}
		c, err := New(Config{Tokens: APIKey("k"), HTTPClient: &http.Client{Transport: b}, MaxWait: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		// The reader may use 95 % at once and then as much as is refilled: one
		// request a second.
		start := time.Now()
		for range 3600*95/100 + 60 {
			if _, err := c.Viewer(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took < 55*time.Second || took > 70*time.Second {
			t.Errorf("the last sixty requests took %s, want about a minute", took)
		}
		if b.refused != 0 {
			t.Errorf("Linear refused %d requests", b.refused)
		}
		if b.left < 0.045*b.limit {
			t.Errorf("%v requests are left for others, want a twentieth", b.left)
		}
		// The reserve is available at once to higher priorities.
		start = time.Now()
		for _, p := range []adapter.Priority{adapter.PriorityAnswering, adapter.PriorityAcknowledging} {
			for range 50 {
				if _, err := c.Viewer(adapter.WithPriority(t.Context(), p)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("answers waited %s", took)
		}
		// An edit of a stream is refused, with the time at which it may be
		// retried.
		sent := b.sent
		_, err = c.Viewer(adapter.WithPriority(t.Context(), adapter.PriorityRefreshing))
		if e, ok := errors.AsType[*adapter.Error](err); !ok || e.Code != adapter.CodeRateLimited || e.RetryAfter < 10*time.Minute || b.sent != sent {
			t.Errorf("a stream edit: %v, want rate limited with a long wait and nothing sent", err)
		}
		// When the budget is spent, an answer waits for seconds, not minutes.
		b.left = 1
		start = time.Now()
		if _, err := c.Viewer(adapter.WithPriority(t.Context(), adapter.PriorityAcknowledging)); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Viewer(adapter.WithPriority(t.Context(), adapter.PriorityAnswering)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("an answer waited %s for a spent budget", took)
		}
		// A wait ends with its context.
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		for range 3 {
			_, err = c.Viewer(ctx)
		}
		if code := adapter.CodeOf(err); code != adapter.CodeRateLimited && code != adapter.CodeCanceled {
			t.Errorf("a wait beyond the deadline: %v", err)
		}
	})
}

func TestUnknownBudgetAdmitsEverything(t *testing.T) {
	t.Parallel()
	var m meter
	for range 10_000 {
		if wait := m.take("x", adapter.PriorityRefreshing, time.Now()); wait != 0 {
			t.Fatalf("waits %s without a known budget", wait)
		}
	}
}

// says returns the headers of an answer about the budget of requests.
func says(limit, remaining, cost string) http.Header {
	return http.Header{
		"X-Ratelimit-Requests-Limit": {limit}, "X-Ratelimit-Requests-Remaining": {remaining},
		"X-Ratelimit-Complexity-Limit": {limit}, "X-Ratelimit-Complexity-Remaining": {remaining},
		"X-Complexity": {cost},
	}
}

// TestBudgetRecoversFromAnOutage sends twice as much as the budget allows while nothing
// answers. It is kept to the budget, and no longer than that takes to refill.
func TestBudgetRecoversFromAnOutage(t *testing.T) {
	t.Parallel()
	var m meter
	now := time.Now()
	m.note("x", says("3600", "3600", "1"), now)
	sent := 0
	for range 2 * 3600 {
		if m.take("x", adapter.PriorityAnswering, now) == 0 {
			sent++
		}
		m.note("x", nil, now)
		now = now.Add(500 * time.Millisecond)
	}
	if sent < 7000 {
		t.Errorf("%d requests were sent in an hour, want what was left and what was refilled", sent)
	}
	for _, p := range []adapter.Priority{adapter.PriorityAnswering, adapter.PriorityReading, adapter.PriorityRefreshing} {
		if wait := m.take("x", p, now.Add(time.Hour)); wait > 0 {
			t.Errorf("an hour later a request of priority %v waits %s", p, wait)
		}
	}
}

// TestBudgetOutlivesNonsense has an answer say what cannot be true. It delays what
// follows by no more than a budget takes to refill.
func TestBudgetOutlivesNonsense(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]http.Header{
		"a cost beyond the limit":      says("3600", "3600", "1e12"),
		"less than nothing is left":    says("3600", "-1e300", "1"),
		"a limit of almost nothing":    says("1e-300", "0", "1"),
		"more is left than is allowed": says("10", "1e300", "1"),
	} {
		var m meter
		now := time.Now()
		m.note("x", h, now)
		for range 3 {
			if wait := m.take("x", adapter.PriorityAnswering, now); wait < 0 || wait > time.Hour {
				t.Errorf("%s: waits %s", name, wait)
			}
			now = now.Add(time.Hour)
			if wait := m.take("x", adapter.PriorityAnswering, now); wait > 0 {
				t.Errorf("%s: an hour later it waits %s", name, wait)
			}
		}
	}
}
