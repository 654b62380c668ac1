package halt_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/bot/internal/halt"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

var lane = state.Key{Workspace: "W1", Kind: "thread", ID: "fake:room:1"}

// instances are two processes on one store.
type instances struct {
	book          notes.Book
	here, another *halt.Turns
}

// onTwo runs a test on two instances in a bubble.
func onTwo(t *testing.T, test func(t *testing.T, on instances)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		store := memstate.New(memstate.Options{})
		defer store.Close()
		cfg := halt.Config{Book: notes.New(store), Signals: store, TakesOver: true}
		on := instances{cfg.Book, halt.NewTurns(cfg), halt.NewTurns(cfg)}
		ctx, stop := context.WithCancel(t.Context())
		var watching sync.WaitGroup
		defer watching.Wait()
		defer stop()
		for _, ts := range []*halt.Turns{on.here, on.another} {
			watching.Go(func() { ts.Watch(ctx) })
		}
		synctest.Wait()
		test(t, on)
	})
}

// stored is an entry with a place, which stands for its time as well.
func stored(seq uint64) *state.Queued {
	e := &state.Queued{Seq: seq, EnqueuedAt: time.Unix(int64(seq), 0)}
	e.ID = string(rune('a' + seq))
	return e
}

func begin(t *testing.T, ts *halt.Turns, page *notes.Thread, turn *halt.Turn) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	if err := ts.Begin(ctx, page, turn, "ENG-1", cancel); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// TestTurnsEnd: what is noted ends the turns that it concerns, with its cause, on both
// instances.
func TestTurnsEnd(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		note func(t *testing.T, ts *halt.Turns, page *notes.Thread) error
		want error
		// turns that end and turns that continue.
		end, stay []halt.Turn
	}{
		"a stop": {
			func(t *testing.T, ts *halt.Turns, _ *notes.Thread) error {
				return ts.Stop(t.Context(), lane, halt.Stop{Seq: 5, At: time.Unix(5, 0), By: "asks"})
			},
			halt.ErrStopped,
			[]halt.Turn{{Entry: stored(4)}},
			[]halt.Turn{{Entry: stored(6)}, {Entry: stored(4), Event: "asks"}},
		},
		"a deletion": {
			func(t *testing.T, ts *halt.Turns, _ *notes.Thread) error { return ts.Delete(t.Context(), lane, "m1") },
			halt.ErrDeleted,
			[]halt.Turn{{Entry: stored(1), Message: "m1"}, {Entry: stored(1), Message: "m2", Root: "m1"}},
			[]halt.Turn{{Entry: stored(1), Message: "m2", Root: "m0"}, {Entry: stored(1)}},
		},
		"a newer message": {
			func(t *testing.T, ts *halt.Turns, page *notes.Thread) error {
				return ts.TakeOver(t.Context(), page, "new")
			},
			halt.ErrTakenOver,
			[]halt.Turn{{Entry: stored(1), Replaceable: true}},
			[]halt.Turn{{Entry: stored(1)}, {Entry: stored(2), Replaceable: true, Others: []string{"new"}}},
		},
	} {
		onTwo(t, func(t *testing.T, on instances) {
			page := func() *notes.Thread { return on.book.Thread(lane) }
			ends := func(ts *halt.Turns, turns []halt.Turn) (all []context.Context) {
				for i := range turns {
					all = append(all, begin(t, ts, page(), &turns[i]))
				}
				return all
			}
			end := append(ends(on.here, c.end), ends(on.another, c.end)...)
			stay := append(ends(on.here, c.stay), ends(on.another, c.stay)...)
			gone := begin(t, on.here, page(), &c.end[0])
			on.here.Leave(lane, &c.end[0])
			end = end[1:] // its registration is the one that left
			time.Sleep(time.Second)
			if err := c.note(t, on.here, page()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			time.Sleep(2 * time.Second)
			for _, ctx := range end {
				if !errors.Is(context.Cause(ctx), c.want) {
					t.Errorf("%s: a turn ends with %v, want %v", name, context.Cause(ctx), c.want)
				}
			}
			for _, ctx := range append(stay, gone) {
				if ctx.Err() != nil {
					t.Errorf("%s: a turn that it does not concern ends with %v", name, context.Cause(ctx))
				}
			}
		})
	}
}

// TestTurnsBegin: a turn that is over by its notes ends as it begins.
func TestTurnsBegin(t *testing.T) {
	t.Parallel()
	onTwo(t, func(t *testing.T, on instances) {
		turn := func() *halt.Turn { return &halt.Turn{Event: "e", Entry: stored(4), Message: "m1"} }
		if ctx := begin(t, on.here, on.book.Thread(lane), turn()); ctx.Err() != nil {
			t.Errorf("at first: %v", context.Cause(ctx))
		}
		if err := on.another.Delete(t.Context(), lane, "m1"); err != nil {
			t.Fatal(err)
		}
		if ctx := begin(t, on.here, on.book.Thread(lane), turn()); !errors.Is(context.Cause(ctx), halt.ErrDeleted) {
			t.Errorf("deleted: %v", context.Cause(ctx))
		}
		if err := on.another.Stop(t.Context(), lane, halt.Stop{Seq: 5, At: time.Unix(5, 0)}); err != nil {
			t.Fatal(err)
		}
		if ctx := begin(t, on.here, on.book.Thread(lane), turn()); !errors.Is(context.Cause(ctx), halt.ErrStopped) {
			t.Errorf("stopped as well: %v", context.Cause(ctx))
		}
	})
}

// TestHolds: what comes after a stop waits until it is confirmed, and not for long.
func TestHolds(t *testing.T) {
	t.Parallel()
	at := func(s int64) time.Time { return time.Unix(s, 0) }
	for name, c := range map[string]struct {
		stop        halt.Stop
		stored, now time.Time
		want        bool
	}{
		"none":                         {halt.Stop{}, at(10), at(11), false},
		"confirmed":                    {halt.Stop{At: at(9)}, at(10), at(11), false},
		"pending":                      {halt.Stop{At: at(9), Pending: true}, at(10), at(11), true},
		"pending before its turn":      {halt.Stop{Pending: true}, at(10), at(11), true},
		"pending for long":             {halt.Stop{At: at(6), Pending: true}, at(10), at(11), false},
		"the message waits for long":   {halt.Stop{At: at(9), Pending: true}, at(6), at(11), false},
		"pending, an unknown while":    {halt.Stop{Pending: true}, at(6), at(11), false},
		"pending, just not too long":   {halt.Stop{At: at(7), Pending: true}, at(7), at(11), true},
		"a message as old as its stop": {halt.Stop{At: at(11), Pending: true}, at(11), at(11), true},
	} {
		if got := c.stop.Holds(c.stored, c.now); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
}
