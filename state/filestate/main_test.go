package filestate

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
	"go.uber.org/goleak"

	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/statetest"
)

// childEnv names the part that the test binary plays when a test starts it
// again as another process.
const childEnv = "FILESTATE_TEST_CHILD"

func TestMain(m *testing.M) {
	if part := os.Getenv(childEnv); part != "" {
		os.Exit(child(part)) //nolint:forbidigo // it is another process, without tests
	}
	goleak.VerifyTestMain(m)
}

func TestConformance(t *testing.T) {
	t.Parallel()
	statetest.Run(t, statetest.Harness{
		NoReceiptLease: true,
		Open: func(t *testing.T) state.Store {
			t.Helper()
			return openTest(t, t.TempDir(), Options{NoSync: true})
		},
		Reopen: func(t *testing.T, s state.Store) state.Store {
			t.Helper()
			fs, ok := s.(*Store)
			if !ok {
				t.Fatalf("store is %T", s)
			}
			dir := crash(t, fs)
			if err := fs.Close(); err != nil {
				t.Fatalf("Close: %v", err)
			}
			return openTest(t, dir, Options{NoSync: true})
		},
	})
}

// openTest opens a store and closes it at the end.
func openTest(tb testing.TB, dir string, opts Options) *Store {
	tb.Helper()
	s, err := OpenOptions(dir, opts)
	if err != nil {
		tb.Fatalf("Open: %v", err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("Close: %v", err)
		}
	})
	return s
}

// crash returns a directory with what a crash of the process would leave now:
// what was committed and nothing else. Attempts are written in the background,
// so it waits for those.
func crash(tb testing.TB, s *Store) string {
	tb.Helper()
	if err := s.Ping(tb.Context()); err != nil {
		tb.Fatalf("Ping: %v", err)
	}
	dir := tb.TempDir()
	snapshot(tb, s, filepath.Join(dir, fileName))
	return dir
}

// snapshot copies what is committed to path. A commit under way ends first.
func snapshot(tb testing.TB, s *Store, path string) {
	tb.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		tb.Fatal(err)
	}
	err = s.view(context.WithoutCancel(tb.Context()), func(tx *bolt.Tx) error {
		_, err := tx.WriteTo(io.Writer(f))
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	if err := f.Close(); err != nil {
		tb.Fatal(err)
	}
}

func laneOf(id string) state.Key { return state.Key{Workspace: "w", Kind: "thread", ID: id} }

func entry(l, id string) state.Entry {
	return state.Entry{ID: id, Lane: laneOf(l), Body: []byte("body of " + id)}
}

func put(tb testing.TB, s *Store, e state.Entry) {
	tb.Helper()
	r, err := s.Enqueue(tb.Context(), e)
	if err != nil || r.Outcome != state.OutcomeAdded {
		tb.Fatalf("Enqueue(%q) = %v, %v", e.ID, r, err)
	}
}

func leaseOne(tb testing.TB, s *Store, entries int) *state.Lease {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 20*time.Second)
	defer cancel()
	ls, err := s.Lease(ctx, state.LeaseRequest{Holder: "ada", TTL: time.Minute, Entries: entries})
	if err != nil {
		tb.Fatalf("Lease: %v", err)
	}
	return ls[0]
}

func ids(l *state.Lease) []string {
	var out []string
	for _, e := range l.Entries {
		out = append(out, e.ID)
	}
	return out
}

func deadOf(tb testing.TB, s *Store) []state.DeadEntry {
	tb.Helper()
	var out []state.DeadEntry
	for d, err := range s.Dead(tb.Context()) {
		if err != nil {
			tb.Fatalf("Dead: %v", err)
		}
		out = append(out, d)
	}
	return out
}
