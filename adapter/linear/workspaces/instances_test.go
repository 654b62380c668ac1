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
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/state"
)

// hookStore calls a function after each read and before each delete, and another
// one says what fails before or after each write.
type hookStore struct {
	state.Store
	read   func(k state.Key)
	fail   func(k state.Key) (before, after error)
	remove func(k state.Key)
}

func (h *hookStore) Get(ctx context.Context, k state.Key) ([]byte, error) {
	raw, err := h.Store.Get(ctx, k)
	if h.read != nil {
		h.read(k)
	}
	return raw, err
}

func (h *hookStore) CompareAndSet(ctx context.Context, k state.Key, old, next []byte, ttl time.Duration) error {
	var before, after error
	if h.fail != nil {
		before, after = h.fail(k)
	}
	if before != nil {
		return before
	}
	return errors.Join(h.Store.CompareAndSet(ctx, k, old, next, ttl), after)
}

func (h *hookStore) Delete(ctx context.Context, k state.Key) error {
	if h.remove != nil {
		h.remove(k)
	}
	return h.Store.Delete(ctx, k)
}

// After another instance has removed and reinstalled the app, the next delivery is
// accepted.
func TestInstalledAgainElsewhere(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{})
	a, b := r.process(), r.process()
	r.install(a, r.ada)
	if _, err := a.Disconnect(t.Context(), r.acme.ID, "test"); err != nil {
		t.Fatal(err)
	}
	if ignore, err := b.Arrived(t.Context(), r.acme.ID); ignore != "not_installed" || err != nil {
		t.Fatalf("after the end: %q, %v", ignore, err)
	}
	r.install(a, r.ada)
	if ignore, err := b.Arrived(t.Context(), r.acme.ID); ignore != "" || err != nil {
		t.Errorf("installed again: %q, %v", ignore, err)
	}
	if _, err := b.Installed(t.Context(), r.acme.ID); err != nil {
		t.Errorf("installed again: %v", err)
	}
}

// A sweep that finds no record because an installation is in progress does not
// remove the workspace from the list.
func TestSweepDuringInstall(t *testing.T) {
	t.Parallel()
	for _, late := range []bool{false, true} { // the sweep continues before the record is there, or after
		r := newRig(t, linearsim.OAuthApp{})
		seen, goOn, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
		var sweeping, installing sync.Once
		sweeper := r.process(func(c *Config) {
			c.Store = &hookStore{Store: r.store, read: func(k state.Key) {
				if k == recordKey(r.acme.ID) {
					sweeping.Do(func() { close(seen); <-goOn })
				}
			}}
		})
		reg := r.process(func(c *Config) {
			c.Store = &hookStore{Store: r.store, fail: func(k state.Key) (before, after error) {
				if k == recordKey(r.acme.ID) { // listed, and the record is not there
					installing.Do(func() {
						go func() { _ = sweeper.Sweep(context.WithoutCancel(t.Context())); close(done) }()
						<-seen
						if !late {
							close(goOn)
							<-done
						}
					})
				}
				return nil, nil
			}}
		})
		r.install(reg, r.ada)
		if late {
			close(goOn)
			<-done
		}
		if all, err := reg.List(t.Context()); len(all) != 1 || err != nil {
			t.Errorf("late=%t: list %+v, %v", late, all, err)
		}
	}
}

// An installation that is made during a purge survives it.
func TestInstallDuringPurge(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"checked", "deleting"} {
		r := newRig(t, linearsim.OAuthApp{})
		reg, org := r.process(), r.acme.ID
		r.install(reg, r.ada)
		if _, err := reg.Disconnect(t.Context(), org, "test"); err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{"x", "y"} {
			if err := r.store.Set(t.Context(), state.Key{Workspace: org, Kind: "state", ID: id}, []byte("v"), 0); err != nil {
				t.Fatal(err)
			}
		}
		var once sync.Once
		again := func() { once.Do(func() { r.install(reg, r.ada) }) }
		store := &hookStore{Store: r.store}
		tool := r.process(func(c *Config) { c.Store = store })
		if at == "checked" {
			store.fail = func(state.Key) (before, after error) { again(); return nil, nil }
		} else {
			store.remove = func(state.Key) { again() }
		}
		if n, err := tool.Purge(t.Context(), store, org); adapter.CodeOf(err) != adapter.CodeConflict {
			t.Errorf("%s: %+v, %v", at, n, err)
		}
		r.mustCall(r.process(), org)
		if all, err := reg.List(t.Context()); len(all) != 1 || err != nil {
			t.Errorf("%s: list %+v, %v", at, all, err)
		}
	}
}

// A grant is stored or revoked, even if the browser disconnects.
func TestGrantIsKeptOrRevoked(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		fails   int  // writes of the record
		landed  bool // though they succeed
		viewer  bool // fails
		leaves  bool
		status  int
		want    Status
		revokes int
	}{
		{name: "the store is back in time", fails: 2, status: http.StatusSeeOther, want: StatusActive},
		{name: "the store stays down", fails: 100, status: http.StatusServiceUnavailable, revokes: 2},
		{name: "an answer of the store is lost", fails: 100, landed: true, status: http.StatusSeeOther, want: StatusActive},
		{name: "Linear does not say whose it is", viewer: true, status: http.StatusServiceUnavailable, revokes: 2},
		{name: "the browser leaves", leaves: true, status: http.StatusSeeOther, want: StatusActive},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, linearsim.OAuthApp{})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			store := &hookStore{Store: r.store}
			fails := tt.fails
			store.fail = func(k state.Key) (before, after error) {
				if k != recordKey(r.acme.ID) || fails == 0 {
					return nil, nil
				}
				if fails--; tt.landed {
					return nil, state.ErrUnavailable
				}
				return state.ErrUnavailable, nil
			}
			store.read = func(k state.Key) {
				if tt.leaves && k == shardKey(0) { // after the exchange
					cancel()
				}
			}
			reg := r.process(func(c *Config) { c.Store = store })
			b := r.browser(reg)
			back, err := r.app.Approve(b.begin(), r.ada)
			if err != nil {
				t.Fatal(err)
			}
			if tt.viewer {
				r.sim.Fault(linearsim.Fault{Operation: "viewer", Status: 400, Times: 10})
			}
			b.ctx = ctx
			if w := b.visit(http.MethodGet, back); w.Code != tt.status || strings.Contains(w.Body.String(), "Nothing was installed") {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if got := r.status(reg, r.acme.ID); got != tt.want || r.sim.Count(linearsim.RevokeEndpoint) != tt.revokes {
				t.Errorf("status %q, %d revoked", got, r.sim.Count(linearsim.RevokeEndpoint))
			}
		})
	}
}

// Every instance that used an installation learns of its end once, whichever
// instance or command ended it, and an instance that runs learns at once.
func TestLeftElsewhere(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		end  func(r *rig, first *Registry) error
	}{
		{"Linear", func(r *rig, first *Registry) error {
			r.clock.Advance(time.Hour)
			r.app.Installation(r.acme).Uninstall()
			return first.Revoked(t.Context(), r.acme.ID, r.app.ClientID, r.clock.Now())
		}},
		{"disconnect", func(r *rig, _ *Registry) error {
			_, err := r.process(func(c *Config) { c.Signals = r.signals() }).Disconnect(t.Context(), r.acme.ID, "test")
			return err
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, linearsim.OAuthApp{})
			left := make(chan int, 10)
			var procs [3]*Registry
			for i := range procs {
				procs[i] = r.process(func(c *Config) {
					c.OnRemoved = func(string) { left <- i }
					if i == 1 {
						c.Signals = r.signals()
					}
				})
			}
			r.install(procs[0], r.ada)
			for _, reg := range procs {
				r.mustCall(reg, r.acme.ID)
			}
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- procs[1].Run(ctx) }()
			defer func() {
				cancel()
				if err := <-done; err != nil {
					t.Error(err)
				}
			}()
			procs[0].cfg.Signals = r.signals()
			if err := tt.end(r, procs[0]); err != nil {
				t.Fatal(err)
			}
			told := map[int]int{}
			for told[1] == 0 { // its sweeps are an hour apart
				told[<-left]++
			}
			for range 3 {
				for _, reg := range procs {
					if err := reg.Sweep(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
			}
			for len(left) > 0 {
				told[<-left]++
			}
			for i := range procs {
				if told[i] != 1 {
					t.Errorf("instance %d was told %d times", i, told[i])
				}
			}
		})
	}
}

// An older reading of the record that comes late is not taken for a removal.
func TestLateReadingIsNoRemoval(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{})
	left := 0
	reg := r.process(func(c *Config) { c.OnRemoved = func(string) { left++ } })
	org := r.acme.ID
	r.install(reg, r.ada)
	if _, err := reg.Disconnect(t.Context(), org, "test"); err != nil || left != 1 {
		t.Fatal(left, err)
	}
	gone, err := reg.read(t.Context(), org)
	if err != nil {
		t.Fatal(err)
	}
	r.clock.Advance(time.Second)
	r.install(reg, r.ada)
	reg.login(org).saw(gone)
	reg.login(org).saw(nil)
	if left != 1 {
		t.Errorf("told %d times", left)
	}
}
