package bot_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/adaptertest"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state/memstate"
)

// slowAgent is a platform whose activities take as long as those of Linear.
type slowAgent struct {
	*adaptertest.Platform

	takes time.Duration
}

func (a *slowAgent) Activity(ctx context.Context, act *adapter.Activity) error {
	timer := time.NewTimer(a.takes)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	return a.Platform.Activity(ctx, act)
}

// BenchmarkSessionLatency is the time from accepting a prompt until its handler runs,
// with a keeper and without. The difference is what the first activity costs: at most
// a millisecond, although sending it takes a hundred.
func BenchmarkSessionLatency(b *testing.B) {
	for name, open := range stores(b) {
		for _, attended := range []bool{true, false} {
			b.Run(fmt.Sprintf("%s/attended=%t", name, attended), func(b *testing.B) {
				store := open()
				defer store.Close()
				platform := &slowAgent{adaptertest.NewPlatform("helper"), 100 * time.Millisecond}
				bt, err := bot.New(bot.Config{Adapter: platform, Store: store, Workers: 4096, Sessions: bot.SessionConfig{Unattended: !attended}})
				if err != nil {
					b.Fatal(err)
				}
				began := make(chan time.Time, 1)
				bt.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
					began <- time.Now()
					t.Session().Leave(ctx)
					return nil
				})
				ctx, cancel := context.WithCancel(b.Context())
				var running sync.WaitGroup
				running.Go(func() { _ = bt.Run(ctx) })
				defer running.Wait()
				defer cancel()
				var took []time.Duration
				for n := 0; b.Loop(); n++ {
					d := platform.Said(adapter.ThreadID(fmt.Sprintf("fake:room:session-%d", n)), fmt.Sprint("m", n), "ada", "go")
					at := time.Now()
					if err := bt.Accept(ctx, d); err != nil {
						b.Fatal(err)
					}
					took = append(took, (<-began).Sub(at))
				}
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
				b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
			})
		}
	}
}

// TestKeeperStoresNothing: a turn in a session makes as many calls of the store with a
// keeper as without.
func TestKeeperStoresNothing(t *testing.T) {
	t.Parallel()
	calls := func(unattended bool) int64 {
		store := &countingStore{Store: memstate.New(memstate.Options{})}
		defer store.Close()
		platform := adaptertest.NewPlatform("helper")
		b, err := bot.New(bot.Config{Adapter: platform, Store: store, Sessions: bot.SessionConfig{Unattended: unattended}})
		if err != nil {
			t.Fatal(err)
		}
		b.OnNewMention(func(ctx context.Context, th *bot.Thread, _ *bot.Message) error {
			return th.Session().Think(ctx, "hm")
		})
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = b.Run(ctx) })
		for n := range 20 {
			id := adapter.ThreadID(fmt.Sprintf("fake:room:session-%d", n%5))
			if err := b.Accept(ctx, platform.Said(id, fmt.Sprint("m", n), "ada", "go")); err != nil {
				t.Fatal(err)
			}
			waitIdle(t, store)
		}
		cancel()
		running.Wait()
		return store.enqueues.Load() + store.settles.Load() + store.others.Load()
	}
	if with, without := calls(false), calls(true); with != without {
		t.Errorf("%d calls with a keeper, %d without", with, without)
	}
}
