package workspaces

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
)

func TestOfferPage(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{})
	reg := r.process(func(c *Config) { c.Name = `Helper <Bot> & "co"` })
	w := r.browser(reg).visit(http.MethodGet, publicURL+InstallPath)
	contains(t, w.Body.String(), "Helper &lt;Bot&gt; &amp; &#34;co&#34;", "be mentioned in comments", "have issues delegated", "Continue to Linear", `name="viewport"`, "color-scheme: light dark")
	if w.Code != 200 || strings.Contains(w.Body.String(), "<script") || len(w.Result().Cookies()) != 0 {
		t.Errorf("status %d, cookies %v", w.Code, w.Result().Cookies())
	}
	policy := w.Header().Get("Content-Security-Policy")
	contains(t, policy, "default-src 'none'", "style-src 'sha256-", "form-action 'self' "+r.sim.URL(), "frame-ancestors 'none'", "base-uri 'none'")
	if strings.Contains(policy, "unsafe") {
		t.Error(policy)
	}
	for name, want := range map[string]string{"Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	for method, want := range map[string]int{http.MethodPut: 405, http.MethodDelete: 405} {
		if w := r.browser(reg).visit(method, publicURL+InstallPath); w.Code != want {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
	if got := strings.Join(reg.Paths(), " "); got != "/linear/install /linear/installed /linear/callback" {
		t.Error(got)
	}
}

func TestAuthorizeAddress(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{})
	b := r.browser(r.process())
	q := query(t, b.begin())
	for name, want := range map[string]string{
		"client_id": r.app.ClientID, "redirect_uri": publicURL + CallbackPath, "response_type": "code", "actor": "app",
		"scope": "read,write,app:assignable,app:mentionable", "code_challenge_method": "S256", "prompt": "consent",
	} {
		if got := q.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if len(q.Get("state")) < 40 || len(q.Get("code_challenge")) != 43 || q.Has("client_secret") || q.Has("code_verifier") {
		t.Errorf("query %v", q)
	}
	if len(b.cookies) != 1 || b.cookies["__Host-linearbot-install"] == "" {
		t.Errorf("cookies %v", b.cookies)
	}
	// The cookie as it is set.
	w := b.visit(http.MethodPost, publicURL+InstallPath)
	contains(t, w.Header().Get("Set-Cookie"), "HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Max-Age=600")
}

// A form of another site starts no install.
func TestCrossSite(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{})
	reg := r.process()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, publicURL+InstallPath, nil)
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	reg.Handler().ServeHTTP(w, req)
	if w.Code != http.StatusForbidden {
		t.Errorf("status %d", w.Code)
	}
}

func TestCallbackRefusals(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{})
	reg := r.process()
	approve := func(b *browser) string {
		back, err := r.app.Approve(b.begin(), r.ada)
		if err != nil {
			t.Fatal(err)
		}
		return back
	}
	for _, tt := range []struct {
		name  string
		visit func() *httptest.ResponseRecorder
		code  int
		says  string
		count string
	}{
		{"no state", func() *httptest.ResponseRecorder {
			return r.browser(reg).visit(http.MethodGet, publicURL+CallbackPath+"?code=x")
		}, 400, "no longer works", countStateFailed},
		{"invented state", func() *httptest.ResponseRecorder {
			b := r.browser(reg)
			b.begin()
			return b.visit(http.MethodGet, publicURL+CallbackPath+"?code=x&state="+token())
		}, 400, "no longer works", countStateFailed},
		{"another browser", func() *httptest.ResponseRecorder {
			b := r.browser(reg)
			back := approve(b)
			other := r.browser(reg)
			other.begin()
			w := other.visit(http.MethodGet, back)
			// It did not use the state up: the right browser still can.
			if again := b.visit(http.MethodGet, back); again.Code != http.StatusSeeOther {
				t.Errorf("the right browser: %d", again.Code)
			}
			return w
		}, 400, "in the browser that began", countStateFailed},
		{"no cookie", func() *httptest.ResponseRecorder {
			return r.browser(reg).visit(http.MethodGet, approve(r.browser(reg)))
		}, 400, "no longer works", countStateFailed},
		{"replayed", func() *httptest.ResponseRecorder {
			b := r.browser(reg)
			back := approve(b)
			cookie := b.cookies["__Host-linearbot-install"]
			if w := b.visit(http.MethodGet, back); w.Code != http.StatusSeeOther {
				t.Errorf("first: %d", w.Code)
			}
			b.cookies["__Host-linearbot-install"] = cookie
			return b.visit(http.MethodGet, back)
		}, 400, "all is well", countStateFailed},
		{"after ten minutes", func() *httptest.ResponseRecorder {
			b := r.browser(reg)
			back := approve(b)
			r.clock.Advance(10 * time.Minute)
			return b.visit(http.MethodGet, back)
		}, 400, "no longer works", countStateFailed},
		{"denied", func() *httptest.ResponseRecorder {
			b := r.browser(reg)
			back, err := r.app.Deny(b.begin(), r.ada)
			if err != nil {
				t.Fatal(err)
			}
			return b.visit(http.MethodGet, back)
		}, 200, "Nothing was installed", countDenied},
		{"another error", func() *httptest.ResponseRecorder {
			b := r.browser(reg)
			state := query(t, b.begin()).Get("state")
			return b.visit(http.MethodGet, publicURL+CallbackPath+"?error=server_error&error_description=%3Cb%3Eoops&state="+state)
		}, 200, "server_error (&lt;b&gt;oops)", countDenied},
		{"no code", func() *httptest.ResponseRecorder {
			b := r.browser(reg)
			return b.visit(http.MethodGet, publicURL+CallbackPath+"?state="+query(t, b.begin()).Get("state"))
		}, 400, "sent no code", ""},
		{"wrong code", func() *httptest.ResponseRecorder {
			b := r.browser(reg)
			return b.visit(http.MethodGet, publicURL+CallbackPath+"?code=x&state="+query(t, b.begin()).Get("state"))
		}, 400, "no longer accepts this code", countExchangeFailed},
		{"Linear is down", func() *httptest.ResponseRecorder {
			b := r.browser(reg)
			back := approve(b)
			r.sim.Fault(linearsim.Fault{Operation: linearsim.TokenEndpoint, Status: 503})
			return b.visit(http.MethodGet, back)
		}, 503, "Try again in a minute", countExchangeFailed},
		{"client refused", func() *httptest.ResponseRecorder {
			b := r.browser(r.process(func(c *Config) { c.ClientSecret = "wrong" }))
			return b.visit(http.MethodGet, approve(b))
		}, 502, "refuses its client secret", ""},
	} {
		before := reg.Counts()[tt.count]
		w := tt.visit()
		if w.Code != tt.code || !strings.Contains(w.Body.String(), tt.says) {
			t.Errorf("%s: %d, want %d with %q:\n%s", tt.name, w.Code, tt.code, tt.says, w.Body)
		}
		if tt.count != "" && reg.Counts()[tt.count] != before+1 {
			t.Errorf("%s: not counted as %s", tt.name, tt.count)
		}
	}
	// Two visits at the same time: one of them installs.
	b := r.browser(reg)
	back := approve(b)
	codes := make(chan int, 2)
	for range 2 {
		go func() {
			other := &browser{t: t, handler: b.handler, cookies: map[string]string{"__Host-linearbot-install": b.cookies["__Host-linearbot-install"]}}
			codes <- other.visit(http.MethodGet, back).Code
		}()
	}
	if x, y := <-codes, <-codes; x+y != 303+400 {
		t.Errorf("two at once: %d and %d", x, y)
	}
}

func TestInstalledPage(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{})
	reg := r.process(func(c *Config) { c.Name = "Helper Bot" })
	nameless := r.process(func(*Config) {})
	contains(t, r.install(nameless, r.ada).visit(http.MethodGet, publicURL+InstalledPath).Body.String(), "The bot is installed in Acme")
	b := r.install(reg, r.ada)
	w := b.visit(http.MethodGet, publicURL+InstalledPath)
	contains(t, w.Body.String(), "Helper Bot is installed in Acme", "Waiting for the first event", "@helper-bot", `http-equiv="refresh"`)
	r.clock.Advance(time.Minute)
	if ignore, err := reg.Arrived(t.Context(), r.acme.ID); ignore != "" || err != nil {
		t.Fatal(ignore, err)
	}
	w = b.visit(http.MethodGet, publicURL+InstalledPath)
	contains(t, w.Body.String(), "Events from Linear arrive", "2 October 2026, 09:01:00 UTC")
	if strings.Contains(w.Body.String(), "http-equiv") {
		t.Error("the page still loads itself")
	}
	stranger := r.browser(reg).visit(http.MethodGet, publicURL+InstalledPath)
	if strings.Contains(stranger.Body.String(), "Acme") {
		t.Error("a stranger sees the workspace")
	}
	// Installed again, the page waits for what comes after.
	r.clock.Advance(time.Minute)
	b = r.install(reg, r.ada)
	contains(t, b.visit(http.MethodGet, publicURL+InstalledPath).Body.String(), "Waiting for the first event")
	_, _ = reg.Arrived(t.Context(), r.acme.ID)
	contains(t, b.visit(http.MethodGet, publicURL+InstalledPath).Body.String(), "Events from Linear arrive")
}

func TestLimitsOfInstalls(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{})
	only := r.process(func(c *Config) { c.AllowedWorkspaces = []string{"umbrella"} })
	b := r.browser(only)
	back, err := r.app.Approve(b.begin(), r.ada)
	if err != nil {
		t.Fatal(err)
	}
	if w := b.visit(http.MethodGet, back); w.Code != 403 || !strings.Contains(w.Body.String(), "limited it") {
		t.Errorf("not allowed: %d %s", w.Code, w.Body)
	}
	if s := r.status(only, r.acme.ID); s != "" {
		t.Errorf("status %q", s)
	}
	full := r.process(func(c *Config) { c.MaxWorkspaces = 1 })
	umbrella := r.sim.AddWorkspace("Umbrella", "umbrella")
	r.install(full, umbrella.AddUser("Eve Curie", "eve"))
	r.install(full, umbrella.AddUser("Max Planck", "max")) // the same workspace
	b = r.browser(full)
	if back, err = r.app.Approve(b.begin(), r.ada); err != nil {
		t.Fatal(err)
	}
	if w := b.visit(http.MethodGet, back); w.Code != 403 || !strings.Contains(w.Body.String(), "no room") {
		t.Errorf("full: %d %s", w.Code, w.Body)
	}
	// Beginnings are limited, because each is remembered.
	refused := 0
	for range 2 * beginBurst {
		if b.visit(http.MethodPost, publicURL+InstallPath).Code == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused == 0 || refused > 2*beginBurst-10 {
		t.Errorf("%d of %d refused", refused, 2*beginBurst)
	}
}
