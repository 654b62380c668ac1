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
		os.Exit(child(part))
	}
	goleak.VerifyTestMain(m)
}

func TestConformance(t *testing.T) {
	t.Parallel()
	statetest.Run(t, statetest.Harness{
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
func openTest(t testing.TB, dir string, opts Options) *Store {
	t.Helper()
	s, err := OpenOptions(dir, opts)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// crash returns a directory with what a crash of the process would leave now:
// what was committed and nothing else. Attempts are written in the background,
// so it waits for those.
func crash(t testing.TB, s *Store) string {
	t.Helper()
	if err := s.Ping(t.Context()); err != nil {
		t.Fatalf("Ping: %v", err)
	}
	dir := t.TempDir()
	snapshot(t, s, filepath.Join(dir, fileName))
	return dir
}

// snapshot copies what is committed to path. A commit under way ends first.
func snapshot(t testing.TB, s *Store, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	err = s.view(context.WithoutCancel(t.Context()), func(tx *bolt.Tx) error {
		_, err := tx.WriteTo(io.Writer(f))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func laneOf(id string) state.Key { return state.Key{Workspace: "w", Kind: "thread", ID: id} }

func entry(l, id string) state.Entry {
	return state.Entry{ID: id, Lane: laneOf(l), Body: []byte("body of " + id)}
}

func put(t testing.TB, s *Store, e state.Entry) {
	t.Helper()
	r, err := s.Enqueue(t.Context(), e)
	if err != nil || r.Outcome != state.Added {
		t.Fatalf("Enqueue(%q) = %v, %v", e.ID, r, err)
	}
}

func leaseOne(t testing.TB, s *Store, entries int) *state.Lease {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	ls, err := s.Lease(ctx, state.LeaseRequest{Holder: "ada", TTL: time.Minute, Entries: entries})
	if err != nil {
		t.Fatalf("Lease: %v", err)
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

func deadOf(t testing.TB, s *Store) []state.DeadEntry {
	t.Helper()
	var out []state.DeadEntry
	for d, err := range s.Dead(t.Context()) {
		if err != nil {
			t.Fatalf("Dead: %v", err)
		}
		out = append(out, d)
	}
	return out
}
