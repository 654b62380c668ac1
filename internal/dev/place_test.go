package dev_test

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/internal/dev"
)

// Playgrounds are found while they run, with the state that they keep, and not those of
// others, nor what a playground left that was killed.
func TestPlaygrounds(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	found := func(want ...dev.Running) {
		t.Helper()
		if diff := cmp.Diff(want, dev.Playgrounds(t.Context())); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	listen := func() net.Listener {
		t.Helper()
		ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = ln.Close() })
		return ln
	}
	place := func(keep string, ln net.Listener) (*dev.Place, dev.Running) {
		t.Helper()
		p, err := dev.NewPlace(keep)
		if err == nil {
			err = os.MkdirAll(filepath.Join(p.Dir, "bot"), 0o700)
		}
		if err == nil {
			err = p.Announce(ln.Addr())
		}
		if err != nil {
			t.Fatal(err)
		}
		state, err := filepath.EvalSymlinks(filepath.Join(p.Dir, "bot"))
		if err != nil {
			t.Fatal(err)
		}
		return p, dev.Running{URL: "http://" + ln.Addr().String(), State: state}
	}
	found()
	first, second := listen(), listen()
	kept := filepath.Join(t.TempDir(), "kept")
	p, here := place(kept, first)
	if p.Dir != kept {
		t.Errorf("what is kept is in %s", p.Dir)
	}
	found(here)
	q, there := place("", second)
	if got := dev.Playgrounds(t.Context()); len(got) != 2 {
		t.Errorf("found %v", got)
	}
	_ = first.Close() // killed: its place stays
	found(there)
	if err := q.Remove(); err != nil {
		t.Fatal(err)
	}
	found()
	if err := p.Remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(kept, "bot")); err != nil {
		t.Errorf("what is kept is gone: %v", err)
	}
	open, err := dev.NewPlace("")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(open.Dir, "bot"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := open.Announce(second.Addr()); err != nil {
		t.Fatal(err)
	}
	found()
}
