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

func TestMain(m *testing.M) {
	// The client would log what the tests provoke.
	redis.SetLogger(&logging.VoidLogger{})
	// Each step of the model asks for all views; a command line can ask for more.
	shared.err = flag.Set("rapid.checks", "25")
	var dir string
	if shared.err == nil {
		dir, shared.err = os.MkdirTemp("", "redisstate")
	}
	if shared.err == nil {
		shared.server, shared.err = redistest.Start(dir, redistest.Options{})
	}
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent(), goleak.Cleanup(func(code int) {
		if shared.server != nil {
			shared.server.Kill()
		}
		if err := os.RemoveAll(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(code) //nolint:forbidigo // goleak leaves it to us
	}))
}

// server returns the shared server.
func server(tb testing.TB) *redistest.Server {
	tb.Helper()
	if shared.err != nil {
		if errors.Is(shared.err, redistest.ErrNotInstalled) && os.Getenv("CI") != "true" {
			tb.Skip(shared.err)
		}
		tb.Fatal(shared.err)
	}
	return shared.server
}

// fresh completes options with a prefix of its own.
func fresh(o Options) Options {
	if o.Prefix == "" {
		o.Prefix = "test:" + strconv.FormatInt(shared.tests.Add(1), 10)
	}
	return o
}

// openAt opens a store that the test closes.
func openAt(tb testing.TB, url string, o Options) *Store {
	tb.Helper()
	s, err := OpenOptions(url, fresh(o))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("Close: %v", err)
		}
	})
	return s
}

// open opens an empty store on the shared server.
func open(tb testing.TB) *Store {
	tb.Helper()
	return openAt(tb, server(tb).URL(), Options{})
}

func lane(id string) state.Key { return state.Key{Workspace: "w1", Kind: "thread", ID: id} }

func entry(l state.Key, id string) state.Entry {
	return state.Entry{ID: id, Lane: l, Body: []byte("body of " + id)}
}
