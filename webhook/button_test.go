package webhook_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/webhook"
)

// presser is an Acceptor with one button.
type presser struct {
	recorder

	button  adapter.ButtonPage
	err     error
	presses int
}

func (p *presser) Button(_ context.Context, token string) (*adapter.ButtonPage, error) {
	if token != "token" {
		return nil, &adapter.Error{Code: adapter.CodeNotFound, Op: "link"}
	}
	b := p.button
	return &b, p.err
}

func (p *presser) Press(ctx context.Context, token string) (*adapter.ButtonPage, error) {
	b, err := p.Button(ctx, token)
	if err == nil {
		p.presses++
	}
	return b, err
}

func TestButtonPage(t *testing.T) {
	t.Parallel()
	until := time.Date(2026, 11, 28, 9, 30, 0, 0, time.UTC)
	open := adapter.ButtonPage{Label: "Deploy", Title: "Deploy <api>?", URL: "https://linear.app/acme/issue/ENG-1", Expires: until}
	used, expired, evil := open, open, open
	used.State, expired.State, evil.URL = adapter.ButtonUsed, adapter.ButtonExpired, "javascript:alert(1)"
	for _, tt := range []struct {
		name, method, path string
		button             adapter.ButtonPage
		err                error
		status, presses    int
		text               string
		not                string
	}{
		{"open", "GET", "/buttons/token", open, nil, 200, 0, `<button type="submit">Deploy</button>`, "<api>"},
		{"open says until when", "GET", "/buttons/token", open, nil, 200, 0, "28 November 2026, 09:30 UTC", "Done. The bot continues"},
		{"open knows the way back", "GET", "/buttons/token", open, nil, 200, 0, `href="https://linear.app/acme/issue/ENG-1"`, "Done. The bot continues"},
		{"preview", "HEAD", "/buttons/token", open, nil, 405, 0, "", "button"},
		{"press", "POST", "/buttons/token", open, nil, 200, 1, "Done. The bot continues", "<form"},
		{"used", "GET", "/buttons/token", used, nil, 410, 0, "was used before", "<form"},
		{"press of used", "POST", "/buttons/token", used, nil, 410, 1, "was used before", "Done. The bot continues"},
		{"expired", "GET", "/buttons/token", expired, nil, 410, 0, "could be used until", "<form"},
		{"forged", "GET", "/buttons/other", open, nil, 404, 0, "not one of mine", "<form"},
		{"press of forged", "POST", "/buttons/other", open, nil, 404, 0, "not one of mine", "<form"},
		{"store down", "POST", "/buttons/token", open, errors.New("redis marker-secret"), 503, 0, "Nothing has happened", "marker-secret"},
		{"a script for an address", "GET", "/buttons/token", evil, nil, 200, 0, "Back to", "javascript:alert"},
		{"no token", "GET", "/buttons/", open, nil, 404, 0, "", "<form"},
		{"another method", "DELETE", "/buttons/token", open, nil, 405, 0, "", "<form"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := &presser{button: tt.button, err: tt.err}
			var log bytes.Buffer
			rec := httptest.NewRecorder()
			req := httptest.NewRequestWithContext(t.Context(), tt.method, tt.path, http.NoBody)
			newHandler(t, webhook.Config{Acceptor: p, Buttons: p, Logger: zerolog.New(&log)}).ServeHTTP(rec, req)
			body, err := io.ReadAll(rec.Result().Body)
			if err != nil {
				t.Fatal(err)
			}
			if rec.Code != tt.status || !strings.Contains(string(body), tt.text) || strings.Contains(string(body), tt.not) {
				t.Errorf("status %d, want %d with %q and without %q:\n%s", rec.Code, tt.status, tt.text, tt.not, body)
			}
			if p.presses != tt.presses {
				t.Errorf("%d presses, want %d", p.presses, tt.presses)
			}
			if strings.Contains(log.String(), "token") {
				t.Errorf("the log holds the token: %s", &log)
			}
			if !strings.HasPrefix(rec.Header().Get("Content-Type"), "text/html") {
				return
			}
			for name, want := range map[string]string{
				"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
			} {
				if got := rec.Header().Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
			if csp := rec.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") {
				t.Errorf("policy %q", csp)
			}
		})
	}
}

// Without Buttons the page does not exist, even if the acceptor implements
// Presser.
func TestNoButtonPage(t *testing.T) {
	t.Parallel()
	rec := httptest.NewRecorder()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/buttons/token", http.NoBody)
	newHandler(t, webhook.Config{Acceptor: &presser{}}).ServeHTTP(rec, req)
	if rec.Code != http.StatusNotFound {
		t.Errorf("status %d", rec.Code)
	}
}
