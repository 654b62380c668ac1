package turns_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/linearbot/linearbot/internal/turns"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// queue is a store whose calls can be made to fail or to hang.
type queue struct {
	state.Store

	mu     sync.Mutex
	extend func(ctx context.Context) error // nil: as the store does
	settle func() error
	leases int // calls of Lease that failed
	failed func() error
}

func (q *queue) Lease(ctx context.Context, req state.LeaseRequest) ([]*state.Lease, error) {
	q.mu.Lock()
	failed := q.failed
	q.mu.Unlock()
	if failed != nil {
		if err := failed(); err != nil {
			q.mu.Lock()
			q.leases++
			q.mu.Unlock()
			return nil, err
		}
	}
	return q.Store.Lease(ctx, req)
}

func (q *queue) Extend(ctx context.Context, l *state.Lease, ttl time.Duration) error {
	q.mu.Lock()
	extend := q.extend
	q.mu.Unlock()
	if extend != nil {
		if err := extend(ctx); err != nil {
			return err
		}
	}
	return q.Store.Extend(ctx, l, ttl)
}

func (q *queue) Settle(ctx context.Context, l *state.Lease, s state.Settlement) error {
	q.mu.Lock()
	settle := q.settle
	q.mu.Unlock()
	if settle != nil {
		if err := settle(); err != nil {
			return err
		}
	}
	return q.Store.Settle(ctx, l, s)
}

// bench is a runner on a store in a bubble.
type bench struct {
	t     *testing.T
	store *queue
	cfg   turns.Config

	mu  sync.Mutex
	log []string
}

func run(t *testing.T, test func(t *testing.T, b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bench{t: t, store: &queue{Store: memstate.New(memstate.Options{})}}
		defer b.store.Close()
		b.cfg = turns.Config{Queue: b.store, Holder: "test", Workers: 4, LeaseTTL: 3 * time.Second, DrainTimeout: 10 * time.Second}
		test(t, b)
	})
}

func lane(name string) state.Key { return state.Key{Workspace: "W", Kind: "thread", ID: name} }

func (b *bench) add(in, id string) {
	b.t.Helper()
	if _, err := b.store.Enqueue(b.t.Context(), state.Entry{ID: id, Lane: lane(in), Body: []byte(id)}); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) note(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.log = append(b.log, fmt.Sprintf(format, args...))
}

func (b *bench) notes() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.log)
}

// works runs a runner for d and returns what Run returned.
func (b *bench) works(d time.Duration, work turns.Work) error {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), d)
	defer cancel()
	cfg := b.cfg
	cfg.Work = work
	return turns.New(cfg).Run(ctx)
}

func ack(l *state.Lease) state.Settlement {
	var s state.Settlement
	for _, e := range l.Entries {
		s.Verdicts = append(s.Verdicts, state.Ack(e.ID))
	}
	return s
}

func TestLanesAreWorkedOffInOrderAndSideBySide(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, b *bench) {
		for i := range 3 {
			b.add("a", fmt.Sprint("a", i))
			b.add("b", fmt.Sprint("b", i))
		}
		start := time.Now()
		busy := map[string]bool{}
		err := b.works(time.Minute, func(_ context.Context, l *state.Lease, _ int) state.Settlement {
			b.mu.Lock()
			if busy[l.Lane.ID] {
				t.Errorf("two turns in lane %s", l.Lane.ID)
			}
			busy[l.Lane.ID] = true
			b.mu.Unlock()
			time.Sleep(time.Second)
			b.mu.Lock()
			busy[l.Lane.ID] = false
			b.mu.Unlock()
			b.note("%s %s", l.Entries[0].ID, time.Since(start).Truncate(time.Second))
			return ack(l)
		})
		if err != nil {
			t.Fatal(err)
		}
		got := b.notes()
		slices.Sort(got)
		want := []string{"a0 1s", "a1 2s", "a2 3s", "b0 1s", "b1 2s", "b2 3s"}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// TestARunnerStartsSlowly: what ends the process at once takes few other entries
// with it.
func TestARunnerStartsSlowly(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, b *bench) {
		for i := range 100 {
			b.add(fmt.Sprint(i), fmt.Sprint(i))
		}
		b.cfg.Workers = 64
		hang := make(chan struct{})
		begun := func() int { synctest.Wait(); return len(b.notes()) }
		var work sync.WaitGroup
		work.Go(func() {
			if err := b.works(time.Hour, func(_ context.Context, l *state.Lease, _ int) state.Settlement {
				b.note("%s", l.Entries[0].ID)
				<-hang
				return ack(l)
			}); err != nil {
				t.Error(err)
			}
		})
		if n := begun(); n != 1 {
			t.Errorf("%d turns at once, want 1", n)
		}
		time.Sleep(105 * time.Millisecond)
		if n := begun(); n != 11 {
			t.Errorf("%d turns after a tenth of a second, want 11", n)
		}
		time.Sleep(time.Second)
		if n := begun(); n != 64 {
			t.Errorf("%d turns after a second, want one for each worker", n)
		}
		close(hang)
		if n := begun(); n != 100 {
			t.Errorf("%d turns in the end, want all", n)
		}
		work.Wait()
	})
}

// TestATurnEndsBeforeItsLease: whatever renewing does, the turn is told to stop
// before another process may begin.
func TestATurnEndsBeforeItsLease(t *testing.T) {
	t.Parallel()
	for name, extend := range map[string]func(ctx context.Context) error{
		"the store fails":         func(context.Context) error { return state.ErrUnavailable },
		"the call hangs":          func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		"another one has it":      func(context.Context) error { return state.ErrLeaseLost },
		"the call ignores ending": func(context.Context) error { time.Sleep(2900 * time.Millisecond); return state.ErrUnavailable },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, func(t *testing.T, b *bench) {
				b.store.extend = extend
				b.add("a", "1")
				start := time.Now()
				runs := 0
				err := b.works(20*time.Second, func(ctx context.Context, l *state.Lease, _ int) state.Settlement {
					if runs++; runs > 1 {
						return ack(l)
					}
					<-ctx.Done()
					b.note("%v", context.Cause(ctx))
					if d := time.Since(start); d >= b.cfg.LeaseTTL {
						t.Errorf("the turn ended after %s, its lease after %s", d, b.cfg.LeaseTTL)
					}
					return ack(l)
				})
				if err != nil {
					t.Fatal(err)
				}
				if want := []string{turns.ErrLeaseLost.Error()}; !slices.Equal(b.notes(), want) {
					t.Errorf("got %q, want %q", b.notes(), want)
				}
				if runs != 2 {
					t.Errorf("%d runs, want 2: what a turn without a lease decides is dropped", runs)
				}
			})
		})
	}
}

// TestALongTurnKeepsItsLease, also over renewals that fail.
func TestALongTurnKeepsItsLease(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, b *bench) {
		calls := 0
		b.store.extend = func(context.Context) error {
			if calls++; calls%3 == 0 {
				return state.ErrUnavailable
			}
			return nil
		}
		b.add("a", "1")
		runs := 0
		if err := b.works(2*time.Minute, func(ctx context.Context, l *state.Lease, _ int) state.Settlement {
			runs++
			select {
			case <-ctx.Done():
				t.Errorf("the turn was ended: %v", context.Cause(ctx))
			case <-time.After(time.Minute):
			}
			return ack(l)
		}); err != nil {
			t.Fatal(err)
		}
		if runs != 1 {
			t.Errorf("%d runs, want 1", runs)
		}
	})
}

func TestStoppingDrains(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		takes time.Duration // until the turn ends by itself
		after time.Duration // from the end of its context to its return
		want  string
		runs  time.Duration // how long Run took
		err   bool
	}{
		{name: "a turn that ends in time", takes: 5 * time.Second, want: "done <nil>", runs: 5 * time.Second},
		{name: "a turn that is told to end", takes: time.Hour, want: "done " + turns.ErrDraining.Error(), runs: 11 * time.Second},
		{name: "a turn that does not end", takes: time.Hour, after: time.Minute, runs: 16 * time.Second, err: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			run(t, func(t *testing.T, b *bench) {
				b.add("a", "1")
				b.add("b", "2")
				b.cfg.Workers = 1
				start := time.Now()
				var turn sync.WaitGroup
				turn.Add(1)
				err := b.works(time.Second, func(ctx context.Context, l *state.Lease, _ int) state.Settlement {
					defer turn.Done()
					select {
					case <-ctx.Done():
						time.Sleep(c.after)
					case <-time.After(c.takes):
					}
					b.note("done %v", context.Cause(ctx))
					return ack(l)
				})
				if (err != nil) != c.err {
					t.Errorf("Run: %v", err)
				}
				if d := time.Since(start); d != c.runs {
					t.Errorf("Run took %s, want %s", d, c.runs)
				}
				if got := b.notes(); c.want != "" && !slices.Equal(got, []string{c.want}) {
					t.Errorf("got %q, want %q alone: nothing is begun after the stop", got, c.want)
				}
				turn.Wait()
			})
		})
	}
}

// TestStoppingWithoutAStore stops a runner whose store does not come back: the
// lease is left to lapse, and Run waits no longer than it does for handlers.
func TestStoppingWithoutAStore(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, b *bench) {
		b.add("a", "1")
		b.cfg.LeaseTTL = time.Minute
		b.store.settle = func() error { return state.ErrUnavailable }
		start := time.Now()
		err := b.works(time.Second, func(ctx context.Context, l *state.Lease, _ int) state.Settlement {
			<-ctx.Done()
			return ack(l)
		})
		if err != nil {
			t.Errorf("Run: %v", err)
		}
		if d := time.Since(start); d != 14*time.Second {
			t.Errorf("Run took %s, want 1 s, 10 s of draining and 3 s of trying", d)
		}
	})
}

func TestAStoreThatIsDownDelaysWork(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, b *bench) {
		down := time.Now().Add(10 * time.Second)
		b.store.failed = func() error {
			if time.Now().Before(down) {
				return state.ErrUnavailable
			}
			return nil
		}
		b.store.settle = func() error {
			if time.Now().Before(down.Add(time.Second)) {
				return state.ErrUnavailable
			}
			return nil
		}
		b.add("a", "1")
		runs := 0
		if err := b.works(time.Minute, func(_ context.Context, l *state.Lease, _ int) state.Settlement { runs++; return ack(l) }); err != nil {
			t.Fatal(err)
		}
		if runs != 1 {
			t.Errorf("%d runs, want 1", runs)
		}
		if b.store.leases < 3 || b.store.leases > 20 {
			t.Errorf("%d calls while the store was down, want a few, with growing waits", b.store.leases)
		}
		if s, err := b.store.Stats(t.Context()); err != nil || s.Entries != 0 {
			t.Errorf("the store holds %+v, %v", s, err)
		}
	})
}

// TestNotesThatDoNotFitCostNoVerdict: the entry is done without them.
func TestNotesThatDoNotFitCostNoVerdict(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, b *bench) {
		b.add("a", "1")
		runs := 0
		if err := b.works(time.Minute, func(_ context.Context, l *state.Lease, _ int) state.Settlement {
			runs++
			s := ack(l)
			s.Notes = []state.NoteWrite{{Name: "large", Value: make([]byte, state.MaxNote+1), TTL: time.Hour}}
			return s
		}); err != nil {
			t.Fatal(err)
		}
		if s, err := b.store.Stats(t.Context()); runs != 1 || err != nil || s.Entries != 0 {
			t.Errorf("%d runs; the store holds %+v, %v", runs, s, err)
		}
	})
}

func TestRunTwice(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, b *bench) {
		b.cfg.Work = func(_ context.Context, l *state.Lease, _ int) state.Settlement { return ack(l) }
		r := turns.New(b.cfg)
		ctx, cancel := context.WithCancel(t.Context())
		var first sync.WaitGroup
		first.Go(func() {
			if err := r.Run(ctx); err != nil {
				t.Errorf("first: %v", err)
			}
		})
		synctest.Wait()
		if err := r.Run(ctx); !errors.Is(err, turns.ErrRunning) {
			t.Errorf("second: %v, want %v", err, turns.ErrRunning)
		}
		cancel()
		first.Wait()
		if err := r.Run(ctx); err != nil {
			t.Errorf("after the first: %v", err)
		}
	})
}

func TestRetry(t *testing.T) {
	t.Parallel()
	r := turns.Retry{
		MaxAttempts: 5, HoldFor: 30 * time.Second,
		Backoff: func(n int) time.Duration { return time.Duration(n) * 5 * time.Second },
	}
	e := func(attempt int) state.Queued { return state.Queued{Entry: state.Entry{ID: "1"}, Attempt: attempt} }
	c := state.Cause{Code: "internal"}
	for _, test := range []struct {
		name string
		got  state.Verdict
		want state.Verdict
	}{
		{"the lane waits", r.Failed(e(1), c), state.Retry("1", 5*time.Second, c)},
		{"the lane has waited 15 s of 30", r.Failed(e(3), c), state.Retry("1", 15*time.Second, c)},
		{"it would wait longer", r.Failed(e(4), c), state.RetryAside("1", 20*time.Second, c)},
		{"the attempts are used up", r.Failed(e(5), c), state.Bury("1", c)},
		{"more than used up", r.Failed(e(9), c), state.Bury("1", c)},
		{"later, without counting", r.Later(e(9), time.Second, c), state.Verdict{ID: "1", Kind: state.VerdictRetryAside, After: time.Second, Free: true, Cause: c}},
		{"soon, without counting", r.Later(e(1), time.Second, c), state.Verdict{ID: "1", Kind: state.VerdictRetry, After: time.Second, Free: true, Cause: c}},
	} {
		if test.got != test.want {
			t.Errorf("%s: got %+v, want %+v", test.name, test.got, test.want)
		}
	}
	r.Backoff = func(int) time.Duration { return -time.Second }
	if v := r.Failed(e(1), c); v != state.Retry("1", 0, c) {
		t.Errorf("a negative wait: %+v", v)
	}
}
