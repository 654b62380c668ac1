package filestate

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/state"
)

// failing makes transactions of s fail. Before a commit it leaves nothing
// behind; after it, everything is there, but the store cannot know.
type failing struct {
	mu    sync.Mutex
	err   error
	after bool
	seen  int
}

func (f *failing) set(err error, after bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err, f.after, f.seen = err, after, 0
}

func (f *failing) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen
}

func (f *failing) hook(after bool, err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil || f.after != after || err != nil {
		return err
	}
	f.seen++
	return f.err
}

func openFailing(t *testing.T) (*Store, *failing) {
	t.Helper()
	s := openTest(t, t.TempDir(), Options{})
	f := &failing{}
	// The writer idles: nothing was asked of it yet.
	o := &tamperOp{call: newCall(0), f: func(b *batch) error {
		b.s.beforeCommit = func() error { return f.hook(false, nil) }
		b.s.afterCommit = func(err error) error { return f.hook(true, err) }
		return nil
	}}
	if err := s.do(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return s, f
}

// back polls until the store has repaired what failed, which it tries once a
// second. Until then it answers everything with the error.
func back(t *testing.T, s *Store) {
	t.Helper()
	var err error
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if err = s.Ping(t.Context()); err == nil {
			return
		}
	}
	t.Fatalf("Ping = %v after the disk came back", err)
}

func TestCommitFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("input/output error")
	for _, c := range []struct {
		name  string
		err   error
		after bool
		want  error
	}{
		{"before", broken, false, state.ErrUnavailable},
		{"before, no space", fmt.Errorf("write: %w", syscall.ENOSPC), false, state.ErrFull},
		{"before, no space, text", errors.New("file resize error: truncate f: no space left on device"), false, state.ErrFull},
		{"after", broken, true, state.ErrUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, f := openFailing(t)
			for _, id := range []string{"1", "2", "3"} {
				put(t, s, entry("a", id))
			}
			l := leaseOne(t, s, 2)
			if err := s.Ping(t.Context()); err != nil { // the attempts are written
				t.Fatal(err)
			}

			f.set(c.err, c.after)
			if _, err := s.Enqueue(t.Context(), entry("b", "4")); !errors.Is(err, c.want) || !errors.Is(err, c.err) {
				t.Errorf("Enqueue = %v, want %v", err, c.want)
			}
			if err := s.Ping(t.Context()); !errors.Is(err, c.want) {
				t.Errorf("Ping = %v, want %v", err, c.want)
			}
			if err := s.Settle(t.Context(), l, state.Settlement{Verdicts: []state.Verdict{state.Ack("1"), state.Retry("2", 0, state.Cause{})}}); !errors.Is(err, c.want) {
				t.Errorf("Settle = %v, want %v", err, c.want)
			}
			if err := s.Extend(t.Context(), l, time.Minute); err != nil {
				t.Errorf("Extend = %v, want the lease to live", err)
			}
			f.set(nil, false)

			// The store recovers with the disk.
			back(t, s)
			r, err := s.Enqueue(t.Context(), entry("b", "4"))
			if want := map[bool]state.Outcome{false: state.OutcomeAdded, true: state.OutcomeDuplicate}[c.after]; err != nil || r.Outcome != want {
				t.Errorf("Enqueue again = %v, %v, want %v", r.Outcome, err, want)
			}
			if err := s.Settle(t.Context(), l, state.Settlement{Verdicts: []state.Verdict{state.Ack("1"), state.Retry("2", 0, state.Cause{})}}); err != nil {
				t.Errorf("Settle again = %v", err)
			}
			got := map[string][]string{}
			for range 2 {
				l := leaseOne(t, s, 9)
				got[l.Lane.ID] = ids(l)
				if l.Lane.ID == "a" && l.Entries[0].Attempt != 2 {
					t.Errorf("attempt is %d, want 2", l.Entries[0].Attempt)
				}
			}
			if diff := cmp.Diff(map[string][]string{"a": {"2", "3"}, "b": {"4"}}, got); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
			again := openTest(t, crash(t, s), Options{})
			if st, err := again.Stats(t.Context()); err != nil || st.Entries != 3 {
				t.Errorf("Stats after a crash = %+v, %v", st, err)
			}
		})
	}
}

// TestSettleUnknown has a settle that was in fact stored.
func TestSettleUnknown(t *testing.T) {
	t.Parallel()
	s, f := openFailing(t)
	put(t, s, entry("a", "1"))
	put(t, s, entry("a", "2"))
	l := leaseOne(t, s, 1)
	f.set(errors.New("input/output error"), true)
	if err := s.Settle(t.Context(), l, state.Settlement{Verdicts: []state.Verdict{state.Ack("1")}}); !errors.Is(err, state.ErrUnavailable) {
		t.Fatalf("Settle = %v, want ErrUnavailable", err)
	}
	f.set(nil, false)
	back(t, s)
	if err := s.Settle(t.Context(), l, state.Settlement{Verdicts: []state.Verdict{state.Ack("1")}}); !errors.Is(err, state.ErrLeaseLost) {
		t.Fatalf("Settle again = %v, want ErrLeaseLost", err)
	}
	if got := ids(leaseOne(t, s, 9)); len(got) != 1 || got[0] != "2" {
		t.Errorf("leased %v, want 2", got)
	}
}

// TestDuplicateWaits appends the same entry many times at once while commits
// fail and while they do not. No duplicate is answered before the entry is
// stored.
func TestDuplicateWaits(t *testing.T) {
	t.Parallel()
	s, f := openFailing(t)
	all := func(id string) (outcomes map[state.Outcome]int, failed int) {
		outcomes = map[state.Outcome]int{}
		var mu sync.Mutex
		var wg sync.WaitGroup
		for i := range 32 {
			wg.Go(func() {
				e := entry("a", fmt.Sprint(id, i))
				e.Keys = []string{"event " + id}
				r, err := s.Enqueue(t.Context(), e)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					failed++
					return
				}
				outcomes[r.Outcome]++
			})
		}
		wg.Wait()
		return outcomes, failed
	}
	f.set(errors.New("input/output error"), false)
	if got, failed := all("x"); failed != 32 {
		t.Errorf("with a broken disk: %v, %d failed", got, failed)
	}
	if f.count() == 0 {
		t.Error("nothing was committed")
	}
	f.set(nil, false)
	back(t, s)
	for _, id := range []string{"x", "y"} {
		want := map[state.Outcome]int{state.OutcomeAdded: 1, state.OutcomeDuplicate: 31}
		if got, failed := all(id); failed != 0 || !cmp.Equal(got, want) {
			t.Errorf("event %s: %v, %d failed", id, got, failed)
		}
	}
}

// TestBadOperation has one operation of a transaction fail.
func TestBadOperation(t *testing.T) {
	t.Parallel()
	s := openTest(t, t.TempDir(), Options{})
	started, gate := make(chan struct{}), make(chan struct{})
	slow := &tamperOp{call: newCall(0), f: func(*batch) error { close(started); <-gate; return nil }}
	bad := &tamperOp{call: newCall(0), f: func(b *batch) error {
		return errors.Join(b.put(b.bucket(bucketMeta), []byte("x"), []byte("y")), errors.New("cannot be written"))
	}}
	var wg sync.WaitGroup
	errs := make([]error, 12)
	wg.Go(func() { errs[0] = s.do(t.Context(), slow) })
	<-started
	for i := 1; i < len(errs); i++ {
		wg.Go(func() {
			if i == 5 {
				errs[i] = s.do(t.Context(), bad)
				return
			}
			_, errs[i] = s.Enqueue(t.Context(), entry("a", fmt.Sprint(i)))
		})
	}
	waiting(s, len(errs)-1)
	close(gate)
	wg.Wait()
	for i, err := range errs {
		if (err != nil) != (i == 5) {
			t.Errorf("operation %d: %v", i, err)
		}
	}
	if st, err := s.Stats(t.Context()); err != nil || st.Entries != 10 {
		t.Errorf("Stats = %+v, %v", st, err)
	}
}

// TestPanic has bbolt panic, as it does on damaged pages.
func TestPanic(t *testing.T) {
	t.Parallel()
	s := openTest(t, t.TempDir(), Options{})
	put(t, s, entry("a", "1"))
	bad := &tamperOp{call: newCall(0), f: func(*batch) error {
		var none []byte
		_ = none[len(bucketMeta)]
		return nil
	}}
	for _, err := range []error{s.do(t.Context(), bad), s.Ping(t.Context())} {
		if !errors.Is(err, state.ErrUnavailable) {
			t.Errorf("%v, want ErrUnavailable", err)
		}
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if got := ids(leaseOne(t, openTest(t, s.dir, Options{}), 1)); got[0] != "1" {
		t.Errorf("leased %v", got)
	}
}

// TestProbeBesideDeliveries has a disk that was full refuse what a ping writes to find out
// whether it has room again. What shares its transaction is stored without it, unless the
// outcome of the transaction is unknown.
func TestProbeBesideDeliveries(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		t.Run(fmt.Sprintf("after %t", after), func(t *testing.T) {
			t.Parallel()
			s := openTest(t, t.TempDir(), Options{})
			s.tight.Store(true)
			started, gate := make(chan struct{}), make(chan struct{})
			full := fmt.Errorf("write: %w", syscall.ENOSPC)
			failed := false
			once := func(now bool) error {
				if !now || failed {
					return nil
				}
				failed = true
				return full
			}
			slow := &tamperOp{call: newCall(0), f: func(*batch) error { close(started); <-gate; return nil }}
			var wg sync.WaitGroup
			wg.Go(func() {
				if err := s.do(t.Context(), slow); err != nil {
					t.Error(err)
				}
			})
			<-started
			// The next transaction fails once.
			begin := &tamperOp{call: newCall(0), f: func(b *batch) error {
				b.s.beforeCommit = func() error { return once(!after) }
				b.s.afterCommit = func(err error) error { return errors.Join(err, once(after)) }
				return nil
			}}
			var begun, ping error
			stored := make([]error, 6)
			wg.Go(func() { begun = s.do(t.Context(), begin) })
			waiting(s, 1)
			wg.Go(func() { ping = s.Ping(t.Context()) })
			for i := range stored {
				wg.Go(func() { _, stored[i] = s.Enqueue(t.Context(), entry("a", fmt.Sprint(i))) })
			}
			waiting(s, 2+len(stored))
			close(gate)
			wg.Wait()
			if !errors.Is(ping, state.ErrFull) {
				t.Errorf("Ping = %v, want ErrFull", ping)
			}
			for _, err := range slices.Concat(stored, []error{begun}) {
				if after && !errors.Is(err, state.ErrFull) || !after && err != nil {
					t.Errorf("beside the ping: %v", err)
				}
			}
			if !s.tight.Load() {
				t.Error("the disk no longer counts as full")
			}
		})
	}
}
