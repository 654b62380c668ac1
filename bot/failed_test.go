package bot_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/adaptertest"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/bottest"
	"github.com/linearbot/linearbot/state/memstate"
)

// TestFailuresAreSeen has turns go to the dead letters: a person who waits for an
// answer is told once, with a reference that names the dead letter.
func TestFailuresAreSeen(t *testing.T) {
	t.Parallel()
	boom := func(context.Context, *bot.Thread, *bot.Message) error { return bot.Permanent(errors.New("boom")) }
	for _, c := range []struct {
		name     string
		cfg      bot.Config
		register func(b *bot.Bot)
		want     []string
	}{
		{name: "an error", register: func(b *bot.Bot) { b.OnNewMention(boom) }, want: []string{"Sorry, something went wrong and I couldn't finish this. Reference: `REF`"}},
		{name: "a panic", cfg: bot.Config{MaxAttempts: 1}, register: func(b *bot.Bot) {
			b.OnNewMention(func(context.Context, *bot.Thread, *bot.Message) error { panic("boom") })
		}, want: []string{"Sorry, something went wrong and I couldn't finish this. Reference: `REF`"}},
		{name: "retries that succeed", register: func(b *bot.Bot) {
			b.OnNewMention(func(_ context.Context, _ *bot.Thread, m *bot.Message) error {
				if m.Attempt < 3 {
					return errors.New("boom")
				}
				return nil
			})
		}},
		{name: "out of time", cfg: bot.Config{MaxAttempts: 1, TurnTimeout: time.Minute}, register: func(b *bot.Bot) {
			b.OnNewMention(func(ctx context.Context, _ *bot.Thread, _ *bot.Message) error {
				<-ctx.Done()
				return ctx.Err()
			})
		}, want: []string{"Sorry, this took longer than I may work on it, so I've stopped. Reference: `REF`"}},
		{name: "switched off", cfg: bot.Config{NoApology: true}, register: func(b *bot.Bot) { b.OnNewMention(boom) }},
		{name: "own words", register: func(b *bot.Bot) {
			b.OnNewMention(boom).With(bot.HandlerOptions{Name: "answer"})
			b.OnFailed(func(ctx context.Context, th *bot.Thread, f *bot.Failed) error {
				_, err := th.Post(ctx, bot.Text(fmt.Sprintf("%s %s %s %d %T %v", f.Code, f.Handler, f.Reference, f.Attempts, f.Event, f.Err)))
				return err
			})
		}, want: []string{"permanent mention/answer REF 1 \\*adapter.MessageEvent mention/answer: boom"}},
		{name: "a hook that panics", register: func(b *bot.Bot) {
			b.OnNewMention(boom)
			b.OnFailed(func(context.Context, *bot.Thread, *bot.Failed) error { panic("again") })
			b.OnFailed(func(ctx context.Context, th *bot.Thread, _ *bot.Failed) error {
				_, err := th.Post(ctx, bot.Text("told all the same"))
				return err
			})
		}, want: []string{"told all the same"}},
		{name: "not a message", register: func(b *bot.Bot) {
			b.OnReaction(func(context.Context, *bot.Thread, *adapter.ReactionEvent) error {
				return bot.Permanent(errors.New("boom"))
			})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				k := bottest.New(t, c.cfg, c.register)
				th := k.NewThread()
				id := k.User("ada").Mention(th, "hello")
				k.Sleep(time.Hour)
				k.User("ada").React(id, "eyes")
				k.Sleep(time.Hour)
				want := c.want
				if dead := k.DeadLetters(); len(dead) > 0 {
					for i := range want {
						want[i] = strings.ReplaceAll(want[i], "REF", dead[0].ID[:8])
					}
				}
				if diff := cmp.Diff(append([]string{}, want...), append([]string{}, th.Posts()...)); diff != "" {
					t.Errorf("posts (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestADeletedMessageGetsNoApology deletes a message whose turns never end with a
// verdict, before it is buried.
func TestADeletedMessageGetsNoApology(t *testing.T) {
	t.Parallel()
	for _, deletes := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			store := &cutStore{Store: memstate.New(memstate.Options{})}
			defer store.Close()
			p := adaptertest.NewPlatform("helper")
			w := newTest(t, withStore(store), withPlatform(p, p.Fake), func(_ *testBot, cfg *bot.Config) {
				cfg.Name, cfg.LeaseTTL, cfg.MaxAttempts = "helper", 2*time.Second, 2
			})
			w.bot.OnNewMention(func(ctx context.Context, _ *bot.Thread, m *bot.Message) error {
				if m.Attempt == 2 && deletes {
					d, err := p.Apply(&adapter.DeleteEvent{Message: &adapter.Message{ID: m.ID}})
					if err != nil {
						return err
					}
					if err := w.bot.Accept(context.WithoutCancel(ctx), d); err != nil { // ends ctx
						return err
					}
				}
				store.cut.Store(true)
				<-ctx.Done()
				time.AfterFunc(5*time.Second, func() { store.cut.Store(false) }) // the lease has lapsed by then
				return ctx.Err()
			})
			w.deliver(p.Said(thread, "m1", "ada", "@helper hello"))
			w.run(time.Hour)
			if dead := w.dead(); len(dead) != 1 || dead[0].Cause.Code != "crashed" {
				t.Errorf("dead letters %+v, want one with code crashed", dead)
			}
			if said := len(p.Posted(thread)) > 0; said == deletes {
				t.Errorf("deleted %t: apologized %t", deletes, said)
			}
		})
	}
}
