package filestate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/state"
)

// A store that is opened to look at it shows what the store holds, and nothing in
// its directory changes, whatever is called.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	lane := state.Key{Workspace: "W", Kind: "thread", ID: "T"}
	fill := func(t *testing.T, s *Store) {
		t.Helper()
		for i := range 5 {
			e := state.Entry{ID: fmt.Sprint("e", i), Lane: lane, Body: []byte("body"), Keys: []string{fmt.Sprint("k", i)}}
			if i == 4 {
				e.Delay = time.Hour
			}
			if _, err := s.Enqueue(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		leases, err := s.Lease(t.Context(), state.LeaseRequest{Holder: "h", TTL: time.Hour, Entries: 1})
		if err != nil {
			t.Fatal(err)
		}
		bury := state.Settlement{Verdicts: []state.Verdict{state.Bury("e0", state.Cause{Code: "invalid"})}}
		if err := s.Settle(t.Context(), leases[0], bury); err != nil {
			t.Fatal(err)
		}
		if err := s.Set(t.Context(), lane, []byte("value"), time.Hour); err != nil {
			t.Fatal(err)
		}
		if err := s.Subscribe(t.Context(), lane); err != nil {
			t.Fatal(err)
		}
	}
	records := func(t *testing.T, s *Store) []string {
		t.Helper()
		var all []string
		for r, err := range s.Export(t.Context()) {
			line, merr := json.Marshal(r)
			if err := errors.Join(err, merr); err != nil {
				t.Fatal(err)
			}
			all = append(all, string(line))
		}
		return all
	}
	for _, killed := range []bool{false, true} {
		t.Run(fmt.Sprintf("killed %t", killed), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := openTest(t, dir, Options{})
			fill(t, s)
			want, wantStats := records(t, s), must(t)(s.Stats(t.Context()))
			if killed {
				dir = crash(t, s)
				if err := os.WriteFile(filepath.Join(dir, pidName), []byte("1\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			before := content(t, dir)
			for range 2 { // at the same time
				look := openTest(t, dir, Options{ReadOnly: true})
				if diff := cmp.Diff(want, records(t, look)); diff != "" {
					t.Errorf("what is shown differs (-had +shown):\n%s", diff)
				}
				if stats := must(t)(look.Stats(t.Context())); stats != wantStats {
					t.Errorf("stats = %+v, want %+v", stats, wantStats)
				}
				for name, err := range map[string]error{
					"Enqueue":   second(look.Enqueue(t.Context(), state.Entry{ID: "x", Lane: lane})),
					"Lease":     second(look.Lease(t.Context(), state.LeaseRequest{Holder: "h", TTL: time.Hour})),
					"Set":       look.Set(t.Context(), lane, nil, time.Hour),
					"Delete":    look.Delete(t.Context(), lane),
					"Subscribe": look.Subscribe(t.Context(), lane),
					"Purge":     look.Purge(t.Context(), lane, "e0"),
					"Requeue":   look.Requeue(t.Context(), lane, "e0"),
					"Ping":      look.Ping(t.Context()),
				} {
					if !errors.Is(err, state.ErrInvalid) {
						t.Errorf("%s: %v, want that nothing can be written", name, err)
					}
				}
				if _, err := OpenOptions(dir, Options{readPatience: time.Millisecond}); !errors.Is(err, state.ErrLocked) ||
					!strings.Contains(err.Error(), "a command that reads it") {
					t.Errorf("opened for writing beside it: %v", err)
				}
				defer func() {
					if err := look.Close(); err != nil {
						t.Error(err)
					}
					if diff := cmp.Diff(before, content(t, dir)); diff != "" {
						t.Error("the directory has changed")
					}
				}()
			}
		})
	}
}

// A bot that starts while a command looks at its store waits until that is done.
func TestReadersAreWaitedFor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := openTest(t, dir, Options{}).Close(); err != nil {
		t.Fatal(err)
	}
	look := openTest(t, dir, Options{ReadOnly: true})
	opened := make(chan error, 1)
	go func() {
		s, err := OpenOptions(dir, Options{readPatience: time.Minute})
		if err == nil {
			err = s.Close()
		}
		opened <- err
	}()
	select {
	case err := <-opened:
		t.Fatalf("opened for writing beside a reader: %v", err)
	case <-time.After(3 * lockPatience):
	}
	if err := look.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-opened; err != nil {
		t.Errorf("after the reader: %v", err)
	}
}

// What a killed process has left does not name the one that has the store now.
func TestLockedNamesLiveProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	openTest(t, dir, Options{})
	for pid, want := range map[int]string{
		os.Getpid(): fmt.Sprintf("process %d (this one)", os.Getpid()),
		1 << 30:     "another process", // more than any system gives
	} {
		if err := os.WriteFile(filepath.Join(dir, pidName), fmt.Appendln(nil, pid), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir); !errors.Is(err, state.ErrLocked) || !strings.HasSuffix(err.Error(), "in use by "+want) {
			t.Errorf("with process %d: %v, want %s", pid, err, want)
		}
	}
}

// There must be a store to look at, and none that is being written.
func TestReadOnlyRefuses(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	if _, err := OpenOptions(dir, Options{ReadOnly: true}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a look made the directory: %v", err)
	}
	openTest(t, dir, Options{})
	if _, err := OpenOptions(dir, Options{ReadOnly: true}); !errors.Is(err, state.ErrLocked) {
		t.Errorf("beside a writer: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

func must(t *testing.T) func(s state.Stats, err error) state.Stats {
	t.Helper()
	return func(s state.Stats, err error) state.Stats {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

// content returns the names and contents of a directory.
func content(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[f.Name()] = string(data)
	}
	return all
}

// Waiting for a reader ends with the context, so that a bot that is told to stop does.
func TestWaitingForReadersEnds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := openTest(t, dir, Options{}).Close(); err != nil {
		t.Fatal(err)
	}
	openTest(t, dir, Options{ReadOnly: true})
	ctx, cancel := context.WithTimeout(t.Context(), lockPatience/2)
	defer cancel()
	began := time.Now()
	_, err := OpenContext(ctx, dir, Options{readPatience: time.Minute})
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 20*time.Second {
		t.Errorf("after %v: %v", time.Since(began), err)
	}
}

// ending is a context that ends after it was asked a number of times.
type ending struct {
	context.Context //nolint:containedctx // it is one

	left int
}

func (e *ending) Err() error {
	if e.left--; e.left < 0 {
		return context.Canceled
	}
	return nil
}

// An open whose context ends between two steps gives the store back as it was.
func TestOpenEndsBetweenSteps(t *testing.T) {
	t.Parallel()
	whole := furnished(t)
	for _, look := range []bool{false, true} {
		dir := dirWith(t, whole)
		for steps := 0; ; steps++ {
			s, err := OpenContext(&ending{t.Context(), steps}, dir, Options{ReadOnly: look, NoSync: true})
			if err == nil {
				if !s.unclosed {
					t.Error("an open that ended took away the mark of the process that did not close the store")
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
				if steps < 3 {
					t.Errorf("reading only %t: the context was asked %d times", look, steps)
				}
				break
			}
			if !errors.Is(err, context.Canceled) || isForeign(err) || errors.Is(err, state.ErrUnavailable) {
				t.Fatalf("reading only %t, ended at step %d: %v", look, steps, err)
			}
		}
	}
}
