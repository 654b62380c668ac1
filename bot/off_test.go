package bot_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
)

func TestNegativeTurnTimeoutIsNoLimit(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		cfg     bot.Config
		options bot.HandlerOptions
		ends    bool
	}{
		"default":            {ends: true},
		"bot":                {cfg: bot.Config{TurnTimeout: -1}},
		"handler":            {options: bot.HandlerOptions{Timeout: -1}},
		"handler of limited": {cfg: bot.Config{TurnTimeout: time.Minute}, options: bot.HandlerOptions{Timeout: -time.Second}},
		"limited handler":    {cfg: bot.Config{TurnTimeout: -1}, options: bot.HandlerOptions{Timeout: time.Hour}, ends: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				test.cfg.MaxAttempts = 1
				w := newTest(t, withConfig(test.cfg))
				w.bot.OnNewMention(func(ctx context.Context, _ *bot.Thread, _ *bot.Message) error {
					select {
					case <-ctx.Done():
						return context.Cause(ctx)
					case <-time.After(48 * time.Hour):
						return nil
					}
				}).With(test.options)
				w.say("ada", "@helper think")
				w.run(50 * time.Hour)
				if ended := len(w.dead()) == 1; ended != test.ends {
					t.Errorf("the handler was ended: %v, want %v", ended, test.ends)
				}
			})
		})
	}
}

func TestNegativeBotTurnsIsNoBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withConfig(bot.Config{BotTurns: -1, Bots: bot.BotsAlways}))
		w.bot.OnNewMessage(nil, w.noting("message"))
		robot := adapter.User{ID: "robot", Kind: adapter.UserApp}
		const n = 50
		for i := range n {
			w.deliver(w.fake.SaidBy(robot, "W1", thread, fmt.Sprintf("m%d", i), "text"))
		}
		w.run(time.Minute)
		if got := len(w.notes()); got != n {
			t.Errorf("%d messages were handled, want all %d", got, n)
		}
	})
}

func TestNegativeHoldForStepsAsideAtOnce(t *testing.T) {
	t.Parallel()
	for hold, first := range map[time.Duration]string{0: "fails", -1: "works"} {
		t.Run(fmt.Sprint(hold), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newTest(t, withConfig(bot.Config{HoldFor: hold}))
				w.bot.OnNewMention(func(_ context.Context, _ *bot.Thread, m *bot.Message) error {
					if m.Attempt == 1 && m.Text() == "fails" {
						return errBoom
					}
					w.note("%s", m.Text())
					return nil
				})
				w.say("ada", "@helper fails")
				w.say("ada", "@helper works")
				w.run(time.Minute)
				if got := w.notes(); len(got) != 2 || got[0] != first {
					t.Errorf("handled %q, want %q first", got, first)
				}
			})
		})
	}
}

func TestNegativeDrainTimeoutEndsTurnsAtOnce(t *testing.T) {
	t.Parallel()
	for drain, want := range map[time.Duration]time.Duration{0: 20 * time.Second, -1: 0} {
		t.Run(fmt.Sprint(drain), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newTest(t, withConfig(bot.Config{DrainTimeout: drain}))
				w.bot.OnNewMention(func(ctx context.Context, _ *bot.Thread, _ *bot.Message) error {
					select {
					case <-ctx.Done():
					case <-time.After(20 * time.Second):
					}
					return context.Cause(ctx)
				})
				stop := w.start()
				w.say("ada", "@helper think")
				synctest.Wait()
				begin := time.Now()
				stop()
				if took := time.Since(begin); took != want {
					t.Errorf("the stop took %s, want %s", took, want)
				}
			})
		})
	}
}
