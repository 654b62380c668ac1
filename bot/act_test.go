package bot_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/adapter/adaptertest"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

// lossyStore has signals, and begins by telling that some may have been lost, as a
// store with a connection does.
type lossyStore struct{ *countingStore }

func (lossyStore) Signal(context.Context, state.Key) error { return nil }

func (lossyStore) OnSignal(f func(state.Key)) (stop func()) {
	f(state.Key{})
	return func() {}
}

// TestSignalsThatWereLostConcernOlderReadsOnly: the notes of a turn that are read
// after it was last possible to miss a signal are not read twice.
func TestSignalsThatWereLostConcernOlderReadsOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := lossyStore{&countingStore{Store: memstate.New(memstate.Options{})}}
		defer store.Close()
		fake := adaptertest.NewFake("helper")
		b, err := bot.New(bot.Config{Adapter: fake, Store: store})
		if err != nil {
			t.Fatal(err)
		}
		b.OnNewMention(func(ctx context.Context, th *bot.Thread, _ *bot.Message) error {
			_, err := th.Post(ctx, bot.Text("yes"))
			return err
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var running sync.WaitGroup
		running.Go(func() {
			if err := b.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(time.Millisecond)
		if err := b.Accept(t.Context(), fake.Said(thread, "m1", "ada", "@helper hello")); err != nil {
			t.Fatal(err)
		}
		running.Wait()
		if n, o := len(fake.Posted(thread)), store.others.Load(); n != 1 || o != 0 {
			t.Errorf("%d answers and %d other calls of the store, want 1 and 0", n, o)
		}
	})
}

// TestAPlainTurnIsOneReadAndOneWrite: between lease and settle, a mention that
// is answered by one post asks the store nothing.
func TestAPlainTurnIsOneReadAndOneWrite(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &countingStore{Store: memstate.New(memstate.Options{})}
		defer store.Close()
		fake := adaptertest.NewFake("helper")
		b, err := bot.New(bot.Config{Adapter: fake, Store: store})
		if err != nil {
			t.Fatal(err)
		}
		answer := func(ctx context.Context, th *bot.Thread, _ *bot.Message) error {
			_, err := th.Post(ctx, bot.Text("yes"))
			return err
		}
		b.OnNewMention(answer)
		b.OnSubscribedMessage(answer)
		for _, id := range []string{"m1", "m2", "m3"} {
			if err := b.Accept(t.Context(), fake.Said(thread, id, "ada", "@helper hello")); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		if err := b.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if n := len(fake.Posted(thread)); n != 3 {
			t.Fatalf("%d answers, want 3", n)
		}
		if l, s, o := store.leases.Load(), store.settles.Load(), store.others.Load(); l != 3 || s != 3 || o != 0 {
			t.Errorf("%d leases, %d settles and %d other calls, want 3, 3 and 0", l, s, o)
		}
	})
}
