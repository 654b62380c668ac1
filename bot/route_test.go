package bot_test

import (
	"context"
	"errors"
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
)

func TestRouting(t *testing.T) {
	t.Parallel()
	declines := func(context.Context, *bot.Thread, *bot.Message) error { return bot.Next }
	for _, c := range []struct {
		name       string
		register   func(w *testBot)
		subscribed bool
		author     adapter.User
		text       string
		want       []string
		ignored    string
	}{
		{
			name: "subscribed wins over mention", subscribed: true, text: "@helper go",
			register: func(w *testBot) {
				w.bot.OnNewMention(w.noting("mention"))
				w.bot.OnSubscribedMessage(w.noting("subscribed"))
			},
			want: []string{`subscribed fake:room:t1 m1 "@helper go"`},
		},
		{
			name: "mention wins over pattern", text: "@helper deploy",
			register: func(w *testBot) {
				w.bot.OnNewMessage(regexp.MustCompile("deploy"), w.noting("pattern"))
				w.bot.OnNewMention(w.noting("mention"))
			},
			want: []string{`mention fake:room:t1 m1 "@helper deploy"`},
		},
		{
			name: "all handlers of a group, in order", text: "@helper go",
			register: func(w *testBot) {
				w.bot.OnNewMention(w.noting("first"))
				w.bot.OnNewMention(w.noting("second"))
			},
			want: []string{`first fake:room:t1 m1 "@helper go"`, `second fake:room:t1 m1 "@helper go"`},
		},
		{
			name: "every pattern that matches", text: "deploy now",
			register: func(w *testBot) {
				w.bot.OnNewMessage(regexp.MustCompile("^deploy"), w.noting("a"))
				w.bot.OnNewMessage(regexp.MustCompile("^never"), w.noting("b"))
				w.bot.OnNewMessage(nil, w.noting("c"))
			},
			want: []string{`a fake:room:t1 m1 "deploy now"`, `c fake:room:t1 m1 "deploy now"`},
		},
		{
			name: "a mention without handler falls to patterns", text: "@helper deploy",
			register: func(w *testBot) { w.bot.OnNewMessage(regexp.MustCompile("deploy"), w.noting("pattern")) },
			want:     []string{`pattern fake:room:t1 m1 "@helper deploy"`},
		},
		{
			name: "a group that declines", text: "@helper deploy", subscribed: true,
			register: func(w *testBot) {
				w.bot.OnSubscribedMessage(declines)
				w.bot.OnNewMention(declines)
				w.bot.OnNewMention(w.noting("mention"))
				w.bot.OnNewMessage(nil, w.noting("pattern"))
			},
			want: []string{`mention fake:room:t1 m1 "@helper deploy"`},
		},
		{
			name: "no mention", text: "hello",
			register: func(w *testBot) { w.bot.OnNewMention(w.noting("mention")) },
			ignored:  "ignored:not_mentioned",
		},
		{
			name: "a mention without a handler", text: "@helper hello",
			register: func(w *testBot) { w.bot.OnNewMessage(regexp.MustCompile("deploy"), w.noting("pattern")) },
			ignored:  "ignored:no_handler",
		},
		{
			name: "own message", text: "@helper hello", author: adapter.User{ID: "bot-user"},
			register: func(w *testBot) { w.bot.OnNewMention(w.noting("mention")) },
			ignored:  "ignored:self",
		},
		{
			name: "another app without mention", text: "hello", author: adapter.User{ID: "x", Kind: adapter.UserApp},
			register: func(w *testBot) { w.bot.OnNewMessage(nil, w.noting("pattern")) },
			ignored:  "ignored:other_bot",
		},
		{
			name: "another app that mentions", text: "hello @helper", author: adapter.User{ID: "x", Kind: adapter.UserApp},
			register: func(w *testBot) { w.bot.OnNewMention(w.noting("mention")) },
			want:     []string{`mention fake:room:t1 m1 "hello @helper"`},
		},
		{
			name: "nil handlers are no handlers", text: "@helper",
			register: func(w *testBot) {
				w.bot.OnNewMention(nil)
				w.bot.OnSubscribedMessage(nil)
				w.bot.OnNewMessage(nil, nil)
				w.bot.OnReaction(nil)
				w.bot.OnMessageUpdated(nil)
				w.bot.OnMessageDeleted(nil)
				w.bot.OnIssue(nil)
				w.bot.OnStop(nil)
				w.bot.OnUninstalled(nil)
			},
			ignored: "ignored:no_handler",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newTest(t)
				c.register(w)
				if c.subscribed {
					if err := w.handle(thread).Subscribe(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				if c.author.ID == "" {
					c.author.ID = "ada"
				}
				w.deliver(w.fake.SaidBy(c.author, "W1", thread, "m1", c.text))
				w.run(time.Second)
				w.noted(c.want...)
				if c.ignored != "" && w.bot.Counts()[c.ignored] != 1 {
					t.Errorf("counts %v, want one %s", w.bot.Counts(), c.ignored)
				}
				if n := len(w.dead()); n != 0 {
					t.Errorf("%d dead letters", n)
				}
			})
		})
	}
}

func TestBotPolicies(t *testing.T) {
	t.Parallel()
	for policy, want := range map[bot.OtherBots]int{bot.BotsOnMention: 1, bot.BotsNever: 0, bot.BotsAlways: 2} {
		synctest.Test(t, func(t *testing.T) {
			w := newTest(t, withConfig(bot.Config{Bots: policy}))
			w.bot.OnNewMessage(nil, w.noting("any"))
			app := adapter.User{ID: "other", Kind: adapter.UserApp}
			w.deliver(w.fake.SaidBy(app, "W1", thread, "a", "@helper hi"))
			w.deliver(w.fake.SaidBy(app, "W1", thread, "b", "hi"))
			w.deliver(w.fake.SaidBy(adapter.User{ID: "bot-user"}, "W1", thread, "c", "@helper own words"))
			w.run(time.Second)
			if got := len(w.notes()); got != want {
				t.Errorf("policy %d: %d messages handled, want %d: %v", policy, got, want, w.notes())
			}
		})
	}
}

func TestMiddlewareOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		wrap := func(name string) bot.Middleware {
			return func(next bot.Handler) bot.Handler {
				return func(ctx context.Context, turn *bot.Turn) error {
					w.note("%s before %s attempt %d", name, turn.Handler(), turn.Attempt())
					err := next(ctx, turn)
					w.note("%s after: %v", name, err)
					return err
				}
			}
		}
		w.bot.Use(wrap("outer"), wrap("inner"))
		w.bot.OnNewMention(w.noting("mention"))
		w.say("ada", "@helper")
		w.run(time.Second)
		want := []string{
			"outer before mention/0 attempt 1", "inner before mention/0 attempt 1",
			`mention fake:room:t1 m1 "@helper"`,
			"inner after: <nil>", "outer after: <nil>",
		}
		w.noted(want...)
	})
}

func TestMessageTellsWhatWasAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withConfig(bot.Config{Name: "hb"}))
		w.bot.OnNewMention(func(_ context.Context, _ *bot.Thread, m *bot.Message) error {
			w.note("%s %s %v", m.Text(), m.Rule, m.Mentioned)
			return nil
		})
		w.say("ada", "@helper what **time** is it?")
		w.say("ada", "@hb: what time is it?")
		w.run(time.Second)
		w.noted("what **time** is it? handle true", "what time is it? handle true")
	})
}

func TestWorkspacesStayApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		w.bot.OnSubscribedMessage(w.noting("subscribed"))
		w.bot.OnNewMessage(nil, func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
			w.note("new in %s", t.Workspace().ID())
			_, err := t.Post(ctx, bot.Text("hello "+t.Workspace().ID()))
			return err
		})
		if err := w.handle(thread).Subscribe(t.Context()); err != nil {
			t.Fatal(err)
		}
		// The same ids in another workspace are another thread and another
		// message.
		w.deliver(w.fake.SaidBy(adapter.User{ID: "ada"}, "W2", thread, "m1", "hi"))
		w.deliver(w.fake.SaidBy(adapter.User{ID: "ada"}, "W3", thread, "m1", "hi"))
		w.run(time.Second)
		if got := w.fake.Posted(thread); len(got) != 2 || got[0] == got[1] {
			t.Errorf("posted %q, want one answer in each workspace", got)
		}
		if got := len(w.notes()); got != 2 {
			t.Errorf("notes %q", w.notes())
		}
	})
}

func TestThreadHandles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		for id, code := range map[adapter.ThreadID]string{
			"": "invalid_thread_id", ":x": "invalid_thread_id", "x": "invalid_thread_id",
			"slack:C1:2": "adapter_not_found", "fake:": "invalid_thread_id",
		} {
			_, err := w.bot.Workspace("W1").Thread(id)
			var bad *bot.IDError
			if !errors.As(err, &bad) || bad.Code != code || bad.Error() == "" {
				t.Errorf("Thread(%q): %v, want an IDError with code %s", id, err, code)
			}
		}
		th := w.handle(thread)
		// Outside a turn every post is a new one.
		for range 2 {
			if _, err := th.Post(t.Context(), bot.Markdown("hello")); err != nil {
				t.Fatal(err)
			}
		}
		if got := w.fake.Posted(thread); len(got) != 2 {
			t.Errorf("posted %q, want two messages", got)
		}
		if _, err := th.Post(t.Context(), bot.Text(" \n ")); !errors.Is(err, bot.ErrEmpty) {
			t.Errorf("blank post: %v, want ErrEmpty", err)
		}
		if _, err := th.Post(t.Context(), nil); !errors.Is(err, bot.ErrEmpty) {
			t.Errorf("nil post: %v, want ErrEmpty", err)
		}
		if channel, err := th.Channel(); err != nil || channel != "fake:room" {
			t.Errorf("Channel = %q, %v", channel, err)
		}
	})
}
