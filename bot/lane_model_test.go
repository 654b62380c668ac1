package bot_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state/memstate"
)

// TestEveryMessageIsHandledOnce has two instances work on one store, with any
// policies, while people write any messages to any handlers and turns fail in
// any way. Whatever happens, each message is in the end part of one turn, that
// turn has one reply, and where nothing steps aside turns are in the order in
// which their messages came.
func TestEveryMessageIsHandledOnce(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		synctest.Test(t, func(t *testing.T) { handledOnce(t, seed) })
	}
}

func handledOnce(t *testing.T, seed uint64) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	policies := []bot.LanePolicy{{}, bot.Serial(), bot.Latest(), bot.Debounce(3 * time.Second), bot.Burst(2 * time.Second), bot.Takeover()}
	policy := func() bot.LanePolicy { return policies[r.IntN(len(policies))] }
	store := &cutStore{Store: memstate.New(memstate.Options{})}
	defer store.Close()
	var (
		mu      sync.Mutex
		part    = map[string][]string{} // the turns that a message was part of, by id
		order   []int                   // of turns that ended well
		loose   bool                    // something stepped aside, or the subscription changed
		subject = map[int]int{}         // how often the turn of a message has run
	)
	h := func(name string) bot.MessageHandler {
		return func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
			var n int
			if _, err := fmt.Sscanf(m.ID, "m%d", &n); err != nil {
				return err
			}
			mu.Lock()
			subject[n]++
			run := subject[n]
			mu.Unlock()
			dice := rand.New(rand.NewPCG(seed, uint64(100*n+run))).IntN(30)
			if _, err := th.Post(ctx, bot.Text(m.ID)); err != nil {
				return err
			}
			if run < 4 {
				mu.Lock()
				loose = loose || dice == 2 || dice == 5 || dice == 6 || dice == 7
				mu.Unlock()
				switch dice {
				case 0:
					return errBoom
				case 1:
					return bot.RetryAfter(time.Second, errBoom)
				case 2:
					return bot.RetryAfter(2*time.Hour, errBoom)
				case 3:
					panic("boom")
				case 4:
					store.cut.Store(true)
					<-ctx.Done() // the lease is lost
					store.cut.Store(false)
					return ctx.Err()
				case 5:
					if name != "event" { // the last one that there is
						return bot.Next
					}
				case 6:
					if err := th.Subscribe(ctx); err != nil {
						return err
					}
				case 7:
					if err := th.Unsubscribe(ctx); err != nil {
						return err
					}
					return errBoom
				}
			}
			time.Sleep(time.Duration(dice) * 50 * time.Millisecond)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			mu.Lock()
			defer mu.Unlock()
			order = append(order, n)
			for _, s := range append(m.Skipped, m) {
				part[s.ID] = append(part[s.ID], name+" "+m.ID)
			}
			return nil
		}
	}
	whole := policy()
	first := newTest(t, withStore(store), withConfig(bot.Config{Policy: whole, LeaseTTL: 2 * time.Second, HoldFor: time.Hour}))
	again, err := bot.New(bot.Config{Store: store, Policy: whole, LeaseTTL: 2 * time.Second, HoldFor: time.Hour, Adapter: first.fake})
	if err != nil {
		t.Fatal(err)
	}
	second := &testBot{t: t, fake: first.fake, store: store, bot: again}
	for _, w := range []*testBot{first, second} {
		w.bot.OnNewMention(h("mention"))
		w.bot.OnSubscribedMessage(h("subscribed"))
		w.bot.OnNewMessage(regexp.MustCompile("^x"), h("x"))
		w.bot.OnCommand(bot.Command{Name: "go"}, func(ctx context.Context, th *bot.Thread, c *bot.Invocation) error {
			return h("go")(ctx, th, c.Message)
		})
		w.bot.OnEvent(func(ctx context.Context, turn *bot.Turn) error { return h("event")(ctx, turn.Thread(), turn.Message()) })
	}
	stops := []func() error{first.begin(), second.begin()}
	count := 5 + r.IntN(25)
	for i := range count {
		text, pause := []string{"@helper hi", "x", "/go", "hello"}[r.IntN(4)], r.IntN(20)
		d := first.fake.Said(thread, fmt.Sprint("m", i+1), "ada", text)
		for first.bot.Accept(t.Context(), d) != nil {
			time.Sleep(100 * time.Millisecond) // as a platform tries again
		}
		time.Sleep(time.Duration(max(pause-10, 0)) * 200 * time.Millisecond)
	}
	time.Sleep(72 * time.Hour)
	for _, stop := range stops {
		if err := stop(); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
	posts := map[string]int{}
	for _, text := range first.fake.Posted(thread) {
		posts[text]++
	}
	for n := range count {
		id := fmt.Sprintf("m%d", n+1)
		turns := part[id]
		if len(turns) != 1 {
			t.Errorf("seed %d: %s was part of the turns %q, want one", seed, id, turns)
			continue
		}
		newest := turns[0][strings.LastIndexByte(turns[0], ' ')+1:]
		if posts[newest] == 0 {
			t.Errorf("seed %d: no reply to %s", seed, newest)
		}
		if newest != id && posts[id] > 0 && whole != bot.Takeover() {
			t.Errorf("seed %d: a turn of %s was begun, and %s took its place", seed, id, newest)
		}
	}
	if loose {
		return
	}
	for i := 1; i < len(order); i++ {
		if order[i] < order[i-1] {
			t.Errorf("seed %d: turns in the order %v", seed, order)
			break
		}
	}
}
