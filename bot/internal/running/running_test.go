package running_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/bot/internal/running"
	"github.com/linearbot/linearbot/state"
)

var errStopped = errors.New("stopped")

func key(id string) state.Key { return state.Key{Workspace: "W", Kind: "thread", ID: id} }

// signals hands signals to the function that was registered.
type signals struct{ on func(state.Key) }

func (s *signals) Signal(_ context.Context, k state.Key) error {
	s.on(k)
	return nil
}

func (s *signals) OnSignal(f func(state.Key)) (stop func()) {
	s.on = f
	return func() { s.on = nil }
}

// turn registers a turn and returns its context.
func turn(t *testing.T, s *running.Set[string], thread, name string) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	s.Add(key(thread), name, "ENG-1", time.Now(), cancel)
	return ctx
}

func TestEnd(t *testing.T) {
	t.Parallel()
	var s running.Set[string]
	one, two, other := turn(t, &s, "t1", "one"), turn(t, &s, "t1", "two"), turn(t, &s, "t2", "one")
	s.End(key("t1"), errStopped, func(name string) bool { return name == "one" })
	if context.Cause(one) != errStopped || two.Err() != nil || other.Err() != nil { //nolint:errorlint // as it was given
		t.Errorf("%v, %v, %v", context.Cause(one), two.Err(), other.Err())
	}
	s.Remove(key("t1"), "two")
	s.End(key("t1"), errStopped, func(string) bool { return true })
	if two.Err() != nil {
		t.Error("a turn that was taken out is ended")
	}
}

// TestAddTellsOfSignals registers turns whose notes were read before and after a
// signal.
func TestAddTellsOfSignals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s running.Set[int]
		none := func(error) {}
		before := time.Now()
		time.Sleep(time.Second)
		s.Tell(key("t1"))
		time.Sleep(time.Second)
		if !s.Add(key("t1"), 1, "", before, none) {
			t.Error("notes older than a signal are not read again")
		}
		if s.Add(key("t1"), 2, "", time.Now(), none) || s.Add(key("t2"), 3, "", before, none) {
			t.Error("notes without a signal since are read again")
		}
		s.Tell(state.Key{}) // some may have been missed
		if !s.Add(key("t2"), 4, "", before, none) {
			t.Error("after signals that were missed the notes are not read again")
		}
		time.Sleep(time.Minute)
		if s.Add(key("t1"), 5, "", before, none) {
			t.Error("a signal is never forgotten")
		}
	})
}

func TestWatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s running.Set[string]
		turn(t, &s, "t1", "one")
		turn(t, &s, "t2", "two")
		ctx, cancel := context.WithCancel(t.Context())
		sig, looked, down := &signals{}, make(chan string, 10), true
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.Watch(ctx, running.Watcher{
				Signals: sig,
				Other:   func(k state.Key) bool { return k.ID == "sessions" },
				Look: func(_ context.Context, k state.Key) error {
					looked <- k.ID
					if down {
						down = false
						return errStopped
					}
					return nil
				},
			})
		}()
		synctest.Wait()
		want := func(ids ...string) {
			t.Helper()
			synctest.Wait()
			got := map[string]bool{}
			for len(looked) > 0 {
				got[<-looked] = true
			}
			for _, id := range ids {
				if !got[id] {
					t.Errorf("%s was not looked at", id)
				}
			}
			if len(got) != len(ids) {
				t.Errorf("looked at %v, want %v", got, ids)
			}
		}
		sig.on(key("t1"))
		want("t1")
		time.Sleep(2 * time.Second) // the store was down
		want("t1")
		sig.on(key("t3"))
		sig.on(key("sessions"))
		want()
		sig.on(state.Key{})
		want("t1", "t2")
		cancel()
		<-done
	})
}

func TestWatchWithoutSignals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s running.Set[string]
		turn(t, &s, "t1", "one")
		ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
		defer cancel()
		n := 0
		s.Watch(ctx, running.Watcher{Look: func(_ context.Context, k state.Key) error {
			if k != key("t1") {
				t.Errorf("looked at %v", k)
			}
			n++
			return nil
		}})
		if n != 3 {
			t.Errorf("looked %d times in 3.5 s, want 3", n)
		}
	})
}

func TestNames(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s running.Set[string]
		for _, thread := range []string{"t2", "t1", "t3"} {
			turn(t, &s, thread, "one")
			time.Sleep(time.Second)
		}
		if got := s.Names(2); !slices.Equal(got, []string{"ENG-1 t2 for 3s", "ENG-1 t1 for 2s"}) {
			t.Errorf("%q", got)
		}
	})
}
