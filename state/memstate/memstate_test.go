package memstate_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
	"github.com/linearbot/linearbot/state/statetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// client is one of several users of a store. Only its owner closes it.
type client struct{ state.Store }

func (client) Close() error { return nil }

func TestStore(t *testing.T) {
	t.Parallel()
	// All clients in one process share one store, and the store outlives them.
	another := func(_ *testing.T, s state.Store) state.Store { return client{s} }
	statetest.Run(t, statetest.Harness{
		NoReceiptLease: true,
		Open:           func(*testing.T) state.Store { return memstate.New(memstate.Options{}) },
		Reopen:         another,
		Second:         another,
	})
}

func BenchmarkStore(b *testing.B) {
	statetest.Bench(b, func(*testing.B) state.Store { return memstate.New(memstate.Options{}) })
}

// BenchmarkTurn shows that the cost of a turn does not follow the number of
// lanes that wait.
func BenchmarkTurn(b *testing.B) {
	for _, lanes := range []int{1, 1_000, 100_000} {
		b.Run(fmt.Sprint("lanes=", lanes), func(b *testing.B) {
			s := memstate.New(memstate.Options{DedupTTL: time.Second})
			for i := range lanes {
				enqueue(b, s, state.Entry{ID: "0", Lane: lane(strconv.Itoa(i))}, state.OutcomeAdded)
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				i++
				l := lease(b, s)
				enqueue(b, s, state.Entry{ID: strconv.Itoa(i), Lane: l.Lane}, state.OutcomeAdded)
				settle(b, s, l, state.Ack(l.Entries[0].ID))
			}
		})
	}
}

func lane(id string) state.Key { return state.Key{Workspace: "w", Kind: "thread", ID: id} }

func enqueue(tb testing.TB, s *memstate.Store, e state.Entry, want state.Outcome) {
	tb.Helper()
	if r, err := s.Enqueue(tb.Context(), e); err != nil || r.Outcome != want {
		tb.Fatalf("Enqueue(%q) = %v, %v, want %v", e.ID, r.Outcome, err, want)
	}
}

func lease(tb testing.TB, s *memstate.Store) *state.Lease {
	tb.Helper()
	ls, err := s.Lease(tb.Context(), state.LeaseRequest{TTL: time.Minute})
	if err != nil {
		tb.Fatalf("Lease: %v", err)
	}
	return ls[0]
}

func settle(tb testing.TB, s *memstate.Store, l *state.Lease, vs ...state.Verdict) {
	tb.Helper()
	if err := s.Settle(tb.Context(), l, state.Settlement{Verdicts: vs}); err != nil {
		tb.Fatalf("Settle: %v", err)
	}
}

func TestNotDurable(t *testing.T) {
	t.Parallel()
	if memstate.New(memstate.Options{}).Durable() {
		t.Error("a store in memory says that it is durable")
	}
}

func TestFull(t *testing.T) {
	t.Parallel()
	s := memstate.New(memstate.Options{MaxEntries: 2})
	enqueue(t, s, state.Entry{ID: "1", Lane: lane("a")}, state.OutcomeAdded)
	enqueue(t, s, state.Entry{ID: "1", Lane: lane("b"), Delay: time.Hour}, state.OutcomeAdded)
	full := func(want error) {
		t.Helper()
		_, err := s.Enqueue(t.Context(), state.Entry{ID: "2", Lane: lane("c")})
		if !errors.Is(err, want) {
			t.Fatalf("Enqueue: %v, want %v", err, want)
		}
	}
	full(state.ErrFull)
	// What is known is still known, and a busy lane is still busy.
	enqueue(t, s, state.Entry{ID: "1", Lane: lane("a")}, state.OutcomeDuplicate)
	enqueue(t, s, state.Entry{ID: "9", Lane: lane("a"), IfIdle: true}, state.OutcomeBusy)
	// Dead letters take no room; a requeue is let in.
	settle(t, s, lease(t, s), state.Bury("1", state.Cause{}))
	full(nil)
	if err := s.Requeue(t.Context(), lane("a"), "1"); err != nil {
		t.Fatal(err)
	}
	_, err := s.Enqueue(t.Context(), state.Entry{ID: "3", Lane: lane("c")})
	if !errors.Is(err, state.ErrFull) {
		t.Fatalf("Enqueue: %v, want %v", err, state.ErrFull)
	}
	for range 2 {
		l := lease(t, s)
		settle(t, s, l, state.Ack(l.Entries[0].ID))
	}
	enqueue(t, s, state.Entry{ID: "3", Lane: lane("c")}, state.OutcomeAdded)
}

// TestLeaseWakesOnTime waits for everything that Lease can wait for. The times are exact:
// it wakes at the moment and not a nanosecond later.
func TestLeaseWakesOnTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := memstate.New(memstate.Options{})
		start := time.Now()
		at := func(want time.Duration, id string) *state.Lease {
			t.Helper()
			l := lease(t, s)
			if got := time.Since(start); got != want || l.Entries[0].ID != id {
				t.Fatalf("leased %q after %v, want %q after %v", l.Entries[0].ID, got, id, want)
			}
			return l
		}
		enqueue(t, s, state.Entry{ID: "delayed", Lane: lane("a"), Delay: 3 * time.Hour}, state.OutcomeAdded)
		enqueue(t, s, state.Entry{ID: "held", Lane: lane("b"), Hold: 2 * time.Hour}, state.OutcomeAdded)
		enqueue(t, s, state.Entry{ID: "now", Lane: lane("c")}, state.OutcomeAdded)

		l := at(0, "now")
		if err := s.Extend(t.Context(), l, time.Hour); err != nil {
			t.Fatal(err)
		}
		lapsed := l
		l = at(time.Hour, "now") // lapsed
		if err := s.Settle(t.Context(), lapsed, state.Settlement{Verdicts: []state.Verdict{state.Ack("now")}}); !errors.Is(err, state.ErrLeaseLost) {
			t.Errorf("late Settle: %v", err)
		}
		settle(t, s, l, state.Retry("now", 90*time.Minute, state.Cause{}))
		settle(t, s, at(2*time.Hour, "held"), state.RetryAside("held", 2*time.Hour, state.Cause{}))
		settle(t, s, at(150*time.Minute, "now"), state.Ack("now"))
		settle(t, s, at(3*time.Hour, "delayed"), state.Ack("delayed"))
		settle(t, s, at(4*time.Hour, "held"), state.Ack("held"))
	})
}

// TestReadyOrder has lanes that become ready at different times between
// two calls. They are leased in that order and not in the order of the calls.
func TestReadyOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := memstate.New(memstate.Options{})
		for _, e := range []state.Entry{
			{ID: "3s", Lane: lane("a"), Hold: 3 * time.Second},
			{ID: "1s", Lane: lane("b"), Delay: time.Second},
			{ID: "2s", Lane: lane("c"), Hold: 2 * time.Second, HoldMode: state.HoldReset},
		} {
			enqueue(t, s, e, state.OutcomeAdded)
		}
		time.Sleep(time.Minute)
		enqueue(t, s, state.Entry{ID: "1m", Lane: lane("d")}, state.OutcomeAdded)
		for _, want := range []string{"1s", "2s", "3s", "1m"} {
			if got := lease(t, s).Entries[0].ID; got != want {
				t.Errorf("leased %q, want %q", got, want)
			}
		}
	})
}

func TestDedupTTL(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := memstate.New(memstate.Options{})
		e := state.Entry{ID: "1", Lane: lane("a"), Keys: []string{"k"}}
		enqueue(t, s, e, state.OutcomeAdded)
		settle(t, s, lease(t, s), state.Ack("1"))
		time.Sleep(state.DedupTTL - 1)
		enqueue(t, s, e, state.OutcomeDuplicate)
		time.Sleep(time.Nanosecond)
		enqueue(t, s, e, state.OutcomeAdded)
		// The id of an entry that is still here stays known, its keys do not.
		time.Sleep(state.DedupTTL)
		enqueue(t, s, state.Entry{ID: "1", Lane: lane("a")}, state.OutcomeDuplicate)
		enqueue(t, s, state.Entry{ID: "2", Lane: lane("a"), Keys: []string{"k"}}, state.OutcomeAdded)
	})
}

func TestValueTTL(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := memstate.New(memstate.Options{})
		k := lane("v")
		get := func(want error) {
			t.Helper()
			if _, err := s.Get(t.Context(), k); !errors.Is(err, want) {
				t.Fatalf("Get: %v, want %v", err, want)
			}
		}
		set := func(ttl time.Duration) {
			t.Helper()
			if err := s.Set(t.Context(), k, []byte("x"), ttl); err != nil {
				t.Fatal(err)
			}
		}
		set(time.Hour)
		time.Sleep(time.Hour - 1)
		get(nil)
		time.Sleep(time.Nanosecond)
		get(state.ErrNotFound)
		set(time.Hour)
		set(0)
		time.Sleep(1000 * time.Hour)
		get(nil)
	})
}

func deadIDs(tb testing.TB, s *memstate.Store) []string {
	tb.Helper()
	var out []string
	for d, err := range s.Dead(tb.Context()) {
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, d.ID)
	}
	slices.Sort(out)
	return out
}

func TestDeadLimits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := memstate.New(memstate.Options{MaxDead: 3, DeadTTL: time.Hour})
		check := func(dropped int, ids ...string) {
			t.Helper()
			st, err := s.Stats(t.Context())
			if got := deadIDs(t, s); err != nil || !slices.Equal(got, ids) || st.Dead != len(ids) || st.Dropped != dropped {
				t.Errorf("dead letters are %v, %+v, %v, want %v and %d dropped", got, st, err, ids, dropped)
			}
		}
		for _, id := range []string{"1", "2", "3", "4", "5"} {
			enqueue(t, s, state.Entry{ID: id, Lane: lane(id)}, state.OutcomeAdded)
			settle(t, s, lease(t, s), state.Bury(id, state.Cause{}))
			time.Sleep(10 * time.Minute)
		}
		check(2, "3", "4", "5")
		if err := s.Requeue(t.Context(), lane("4"), "4"); err != nil {
			t.Fatal(err)
		}
		check(2, "3", "5")
		time.Sleep(31 * time.Minute)
		check(3, "5")
		settle(t, s, lease(t, s), state.Bury("4", state.Cause{}))
		check(3, "4", "5")
		time.Sleep(time.Hour)
		check(5)
	})
}
