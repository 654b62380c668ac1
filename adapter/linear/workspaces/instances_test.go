package workspaces

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/state"
)

// hookStore calls a function after each read, and before each write and delete.
type hookStore struct {
	state.Store
	read   func(k state.Key)
	write  func(k state.Key) error
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
	if h.write != nil {
		if err := h.write(k); err != nil {
			return err
		}
	}
	return h.Store.CompareAndSet(ctx, k, old, next, ttl)
}

func (h *hookStore) Delete(ctx context.Context, k state.Key) error {
	if h.remove != nil {
		h.remove(k)
	}
	return h.Store.Delete(ctx, k)
}

// Where the app was removed and installed again by another instance, the first
// delivery after that counts.
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

// A sweep that finds no record, because an installation has just begun, does not
// keep the workspace off the list.
func TestSweepDuringInstall(t *testing.T) {
	t.Parallel()
	for _, late := range []bool{false, true} { // the sweep goes on before the record is there, or after
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
			c.Store = &hookStore{Store: r.store, write: func(k state.Key) error {
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
				return nil
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

// What was installed while a purge runs stays, whenever that was.
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
			store.write = func(k state.Key) error { again(); return nil }
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
