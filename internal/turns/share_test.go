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
		put := func(workspace string, n int) {
			t.Helper()
			_, err := store.Enqueue(ctx, state.Entry{
				ID: "e", Lane: state.Key{Workspace: workspace, Kind: "thread", ID: fmt.Sprint(n)}, Body: []byte("x"),
			})
			if err != nil {
				t.Fatal(err)
			}
		}
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
