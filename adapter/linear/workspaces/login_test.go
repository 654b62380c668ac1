package workspaces

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/state"
)

func TestInstallAndRefresh(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{EndOnRefresh: true})
	reg := r.process()
	org := r.acme.ID
	if _, err := reg.Installed(t.Context(), org); !errors.Is(err, adapter.ErrNotInstalled) || adapter.CodeOf(err) != adapter.CodeForbidden {
		t.Fatalf("before: %v", err)
	}
	r.install(reg, r.ada)
	first, err := reg.Installed(t.Context(), org)
	if err != nil || first == "" {
		t.Fatal(first, err)
	}
	r.mustCall(reg, org)
	if n := r.grants(); n != 1 {
		t.Errorf("%d grants, want 1", n)
	}
	// The token works until its last seconds; then twenty calls share one refresh.
	r.clock.Advance(23*time.Hour + 59*time.Minute)
	r.mustCall(reg, org)
	if n := r.grants(); n != 1 {
		t.Errorf("%d grants, want 1", n)
	}
	r.clock.Advance(time.Minute)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { r.mustCall(reg, org) })
	}
	wg.Wait()
	if n := r.grants(); n != 2 {
		t.Errorf("%d grants after 20 calls with an expired token, want 2", n)
	}
	// A token that Linear rejects is replaced, once for all rejected callers.
	r.clock.Advance(time.Hour)
	token, err := reg.Tokens(org).Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	resp, err := r.http.PostForm(r.sim.RevokeURL(), map[string][]string{"token": {token.Value}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	for range 20 {
		wg.Go(func() { r.mustCall(reg, org) })
	}
	wg.Wait()
	if n := r.grants(); n != 3 {
		t.Errorf("%d grants after a refusal, want 3", n)
	}
	// Another process knows without asking Linear.
	r.mustCall(r.process(), org)
	if n := r.grants(); n != 3 {
		t.Errorf("%d grants after another process began, want 3", n)
	}
	if got := reg.Counts(); got[countRefreshed] != 2 || got[countInstalled] != 1 {
		t.Errorf("counts %v", got)
	}
}

// A record that was read before a refresh and arrives after it does not bring the
// old token back.
func TestLateRead(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{EndOnRefresh: true})
	org := r.acme.ID
	var reg *Registry
	var armed atomic.Bool
	var fresh linearapi.Token
	reg = r.process(func(c *Config) {
		c.Store = &hookStore{Store: r.store, read: func(k state.Key) {
			if k == recordKey(org) && armed.CompareAndSwap(true, false) {
				var err error
				if fresh, err = reg.Tokens(org).Token(t.Context()); err != nil {
					t.Error(err)
				}
			}
		}}
	})
	r.install(reg, r.ada)
	old, err := reg.Tokens(org).Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r.clock.Advance(time.Hour)
	reg.Tokens(org).Invalidate(old)
	armed.Store(true)
	got, err := reg.Tokens(org).Token(t.Context())
	if err != nil || armed.Load() {
		t.Fatalf("%v, read late: %t", err, !armed.Load())
	}
	if got.Value != fresh.Value || got.Value == old.Value {
		t.Errorf("the late reader's token is the old one: %t, another one than the refresh's: %t", got.Value == old.Value, got.Value != fresh.Value)
	}
}

// A young pair that is refused is not replaced over and over.
func TestRefusedYoung(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{})
	reg := r.process()
	r.install(reg, r.ada)
	r.sim.Fault(linearsim.Fault{Operation: "viewer", Times: 10, Status: http.StatusUnauthorized, Body: `{"errors":[{"message":"no","extensions":{"code":"AUTHENTICATION_ERROR"}}]}`})
	for range 3 {
		if _, err := r.call(t.Context(), reg, r.acme.ID); adapter.CodeOf(err) != adapter.CodeUnauthenticated {
			t.Fatal(err)
		}
	}
	if n := r.grants(); n != 1 {
		t.Errorf("%d grants, want 1", n)
	}
	r.sim.ClearFaults()
	r.clock.Advance(time.Minute)
	r.mustCall(reg, r.acme.ID)
}

func TestUnknownExpiry(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{OmitExpiry: true, ScopeList: true})
	reg := r.process()
	r.install(reg, r.ada)
	for range 5 {
		r.mustCall(reg, r.acme.ID)
		r.clock.Advance(time.Hour)
	}
	if n := r.grants(); n != 1 {
		t.Errorf("%d grants, want 1: a token of unknown expiry is used until it is refused", n)
	}
	r.clock.Advance(20 * time.Hour) // now it has expired, and Linear says so
	r.mustCall(reg, r.acme.ID)
	if n := r.grants(); n != 2 {
		t.Errorf("%d grants, want 2", n)
	}
	w, err := reg.Workspace(t.Context(), r.acme.ID)
	if err != nil || strings.Join(w.Scopes, " ") != "app:assignable app:mentionable read write" {
		t.Errorf("scopes %q, %v", w.Scopes, err)
	}
	r.clock.Advance(21 * time.Hour)
	if err := reg.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := r.grants(); n != 3 {
		t.Errorf("%d grants, want 3: a sweep replaces old pairs", n)
	}
}

// Idle workspaces are kept fresh by the sweep, once among two processes.
func TestSweepRefreshesAhead(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{})
	a, b := r.process(), r.process()
	r.install(a, r.ada)
	umbrella := r.sim.AddWorkspace("Umbrella", "umbrella")
	r.install(b, umbrella.AddUser("Eve Curie", "eve"))
	begun := r.grants()
	for range 22 * 6 {
		r.clock.Advance(10 * time.Minute)
		var wg sync.WaitGroup
		for _, reg := range []*Registry{a, b} {
			wg.Go(func() {
				if err := reg.Sweep(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	if n := r.grants(); n != begun {
		t.Errorf("%d refreshes within 22 h", n-begun)
	}
	var at []time.Duration
	for i := range 12 {
		before := r.grants()
		r.clock.Advance(10 * time.Minute)
		var wg sync.WaitGroup
		for _, reg := range []*Registry{a, b} {
			wg.Go(func() { _ = reg.Sweep(t.Context()) })
		}
		wg.Wait()
		for range r.grants() - before {
			at = append(at, time.Duration(i)*10*time.Minute)
		}
	}
	if len(at) != 2 || at[1] > time.Hour+10*time.Minute {
		t.Errorf("refreshes at 22 h and %v, want two, at least about an hour ahead", at)
	}
}

// Failures that say nothing of the login leave it alone; the dead one is parked,
// its deliveries are taken, and installing again brings it back.
func TestFailuresAndReauth(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{})
	reg := r.process()
	org := r.acme.ID
	r.install(reg, r.ada)
	before, _ := reg.Installed(t.Context(), org)
	r.clock.Advance(25 * time.Hour)
	for _, tt := range []struct {
		name string
		f    linearsim.Fault
		code adapter.Code
	}{
		{"5xx", linearsim.Fault{Status: 502, Body: "bad gateway"}, adapter.CodeUnavailable},
		{"refused client", linearsim.Fault{Status: 401, Body: `{"error":"invalid_client"}`}, adapter.CodeUnauthenticated},
		{"no JSON", linearsim.Fault{Status: 200, Body: `<html>`}, adapter.CodeUnavailable},
		{"empty", linearsim.Fault{Status: 200, Body: `{}`}, adapter.CodeUnavailable},
		{"reset", linearsim.Fault{Reset: true}, adapter.CodeUnavailable},
		{"rate limited", linearsim.Fault{RateLimited: true}, adapter.CodeRateLimited},
		{"some 400", linearsim.Fault{Status: 400, Body: `{"error":"invalid_request","error_description":"grant_type is missing"}`}, adapter.CodeUnavailable},
		{"some 404", linearsim.Fault{Status: 404, Body: `not here`}, adapter.CodeUnavailable},
	} {
		tt.f.Operation = linearsim.TokenEndpoint
		r.sim.Fault(tt.f)
		if _, err := r.call(t.Context(), reg, org); adapter.CodeOf(err) != tt.code {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.code)
		}
		if got := r.status(reg, org); got != StatusActive {
			t.Fatalf("%s: status %s", tt.name, got)
		}
		n := r.grants()
		if _, err := r.call(t.Context(), reg, org); err == nil || r.grants() != n {
			t.Errorf("%s: %v, %d further grants: it is too soon", tt.name, err, r.grants()-n)
		}
		r.clock.Advance(time.Minute)
	}
	r.mustCall(reg, org)

	r.app.Installation(r.acme).ExpireRefreshTokens()
	r.clock.Advance(25 * time.Hour)
	_, err := r.call(t.Context(), reg, org)
	if adapter.CodeOf(err) != adapter.CodeUnauthenticated || !strings.Contains(err.Error(), publicURL+InstallPath) {
		t.Fatalf("dead: %v", err)
	}
	n := r.grants()
	for _, p := range []*Registry{reg, r.process()} {
		_, err := p.Installed(t.Context(), org)
		e, ok := errors.AsType[*adapter.Error](err)
		if !ok || e.Code != adapter.CodeUnauthenticated || e.RetryAfter <= 0 {
			t.Errorf("parked: %v, want a time to wait", err)
		}
		if _, err := p.Tokens(org).Token(t.Context()); adapter.CodeOf(err) != adapter.CodeUnauthenticated {
			t.Errorf("token of a parked login: %v", err)
		}
		if ignore, err := p.Arrived(t.Context(), org); ignore != "" || err != nil {
			t.Errorf("delivery of a parked login: %q, %v", ignore, err)
		}
	}
	if r.status(reg, org) != StatusNeedsReauth || r.grants() != n || reg.Counts()[countReauth] != 1 {
		t.Errorf("status %s, %d further grants, %v", r.status(reg, org), r.grants()-n, reg.Counts())
	}
	page := r.browser(reg).visit(http.MethodGet, publicURL+InstallPath).Body.String()
	contains(t, page, "Linear has ended the app's login in a workspace")
	if strings.Contains(page, "Acme") || reg.Statuses()[StatusNeedsReauth] != 1 || reg.Statuses()[StatusActive] != 0 {
		t.Errorf("%v, and the page that anyone sees:\n%s", reg.Statuses(), page)
	}
	s, err := reg.read(t.Context(), org)
	if err != nil || s.refresh.text() == "" || s.access.text() == "" {
		t.Error("the credentials of a parked login are gone")
	}
	r.clock.Advance(8 * 24 * time.Hour)
	if ignore, _ := reg.Arrived(t.Context(), org); ignore != "needs_reauth" {
		t.Errorf("delivery after a week: %q", ignore)
	}
	contains(t, r.log.String(), "login has ended", publicURL+InstallPath)

	r.install(reg, r.ada)
	r.mustCall(reg, org)
	if page := r.browser(reg).visit(http.MethodGet, publicURL+InstallPath).Body.String(); strings.Contains(page, "has ended") || reg.Statuses()[StatusActive] != 1 {
		t.Errorf("%v, and the page after that:\n%s", reg.Statuses(), page)
	}
	after, err := reg.Installed(t.Context(), org)
	if err != nil || after == before {
		t.Errorf("installation %q after %q, %v", after, before, err)
	}
	lines, err := reg.Audit(t.Context(), org)
	var what []string
	for _, l := range lines {
		what = append(what, l.What)
	}
	if strings.Join(what, " ") != "installed needs_reauth installed_again" || err != nil {
		t.Errorf("audit %q, %v", what, err)
	}
}

// An instance with the id of another app does not end a login, and one that was
// imported by a tool is of any app.
func TestAnotherApp(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{})
	reg := r.process()
	org := r.acme.ID
	r.install(reg, r.ada)
	app := r.sim.RegisterApp(linearsim.OAuthApp{Name: "Other", DisplayName: "other", RedirectURIs: []string{publicURL + CallbackPath}})
	wrong := r.process(func(c *Config) { c.ClientID, c.ClientSecret = app.ClientID, app.ClientSecret() })
	r.clock.Advance(25 * time.Hour)
	n := r.grants()
	_, err := wrong.Tokens(org).Token(t.Context())
	if adapter.CodeOf(err) != adapter.CodeUnavailable || !strings.Contains(err.Error(), "LINEAR_CLIENT_ID") || r.grants() != n {
		t.Errorf("%v, %d requests", err, r.grants()-n)
	}
	if got := r.status(reg, org); got != StatusActive {
		t.Errorf("status %s", got)
	}
	r.mustCall(reg, org)
	tool, err := Manage(Config{Store: r.store, Keys: r.keys})
	if err != nil {
		t.Fatal(err)
	}
	if org, err = tool.Import(t.Context(), []byte(`{"accessToken":"a","refreshToken":"b","organizationId":"imported"}`)); err != nil {
		t.Fatal(err)
	}
	if s, err := reg.read(t.Context(), org); err != nil || s.rec.Client != "" || reg.foreign(s) {
		t.Errorf("imported: client %q, %v", s.rec.Client, err)
	}
}

// A lost answer is asked for again within Linear's window, also by another
// process and also if the token still works.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{})
	reg := r.process()
	r.install(reg, r.ada)
	r.clock.Advance(25 * time.Hour)
	r.sim.Fault(linearsim.Fault{Operation: linearsim.TokenEndpoint, ResetAfter: true})
	if _, err := r.call(t.Context(), reg, r.acme.ID); adapter.CodeOf(err) != adapter.CodeUnavailable {
		t.Fatal(err)
	}
	other := r.process()
	if err := other.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.mustCall(other, r.acme.ID)
	r.clock.Advance(time.Minute)
	r.mustCall(reg, r.acme.ID)

	// Ahead of the expiry no call asks for the token, and the sweep sees to it.
	r.clock.Advance(23 * time.Hour)
	r.sim.Fault(linearsim.Fault{Operation: linearsim.TokenEndpoint, ResetAfter: true})
	_ = reg.Sweep(t.Context())
	r.clock.Advance(29 * time.Minute)
	if err := r.process().Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.clock.Advance(20 * time.Hour)
	r.mustCall(reg, r.acme.ID)
	if got := r.status(reg, r.acme.ID); got != StatusActive {
		t.Error(got)
	}
}

// brokenStore fails writes of records while it is broken.
type brokenStore struct {
	state.Store
	mu     sync.Mutex
	broken bool
}

func (b *brokenStore) set(on bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.broken = on
}

func (b *brokenStore) CompareAndSet(ctx context.Context, k state.Key, old, next []byte, ttl time.Duration) error {
	b.mu.Lock()
	broken := b.broken && k.Kind == "installation" && strings.Contains(string(next), `"pair"`) && !strings.Contains(string(next), `"attempt"`)
	b.mu.Unlock()
	if broken {
		return state.ErrUnavailable
	}
	return b.Store.CompareAndSet(ctx, k, old, next, ttl)
}

// A pair that cannot be stored is not used, and not lost: it is stored when the
// store is back, even after Linear's window.
func TestUnsavedPair(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{})
	store := &brokenStore{Store: r.store}
	reg := r.process(func(c *Config) { c.Store = store })
	r.install(reg, r.ada)
	r.clock.Advance(25 * time.Hour)
	store.set(true)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if tok, err := reg.Tokens(r.acme.ID).Token(ctx); err == nil {
		t.Fatalf("a token that is not stored was given: %v", tok)
	}
	<-reg.landed() // the attempt to store it outlives the caller
	n := r.grants()
	store.set(false)
	r.clock.Advance(2 * time.Hour)
	r.mustCall(reg, r.acme.ID)
	if r.grants() != n {
		t.Errorf("%d further grants, want the kept pair to be stored", r.grants()-n)
	}
	r.mustCall(r.process(), r.acme.ID)
}

// With the store down, a token that works keeps working.
func TestStoreDown(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{})
	down := &downStore{Store: r.store}
	reg := r.process(func(c *Config) { c.Store = down })
	r.install(reg, r.ada)
	down.on = true
	r.clock.Advance(time.Hour)
	r.mustCall(reg, r.acme.ID)
	if ignore, err := reg.Arrived(t.Context(), r.acme.ID); ignore != "" || err != nil {
		t.Errorf("arrived: %q, %v", ignore, err)
	}
	if _, err := reg.Arrived(t.Context(), "unknown"); err == nil {
		t.Error("an unknown workspace was judged without the store")
	}
	r.clock.Advance(24 * time.Hour)
	if _, err := r.call(t.Context(), reg, r.acme.ID); adapter.CodeOf(err) != adapter.CodeUnavailable {
		t.Errorf("expired and no store: %v", err)
	}
}

type downStore struct {
	state.Store
	on bool
}

func (d *downStore) Get(ctx context.Context, k state.Key) ([]byte, error) {
	if d.on {
		return nil, state.ErrUnavailable
	}
	return d.Store.Get(ctx, k)
}

// A refresh on request replaces a pair that still works; one that is young stays,
// and a failure leaves the pair in use.
func TestRefreshOnRequest(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{})
	reg := r.process()
	r.install(reg, r.ada)
	before, err := reg.Tokens(r.acme.ID).Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	token := func() string {
		t.Helper()
		now, err := reg.Tokens(r.acme.ID).Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return now.Value
	}
	if err := reg.Refresh(t.Context(), r.acme.ID); err != nil || token() != before.Value {
		t.Errorf("a young pair: %v", err)
	}
	r.clock.Advance(time.Hour)
	r.sim.Fault(linearsim.Fault{Operation: linearsim.TokenEndpoint, Times: 20, Status: http.StatusInternalServerError})
	if err := reg.Refresh(t.Context(), r.acme.ID); adapter.CodeOf(err) != adapter.CodeUnavailable || token() != before.Value {
		t.Errorf("while Linear fails: %v", err)
	}
	r.sim.ClearFaults()
	r.clock.Advance(time.Hour)
	if err := reg.Refresh(t.Context(), r.acme.ID); err != nil || token() == before.Value {
		t.Errorf("an old pair: %v", err)
	}
	r.mustCall(reg, r.acme.ID)
	if err := reg.Refresh(t.Context(), "nowhere"); err == nil {
		t.Error("no error for a workspace that never installed the app")
	}
}
