package linearapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
)

// tokenServer hands out token-1, token-2 and so on.
func tokenServer(life time.Duration) *stub {
	return &stub{answer: func(n int, _ *http.Request) (*http.Response, error) {
		return grant(n, life), nil
	}}
}

func grant(n int, life time.Duration) *http.Response {
	body := fmt.Sprintf(`{"access_token":"token-%d","token_type":"Bearer","expires_in":%d,"scope":["read"]}`, n, int(life.Seconds()))
	return reply(200, body, "Content-Type", "application/json")
}

func credentialsOn(rt http.RoundTripper, scopes ...string) TokenSource {
	return ClientCredentials(ClientCredentialsConfig{
		ClientID: "app-1", ClientSecret: "secret-1", Scopes: scopes, HTTPClient: &http.Client{Transport: rt},
	})
}

func mustToken(t *testing.T, s TokenSource, want string) Token {
	t.Helper()
	token, err := s.Token(t.Context())
	if err != nil || token.Value != want {
		t.Helper()
		t.Fatalf("token %q, %v; want %q", token.Value, err, want)
	}
	return token
}

func TestClientCredentialsRequest(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		scopes []string
		want   string
	}{
		{"default scopes", nil, "read,write,comments:create,issues:create"},
		{"own scopes", []string{"read", "app:mentionable"}, "read,app:mentionable"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := tokenServer(time.Hour)
			token := mustToken(t, credentialsOn(s, tc.scopes...), "token-1")
			if token.Kind != TokenBearer || token.Expires.IsZero() {
				t.Errorf("kind %v, expires %v", token.Kind, token.Expires)
			}
			r := s.seen()[0]
			form, err := url.ParseQuery(r.body)
			if err != nil {
				t.Fatal(err)
			}
			want := url.Values{
				"grant_type": {"client_credentials"}, "scope": {tc.want},
				"client_id": {"app-1"}, "client_secret": {"secret-1"},
			}
			if diff := cmp.Diff(want, form); diff != "" {
				t.Errorf("form (-want +got):\n%s", diff)
			}
			if got := r.header.Get("User-Agent"); got != "linearbot/"+version() {
				t.Errorf("user agent %q", got)
			}
			if got := r.header.Get("Authorization"); got != "" {
				t.Error("the client authenticates twice")
			}
		})
	}
}

func TestClientCredentialsRenewal(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name         string
		life         time.Duration
		fresh, stale time.Duration // ages at which the token is served as it is, and renewed
	}{
		{"30 days: 5 %", 720 * time.Hour, 683 * time.Hour, 685 * time.Hour},
		{"2 hours: a quarter", 2 * time.Hour, 89 * time.Minute, 91 * time.Minute},
		{"10 hours: an hour", 10 * time.Hour, 539 * time.Minute, 541 * time.Minute},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := tokenServer(tc.life)
				s := credentialsOn(server)
				mustToken(t, s, "token-1")
				time.Sleep(tc.fresh)
				mustToken(t, s, "token-1")
				synctest.Wait()
				if n := len(server.seen()); n != 1 {
					t.Fatalf("%d requests while fresh, want 1", n)
				}
				time.Sleep(tc.stale - tc.fresh)
				mustToken(t, s, "token-1") // served while the next one is fetched
				synctest.Wait()
				mustToken(t, s, "token-2")
				if n := len(server.seen()); n != 2 {
					t.Errorf("%d requests, want 2", n)
				}
			})
		})
	}
}

func TestClientCredentialsSlowRenewal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &stub{answer: func(n int, r *http.Request) (*http.Response, error) {
			if n == 1 {
				return grant(n, 10*time.Hour), nil
			}
			<-r.Context().Done() // never answers
			return nil, r.Context().Err()
		}}
		s := credentialsOn(server)
		mustToken(t, s, "token-1")
		time.Sleep(9*time.Hour + time.Minute)
		start := time.Now()
		for range 20 {
			mustToken(t, s, "token-1")
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("callers waited %v for an early renewal", took)
		}
		time.Sleep(31 * time.Second) // the renewal gives up
		mustToken(t, s, "token-1")
		synctest.Wait()
		if n := len(server.seen()); n != 2 {
			t.Errorf("%d requests, want 2: a failed renewal must pause", n)
		}
		time.Sleep(time.Minute)
		mustToken(t, s, "token-1")
		time.Sleep(31 * time.Second)
		if n := len(server.seen()); n != 3 {
			t.Errorf("%d requests, want 3", n)
		}
		time.Sleep(time.Hour) // now it has expired
		_, err := s.Token(t.Context())
		if adapter.CodeOf(err) != adapter.CodeUnavailable {
			t.Errorf("error %v, want Unavailable", err)
		}
	})
}

func TestClientCredentialsExpired(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := credentialsOn(tokenServer(time.Hour))
		mustToken(t, s, "token-1")
		time.Sleep(time.Hour)
		mustToken(t, s, "token-2")
	})
}

func TestClientCredentialsInvalidate(t *testing.T) {
	t.Parallel()
	server := tokenServer(time.Hour)
	s := credentialsOn(server)
	first := mustToken(t, s, "token-1")
	s.Invalidate(first)
	mustToken(t, s, "token-2")
	s.Invalidate(first) // a late call: token-2 must stay
	mustToken(t, s, "token-2")
	if n := len(server.seen()); n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
}

func TestClientCredentialsOneFlight(t *testing.T) {
	t.Parallel()
	server := tokenServer(time.Hour)
	s := credentialsOn(server)
	old := mustToken(t, s, "token-1")
	var wg sync.WaitGroup
	var wrong atomic.Int32
	for range 50 {
		wg.Go(func() {
			s.Invalidate(old)
			if token, err := s.Token(t.Context()); err != nil || token.Value != "token-2" {
				wrong.Add(1)
			}
		})
	}
	wg.Wait()
	if n := len(server.seen()); n != 2 || wrong.Load() != 0 {
		t.Errorf("%d requests, %d wrong answers; want 2 and 0", n, wrong.Load())
	}
}

func TestClientCredentialsCancelledCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &stub{answer: func(n int, r *http.Request) (*http.Response, error) {
			select {
			case <-time.After(5 * time.Second):
				return grant(n, time.Hour), nil
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		}}
		s := credentialsOn(server)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := s.Token(ctx); adapter.CodeOf(err) != adapter.CodeCanceled || !errors.Is(err, context.Canceled) {
				t.Errorf("the first caller got %v, want Canceled", err)
			}
		})
		synctest.Wait()
		for range 3 {
			wg.Go(func() { mustToken(t, s, "token-1") })
		}
		synctest.Wait()
		cancel()
		wg.Wait()
		if n := len(server.seen()); n != 1 {
			t.Errorf("%d requests, want 1", n)
		}
	})
}

func TestClientCredentialsErrors(t *testing.T) {
	t.Parallel()
	js := []string{"Content-Type", "application/json"}
	for _, tc := range []struct {
		name   string
		answer answer
		code   adapter.Code
		says   string
	}{
		{"not enabled", with(400, `{"error":"Error","error_description":"Client does not support the client_credentials grant type"}`, js...), adapter.CodeUnauthenticated, "enable client credentials in the app's settings"},
		{"unauthorized client", with(400, `{"error":"unauthorized_client"}`, js...), adapter.CodeUnauthenticated, "enable client credentials"},
		{"wrong secret", with(401, `{"error":"invalid_client","error_description":"Bad client"}`, js...), adapter.CodeUnauthenticated, "invalid_client: Bad client"},
		{"wrong secret, no words", with(401, `<html>`), adapter.CodeUnauthenticated, "HTTP 401"},
		{"wrong scope", with(400, `{"error":"invalid_scope"}`, js...), adapter.CodeUnauthenticated, "change the scopes"},
		{"error with 200", with(200, `{"error":"invalid_client"}`, js...), adapter.CodeUnauthenticated, "client secret"},
		{"other", with(400, `{"error":"invalid_request"}`, js...), adapter.CodeUnauthenticated, "invalid_request"},
		{"busy", with(429, `{}`, "Retry-After", "5"), adapter.CodeRateLimited, "try again in 5s"},
		{"down", with(503, `<html>`, "Retry-After", "5"), adapter.CodeUnavailable, "try again in 5s"},
		{"wrong address", with(404, `<html>`), adapter.CodeUnavailable, "check the OAuth URL"},
		{"redirect", with(302, ``, "Location", "https://elsewhere.example"), adapter.CodeUnavailable, "HTTP 302"},
		{"not JSON", with(200, `<html>`), adapter.CodeUnavailable, "cannot be read"},
		{"no token", with(200, `{}`), adapter.CodeUnavailable, "cannot be read"},
		{"network", failing(syscall.ECONNREFUSED), adapter.CodeUnavailable, "cannot be reached"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			server := inTurn(tc.answer, with(200, `{"access_token":"token-2","token_type":"Bearer"}`, js...))
			s := credentialsOn(server)
			_, err := s.Token(t.Context())
			if adapter.CodeOf(err) != tc.code || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("error %v; want code %v and %q", err, tc.code, tc.says)
			}
			mustToken(t, s, "token-2") // failures are not cached
		})
	}
	for _, cfg := range []ClientCredentialsConfig{{}, {ClientID: "a", ClientSecret: "b", TokenURL: "ftp://x"}} {
		if _, err := ClientCredentials(cfg).Token(t.Context()); adapter.CodeOf(err) != adapter.CodeUnauthenticated {
			t.Errorf("%v: error %v", cfg, err)
		}
	}
}

// Calls without a token are not sent, so they do not use the budget.
func TestCallsWithoutTokenSpendNothing(t *testing.T) {
	t.Parallel()
	broken := true
	s := &stub{answer: func(int, *http.Request) (*http.Response, error) {
		return reply(200, `{"data":{"viewer":{"id":"u"}}}`, "X-RateLimit-Requests-Limit", "100", "X-RateLimit-Requests-Remaining", "90"), nil
	}}
	c, err := New(Config{
		URL: "http://linear.test/graphql", HTTPClient: &http.Client{Transport: s}, MaxWait: -1,
		Tokens: TokenFunc(func(context.Context) (Token, error) {
			if broken {
				return Token{}, &adapter.Error{Code: adapter.CodeUnauthenticated}
			}
			return Token{Value: "t"}, nil
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	broken = false
	if _, err := c.Viewer(t.Context()); err != nil { // so that it knows the budget
		t.Fatal(err)
	}
	broken = true
	for range 200 {
		if _, err := c.Viewer(t.Context()); adapter.CodeOf(err) != adapter.CodeUnauthenticated {
			t.Fatal(err)
		}
	}
	broken = false
	if _, err := c.Viewer(t.Context()); err != nil {
		t.Errorf("after calls without a token: %v", err)
	}
}
