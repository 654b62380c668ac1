package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/linearbot/linearbot/internal/faultproxy"
	"github.com/linearbot/linearbot/internal/pause"
	"github.com/linearbot/linearbot/internal/redistest"
)

// store is the store that the bots of a scenario share, and its faults.
type store interface {
	// address is LINEARBOT_STATE for instance i; direct is the same without the
	// network faults.
	address(i int) string
	direct() string
	// kinds are the faults that strike knows.
	kinds() []kind
	// strike causes one fault and returns when it is over.
	strike(ctx context.Context, e event) error
	// finale is a last fault when everything is idle.
	finale(ctx context.Context) error
}

// fileStore is a directory. Faults hit its process only.
type fileStore struct{ dir string }

func newFileStore(t *testing.T, _ int) store {
	t.Helper()
	return fileStore{filepath.Join(t.TempDir(), "data")}
}

func (s fileStore) address(int) string                { return "file:" + s.dir }
func (s fileStore) direct() string                    { return "file:" + s.dir }
func (fileStore) kinds() []kind                       { return nil }
func (fileStore) strike(context.Context, event) error { return nil }
func (fileStore) finale(context.Context) error        { return nil }

// network is a set of proxies and the faults that they support.
type network []*faultproxy.Proxy

func (n network) kinds() []kind {
	return []kind{
		{name: "cut", weight: 4},
		{name: "refuse", weight: 1, least: 200 * time.Millisecond, most: 1500 * time.Millisecond},
		{name: "delay", weight: 2, least: 500 * time.Millisecond, most: 2 * time.Second},
		{name: "throttle", weight: 1, least: 500 * time.Millisecond, most: 2 * time.Second},
		{name: "hold up", weight: 2, least: 300 * time.Millisecond, most: 4 * time.Second},
		{name: "hold down", weight: 2, least: 300 * time.Millisecond, most: 4 * time.Second},
		{name: "hold both", weight: 1, least: 300 * time.Millisecond, most: 4 * time.Second},
		{name: "hold and cut", weight: 1, least: 300 * time.Millisecond, most: 2 * time.Second},
	}
}

func (n network) strike(ctx context.Context, e event) error {
	p := n[e.Target%len(n)]
	defer p.Set(faultproxy.Faults{})
	switch e.Kind {
	case "cut":
		p.Cut()
		return nil
	case "refuse":
		p.Set(faultproxy.Faults{Refuse: true})
		p.Cut()
	case "delay":
		p.Set(faultproxy.Faults{Delay: 50 * time.Millisecond})
	case "throttle":
		p.Set(faultproxy.Faults{Rate: 8 << 10})
	case "hold up":
		p.Set(faultproxy.Faults{HoldUp: true})
	case "hold down":
		p.Set(faultproxy.Faults{HoldDown: true})
	case "hold both":
		p.Set(faultproxy.Faults{HoldUp: true, HoldDown: true})
	case "hold and cut":
		p.Set(faultproxy.Faults{HoldDown: true})
		defer p.Cut()
	default:
		return fmt.Errorf("the network knows no fault %q", e.Kind)
	}
	_ = pause.For(ctx, e.For)
	return nil
}

// servers are Redis servers that keep what they acknowledge.
type servers []*redistest.Server

func (s servers) kinds() []kind {
	return []kind{
		{name: "restart", weight: 4, most: time.Second},
		{name: "freeze", weight: 1, least: 500 * time.Millisecond, most: 3 * time.Second},
	}
}

// strike reports whether the fault was one for servers.
func (s servers) strike(ctx context.Context, e event, after func(*redistest.Server) error) (bool, error) {
	one := s[e.Target%len(s)]
	switch e.Kind {
	case "restart":
		one.Kill()
		_ = pause.For(ctx, e.For)
		err := restart(ctx, one)
		if err == nil && after != nil {
			err = after(one)
		}
		return true, err
	case "freeze":
		if err := one.Freeze(); err != nil {
			return true, err
		}
		_ = pause.For(ctx, e.For)
		return true, one.Thaw()
	default:
		return false, nil
	}
}

// restart starts a server that was killed. Another process may briefly hold its
// port.
func restart(ctx context.Context, one *redistest.Server) error {
	return until(ctx, "restart of Redis", func(context.Context) error {
		return one.Restart() //nolint:contextcheck // it has a limit of its own
	})
}

// redisStore is one server, to which each instance has a network of its own.
type redisStore struct {
	server servers
	net    network
}

func newRedisStore(t *testing.T, instances int) store {
	t.Helper()
	s := &redisStore{server: servers{redistest.Run(t, redistest.Options{AOF: true})}}
	for range instances {
		s.net = append(s.net, faultproxy.Run(t, s.server[0].Addr()))
	}
	return s
}

func (s *redisStore) address(i int) string { return "redis://" + s.net[i].Addr() + "/0" }
func (s *redisStore) direct() string       { return s.server[0].URL() }
func (s *redisStore) kinds() []kind        { return append(s.net.kinds(), s.server.kinds()...) }

func (s *redisStore) finale(ctx context.Context) error {
	s.server[0].Kill()
	return restart(ctx, s.server[0])
}

func (s *redisStore) strike(ctx context.Context, e event) error {
	if ok, err := s.server.strike(ctx, e, nil); ok || err != nil {
		return err
	}
	return s.net.strike(ctx, e)
}

// skipWithout ends the test where redis-server is missing, as redistest does.
func skipWithout(t *testing.T, err error) {
	t.Helper()
	switch {
	case err == nil:
	case errors.Is(err, redistest.ErrNotInstalled) && os.Getenv("CI") != "true":
		t.Skip(err)
	default:
		t.Fatal(err)
	}
}
