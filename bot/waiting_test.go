package bot_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/internal/allocs"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/trace"
	"github.com/linearbot/linearbot/state/memstate"
)

// TestAWaitingTurnHoldsLittle: thousands of handlers may wait for a model at the same
// time. What the store keeps of a delivery in memory is there before.
//
//nolint:paralleltest // stacks of all goroutines and the whole heap are measured
func TestAWaitingTurnHoldsLittle(t *testing.T) {
	const turns = 400
	store := memstate.New(memstate.Options{})
	defer store.Close()
	tracer := trace.New(trace.Config{Book: notes.New(store)})
	b, err := bot.New(bot.Config{Adapter: newLinearOver(t, instant{}), Store: store, Workers: turns, Tracer: tracer})
	if err != nil {
		t.Fatal(err)
	}
	begun, end := make(chan struct{}, turns), make(chan struct{})
	b.OnNewMention(func(ctx context.Context, _ *bot.Thread, _ *bot.Message) error {
		var own [256]byte // of the stack, as a handler has some
		begun <- struct{}{}
		select { // as a wait for a model is one for a context, too
		case <-end:
		case <-ctx.Done():
		case <-time.After(time.Hour):
		}
		runtime.KeepAlive(&own)
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
	allocs.CheckHeld(t, "a waiting turn", turns, allocs.Held{Stack: 9 << 10, Heap: 10 << 10}, func() {
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
