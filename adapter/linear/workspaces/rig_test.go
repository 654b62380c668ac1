package workspaces

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

// buffer is a log that several goroutines write.
type buffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

const publicURL = "https://bot.test"

// rig is a Linear with an app, and a store that processes share.
type rig struct {
	t     *testing.T
	sim   *linearsim.Server
	clock *linearsim.Clock
	app   *linearsim.OAuthClient
	acme  *linearsim.Workspace
	ada   *linearsim.User
	store state.Store
	keys  *Keys
	http  *http.Client
	log   *buffer
}

func newRig(t *testing.T, app linearsim.OAuthApp) *rig {
	t.Helper()
	c := linearsim.NewClock(time.Date(2026, 10, 2, 9, 0, 0, 0, time.UTC))
	sim, err := linearsim.Start(linearsim.Config{Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{MaxIdleConnsPerHost: 32}
	store := memstate.New(memstate.Options{})
	t.Cleanup(func() {
		sim.Close()
		tr.CloseIdleConnections()
		_ = store.Close()
	})
	app.Name, app.DisplayName, app.RedirectURIs = "Helper Bot", "helper-bot", []string{publicURL + CallbackPath}
	r := &rig{t: t, sim: sim, clock: c, app: sim.RegisterApp(app), store: store, http: &http.Client{Transport: tr}, log: &buffer{}}
	r.acme = sim.AddWorkspace("Acme", "acme")
	r.ada = r.acme.AddUser("Ada Byron", "ada")
	r.keys = r.parse(GenerateKey())
	return r
}

func (r *rig) parse(list string) *Keys {
	r.t.Helper()
	k, err := ParseKeys(list)
	if err != nil {
		r.t.Fatal(err)
	}
	return k
}

// config is the configuration of a process.
func (r *rig) config() Config {
	return Config{
		ClientID: r.app.ClientID, ClientSecret: r.app.ClientSecret(), PublicURL: publicURL, Store: r.store, Keys: r.keys,
		APIURL: r.sim.GraphQLURL(), AuthorizeURL: r.sim.AuthorizeURL(), TokenURL: r.sim.TokenURL(), RevokeURL: r.sim.RevokeURL(),
		HTTPClient: r.http, Now: r.clock.Now, Logger: zerolog.New(r.log), SweepEvery: time.Hour,
	}
}

// process is a registry as one process has it.
func (r *rig) process(change ...func(*Config)) *Registry {
	r.t.Helper()
	cfg := r.config()
	for _, f := range change {
		f(&cfg)
	}
	reg, err := New(cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	reg.poll = time.Millisecond
	return reg
}

// browser visits the pages of a registry and keeps cookies.
type browser struct {
	t       *testing.T
	handler http.Handler
	cookies map[string]string
	ctx     context.Context //nolint:containedctx // of the requests; nil: the test's
}

func (b *browser) visit(method, address string) *httptest.ResponseRecorder {
	b.t.Helper()
	ctx := b.ctx
	if ctx == nil {
		ctx = b.t.Context()
	}
	req := httptest.NewRequestWithContext(ctx, method, address, nil)
	for name, value := range b.cookies {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, req)
	for _, c := range w.Result().Cookies() {
		b.cookies[c.Name] = c.Value
	}
	return w
}

func (r *rig) browser(reg *Registry) *browser {
	return &browser{t: r.t, handler: reg.Handler(), cookies: map[string]string{}}
}

// begin presses the button and returns Linear's authorize address.
func (b *browser) begin() string {
	b.t.Helper()
	w := b.visit(http.MethodPost, publicURL+InstallPath)
	if w.Code != http.StatusSeeOther {
		b.t.Fatalf("begin: %d %s", w.Code, w.Body)
	}
	return w.Header().Get("Location")
}

// install installs the app in a person's workspace.
func (r *rig) install(reg *Registry, by *linearsim.User) *browser {
	r.t.Helper()
	b := r.browser(reg)
	back, err := r.app.Approve(b.begin(), by)
	if err != nil {
		r.t.Fatal(err)
	}
	if w := b.visit(http.MethodGet, back); w.Code != http.StatusSeeOther || w.Header().Get("Location") != InstalledPath {
		r.t.Fatalf("callback: %d %s", w.Code, w.Body)
	}
	return b
}

// call asks Linear who the token's user is, as a client would.
func (r *rig) call(ctx context.Context, reg *Registry, org string) (string, error) {
	r.t.Helper()
	api, err := linearapi.New(linearapi.Config{URL: r.sim.GraphQLURL(), Tokens: reg.Tokens(org), HTTPClient: r.http, MaxAttempts: 1})
	if err != nil {
		r.t.Fatal(err)
	}
	v, err := api.Viewer(ctx)
	if err != nil {
		return "", err
	}
	return v.Organization.ID, nil
}

func (r *rig) mustCall(reg *Registry, org string) {
	r.t.Helper()
	got, err := r.call(r.t.Context(), reg, org)
	if err != nil || got != org {
		r.t.Fatalf("call in %s: %q, %v", org, got, err)
	}
}

func (r *rig) status(reg *Registry, org string) Status {
	r.t.Helper()
	w, err := reg.Workspace(r.t.Context(), org)
	if err != nil {
		r.t.Fatal(err)
	}
	if w == nil {
		return ""
	}
	return w.Status
}

// grants counts the requests to the token endpoint so far.
func (r *rig) grants() int { return r.sim.Count(linearsim.TokenEndpoint) }

func query(t *testing.T, address string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

func contains(t *testing.T, text string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("%q is missing in:\n%s", w, text)
		}
	}
}

// signals are those of the store.
func (r *rig) signals() state.Signaler {
	s, ok := r.store.(state.Signaler)
	if !ok {
		r.t.Fatal("the store has no signals")
	}
	return s
}

// until waits until cond holds.
func (r *rig) until(what string, cond func() bool) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 20*time.Second)
	defer cancel()
	for !cond() {
		select {
		case <-ctx.Done():
			r.t.Fatalf("timed out waiting until %s", what)
		case <-time.After(time.Millisecond):
		}
	}
}
