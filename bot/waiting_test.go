package bot_test

import (
	"context"
	"sync"
	"testing"

	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/internal/allocs"
	"github.com/linearbot/linearbot/state/memstate"
)

// TestAWaitingTurnHasASmallStack: thousands of handlers may wait for a model at the
// same time.
//
//nolint:paralleltest // stacks of all goroutines are measured
func TestAWaitingTurnHasASmallStack(t *testing.T) {
	const turns = 400
	store := memstate.New(memstate.Options{})
	defer store.Close()
	b, err := bot.New(bot.Config{Adapter: newLinearOver(t, instant{}), Store: store, Workers: turns})
	if err != nil {
		t.Fatal(err)
	}
	begun, end := make(chan struct{}, turns), make(chan struct{})
	b.OnNewMention(func(context.Context, *bot.Thread, *bot.Message) error {
		begun <- struct{}{}
		<-end
		return nil
	})
	for n := range turns {
		if err := b.Accept(t.Context(), commentOf(n)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	defer close(end)
	allocs.CheckStacks(t, "a waiting turn", turns, 9<<10, func() {
		running.Go(func() {
			if err := b.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		for range turns {
			<-begun
		}
	})
}
