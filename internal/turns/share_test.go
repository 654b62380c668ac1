package turns_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/internal/turns"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

// A workspace with many busy lanes leaves a worker to the others, and its own
// lanes are all worked on in the end, none with an attempt spent on waiting.
func TestPerWorkspace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := memstate.New(memstate.Options{})
		defer store.Close()
		ctx, cancel := context.WithCancel(t.Context())
		put := lanes(t, store)
		var mu sync.Mutex
		busy, most, done := map[string]int{}, map[string]int{}, map[string]int{}
		quiet := make(chan struct{})
		r := turns.New(turns.Config{
			Queue: store, Holder: "h", Workers: 4, PerWorkspace: 3, LeaseTTL: 15 * time.Second, DrainTimeout: time.Minute,
			Work: func(_ context.Context, l *state.Lease, _ int) state.Settlement {
				w := l.Lane.Workspace
				mu.Lock()
				busy[w]++
				most[w] = max(most[w], busy[w])
				mu.Unlock()
				if l.Entries[0].Attempt != 1 {
					t.Errorf("attempt %d of %s", l.Entries[0].Attempt, l.Lane)
				}
				if w == "quiet" {
					close(quiet)
				} else {
					time.Sleep(time.Minute)
				}
				mu.Lock()
				busy[w]--
				done[w]++
				mu.Unlock()
				return state.Settlement{Verdicts: []state.Verdict{state.Ack(l.Entries[0].ID)}}
			},
		})
		for n := range 20 {
			put("busy", n)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := r.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(10 * time.Second)
		put("quiet", 0)
		start := time.Now()
		<-quiet
		if waited := time.Since(start); waited > time.Second {
			t.Errorf("the other workspace waited %s", waited)
		}
		time.Sleep(15 * time.Minute)
		mu.Lock()
		if most["busy"] != 3 || done["busy"] != 20 || done["quiet"] != 1 {
			t.Errorf("most %v, done %v", most, done)
		}
		mu.Unlock()
		cancel()
		wg.Wait()
	})
}

// TestBurstOfAnother: while thousands of lanes of one workspace wait, a delivery of
// another one waits no longer than a callback takes, although it arrived behind them
// all.
func TestBurstOfAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const (
			takes = 20 * time.Millisecond
			burst = 4000
			calls = 40
		)
		store := memstate.New(memstate.Options{})
		defer store.Close()
		ctx, cancel := context.WithCancel(t.Context())
		put := lanes(t, store)
		var mu sync.Mutex
		done := map[string]int{}
		longest := time.Duration(0)
		r := turns.New(turns.Config{
			Queue: store, Holder: "h", Workers: 64, PerWorkspace: 48, LeaseTTL: 15 * time.Second, DrainTimeout: time.Minute,
			Work: func(_ context.Context, l *state.Lease, _ int) state.Settlement {
				mu.Lock()
				done[l.Lane.Workspace]++
				if l.Lane.Workspace == "quiet" {
					longest = max(longest, time.Since(l.Entries[0].EnqueuedAt))
				}
				mu.Unlock()
				time.Sleep(takes)
				return state.Settlement{Verdicts: []state.Verdict{state.Ack(l.Entries[0].ID)}}
			},
		})
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := r.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(time.Second) // all workers may lease by then
		begin := time.Now()
		for n := range burst {
			put("busy", n)
		}
		for n := range calls {
			put("quiet", n)
			time.Sleep(50 * time.Millisecond)
		}
		mu.Lock()
		if done["quiet"] != calls || longest > takes {
			t.Errorf("%d of %d calls of the other workspace were handled, and one waited for %s, longer than a callback of %s", done["quiet"], calls, longest, takes)
		}
		mu.Unlock()
		for all := 0; all < burst; time.Sleep(100 * time.Millisecond) {
			mu.Lock()
			all = done["busy"]
			mu.Unlock()
			if time.Since(begin) > time.Minute {
				t.Fatalf("%d of %d lanes of the burst were handled in a minute", all, burst)
			}
		}
		// 48 callbacks of 20 ms at a time: 1.7 s, and the time until it is known how
		// long they take.
		if took := time.Since(begin); took > 3500*time.Millisecond {
			t.Errorf("the burst took %s: workers were idle", took)
		}
		cancel()
		wg.Wait()
	})
}

// lanes returns what puts an entry into the lane of a number.
func lanes(t *testing.T, store state.Queue) func(workspace string, n int) {
	t.Helper()
	return func(workspace string, n int) {
		t.Helper()
		_, err := store.Enqueue(t.Context(), state.Entry{
			ID: "e", Lane: state.Key{Workspace: workspace, Kind: "thread", ID: fmt.Sprint(n)}, Body: []byte("x"),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
