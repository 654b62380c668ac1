package redistest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

// patience bounds how long anything may take to come up.
const patience = 20 * time.Second

// Options are the settings of a server.
type Options struct {
	// AOF makes the server write every command to its log before it answers,
	// so that a restart keeps everything that was acknowledged.
	AOF bool
	// Args are further arguments of redis-server, for example "--requirepass".
	Args []string
	// Password logs in to a server with requirepass.
	Password string
}

// Server is a running Redis server. Its methods are not safe for concurrent
// use.
type Server struct {
	o    Options
	dir  string
	port int
	mode []string // arguments in front of all others

	cmd    *exec.Cmd
	exited chan struct{}
	tasks  sync.WaitGroup
}

// Run starts a server that ends with the test.
func Run(t TB, o Options) *Server {
	t.Helper()
	s, err := Start(t.TempDir(), o)
	check(t, err)
	t.Cleanup(s.Kill)
	return s
}

// Start starts a server that keeps its files in dir. The caller ends it with
// Stop or Kill. It fails with [ErrNotInstalled] if redis-server is not installed.
func Start(dir string, o Options) (*Server, error) {
	var err error
	for range 5 { // another process may take the port meanwhile
		var port int
		if port, err = freePort(); err != nil {
			return nil, err
		}
		s := &Server{o: o, dir: dir, port: port}
		if err = s.Restart(); err == nil {
			return s, nil
		}
		if errors.Is(err, ErrNotInstalled) {
			break
		}
	}
	return nil, err
}

// Addr returns host:port.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// URL returns redis://host:port/0.
func (s *Server) URL() string {
	if s.o.Password != "" {
		return "redis://:" + s.o.Password + "@" + s.Addr() + "/0"
	}
	return "redis://" + s.Addr() + "/0"
}

// Client returns a new client that the caller closes.
func (s *Server) Client() *redis.Client {
	return redis.NewClient(&redis.Options{Addr: s.Addr(), Password: s.o.Password, MaxRetries: -1, DialerRetries: 1, DisableIdentity: true})
}

// Restart starts the server on its port and data. It must not be running.
func (s *Server) Restart() error {
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		return ErrNotInstalled
	}
	fsync := []string{"--appendonly", "no"}
	if s.o.AOF {
		fsync = []string{"--appendonly", "yes", "--appendfsync", "always"}
	}
	args := append([]string{}, s.mode...)
	if len(s.mode) == 0 {
		args = append(args, "--save", "")
		args = append(args, fsync...)
	}
	args = append(args, "--port", strconv.Itoa(s.port), "--bind", "127.0.0.1", "--dir", s.dir,
		"--logfile", filepath.Join(s.dir, "redis-"+strconv.Itoa(s.port)+".log"), "--daemonize", "no")
	args = append(args, s.o.Args...)
	cmd := exec.CommandContext(context.Background(), bin, args...) //nolint:gosec // a test server
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("redistest: start: %w", err)
	}
	s.cmd, s.exited = cmd, make(chan struct{})
	exited := s.exited
	s.tasks.Go(func() {
		defer close(exited)
		_ = cmd.Wait() // it is ended by a signal
	})
	if err := s.wait(); err != nil {
		s.Kill()
		return err
	}
	return nil
}

// wait returns once the server answers.
func (s *Server) wait() error {
	c := s.Client()
	defer c.Close() //nolint:errcheck // nothing depends on it
	return until(s.exited, "server", func(ctx context.Context) error { return c.Ping(ctx).Err() })
}

// Stop ends the server in an orderly way, as at a shutdown of the machine.
func (s *Server) Stop() { s.end(syscall.SIGTERM) }

// Kill ends the server at once, as a crash would.
func (s *Server) Kill() { s.end(syscall.SIGKILL) }

func (s *Server) end(sig os.Signal) {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(sig) // it may have ended already
	select {
	case <-s.exited:
	case <-time.After(patience):
		_ = s.cmd.Process.Kill()
	}
	s.tasks.Wait()
	s.cmd = nil
}

// Freeze pauses the server without closing its connections; Thaw resumes it.
func (s *Server) Freeze() error { return s.cmd.Process.Signal(syscall.SIGSTOP) }

// Thaw ends Freeze.
func (s *Server) Thaw() error { return s.cmd.Process.Signal(syscall.SIGCONT) }

// until repeats f until it succeeds, the process ends or patience does.
func until(exited <-chan struct{}, what string, f func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("redistest: %s did not come up: %w", what, err)
		case <-exited:
			return fmt.Errorf("redistest: %s ended at once: %w", what, err)
		case <-tick.C:
		}
	}
}

// freePort returns a port that is free at the moment.
func freePort() (int, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("redistest: free port: %w", err)
	}
	defer l.Close() //nolint:errcheck // nothing depends on it
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return 0, fmt.Errorf("redistest: free port: %w", err)
	}
	return strconv.Atoi(port)
}
