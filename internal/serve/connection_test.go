package serve

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/webhook"
)

// identities is an adapter whose Identity returns the prepared answers. The last
// one is repeated.
type identities struct {
	adapter.Adapter

	mu      sync.Mutex
	answers []error // nil means success
	asked   []time.Time
	self    adapter.Identity
}

func (a *identities) Identity(context.Context, string) (*adapter.Identity, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	err := a.answers[min(len(a.asked), len(a.answers)-1)]
	a.asked = append(a.asked, time.Now())
	if err != nil {
		return nil, err
	}
	self := a.self
	return &self, nil
}

// TestConnection has the bot retry until its identity is known. Each cause is
// logged once, however often it recurs, and readiness reports the same.
func TestConnection(t *testing.T) {
	t.Parallel()
	down := &adapter.Error{Code: adapter.CodeUnavailable, Err: errors.New("connection refused")}
	refused := &adapter.Error{Code: adapter.CodeUnauthenticated}
	limited := &adapter.Error{Code: adapter.CodeRateLimited, RetryAfter: 10 * time.Minute}
	app := adapter.Identity{Workspace: "o1", WorkspaceName: "Acme", Name: "helper-bot", FullName: "Helper Bot", App: true}
	person := app
	person.App, person.Name, person.FullName = false, "ada", "Ada Byron"
	for _, tt := range []struct {
		name    string
		answers []error
		self    adapter.Identity
		after   time.Duration // when readiness is checked
		ready   string        // the reason, empty if ready
		lines   []string      // parts of the lines
	}{
		{"at once", []error{nil}, app, time.Second, "", []string{"connected to Acme as @helper-bot"}},
		{"as a person", []error{nil}, person, time.Second, "", []string{"connected to Acme as @ada", "LINEAR_API_KEY belongs to a person: the bot acts as Ada Byron (@ada)"}},
		{
			"never",
			[]error{down},
			app, time.Hour,
			"Linear cannot be reached: check the network of this machine, and LINEAR_API_URL if it is set",
			[]string{"Linear cannot be reached"},
		},
		{
			"wrong key",
			[]error{refused},
			app, time.Hour,
			"Linear refuses LINEAR_API_KEY: copy the value again from Linear, and check that it was not revoked",
			[]string{"Linear refuses LINEAR_API_KEY"},
		},
		{
			"later",
			[]error{down, down, down, refused, refused, nil},
			app, time.Hour,
			"",
			[]string{"cannot be reached", "refuses LINEAR_API_KEY", "connected to Acme"},
		},
		{
			"rate limit",
			[]error{limited, nil},
			app, 9 * time.Minute,
			"Linear's rate limit is reached: the bot continues by itself within an hour",
			[]string{"rate limit is reached"},
		},
		{
			"wrong address",
			[]error{&adapter.Error{Code: adapter.CodeNotFound}},
			app, time.Second,
			"Linear does not say who the bot is: check LINEAR_API_URL, LINEAR_OAUTH_URL and LINEAR_API_KEY",
			[]string{"check LINEAR_API_URL"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				a := &identities{answers: tt.answers, self: tt.self}
				c := &connection{adapter: a, log: zerolog.New(&log), look: "LINEAR_API_KEY", at: "Linear"}
				if err := c.Ready(t.Context()); err == nil || err.Error() != "connecting" {
					t.Errorf("before the first answer: %v", err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				var wg sync.WaitGroup
				wg.Go(func() {
					if err := c.Run(ctx); err != nil {
						t.Errorf("Run: %v", err)
					}
				})
				time.Sleep(tt.after)
				synctest.Wait()
				reason := ""
				if bad, ok := errors.AsType[*webhook.UnreadyError](c.Ready(ctx)); ok {
					reason = bad.Reason
				}
				if reason != tt.ready {
					t.Errorf("not ready because of %q, want %q", reason, tt.ready)
				}
				cancel()
				wg.Wait()
				lines := strings.Split(strings.TrimSpace(log.String()), "\n")
				if len(lines) != len(tt.lines) {
					t.Fatalf("%d lines, want %d:\n%s", len(lines), len(tt.lines), &log)
				}
				for i, want := range tt.lines {
					if !strings.Contains(lines[i], want) {
						t.Errorf("line %d is %s, want %q", i, lines[i], want)
					}
				}
				if n := len(a.asked); tt.after == time.Hour && reason != "" && (n < 40 || n > 110) {
					t.Errorf("asked %d times in an hour, want about once a minute", n)
				}
			})
		})
	}
}
