package webhook_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/webhook"
)

func TestParseSecrets(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		list string
		want string
		says string
	}{
		{"", "", ""},
		{" a , b ", "a b", ""},
		{"a,m4rker;until=2026-12-31", "a m4rker@2026-12-31T00:00:00Z", ""},
		{"m4rker;until=2026-12-31T18:00:00+01:00", "m4rker@2026-12-31T17:00:00Z", ""},
		{"a,m4rker;until=soon", "", "secret 2 in LINEAR_WEBHOOK_SECRET has no readable time"},
		{";until=2026-12-31", "", "secret 1 in LINEAR_WEBHOOK_SECRET is empty"},
	} {
		got, err := webhook.ParseSecrets(tt.list)
		var texts []string
		for _, s := range got {
			text := s.Value
			if !s.Expires.IsZero() {
				text += "@" + s.Expires.UTC().Format(time.RFC3339)
			}
			texts = append(texts, text)
			if shown := fmt.Sprintf("%v %+v %#v", s, s, s); strings.Contains(shown, "m4rker") || !strings.Contains(shown, s.Name()) {
				t.Error(shown)
			}
		}
		if strings.Join(texts, " ") != tt.want || (err != nil) != (tt.says != "") || err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%q: %q, %v", tt.list, texts, err)
		}
		if err != nil && strings.Contains(err.Error(), "m4rker") {
			t.Errorf("the error quotes the secret: %v", err)
		}
	}
}

// During a rotation both secrets are accepted, the counts show when the old one
// is no longer used, and once expired it is rejected.
func TestExpiringSecrets(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 10, 2, 9, 0, 0, 0, time.UTC)
	taken := nothing{}
	var log bytes.Buffer
	srv, err := webhook.NewServer(webhook.Config{
		Secrets: []string{"new"}, Expiring: []webhook.Secret{{Value: "old", Expires: now.Add(time.Hour)}},
		Acceptor: taken, Now: func() time.Time { return now }, Logger: zerolog.New(&log),
	})
	if err != nil {
		t.Fatal(err)
	}
	send := func(secret string) int {
		body := fmt.Sprintf(`{"type":"Comment","webhookTimestamp":%d}`, now.UnixMilli())
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/webhooks/linear", strings.NewReader(body))
		req.Header.Set("Linear-Signature", webhook.Sign(secret, []byte(body)))
		w := httptest.NewRecorder()
		srv.Handler().ServeHTTP(w, req)
		return w.Code
	}
	for _, tt := range []struct {
		secret string
		wait   time.Duration
		want   int
	}{
		{"old", 0, 200}, {"new", 0, 200}, {"old", 59 * time.Minute, 200}, {"new", 0, 200}, {"old", time.Minute, 401}, {"new", 0, 200}, {"other", 0, 401},
	} {
		now = now.Add(tt.wait)
		if got := send(tt.secret); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.secret, got, tt.want)
		}
	}
	uses := srv.Secrets()
	if len(uses) != 2 || uses[0].Matched != 3 || uses[1].Matched != 2 || uses[1].Last.IsZero() || uses[0].Name == uses[1].Name || uses[1].Expires.IsZero() {
		t.Errorf("uses %+v", uses)
	}
	if n := strings.Count(log.String(), "first delivery that is signed"); n != 2 || !strings.Contains(log.String(), `"position":2,"secret":"`+uses[1].Name) {
		t.Errorf("%d lines about first deliveries in\n%s", n, &log)
	}
	// A client on this machine sees the counts, no other does.
	for _, c := range []struct {
		from, header, path string
		sees               bool
	}{
		{"127.0.0.1:4000", "", "/readyz?verbose", true},
		{"[::1]:4000", "", "/readyz?verbose", true},
		{"[::ffff:127.0.0.1]:4000", "", "/readyz?verbose=1", true},
		{"127.0.0.1:4000", "", "/readyz", false},
		{"10.0.0.7:4000", "", "/readyz?verbose", false},
		{"127.0.0.1:4000", "X-Forwarded-For", "/readyz?verbose", false},
		{"127.0.0.1:4000", "Forwarded", "/readyz?verbose", false},
		{"", "", "/readyz?verbose", false},
	} {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, c.path, nil)
		if req.RemoteAddr = c.from; c.header != "" {
			req.Header.Set(c.header, "1.2.3.4")
		}
		w := httptest.NewRecorder()
		srv.Handler().ServeHTTP(w, req)
		if sees := strings.Contains(w.Body.String(), `"position":1,"name":"`+uses[0].Name+`","matched":3`); sees != c.sees || w.Code != http.StatusOK {
			t.Errorf("%+v: %d %s", c, w.Code, w.Body)
		}
	}
	for _, expired := range []webhook.Config{{Secrets: []string{"a;until=soon"}, Acceptor: taken}, {Expiring: []webhook.Secret{{Expires: now}}, Acceptor: taken}, {Acceptor: taken}} {
		if _, err := webhook.NewServer(expired); err == nil {
			t.Errorf("%v was taken", expired.Expiring)
		}
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	says := func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, text, " ", r.Method, " ", r.URL.Path) })
	}
	srv, err := webhook.NewServer(webhook.Config{
		Secrets: []string{"s"}, Acceptor: nothing{}, Pages: map[string]http.Handler{"/linear/install": says("one"), "/admin/": says("all")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ method, path, want string }{
		{"GET", "/linear/install", "one GET /linear/install"},
		{"POST", "/linear/install", "one POST /linear/install"},
		{"GET", "/admin/", "all GET /admin/"},
		{"GET", "/admin/x/y", "all GET /admin/x/y"},
		{"GET", "/healthz", `{"status":"ok"}`},
	} {
		w := httptest.NewRecorder()
		srv.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), tt.method, tt.path, nil))
		if got := strings.TrimSpace(w.Body.String()); got != tt.want {
			t.Errorf("%s %s: %q", tt.method, tt.path, got)
		}
	}
	for _, pages := range []map[string]http.Handler{{"x": says("")}, {"/x": nil}, {"/api/webhooks/linear": says("")}} {
		if _, err := webhook.NewServer(webhook.Config{Secrets: []string{"s"}, Acceptor: nothing{}, Pages: pages}); err == nil {
			t.Errorf("%v was taken", pages)
		}
	}
}
