package dev_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/internal/dev"
)

// placeEnv has this binary make a place, announce the address that it names, and wait.
const placeEnv = "LINEARBOT_TEST_PLACE"

// child makes a place and waits until its standard input ends.
func child(address string) error {
	at, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return err
	}
	p, err := dev.NewPlace("")
	if err == nil {
		err = os.Mkdir(filepath.Join(p.Dir, "bot"), 0o700)
	}
	if err == nil {
		err = p.Announce(at)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stdout, p.Dir)
	_, err = bufio.NewReader(os.Stdin).ReadByte()
	return err
}

// startPlace has another process make a place, and returns its directory and what kills it.
func startPlace(t *testing.T, address net.Addr) (dir string, kill func()) {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0])
	c.Env = append(os.Environ(), placeEnv+"="+address.String())
	c.Stderr = os.Stderr
	if _, err := c.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	dir, err = bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(dir), func() {
		if err := c.Process.Kill(); err != nil {
			t.Error(err)
		}
		_ = c.Wait() // it was killed
	}
}

// A playground that was killed does not count as running, although another program
// listens at its address, and the next one removes what it has left. What is not a
// playground's, or not known to have ended, stays.
func TestKilledPlayground(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	living, end := startPlace(t, ln.Addr())
	defer end()
	killed, kill := startPlace(t, ln.Addr())
	if got := dev.Playgrounds(); len(got) != 2 {
		t.Errorf("found %v while both run", got)
	}
	kill()
	state, err := filepath.EvalSymlinks(filepath.Join(living, "bot"))
	if err != nil {
		t.Fatal(err)
	}
	running := []dev.Running{{URL: "http://" + ln.Addr().String(), State: state}}
	if diff := cmp.Diff(running, dev.Playgrounds()); diff != "" {
		t.Errorf("after the kill (-want +got):\n%s", diff)
	}
	others := []string{"linearbot-dev-made", "linearbot-dev-open", "linearbot-other"} // one is being made
	for _, name := range others {
		if err := os.Mkdir(filepath.Join(temp, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range others[1:] {
		if err := os.WriteFile(filepath.Join(temp, name, "address"), []byte(ln.Addr().String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(temp, "linearbot-dev-open"), 0o755); err != nil {
		t.Fatal(err)
	}
	target := t.TempDir()
	if err := os.WriteFile(filepath.Join(target, "address"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, filepath.Join(temp, "linearbot-dev-link")); err != nil {
		t.Fatal(err)
	}
	p, err := dev.NewPlace("")
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Concat(others, []string{"linearbot-dev-link", filepath.Base(living), filepath.Base(p.Dir)})
	slices.Sort(want)
	var left []string
	entries, err := os.ReadDir(temp)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if diff := cmp.Diff(want, left); diff != "" {
		t.Errorf("left, without %s (-want +got):\n%s", filepath.Base(killed), diff)
	}
	if diff := cmp.Diff(running, dev.Playgrounds()); diff != "" {
		t.Errorf("beside one that has not announced itself (-want +got):\n%s", diff)
	}
	for range 2 { // the second call is that of a process that ends at once
		if err := p.Remove(); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Join(target, "address")); err != nil {
		t.Errorf("what a link leads to is gone: %v", err)
	}
}

// Playgrounds are found while they run, with the state that they keep, and not those of
// others.
func TestPlaygrounds(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	found := func(want ...dev.Running) {
		t.Helper()
		if diff := cmp.Diff(want, dev.Playgrounds()); diff != "" {
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
	if got := dev.Playgrounds(); len(got) != 2 {
		t.Errorf("found %v", got)
	}
	if err := p.Remove(); err != nil {
		t.Fatal(err)
	}
	found(there)
	if err := q.Remove(); err != nil {
		t.Fatal(err)
	}
	found()
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
