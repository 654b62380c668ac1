package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/linearbot/linearbot/internal/pause"
)

// program builds the command once and returns its path.
func program(t *testing.T) string {
	t.Helper()
	mod, err := exec.CommandContext(t.Context(), "go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(t.TempDir(), "linearbot")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "./cmd/linearbot")
	build.Dir = filepath.Dir(strings.TrimSpace(string(mod)))
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return bin
}

// instance is a "linearbot serve" that is ended and started again on its port.
type instance struct {
	name string
	bin  string
	addr string
	env  []string
	log  string // file that all its processes write to
	// failed is called with every forbidden event.
	failed func(format string, args ...any)
	client *http.Client

	mu     sync.Mutex // held while it is ended or started
	cmd    *exec.Cmd
	exited chan struct{}
	asked  *bool // whether the end of cmd was asked for; guarded by its own mutex
	state  sync.Mutex
	tasks  sync.WaitGroup
}

// patience bounds every wait for a process.
const patience = 30 * time.Second

// address returns a loopback address that is free. It is below the ports that
// the system hands out for outgoing connections, so that it stays free while
// the process that had it is started again.
func address() (string, error) {
	for range 200 {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(10000+rand.IntN(20000)))
		if ln, err := net.Listen("tcp", addr); err == nil {
			return addr, ln.Close()
		}
	}
	return "", fmt.Errorf("no free port between 10000 and 30000")
}

// start starts a process and waits until it serves.
func (in *instance) start(ctx context.Context) error {
	out, err := os.OpenFile(in.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := exec.Command(in.bin, "serve")
	cmd.Env, cmd.Stdout, cmd.Stderr = in.env, out, out
	if err := cmd.Start(); err != nil {
		return err
	}
	asked, exited := new(bool), make(chan struct{})
	in.cmd, in.exited, in.asked = cmd, exited, asked
	in.tasks.Go(func() {
		defer close(exited)
		_ = cmd.Wait() // the exit code says it
		in.state.Lock()
		defer in.state.Unlock()
		if !*asked {
			in.failed("%s (process %d) ended by itself: %v", in.name, cmd.Process.Pid, cmd.ProcessState)
		}
	})
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+in.addr+"/healthz", nil)
		if err != nil {
			return err
		}
		res, err := in.client.Do(req)
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-exited:
			return fmt.Errorf("%s ended while it started: %v", in.name, cmd.ProcessState)
		default:
		}
		if pause.For(ctx, 5*time.Millisecond) != nil {
			return fmt.Errorf("%s does not serve: %w", in.name, err)
		}
	}
}

// end ends the process with a signal and returns how long that took. After
// SIGTERM the exit code must be 0.
func (in *instance) end(sig syscall.Signal) time.Duration {
	in.state.Lock()
	*in.asked = true
	in.state.Unlock()
	start := time.Now()
	_ = in.cmd.Process.Signal(sig) // it may have ended by itself, which was told
	if !closed(in.exited, patience) {
		in.failed("%s (process %d) does not end after %v; its log has all goroutines", in.name, in.cmd.Process.Pid, sig)
		_ = in.cmd.Process.Signal(syscall.SIGQUIT)
		if !closed(in.exited, patience) {
			_ = in.cmd.Process.Kill()
		}
		<-in.exited
		return time.Since(start)
	}
	if code := in.cmd.ProcessState.ExitCode(); sig == syscall.SIGTERM && code != 0 {
		in.failed("%s (process %d) ended with %d after SIGTERM, want 0", in.name, in.cmd.Process.Pid, code)
	}
	return time.Since(start)
}

// again restarts the process. It returns how long ending and starting took.
func (in *instance) again(ctx context.Context, sig syscall.Signal) (ending, starting time.Duration, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	ending = in.end(sig)
	start := time.Now()
	err = in.start(ctx)
	return ending, time.Since(start), err
}

// freeze stops the process for d, as an overloaded machine would.
func (in *instance) freeze(ctx context.Context, d time.Duration) {
	in.mu.Lock()
	defer in.mu.Unlock()
	_ = in.cmd.Process.Signal(syscall.SIGSTOP) // it may have ended by itself, which was told
	_ = pause.For(ctx, d)
	_ = in.cmd.Process.Signal(syscall.SIGCONT)
}

// close kills what still runs and waits for it.
func (in *instance) close() {
	if in.cmd != nil {
		in.state.Lock()
		*in.asked = true
		in.state.Unlock()
		_ = in.cmd.Process.Kill() // it may have ended
	}
	in.tasks.Wait()
}

// closed reports whether c is closed within d.
func closed(c <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-c:
		return true
	case <-timer.C:
		return false
	}
}

// until repeats f until it succeeds or patience ends.
func until(ctx context.Context, what string, f func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := f(ctx)
		if err == nil {
			return nil
		}
		if pause.For(ctx, 20*time.Millisecond) != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
}
