package main

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
)

// fullPipe returns the end to write to of a pipe that is full and that no one reads.
func fullPipe(t *testing.T) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = r.Close(), w.Close() })
	fd := int(w.Fd())
	if err := syscall.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	for size := 4096; size > 0; {
		_, err := syscall.Write(fd, make([]byte, size))
		switch {
		case errors.Is(err, syscall.EAGAIN):
			size /= 2
		case err != nil:
			t.Fatal(err)
		}
	}
	if err := syscall.SetNonblock(fd, false); err != nil {
		t.Fatal(err)
	}
	return w
}

// brokenPipe returns the end to write to of a pipe whose reader is gone.
func brokenPipe(t *testing.T) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return w
}

// TestServeWithoutLogReader: a collector of the log that does not read, or has died, keeps
// the bot neither from answering nor from stopping.
func TestServeWithoutLogReader(t *testing.T) {
	t.Parallel()
	for name, pipe := range map[string]func(*testing.T) *os.File{"does not read": fullPipe, "has died": brokenPipe} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			cmd := exec.CommandContext(t.Context(), os.Args[0], "serve")
			cmd.Env, cmd.Stderr = s.environ("127.0.0.1:0"), pipe(t)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			hung := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
			defer hung.Stop()
			lines := bufio.NewScanner(out)
			lines.Scan()
			at, _, ok := strings.Cut(strings.TrimPrefix(lines.Text(), "linearbot is listening on "), ",")
			if !ok {
				t.Fatalf("it says %q, want where it listens", lines.Text())
			}
			s.app.SetWebhook(linearsim.Webhook{URL: "http://" + at + "/api/webhooks/linear", Secret: webhookSecret})
			root := s.ada.Comment(s.issue, "@helper-bot can you hear me?")
			s.wait(t, "the answer", func() bool { return len(s.replies(root)) == 1 })
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			for lines.Scan() {
				t.Log(lines.Text())
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("after SIGTERM: %v, want a clean stop", err)
			}
		})
	}
}
