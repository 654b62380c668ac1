package workspaces

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/state"
)

// secretless fails if the record holds anything encrypted.
func (r *rig) secretless(org string) {
	r.t.Helper()
	raw, err := r.store.Get(r.t.Context(), recordKey(org))
	if err != nil {
		r.t.Fatal(err)
	}
	for _, field := range []string{`"access"`, `"refresh"`, `"data"`} {
		if strings.Contains(string(raw), field) {
			r.t.Errorf("%s is left in %s", field, raw)
		}
	}
}

func TestDisconnect(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{})
	var told []string
	bot := r.process(func(c *Config) {
		c.OnRemoved = func(w string) { told = append(told, "left") }
		c.OnUninstalled = func(context.Context, string, string) error { told = append(told, "uninstalled"); return nil }
		c.OnInstalled = func(context.Context, string, string) error { told = append(told, "installed"); return nil }
	})
	org := r.acme.ID
	r.install(bot, r.ada)
	if err := bot.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	token, err := bot.Tokens(org).Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tool := r.process() // a command line
	if _, err := tool.Disconnect(t.Context(), "nowhere", "x"); adapter.CodeOf(err) != adapter.CodeNotFound {
		t.Errorf("nowhere: %v", err)
	}
	bye, err := tool.Disconnect(t.Context(), org, "no longer wanted")
	if err != nil || !bye.Revoked {
		t.Fatalf("%+v, %v", bye, err)
	}
	r.secretless(org)
	if got := r.app.Installation(r.acme); got != nil {
		// Linear does not say whether revoking ends the installation; the tokens are dead.
		bot.Tokens(org).Invalidate(token)
	}
	if _, err := bot.Tokens(org).Token(t.Context()); !errors.Is(err, adapter.ErrNotInstalled) {
		t.Errorf("token after the end: %v", err)
	}
	if ignore, err := bot.Arrived(t.Context(), org); ignore != "not_installed" || err != nil || bot.Counts()[countNotInstalled] != 1 {
		t.Errorf("delivery after the end: %q, %v, %v", ignore, err, bot.Counts())
	}
	for range 2 {
		if err := bot.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(told, " "); got != "installed left uninstalled" {
		t.Errorf("told %q", got)
	}
	if _, err := tool.Disconnect(t.Context(), org, "again"); adapter.CodeOf(err) != adapter.CodeNotFound {
		t.Errorf("twice: %v", err)
	}
	lines, err := tool.Audit(t.Context(), org)
	if err != nil || len(lines) != 3 || lines[1].What != "left" || lines[1].Why != "no longer wanted" || lines[2].Why != "tokens revoked" {
		t.Errorf("audit %+v, %v", lines, err)
	}
	r.install(bot, r.ada)
	r.mustCall(bot, org)
}

// Revoking is retried for 24 hours, after which all secrets are deleted anyway.
func TestRevokeIsTriedAgain(t *testing.T) {
	t.Parallel()
	for _, back := range []bool{true, false} {
		r := newRig(t, linearsim.OAuthApp{})
		reg := r.process()
		org := r.acme.ID
		r.install(reg, r.ada)
		r.sim.Fault(linearsim.Fault{Operation: linearsim.RevokeEndpoint, Status: 500, Times: 1000})
		bye, err := reg.Disconnect(t.Context(), org, "test")
		if err != nil || bye.Revoked || bye.Until.Sub(r.clock.Now()) != 24*time.Hour {
			t.Fatalf("%+v, %v", bye, err)
		}
		if _, err := reg.Installed(t.Context(), org); !errors.Is(err, adapter.ErrNotInstalled) {
			t.Errorf("a workspace that is leaving: %v", err)
		}
		before := r.sim.Count(linearsim.RevokeEndpoint)
		for range 23 * 12 {
			r.clock.Advance(5 * time.Minute)
			if err := reg.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if n := r.sim.Count(linearsim.RevokeEndpoint) - before; n < 20 || n > 60 {
			t.Errorf("%d attempts within 23 h", n)
		}
		if got := r.status(reg, org); got != StatusLeaving {
			t.Fatal(got)
		}
		if back {
			r.sim.ClearFaults()
		}
		r.clock.Advance(2 * time.Hour)
		if err := reg.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := r.status(reg, org); got != StatusGone {
			t.Fatal(got)
		}
		r.secretless(org)
		lines, err := reg.Audit(t.Context(), org)
		last := lines[len(lines)-1]
		if err != nil || (last.Why == "tokens revoked") != back {
			t.Errorf("audit %+v, %v", last, err)
		}
	}
}

// A hook that fails holds up neither refreshing nor revoking.
func TestHookFails(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{})
	fail := func(context.Context, string, string) error { return errors.New("no") }
	reg := r.process(func(c *Config) { c.OnInstalled, c.OnUninstalled = fail, fail })
	org := r.acme.ID
	r.install(reg, r.ada)
	n := r.grants()
	r.clock.Advance(25 * time.Hour)
	if err := reg.Sweep(t.Context()); err != nil || r.grants() != n+1 {
		t.Errorf("%v, %d refreshes, want 1", err, r.grants()-n)
	}
	if _, err := reg.leave(t.Context(), org, "", "test", announceUninstalled); err != nil {
		t.Fatal(err)
	}
	r.clock.Advance(time.Minute)
	if err := reg.Sweep(t.Context()); err != nil || r.status(reg, org) != StatusGone {
		t.Errorf("%v, status %s", err, r.status(reg, org))
	}
	r.secretless(org)
}

// Without the key, disconnect leaves the tokens to an instance that has it.
func TestDisconnectWithoutKey(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{})
	reg := r.process()
	org := r.acme.ID
	r.install(reg, r.ada)
	tool, err := Manage(Config{Store: r.store, RevokeURL: r.sim.RevokeURL(), HTTPClient: r.http, Now: r.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	bye, err := tool.Disconnect(t.Context(), org, "test")
	if err != nil || bye.Revoked || bye.Until.Sub(r.clock.Now()) != 24*time.Hour {
		t.Errorf("%+v, %v", bye, err)
	}
	if n := r.sim.Count(linearsim.RevokeEndpoint); n != 0 || r.status(reg, org) != StatusLeaving {
		t.Errorf("%d revoked, status %s", n, r.status(reg, org))
	}
	r.clock.Advance(time.Minute)
	if err := reg.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := r.sim.Count(linearsim.RevokeEndpoint); n != 2 || r.status(reg, org) != StatusGone {
		t.Errorf("%d revoked, status %s", n, r.status(reg, org))
	}
	r.secretless(org)
}

func TestRevokedByLinear(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{})
	left := 0
	reg := r.process(func(c *Config) { c.OnRemoved = func(string) { left++ } })
	org := r.acme.ID
	r.install(reg, r.ada)
	r.clock.Advance(time.Hour)
	at := r.clock.Now()
	r.clock.Advance(time.Hour)
	r.install(reg, r.ada)
	for _, tt := range []struct {
		name   string
		client string
		at     time.Time
	}{
		{"older than the installation", r.app.ClientID, at},
		{"another app", "other", r.clock.Now().Add(time.Hour)},
		{"about now, and the login works", r.app.ClientID, r.clock.Now().Add(time.Second)},
	} {
		if err := reg.Revoked(t.Context(), org, tt.client, tt.at); err != nil || r.status(reg, org) != StatusActive {
			t.Fatalf("%s: %v, %s", tt.name, err, r.status(reg, org))
		}
	}
	r.sim.Fault(linearsim.Fault{Operation: "viewer", Status: 500})
	if err := reg.Revoked(t.Context(), org, r.app.ClientID, r.clock.Now()); adapter.CodeOf(err) != adapter.CodeUnavailable {
		t.Errorf("cannot tell: %v", err)
	}
	if err := reg.Revoked(t.Context(), "nowhere", r.app.ClientID, r.clock.Now()); err != nil {
		t.Error(err)
	}
	r.clock.Advance(time.Hour)
	r.app.Installation(r.acme).Uninstall()
	for range 2 {
		if err := reg.Revoked(t.Context(), org, r.app.ClientID, r.clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.status(reg, org); got != StatusLeaving || left != 1 {
		t.Fatalf("%s, told %d times", got, left)
	}
	if err := reg.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.status(reg, org); got != StatusGone {
		t.Fatal(got)
	}
	r.secretless(org)
}

// A refresh that was under way when the workspace left gives its pair up to be
// revoked.
func TestLeaveDuringRefresh(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{})
	net := &lateNet{next: r.http.Transport, path: r.sim.TokenURL()}
	reg, tool := r.process(func(c *Config) { c.HTTPClient = &http.Client{Transport: net} }), r.process()
	org := r.acme.ID
	r.install(reg, r.ada)
	r.clock.Advance(25 * time.Hour)
	r.sim.Fault(linearsim.Fault{Operation: linearsim.RevokeEndpoint, Status: 500})
	net.after = func() {
		if bye, err := tool.Disconnect(t.Context(), org, "x"); err != nil || bye.Revoked {
			t.Errorf("%+v, %v", bye, err)
		}
	}
	if _, err := reg.Tokens(org).Token(t.Context()); !errors.Is(err, adapter.ErrNotInstalled) {
		t.Errorf("the call that waited: %v", err)
	}
	r.clock.Advance(time.Minute)
	if err := reg.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.status(reg, org); got != StatusGone {
		t.Fatal(got)
	}
	r.secretless(org)
}

// lateNet calls after once an answer of the token endpoint is there, and before
// anyone gets it.
type lateNet struct {
	next  http.RoundTripper
	path  string
	after func()
}

func (l *lateNet) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := l.next.RoundTrip(req)
	if strings.HasSuffix(l.path, req.URL.Path) && l.after != nil {
		l.after()
	}
	return resp, err
}

// A refresh that ends after the workspace is gone revokes both of its tokens.
func TestGoneDuringRefresh(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{})
	net := &lateNet{next: r.http.Transport, path: r.sim.TokenURL()}
	reg, tool := r.process(func(c *Config) { c.HTTPClient = &http.Client{Transport: net} }), r.process()
	org := r.acme.ID
	r.install(reg, r.ada)
	r.clock.Advance(25 * time.Hour)
	n := 0
	net.after = func() {
		if bye, err := tool.Disconnect(t.Context(), org, "test"); err != nil || !bye.Revoked {
			t.Errorf("%+v, %v", bye, err)
		}
		n = r.sim.Count(linearsim.RevokeEndpoint)
	}
	if _, err := reg.Tokens(org).Token(t.Context()); !errors.Is(err, adapter.ErrNotInstalled) {
		t.Errorf("the call that waited: %v", err)
	}
	if n = r.sim.Count(linearsim.RevokeEndpoint) - n; n != 2 {
		t.Errorf("%d tokens revoked, want the new pair", n)
	}
}

// Run sweeps by itself, and ends with its context.
func TestRun(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{})
	installed := make(chan string, 4)
	fail := true
	reg := r.process(func(c *Config) {
		c.SweepEvery = 20 * time.Millisecond
		c.OnInstalled = func(_ context.Context, w, _ string) error {
			if fail {
				fail = false
				return errors.New("not now")
			}
			installed <- w
			return nil
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- reg.Run(ctx) }()
	r.install(reg, r.ada)
	if got := <-installed; got != r.acme.ID {
		t.Error(got)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestPurge(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{})
	tool, err := Manage(Config{Store: r.store, Keys: r.keys, RevokeURL: r.sim.RevokeURL(), HTTPClient: r.http, Now: r.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	umbrella := r.sim.AddWorkspace("Umbrella", "umbrella")
	reg := r.process()
	r.install(reg, r.ada)
	r.install(reg, umbrella.AddUser("Eve Curie", "eve"))
	ctx := t.Context()
	for _, org := range []string{r.acme.ID, umbrella.ID} {
		thread := state.Key{Workspace: org, Kind: "thread", ID: "linear:i"}
		for _, err := range []error{
			r.store.Subscribe(ctx, thread),
			r.store.Set(ctx, state.Key{Workspace: org, Kind: "state", ID: "x"}, []byte("v"), 0),
			r.store.WriteNotes(ctx, thread, state.NoteWrite{Name: "n", Value: []byte("v"), TTL: time.Hour}),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := tool.Purge(ctx, r.store, r.acme.ID); adapter.CodeOf(err) != adapter.CodeConflict {
		t.Errorf("installed: %v", err)
	}
	if _, err := tool.Purge(ctx, r.store, ""); adapter.CodeOf(err) != adapter.CodeInvalid {
		t.Errorf("no workspace: %v", err)
	}
	if bye, err := tool.Disconnect(ctx, r.acme.ID, "test"); err != nil || !bye.Revoked {
		t.Fatalf("%+v, %v", bye, err)
	}
	n, err := tool.Purge(ctx, r.store, r.acme.ID)
	if err != nil || n.Subscriptions != 1 || n.Notes != 1 || n.Values < 2 {
		t.Errorf("%+v, %v", n, err)
	}
	left := map[string]int{}
	for rec, err := range r.store.Export(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if rec.Key.Workspace == r.acme.ID {
			left[string(rec.Kind)+" "+rec.Key.Kind]++
		}
	}
	if len(left) != 1 || left["value installation-audit"] != 1 {
		t.Errorf("left: %v, want the audit lines alone", left)
	}
	all, err := tool.List(ctx)
	if err != nil || len(all) != 1 || all[0].ID != umbrella.ID {
		t.Errorf("%+v, %v", all, err)
	}
	if ok, err := r.store.Subscribed(ctx, state.Key{Workspace: umbrella.ID, Kind: "thread", ID: "linear:i"}); !ok || err != nil {
		t.Errorf("the other workspace's subscription: %t, %v", ok, err)
	}
	r.mustCall(reg, umbrella.ID)
	r.install(reg, r.ada) // from nothing
	r.mustCall(reg, r.acme.ID)
}

// Installing again while old tokens wait to be revoked keeps them until they are.
func TestInstallWhileLeaving(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		after func(r *rig, reg *Registry) // what happens to the new installation
		want  Status
		times int // revoked tokens
	}{
		{"it stays", func(*rig, *Registry) {}, StatusActive, 4},
		{"it leaves too", func(r *rig, reg *Registry) {
			if _, err := reg.leave(t.Context(), r.acme.ID, "", "test", ""); err != nil {
				t.Fatal(err)
			}
		}, StatusGone, 6},
		{"the key is rotated", func(r *rig, reg *Registry) {
			next := r.parse(GenerateKey())
			reg.cfg.Keys = &Keys{ring: append(next.ring, reg.cfg.Keys.ring...)}
			if got, err := reg.Rotate(t.Context()); err != nil || got.Encrypted != 1 || len(got.Other) != 0 {
				t.Fatalf("%+v, %v", got, err)
			}
			reg.cfg.Keys, r.keys = next, next
		}, StatusActive, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, linearsim.OAuthApp{})
			reg, org := r.process(), r.acme.ID
			r.sim.Fault(linearsim.Fault{Operation: linearsim.RevokeEndpoint, Status: 500, Times: 1000})
			var old []string
			for range 2 {
				r.install(reg, r.ada)
				s, err := reg.read(t.Context(), org)
				if err != nil {
					t.Fatal(err)
				}
				old = append(old, s.access.text())
				if bye, err := reg.Disconnect(t.Context(), org, "test"); err != nil || bye.Revoked {
					t.Fatalf("%+v, %v", bye, err)
				}
			}
			r.install(reg, r.ada)
			r.mustCall(reg, org)
			tt.after(r, reg)
			r.sim.ClearFaults()
			before := r.sim.Count(linearsim.RevokeEndpoint)
			r.clock.Advance(time.Minute)
			for range 2 {
				if err := reg.Sweep(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if n := r.sim.Count(linearsim.RevokeEndpoint) - before; n != tt.times {
				t.Errorf("%d tokens were revoked, want %d", n, tt.times)
			}
			for _, token := range old {
				api, err := linearapi.New(linearapi.Config{URL: r.sim.GraphQLURL(), Tokens: linearapi.AccessToken(token), HTTPClient: r.http, MaxAttempts: 1})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := api.Viewer(t.Context()); adapter.CodeOf(err) != adapter.CodeUnauthenticated {
					t.Errorf("an old token still works: %v", err)
				}
			}
			s, err := r.process().read(t.Context(), org)
			if err != nil || s.rec.Status != tt.want || len(s.rec.Former) != 0 {
				t.Errorf("%+v, %v", s.rec.Status, err)
			}
			if tt.want == StatusActive {
				// What Linear announces because of the old tokens is not about the new ones.
				r.clock.Advance(time.Minute)
				if err := reg.Revoked(t.Context(), org, r.app.ClientID, r.clock.Now()); err != nil {
					t.Fatal(err)
				}
				r.mustCall(r.process(), org)
			}
		})
	}
}

// Tokens of an earlier installation that Linear never revokes, or whose key is
// lost, are deleted after a day and do no harm to the login in use.
func TestFormerTokensEnd(t *testing.T) {
	t.Parallel()
	for _, lost := range []bool{false, true} {
		r := newRig(t, linearsim.OAuthApp{})
		reg, org := r.process(), r.acme.ID
		r.sim.Fault(linearsim.Fault{Operation: linearsim.RevokeEndpoint, Status: 500, Times: 1000})
		r.install(reg, r.ada)
		if _, err := reg.Disconnect(t.Context(), org, "test"); err != nil {
			t.Fatal(err)
		}
		if lost {
			r.keys = r.parse(GenerateKey())
			reg = r.process()
		}
		r.install(reg, r.ada)
		for range 25 * 4 {
			r.clock.Advance(15 * time.Minute)
			if err := reg.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		s, err := reg.read(t.Context(), org)
		if err != nil || s.rec.Status != StatusActive || len(s.rec.Former) != 0 {
			t.Errorf("lost=%t: %s, %d, %v", lost, s.rec.Status, len(s.rec.Former), err)
		}
		r.mustCall(reg, org)
	}
}

// Between sweeps, Run revokes as soon as an attempt is due.
func TestRevokeIsTriedBetweenSweeps(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{})
	reg, org := r.process(), r.acme.ID
	r.install(reg, r.ada)
	r.sim.Fault(linearsim.Fault{Operation: linearsim.RevokeEndpoint, Status: 500, Times: 2})
	if _, err := reg.Disconnect(t.Context(), org, "test"); err != nil {
		t.Fatal(err)
	}
	reg.tend(t.Context(), org)
	if due := reg.hotOnes(); len(due) != 0 {
		t.Errorf("due at once: %v", due)
	}
	for n := 0; r.status(reg, org) != StatusGone; n++ {
		if n > 20 {
			t.Fatal("not revoked within minutes")
		}
		r.clock.Advance(hotEvery)
		for _, org := range reg.hotOnes() {
			reg.tend(t.Context(), org)
		}
	}
	r.clock.Advance(48 * time.Hour)
	if due := reg.hotOnes(); len(due) != 0 {
		t.Errorf("still due: %v", due)
	}
}

// However many instances run, each attempt to revoke is made once.
func TestRevokeIsTriedOnceByAll(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{})
	procs := []*Registry{r.process(), r.process(), r.process()}
	r.install(procs[0], r.ada)
	r.sim.Fault(linearsim.Fault{Operation: linearsim.RevokeEndpoint, Status: 500, Times: 1000})
	if _, err := procs[0].Disconnect(t.Context(), r.acme.ID, "test"); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		before := r.sim.Count(linearsim.RevokeEndpoint)
		r.clock.Advance(10 * time.Minute)
		var wg sync.WaitGroup
		for _, reg := range procs {
			wg.Go(func() {
				if err := reg.Sweep(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := r.sim.Count(linearsim.RevokeEndpoint) - before; n != 1 {
			t.Errorf("%d attempts at once", n)
		}
	}
}
