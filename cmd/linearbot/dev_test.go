package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/linearbot/linearbot/internal/cli"
)

// TestDevSecondSignal: a second signal ends the playground at once, and with it a program
// that does not end when it is told to, and the directory with its state.
func TestDevSecondSignal(t *testing.T) {
	t.Parallel()
	temp := t.TempDir()
	pulse := filepath.Join(t.TempDir(), "pulse") // grows as long as the program runs
	cmd := exec.CommandContext(t.Context(), os.Args[0], "dev", "--no-open", "--addr", "127.0.0.1:0", "--watch", t.TempDir(),
		"--", "sh", "-c", `trap "" TERM INT; i=0; while [ $i -lt 600 ]; do i=$((i+1)); echo >> `+pulse+`; sleep 0.1; done`)
	cmd.Env = append(os.Environ(), asCommand+"=1", "TMPDIR="+temp)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	size := func() int64 {
		info, err := os.Stat(pulse)
		if err != nil {
			return 0
		}
		return info.Size()
	}
	// poll waits until done, which is asked every quarter of a second.
	poll := func(what string, done func() bool) {
		t.Helper()
		for deadline := time.Now().Add(30 * time.Second); !done(); <-time.After(250 * time.Millisecond) {
			if time.Now().After(deadline) {
				_ = cmd.Process.Kill()
				t.Fatal(what)
			}
		}
	}
	poll("the program does not run", func() bool { return size() > 0 })
	// Two different ones, because the system may merge two equal ones.
	for _, sig := range []os.Signal{syscall.SIGTERM, syscall.SIGINT} {
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
	}
	at := time.Now()
	_ = cmd.Wait() // the exit code is enough
	if took := time.Since(at); took > 30*time.Second || cmd.ProcessState.ExitCode() != cli.ExitFailed {
		t.Errorf("exit code %d after %s, want %d at once", cmd.ProcessState.ExitCode(), took, cli.ExitFailed)
	}
	last := int64(-1)
	poll("the program still runs", func() bool {
		before := last
		last = size()
		return last == before
	})
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left over is %v, %v", left, err)
	}
}
