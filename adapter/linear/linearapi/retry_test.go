package linearapi

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

const (
	lockTimeout = `{"errors":[{"message":"busy","extensions":{"type":"lock timeout"}}]}`
	limited     = `{"errors":[{"message":"Rate limit exceeded","extensions":{"code":"RATELIMITED","type":"ratelimited"}}]}`
	refusedBody = `{"errors":[{"message":"no","extensions":{"code":"AUTHENTICATION_ERROR"}}]}`
)

func TestRetry(t *testing.T) {
	t.Parallel()
	read := func(ctx context.Context, c *Client) error { _, err := c.Comment(ctx, "c1"); return err }
	keyed := func(ctx context.Context, c *Client) error {
		_, err := c.CommentCreate(ctx, CommentCreateInput{ID: "x"})
		return err
	}
	plain := func(ctx context.Context, c *Client) error {
		_, err := c.CommentCreate(ctx, CommentCreateInput{})
		return err
	}
	type answers = []answer
	for _, tc := range []struct {
		name     string
		call     func(context.Context, *Client) error
		answers  answers
		change   func(*Config)
		deadline time.Duration
		requests int
		code     adapter.Code // CodeOK if the call should succeed
		min, max time.Duration
	}{
		{name: "read, 503 twice", call: read, answers: answers{with(503, ""), with(503, ""), with(200, goodRead)}, requests: 3, min: 100 * time.Millisecond, max: 2 * time.Second},
		{name: "read, 503 forever", call: read, answers: answers{with(503, "")}, requests: 4, code: adapter.CodeUnavailable, max: 5 * time.Second},
		{name: "read, network", call: read, answers: answers{failing(syscall.ECONNRESET), with(200, goodRead)}, requests: 2, max: time.Second},
		{name: "read, lock timeout", call: read, answers: answers{with(200, lockTimeout), with(200, goodRead)}, requests: 2, max: time.Second},
		{name: "read, truncated", call: read, answers: answers{with(200, goodRead[:20]), with(200, goodRead)}, requests: 2, max: time.Second},
		{name: "read, not found", call: read, answers: answers{with(200, `{"errors":[{"message":"Entity not found: Comment"}]}`)}, requests: 1, code: adapter.CodeNotFound},
		{name: "keyed write, 502", call: keyed, answers: answers{with(502, "<html>"), with(200, goodComment)}, requests: 2, max: time.Second},
		{name: "keyed write, network", call: keyed, answers: answers{failing(syscall.ECONNRESET), with(200, goodComment)}, requests: 2, max: time.Second},
		{name: "plain write, 502", call: plain, answers: answers{with(502, ""), with(200, goodComment)}, requests: 1, code: adapter.CodeUnavailable},
		{name: "plain write, network", call: plain, answers: answers{failing(syscall.ECONNRESET), with(200, goodComment)}, requests: 1, code: adapter.CodeUnavailable},
		{name: "plain write, lock timeout", call: plain, answers: answers{with(200, lockTimeout), with(200, goodComment)}, requests: 1, code: adapter.CodeUnavailable},
		{name: "plain write, truncated", call: plain, answers: answers{with(200, goodComment[:20]), with(200, goodComment)}, requests: 1, code: adapter.CodeUnavailable},
		{name: "plain write, rate limit", call: plain, answers: answers{with(400, limited, "Retry-After", "2"), with(200, goodComment)}, requests: 2, min: 2 * time.Second, max: 2 * time.Second},
		{name: "rate limit too long", call: read, answers: answers{with(400, limited, "Retry-After", "11")}, requests: 1, code: adapter.CodeRateLimited},
		{name: "rate limit with an own bound", call: read, change: func(cfg *Config) { cfg.MaxWait = time.Minute }, answers: answers{with(400, limited, "Retry-After", "11"), with(200, goodRead)}, requests: 2, min: 11 * time.Second, max: 11 * time.Second},
		{name: "rate limit, never wait", call: read, change: func(cfg *Config) { cfg.MaxWait = -1 }, answers: answers{with(400, limited)}, requests: 1, code: adapter.CodeRateLimited},
		{name: "never wait, 503", call: read, change: func(cfg *Config) { cfg.MaxWait = -1 }, answers: answers{with(503, ""), with(200, goodRead)}, requests: 2, max: time.Second},
		{name: "rate limit without a time", call: read, answers: answers{with(400, limited), with(200, goodRead)}, requests: 2, max: time.Second},
		{name: "503 that names a time", call: read, answers: answers{with(503, "", "Retry-After", "7"), with(200, goodRead)}, requests: 2, min: 7 * time.Second, max: 7 * time.Second},
		{name: "503 that names a long time", call: read, answers: answers{with(503, "", "Retry-After", "700")}, requests: 1, code: adapter.CodeUnavailable},
		{name: "wait would pass the deadline", call: read, deadline: time.Second, answers: answers{with(400, limited, "Retry-After", "5")}, requests: 1, code: adapter.CodeRateLimited},
		{name: "two attempts", call: read, change: func(cfg *Config) { cfg.MaxAttempts = 2 }, answers: answers{with(503, "")}, requests: 2, code: adapter.CodeUnavailable, max: time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := inTurn(tc.answers...)
				ctx := t.Context()
				if tc.deadline > 0 {
					limited, cancel := context.WithTimeout(ctx, tc.deadline)
					defer cancel()
					ctx = limited
				}
				start := time.Now()
				err := tc.call(ctx, newClient(t, s, tc.change))
				if got := len(s.seen()); got != tc.requests {
					t.Errorf("%d requests, want %d", got, tc.requests)
				}
				if (err != nil) != (tc.code != adapter.CodeOK) || adapter.CodeOf(err) != tc.code {
					t.Errorf("error %v, want code %v", err, tc.code)
				}
				if took := time.Since(start); took < tc.min || took > tc.max {
					t.Errorf("took %v, want %v to %v", took, tc.min, tc.max)
				}
			})
		})
	}
}

func TestAttemptTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &stub{answer: func(n int, r *http.Request) (*http.Response, error) {
			if n == 1 {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return reply(200, goodViewer), nil
		}}
		start := time.Now()
		if _, err := newClient(t, s, nil).Viewer(t.Context()); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took < 30*time.Second || took > 31*time.Second {
			t.Errorf("took %v, want about 30 s", took)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := &stub{answer: func(_ int, r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}}
		_, err := newClient(t, s, once).Viewer(t.Context())
		if adapter.CodeOf(err) != adapter.CodeUnavailable || !strings.Contains(err.Error(), "within 30s") {
			t.Errorf("error %v, want Unavailable that names the time", err)
		}
	})
}

func TestCancelDuringPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		_, err := newClient(t, always(400, limited, "Retry-After", "9"), nil).Viewer(ctx)
		if took := time.Since(start); took != time.Second {
			t.Errorf("returned after %v, want 1s", took)
		}
		if adapter.CodeOf(err) != adapter.CodeCanceled || !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "Rate limit exceeded") {
			t.Errorf("error %v, want Canceled with what happened before", err)
		}
	})
}

func TestRefusedTokenOnce(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		status  int
		tokens  []string
		good    string // the token that Linear accepts
		sent    []string
		dropped []string
		ok      bool
	}{
		{"new token works", 401, []string{"a", "b"}, "b", []string{"Bearer a", "Bearer b"}, []string{"a"}, true},
		{"with status 200", 200, []string{"a", "b"}, "b", []string{"Bearer a", "Bearer b"}, []string{"a"}, true},
		{"new token is refused too", 401, []string{"a", "b", "c"}, "c", []string{"Bearer a", "Bearer b"}, []string{"a"}, false},
		{"no other token", 401, []string{"a"}, "b", []string{"Bearer a"}, []string{"a"}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := &stub{answer: func(_ int, r *http.Request) (*http.Response, error) {
				if r.Header.Get("Authorization") == "Bearer "+tc.good {
					return reply(200, goodComment), nil
				}
				return reply(tc.status, refusedBody), nil
			}}
			source := &tokens{values: tc.tokens}
			// Retrying is safe here even for a write that is not repeatable.
			_, err := newClient(t, s, func(cfg *Config) {
				cfg.Tokens = source
				cfg.MaxAttempts = 1
			}).CommentCreate(t.Context(), CommentCreateInput{})
			if tc.ok && err != nil || !tc.ok && adapter.CodeOf(err) != adapter.CodeUnauthenticated {
				t.Errorf("error %v", err)
			}
			var sent []string
			for _, r := range s.seen() {
				sent = append(sent, r.header.Get("Authorization"))
			}
			if diff := cmp.Diff(tc.sent, sent); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.dropped, source.dropped); diff != "" {
				t.Errorf("invalidated (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTokenSourceErrors(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		err  error
		code adapter.Code
	}{
		{"typed", &adapter.Error{Code: adapter.CodeUnavailable, Op: "token", RetryAfter: time.Hour}, adapter.CodeUnavailable},
		{"any", errors.New("vault is sealed"), adapter.CodeUnauthenticated},
		{"context", context.DeadlineExceeded, adapter.CodeCanceled},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := always(200, goodViewer)
			_, err := newClient(t, s, func(cfg *Config) { cfg.Tokens = &tokens{err: tc.err} }).Viewer(t.Context())
			if adapter.CodeOf(err) != tc.code || !errors.Is(err, tc.err) {
				t.Errorf("error %v, want code %v", err, tc.code)
			}
			if len(s.seen()) != 0 {
				t.Error("a request went out without a token")
			}
		})
	}
	if _, err := newClient(t, always(200, goodViewer), func(cfg *Config) { cfg.Tokens = APIKey("") }).Viewer(t.Context()); adapter.CodeOf(err) != adapter.CodeUnauthenticated {
		t.Errorf("empty token: %v", err)
	}
}
