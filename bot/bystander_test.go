package bot_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

// TestLargeMessagesAreTakenTogether: a lease that is ended by the size of its
// entries is worked on, however many wait behind.
func TestLargeMessagesAreTakenTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &countingStore{Store: memstate.New(memstate.Options{})}
		defer store.Close()
		w := newTest(t, withStore(store), withPolicy(bot.Latest()))
		taken := 0
		w.bot.OnNewMessage(nil, func(_ context.Context, _ *bot.Thread, m *bot.Message) error {
			taken += 1 + len(m.Skipped)
			return nil
		})
		for range 24 {
			w.say("ada", strings.Repeat("long ", 50_000))
		}
		w.run(time.Minute)
		if taken != 24 {
			t.Errorf("%d messages were taken, want 24", taken)
		}
		if n := store.leases.Load(); n > 24 {
			t.Errorf("%d leases for 24 messages", n)
		}
	})
}

// TestBystandersOfACrash: what was leased beside a message that ends the process
// is handled once that is buried.
func TestBystandersOfACrash(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := memstate.New(memstate.Options{})
		defer store.Close()
		w := newTest(t, withStore(store), withConfig(bot.Config{MaxAttempts: 3, Policy: bot.Latest(), NoApology: true}))
		w.bot.OnNewMessage(nil, w.tells("p"))
		for _, text := range []string{"poison", "b", "c"} {
			w.say("ada", text)
		}
		for range 3 { // processes that die with the lease
			if _, err := store.Lease(t.Context(), state.LeaseRequest{TTL: time.Second, Entries: 8}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Second)
		}
		w.run(time.Minute)
		w.noted("p c [b]")
		if dead := w.dead(); len(dead) != 1 || dead[0].Cause.Code != "crashed" {
			t.Errorf("dead letters %+v, want the first message", dead)
		}
	})
}

// TestALostLeaseIsNotAFailure: on the last attempt too, another process has the
// turn, so nothing is said and nothing is buried.
func TestALostLeaseIsNotAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &cutStore{Store: memstate.New(memstate.Options{})}
		defer store.Close()
		w := newTest(t, withStore(store), withConfig(bot.Config{MaxAttempts: 1, LeaseTTL: 3 * time.Second}))
		w.bot.OnNewMention(func(ctx context.Context, _ *bot.Thread, _ *bot.Message) error {
			w.note("run")
			store.cut.Store(true)
			<-ctx.Done()
			return ctx.Err()
		})
		w.say("ada", "@helper go")
		w.run(2 * time.Second)
		if n := len(w.fake.Posted(thread)); n != 0 {
			t.Errorf("%d posts, want none", n)
		}
		if n := w.bot.Counts()["buried"]; n != 0 {
			t.Errorf("%d buried", n)
		}
	})
}
