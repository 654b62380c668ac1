package bot_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

// offClock is a store whose clock differs from that of the process.
type offClock struct {
	*memstate.Store
	by time.Duration
}

func (s offClock) Lease(ctx context.Context, req state.LeaseRequest) ([]*state.Lease, error) {
	got, err := s.Store.Lease(ctx, req)
	for _, l := range got {
		l.Notes.Now = l.Notes.Now.Add(s.by)
		for i := range l.Entries {
			l.Entries[i].EnqueuedAt = l.Entries[i].EnqueuedAt.Add(s.by)
		}
	}
	return got, err
}

func (s offClock) Notes(ctx context.Context, thread state.Key) (state.NoteSet, error) {
	set, err := s.Store.Notes(ctx, thread)
	set.Now = set.Now.Add(s.by)
	return set, err
}

// TestClocksApart plays the same conversations on stores whose clocks are right, ahead
// and behind: what happens, and when, is the same.
func TestClocksApart(t *testing.T) {
	t.Parallel()
	ask := func(w *testBot, q bot.Question) {
		w.bot.OnNewMention(func(ctx context.Context, th *bot.Thread, _ *bot.Message) error {
			a, err := bot.Ask(ctx, th, q)
			if err == nil {
				w.at("answer %q %t", a.Value, a.TimedOut)
			}
			return err
		})
	}
	work := func(w *testBot) {
		w.bot.OnNewMention(func(ctx context.Context, _ *bot.Thread, m *bot.Message) error {
			w.at("begin %s %d", m.Body, len(m.Skipped))
			select {
			case <-time.After(time.Minute):
				w.at("done %s", m.Body)
				return nil
			case <-ctx.Done():
				w.at("%v", context.Cause(ctx))
				return ctx.Err()
			}
		})
	}
	for _, c := range []struct {
		name string
		cfg  bot.Config
		bot  func(w *testBot)
		play func(w *testBot)
	}{
		{
			"a question that times out",
			bot.Config{},
			func(w *testBot) { ask(w, bot.Question{Text: "?", Timeout: 5 * time.Minute}) },
			func(w *testBot) { w.say("ada", "@helper a") },
		},
		{
			"a question that is answered in time",
			bot.Config{},
			func(w *testBot) { ask(w, bot.Question{Text: "?", Timeout: 15 * time.Minute}) },
			func(w *testBot) { w.say("ada", "@helper a"); time.Sleep(14 * time.Minute); w.say("bob", "yes") },
		},
		{
			"a reaction while a question is posed",
			bot.Config{},
			func(w *testBot) {
				ask(w, bot.Question{Text: "?", Options: []adapter.Choice{{Value: "yes"}, {Value: "no"}}})
			},
			func(w *testBot) { w.say("ada", "@helper a"); time.Sleep(time.Minute); w.say("bob", "👍") },
		},
		{"debounce", bot.Config{Policy: bot.Debounce(30 * time.Second)}, work, func(w *testBot) {
			w.say("ada", "@helper a")
			time.Sleep(20 * time.Second)
			w.say("ada", "@helper b")
		}},
		{"burst", bot.Config{Policy: bot.Burst(30 * time.Second)}, work, func(w *testBot) {
			w.say("ada", "@helper a")
			time.Sleep(20 * time.Second)
			w.say("ada", "@helper b")
		}},
		{"takeover", bot.Config{Policy: bot.Takeover()}, work, func(w *testBot) {
			w.say("ada", "@helper a")
			time.Sleep(20 * time.Second)
			w.say("ada", "@helper b")
			time.Sleep(2 * time.Minute)
			w.say("ada", "@helper c")
		}},
		{
			"a stop ends what was before it", bot.Config{}, func(w *testBot) {
				work(w)
				w.bot.OnSubscribedMessage(func(ctx context.Context, th *bot.Thread, _ *bot.Message) error { return th.Stop(ctx) })
			}, func(w *testBot) {
				w.say("ada", "@helper a")
				time.Sleep(20 * time.Second)
				th, err := w.bot.Workspace("W1").Thread(thread)
				if err == nil {
					err = th.Stop(w.t.Context())
				}
				if err != nil {
					w.t.Error(err)
				}
				time.Sleep(time.Second)
				w.say("ada", "@helper b")
			},
		},
		{
			"a post for later", bot.Config{}, func(w *testBot) {
				w.bot.OnNewMention(func(ctx context.Context, th *bot.Thread, _ *bot.Message) error {
					for _, d := range []time.Duration{-time.Minute, 5 * time.Minute, time.Hour} {
						if _, err := th.PostAt(ctx, time.Now().Add(d), bot.Text(d.String())); err != nil {
							return err
						}
					}
					return nil
				})
			}, func(w *testBot) {
				w.say("ada", "@helper a")
				for range 13 {
					time.Sleep(5*time.Minute + time.Second)
					w.at("%d posts", len(w.fake.Posted(thread)))
				}
			},
		},
		{
			"a turn that fails", bot.Config{MaxAttempts: 4, NoApology: true}, func(w *testBot) {
				w.bot.OnNewMention(func(_ context.Context, _ *bot.Thread, m *bot.Message) error {
					w.at("attempt %d", m.Attempt)
					return errors.New("flaky")
				})
			}, func(w *testBot) { w.say("ada", "@helper a") },
		},
		{
			"a wait that was asked for", bot.Config{}, func(w *testBot) {
				w.bot.OnNewMention(func(_ context.Context, _ *bot.Thread, m *bot.Message) error {
					w.at("attempt %d", m.Attempt)
					if len(w.notes()) < 2 {
						return bot.RetryAfter(5*time.Minute, errors.New("later"))
					}
					return nil
				})
			}, func(w *testBot) { w.say("ada", "@helper a") },
		},
		{
			"state", bot.Config{}, func(w *testBot) {
				w.bot.OnNewMention(func(ctx context.Context, th *bot.Thread, _ *bot.Message) error {
					var now int
					err := bot.State[int](th).Update(ctx, func(n *int) error { *n++; now = *n; return nil })
					w.at("state %d", now)
					return err
				})
			}, func(w *testBot) { w.say("ada", "@helper a"); time.Sleep(30 * time.Minute); w.say("ada", "@helper b") },
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var want []string
			for _, by := range []time.Duration{0, 10 * time.Minute, -10 * time.Minute, 8 * time.Hour, -8 * time.Hour, 400 * 24 * time.Hour} {
				synctest.Test(t, func(t *testing.T) {
					w := newTest(t, withConfig(c.cfg), func(w *testBot, _ *bot.Config) {
						w.t = t
						s := memstate.New(memstate.Options{})
						t.Cleanup(func() { _ = s.Close() }) // nothing is lost with it
						w.store = offClock{s, by}
					})
					w.began = time.Now()
					c.bot(w)
					stop := w.start()
					c.play(w)
					time.Sleep(2 * time.Hour)
					stop()
					if dead := w.dead(); len(dead) > 0 {
						w.note("dead: %s", dead[0].Cause.Code)
					}
					if by == 0 {
						want = w.notes()
						return
					}
					if diff := cmp.Diff(want, w.notes()); diff != "" {
						t.Errorf("the store's clock is off by %s (-want +got):\n%s", by, diff)
					}
				})
			}
			if len(want) == 0 {
				t.Errorf("nothing has happened in %q", c.name)
			}
		})
	}
}
