package linear

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
)

// apiStub answers GraphQL requests without a network.
type apiStub struct {
	mu    sync.Mutex
	calls []apiCall
	// answer returns status and body for a call; n counts from 1 over calls
	// of the same operation.
	answer func(n int, call apiCall) (int, string)
	// delay is how long each answer takes.
	delay time.Duration
}

// apiCall is one request as received by a stub.
type apiCall struct {
	Op    string          `json:"operationName"`
	Vars  json.RawMessage `json:"variables"`
	Token string          `json:"-"`
}

// input returns one field of the call's input.
func (c apiCall) input(t *testing.T, field string) string {
	t.Helper()
	var vars struct {
		Input map[string]string `json:"input"`
	}
	if err := json.Unmarshal(c.Vars, &vars); err != nil {
		t.Fatal(err)
	}
	return vars.Input[field]
}

func (s *apiStub) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var call apiCall
	if err := json.Unmarshal(body, &call); err != nil {
		return nil, err
	}
	call.Token = r.Header.Get("Authorization")
	s.mu.Lock()
	s.calls = append(s.calls, call)
	n := 0
	for _, c := range s.calls {
		if c.Op == call.Op {
			n++
		}
	}
	s.mu.Unlock()
	if s.delay > 0 {
		select {
		case <-time.After(s.delay):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	w := httptest.NewRecorder()
	status, text := s.answer(n, call)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

func (s *apiStub) ops() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ops []string
	for _, c := range s.calls {
		ops = append(ops, c.Op)
	}
	return ops
}

const viewerAnswer = `{"data":{"viewer":{"id":"` + ownBot + `","name":"The Bot","displayName":"bot","email":"b@oauthapp.linear.app","url":"https://linear.app/acme/profiles/bot","app":true},"organization":{"id":"` + ownOrg + `","name":"Acme","urlKey":"acme"}}}`

// newAdapter returns an adapter on top of s.
func newAdapter(tb testing.TB, s *apiStub) *Adapter {
	tb.Helper()
	a, err := New(Config{APIKey: "key", HTTPClient: &http.Client{Transport: s}})
	if err != nil {
		tb.Fatal(err)
	}
	a.UseSecret(func(context.Context) ([]byte, error) { return []byte(testSecret), nil })
	return a
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	want := &adapter.Identity{
		Workspace: ownOrg, WorkspaceName: "Acme", UserID: ownBot, Name: "bot", FullName: "The Bot",
		ProfileURL: "https://linear.app/acme/profiles/bot", App: true,
	}
	s := &apiStub{answer: func(int, apiCall) (int, string) { return 200, viewerAnswer }}
	a := newAdapter(t, s)
	for _, workspace := range []string{ownOrg, "", ownOrg} {
		got, err := a.Identity(t.Context(), workspace)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Fatalf("identity in %q, %v (-want +got):\n%s", workspace, err, diff)
		}
		got.Name = "changed by the caller"
	}
	if got := s.ops(); len(got) != 1 {
		t.Errorf("%d requests, want 1", len(got))
	}
}

func TestIdentityProfileURL(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ viewer, org, want string }{
		{`"displayName":"bot x"`, `"urlKey":"acme"`, "https://linear.app/acme/profiles/bot%20x"},
		{`"displayName":"bot","url":"https://linear.app/a/profiles/b"`, `"urlKey":"acme"`, "https://linear.app/a/profiles/b"},
		{`"displayName":"bot","url":null`, `"urlKey":null`, ""},
	} {
		s := &apiStub{answer: func(int, apiCall) (int, string) {
			return 200, `{"data":{"viewer":{"id":"u",` + tc.viewer + `},"organization":{"id":"o",` + tc.org + `}}}`
		}}
		self, err := newAdapter(t, s).Identity(t.Context(), "o")
		if err != nil || self.ProfileURL != tc.want || self.App {
			t.Errorf("%+v, %v; want %q", self, err, tc.want)
		}
	}
}

// TestIdentityFromLittle asks servers that say less than the schema promises.
func TestIdentityFromLittle(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, answer string
		cfg          Config
		app          bool
	}{
		{"no organization", `{"data":{"viewer":{"id":"u"}}}`, Config{APIKey: "key"}, false},
		{"null organization", `{"data":{"viewer":{"id":"u"},"organization":null}}`, Config{APIKey: "key"}, false},
		{"an app by its address", `{"data":{"viewer":{"id":"u","email":"x@oauthapp.linear.app"}}}`, Config{AccessToken: "t"}, true},
		{"a person's token", `{"data":{"viewer":{"id":"u"}}}`, Config{AccessToken: "t"}, false},
	} {
		s := &apiStub{answer: func(int, apiCall) (int, string) { return 200, tc.answer }}
		tc.cfg.HTTPClient = &http.Client{Transport: s}
		a, err := New(tc.cfg)
		if err != nil {
			t.Fatal(err)
		}
		self, err := a.Identity(t.Context(), "any")
		if err != nil || self.Workspace != "any" || self.UserID != "u" || self.App != tc.app {
			t.Errorf("%s: %+v, %v", tc.name, self, err)
		}
	}
}

func TestIdentityOfAnotherWorkspace(t *testing.T) {
	t.Parallel()
	s := &apiStub{answer: func(int, apiCall) (int, string) { return 200, viewerAnswer }}
	a := newAdapter(t, s)
	for range 3 {
		_, err := a.Identity(t.Context(), "org-2")
		if adapter.CodeOf(err) != adapter.CodeForbidden || !strings.Contains(err.Error(), ownOrg) || !strings.Contains(err.Error(), "org-2") {
			t.Errorf("error %v, want Forbidden that names both workspaces", err)
		}
	}
	if got := s.ops(); len(got) != 1 {
		t.Errorf("%d requests, want 1: strangers must not spend the budget", len(got))
	}
}

func TestIdentityFailureIsAskedAgain(t *testing.T) {
	t.Parallel()
	s := &apiStub{answer: func(n int, _ apiCall) (int, string) {
		if n == 1 {
			return 200, `{"errors":[{"message":"no","extensions":{"code":"FORBIDDEN"}}]}`
		}
		return 200, viewerAnswer
	}}
	a := newAdapter(t, s)
	if _, err := a.Identity(t.Context(), ownOrg); adapter.CodeOf(err) != adapter.CodeForbidden {
		t.Errorf("error %v, want Forbidden", err)
	}
	if _, err := a.Identity(t.Context(), ownOrg); err != nil {
		t.Error(err)
	}
}

func TestIdentityOneFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &apiStub{delay: 5 * time.Second, answer: func(int, apiCall) (int, string) { return 200, viewerAnswer }}
		a := newAdapter(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := a.Identity(ctx, ownOrg); adapter.CodeOf(err) != adapter.CodeCanceled || !errors.Is(err, context.Canceled) {
				t.Errorf("the first caller got %v, want Canceled", err)
			}
		})
		synctest.Wait()
		for range 10 {
			wg.Go(func() {
				if _, err := a.Identity(t.Context(), ownOrg); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		cancel()
		wg.Wait()
		if got := s.ops(); len(got) != 1 {
			t.Errorf("%d requests, want 1", len(got))
		}
		if _, err := a.Identity(ctx, ownOrg); err != nil {
			t.Errorf("a known identity needs no live context: %v", err)
		}
	})
}

func TestIdentityTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &apiStub{delay: time.Hour, answer: func(int, apiCall) (int, string) { return 200, viewerAnswer }}
		start := time.Now()
		_, err := newAdapter(t, s).Identity(t.Context(), ownOrg)
		if adapter.CodeOf(err) != adapter.CodeUnavailable {
			t.Errorf("error %v, want Unavailable", err)
		}
		if took := time.Since(start); took > identityTimeout {
			t.Errorf("took %v", took)
		}
	})
}
