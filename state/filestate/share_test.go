package filestate

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/state"
)

// TestSettlesShareCommits: with one delivery after the other, a message costs one
// commit, which is two syncs of the file: its settle goes with the next delivery.
func TestSettlesShareCommits(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, err := OpenOptions(dir, Options{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		var mu sync.Mutex
		commits := 0
		count := &tamperOp{call: newCall(0), f: func(b *batch) error {
			b.s.afterCommit = func(err error) error {
				mu.Lock()
				defer mu.Unlock()
				commits++
				return err
			}
			return nil
		}}
		if err := s.do(t.Context(), count); err != nil {
			t.Fatal(err)
		}
		const messages = 50
		var settling sync.WaitGroup
		for n := range messages {
			lane := state.Key{Workspace: "w", Kind: "thread", ID: fmt.Sprint(n)}
			if _, err := s.Enqueue(t.Context(), state.Entry{ID: "e", Lane: lane, Body: []byte("hello")}); err != nil {
				t.Fatal(err)
			}
			leases, err := s.Lease(t.Context(), state.LeaseRequest{Holder: "h", TTL: time.Minute, Lanes: 1})
			if err != nil || len(leases) != 1 {
				t.Fatalf("leased %d lanes, %v", len(leases), err)
			}
			settling.Go(func() {
				err := s.Settle(context.WithoutCancel(t.Context()), leases[0], state.Settlement{Verdicts: []state.Verdict{state.Ack("e")}})
				if err != nil {
					t.Error(err)
				}
			})
			synctest.Wait() // the settle waits for company, and no time passes
		}
		settling.Wait()
		mu.Lock()
		defer mu.Unlock()
		// The last settle has nothing to go with.
		if commits > messages+2 {
			t.Errorf("%d commits for %d messages, want one for each", commits, messages)
		}
		t.Logf("%d commits for %d messages", commits, messages)
	})
}
