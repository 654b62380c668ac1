package bot_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
)

// TestTakeover has messages arrive while the turn of "@helper a" runs for a minute.
func TestTakeover(t *testing.T) {
	t.Parallel()
	self := adapter.User{ID: "bot-user", Name: "helper", Kind: adapter.UserSelf}
	for _, c := range []struct {
		name string
		// say happens after ten seconds, on the instance that runs the turn or on
		// another one.
		say       func(w *testBot)
		deaf      bool // the handler does not look at its context
		elsewhere bool
		want      []string
	}{
		{name: "nothing", say: func(*testBot) {}, want: []string{"0s @helper a []", "1m0s done @helper a"}},
		{
			name: "a newer message", say: func(w *testBot) { w.say("ada", "@helper b") },
			want: []string{"0s @helper a []", "10s " + bot.ErrTakenOver.Error(), "10s @helper b [@helper a]", "1m10s done @helper b"},
		},
		{
			name: "on another instance", elsewhere: true, say: func(w *testBot) { w.say("ada", "@helper b") },
			want: []string{"0s @helper a []", "10s " + bot.ErrTakenOver.Error(), "10s @helper b [@helper a]", "1m10s done @helper b"},
		},
		{
			name: "several", say: func(w *testBot) {
				w.say("ada", "@helper b")
				time.Sleep(time.Second)
				w.say("bob", "c")
			},
			want: []string{
				"0s @helper a []", "10s " + bot.ErrTakenOver.Error(), "10s @helper b [@helper a]",
				"11s " + bot.ErrTakenOver.Error(), "11s c [@helper a @helper b]", "1m11s done c",
			},
		},
		{
			name: "a handler that finishes all the same", deaf: true, say: func(w *testBot) { w.say("ada", "@helper b") },
			want: []string{"0s @helper a []", "1m0s done @helper a", "1m0s @helper b []", "2m0s done @helper b"},
		},
		{
			name: "what the bot says", say: func(w *testBot) { w.deliver(w.fake.SaidBy(self, "W1", thread, "post-7", "hm")) },
			want: []string{"0s @helper a []", "1m0s done @helper a"},
		},
		{
			name: "what another bot says", say: func(w *testBot) {
				w.deliver(w.fake.SaidBy(adapter.User{ID: "ci", Kind: adapter.UserApp}, "W1", thread, "m7", "hm"))
			},
			want: []string{"0s @helper a []", "1m0s done @helper a"},
		},
		{
			name: "another thread", say: func(w *testBot) { w.sayIn("fake:room:t2", "ada", "@helper b") },
			want: []string{"0s @helper a []", "10s @helper b []", "1m0s done @helper a", "1m10s done @helper b"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newTest(t, withPolicy(bot.Takeover()))
				start := time.Now()
				h := func(ctx context.Context, _ *bot.Thread, m *bot.Message) error {
					w.note("%s", told(time.Since(start).String(), m))
					done := ctx.Done()
					if c.deaf {
						done = nil
					}
					select {
					case <-time.After(time.Minute):
						w.note("%s done %s", time.Since(start), m.Body)
						return nil
					case <-done:
						w.note("%s %v", time.Since(start), context.Cause(ctx))
						return ctx.Err()
					}
				}
				w.bot.OnNewMention(h)
				stop := w.start()
				w.say("ada", "@helper a")
				time.Sleep(10 * time.Second)
				if c.elsewhere {
					other := newTest(t, withStore(w.store), withPolicy(bot.Takeover()), withPlatform(w.fake, w.fake))
					other.n = w.n
					c.say(other) // it does not run
				} else {
					c.say(w)
				}
				time.Sleep(time.Hour)
				stop()
				w.noted(c.want...)
				if dead := w.dead(); len(dead) != 0 {
					t.Errorf("dead letters %v", dead)
				}
			})
		})
	}
}

// TestTakeoverSparesAnswers: what a question runs again is finished, although a
// message arrives meanwhile.
func TestTakeoverSparesAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withPolicy(bot.Takeover()))
		w.bot.OnNewMention(func(ctx context.Context, th *bot.Thread, _ *bot.Message) error {
			a, err := bot.Ask(ctx, th, bot.Question{Text: "?", From: []string{"bob"}})
			if err != nil {
				return err
			}
			select {
			case <-time.After(time.Minute):
			case <-ctx.Done():
				return errors.New("ended")
			}
			w.note("%s", a.Value)
			return nil
		})
		stop := w.start()
		w.say("ada", "@helper a")
		time.Sleep(time.Second)
		w.say("bob", "yes")
		time.Sleep(10 * time.Second)
		w.say("ada", "@helper b")
		time.Sleep(10 * time.Minute)
		stop()
		w.noted("yes")
	})
}

// TestAnAnswerTakesNothingOver has the turn of "@helper a" wait for an answer by bob
// while that of "@helper c" runs for a minute. What answers the question, or means to,
// belongs to the first and leaves the second alone; any other message takes over.
func TestAnAnswerTakesNothingOver(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		say       func(w *testBot) // after ten seconds
		options   bool
		elsewhere bool
		want      []string
	}{
		{"an answer", func(w *testBot) { w.say("bob", "the second") }, false, false, []string{"1m0s done @helper c", "1m0s answer the second"}},
		{"on another instance", func(w *testBot) { w.say("bob", "the second") }, false, true, []string{"1m0s done @helper c", "1m0s answer the second"}},
		{"an option", func(w *testBot) { w.say("bob", "lgtm") }, true, false, []string{"1m0s done @helper c", "1m0s answer yes"}},
		{"another person's option", func(w *testBot) { w.say("ada", "yes") }, true, false, []string{"1m0s done @helper c"}},
		{
			"what is not an answer", func(w *testBot) { w.say("bob", "what is this about?") }, true, false,
			[]string{"10s " + bot.ErrTakenOver.Error(), "10s begin what is this about?", "1m10s done what is this about?"},
		},
		{
			"an answer and a newer message", func(w *testBot) { w.say("bob", "yes"); w.say("ada", "@helper d") }, true, false,
			[]string{"10s " + bot.ErrTakenOver.Error(), "10s begin @helper d", "1m10s done @helper d", "1m10s answer yes"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newTest(t, withPolicy(bot.Takeover()))
				var start time.Time
				w.bot.OnNewMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
					if m.Body == "@helper a" {
						q := bot.Question{Text: "?", From: []string{"bob"}}
						if c.options {
							q.Options = []adapter.Choice{{Value: "yes"}, {Value: "no"}}
						}
						a, err := bot.Ask(ctx, th, q)
						if err == nil {
							w.note("%s answer %s", time.Since(start), a.Value)
						}
						return err
					}
					if m.Body != "@helper c" {
						w.note("%s begin %s", time.Since(start), m.Body)
					}
					select {
					case <-time.After(time.Minute):
						w.note("%s done %s", time.Since(start), m.Body)
						return nil
					case <-ctx.Done():
						w.note("%s %v", time.Since(start), context.Cause(ctx))
						return ctx.Err()
					}
				})
				stop := w.start()
				w.say("ada", "@helper a")
				time.Sleep(time.Minute)
				start = time.Now()
				w.deliver(w.fake.SaidBy(adapter.User{ID: "ada"}, "W1", thread, "m-c", "@helper c"))
				time.Sleep(10 * time.Second)
				if c.elsewhere {
					other := newTest(t, withStore(w.store), withPolicy(bot.Takeover()), withPlatform(w.fake, w.fake))
					other.n = w.n
					c.say(other) // it does not run
				} else {
					c.say(w)
				}
				time.Sleep(10 * time.Minute)
				stop()
				w.noted(c.want...)
			})
		})
	}
}
