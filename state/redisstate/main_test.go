package redisstate

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"

	"github.com/linearbot/linearbot/internal/redistest"
	"github.com/linearbot/linearbot/state"
)

// shared is the server that most tests use, each under a prefix of its own.
var shared struct {
	server *redistest.Server
	err    error
	tests  atomic.Int64
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	// The client would log what the tests provoke.
	redis.SetLogger(&logging.VoidLogger{})
	// Each step of the model asks for all views; a command line can ask for more.
	if err := flag.Set("rapid.checks", "25"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	dir, err := os.MkdirTemp("", "redisstate")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	shared.server, shared.err = redistest.Start(dir, redistest.Options{})
	if shared.err == nil {
		defer shared.server.Kill()
	}
	code := m.Run()
	if code == 0 {
		if err := goleak.Find(goleak.IgnoreTopFunction("os/exec.(*Cmd).Wait"), goleak.IgnoreAnyFunction("github.com/linearbot/linearbot/internal/redistest.(*Server).Restart.func1")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return code
}

// server returns the shared server.
func server(t testing.TB) *redistest.Server {
	t.Helper()
	if shared.err != nil {
		if errors.Is(shared.err, redistest.ErrNotInstalled) && os.Getenv("CI") != "true" {
			t.Skip(shared.err)
		}
		t.Fatal(shared.err)
	}
	return shared.server
}

// fresh completes options with a prefix that nobody else uses.
func fresh(o Options) Options {
	if o.Prefix == "" {
		o.Prefix = "test:" + strconv.FormatInt(shared.tests.Add(1), 10)
	}
	return o
}

// openAt opens a store that the test closes.
func openAt(t testing.TB, url string, o Options) *Store {
	t.Helper()
	s, err := OpenOptions(url, fresh(o))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// open opens an empty store on the shared server.
func open(t testing.TB) *Store {
	t.Helper()
	return openAt(t, server(t).URL(), Options{})
}

func lane(id string) state.Key { return state.Key{Workspace: "w1", Kind: "thread", ID: id} }

func entry(l state.Key, id string) state.Entry {
	return state.Entry{ID: id, Lane: l, Body: []byte("body of " + id)}
}
