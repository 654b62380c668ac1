package bot_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/bot"
)

// TestPolicies sends messages a, b, c, d into one thread, a second apart, to a
// handler that takes two and a half seconds.
func TestPolicies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		policy bot.LanePolicy
		want   []string
	}{
		{"serial", bot.Serial(), []string{"0s a []", "2.5s b []", "5s c []", "7.5s d []"}},
		{"latest", bot.Latest(), []string{"0s a []", "2.5s c [b]", "5s d []"}},
		{"debounce", bot.Debounce(1500 * time.Millisecond), []string{"4.5s d [a b c]"}},
		{"burst", bot.Burst(1500 * time.Millisecond), []string{"1.5s b [a]", "4s d [c]"}},
		{"concurrent", bot.Concurrent(1), []string{"0s a []", "2.5s b []", "5s c []", "7.5s d []"}},
		{"drop", bot.Drop(), []string{"0s a []", "3s d []"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newTest(t, withPolicy(c.policy))
				start := time.Now()
				w.bot.OnNewMessage(nil, func(_ context.Context, _ *bot.Thread, m *bot.Message) error {
					skipped := []string{}
					for _, s := range m.Skipped {
						skipped = append(skipped, s.Body)
					}
					w.note("%s %s %v", time.Since(start), m.Body, skipped)
					time.Sleep(2500 * time.Millisecond)
					return nil
				})
				stop := w.start()
				for _, text := range []string{"a", "b", "c", "d"} {
					w.say("ada", text)
					time.Sleep(time.Second)
				}
				time.Sleep(time.Minute)
				stop()
				w.noted(c.want...)
				stats, err := w.store.Stats(t.Context())
				if err != nil || stats.Entries != 0 || stats.Dead != 0 {
					t.Errorf("the store still holds %+v, %v", stats, err)
				}
			})
		})
	}
}

func TestConcurrentPolicyIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withPolicy(bot.Concurrent(3)))
		most := w.mostAtOnce()
		for n := range 60 {
			w.say("ada", fmt.Sprint(n))
		}
		// A repeat goes to the place of the first and is known there.
		again := w.fake.Said(thread, "m7", "ada", "6")
		again.Body = append(again.Body, ' ')
		w.deliver(again)
		w.run(2 * time.Minute)
		if *most != 3 {
			t.Errorf("%d at once, want 3", *most)
		}
		if n := w.bot.Counts()["handled"]; n != 60 {
			t.Errorf("%d handled, want 60", n)
		}
	})
}

func TestSkippedMentionCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withPolicy(bot.Latest()))
		w.bot.OnNewMention(func(_ context.Context, _ *bot.Thread, m *bot.Message) error {
			w.note("%s %s %d", m.Body, m.Rule, len(m.Skipped))
			return nil
		})
		w.say("bot-user", "own words are no context")
		w.say("ada", "@helper please")
		w.say("ada", "thanks")
		w.run(time.Second)
		w.noted("thanks skipped 1")
	})
}

func TestSkippedMessagesAreKeptWhenTheNewestFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withPolicy(bot.Latest()))
		w.bot.OnNewMessage(nil, func(_ context.Context, _ *bot.Thread, m *bot.Message) error {
			w.note("%s attempt %d skips %d", m.Body, m.Attempt, len(m.Skipped))
			if m.Attempt == 1 {
				return errBoom
			}
			return nil
		})
		w.say("ada", "a")
		w.say("ada", "b")
		stop := w.start()
		synctest.Wait()
		time.Sleep(time.Minute)
		stop()
		w.noted("b attempt 1 skips 1", "b attempt 2 skips 1")
	})
}

func TestPoliciesNeedTheirNumbers(t *testing.T) {
	t.Parallel()
	for _, p := range []bot.LanePolicy{bot.Debounce(0), bot.Burst(-1), bot.Concurrent(0)} {
		if _, err := bot.New(bot.Config{Policy: p}); err == nil {
			t.Errorf("policy %+v: no error", p)
		}
	}
}
