package bot_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/access"
)

// TestRows says which of the messages that wait are taken together, and what
// becomes of those in between.
func TestRows(t *testing.T) {
	t.Parallel()
	x := regexp.MustCompile("^x")
	next := func(w *testBot, name, declines string) bot.MessageHandler {
		return func(_ context.Context, _ *bot.Thread, m *bot.Message) error {
			w.note("%s", told(name, m))
			if strings.Contains(m.Body, declines) {
				return bot.Next
			}
			return nil
		}
	}
	command := func(w *testBot, name string) {
		w.bot.OnCommand(bot.Command{Name: name}, func(_ context.Context, _ *bot.Thread, c *bot.Invocation) error {
			w.note("%s", told(name, c.Message))
			return nil
		})
	}
	for _, c := range []struct {
		name     string
		access   bot.Access
		register func(w *testBot)
		listens  bool     // the thread is subscribed from the start
		say      []string // "author: text", ada's if there is no author
		want     []string
		posted   []string
		skipped  int64
	}{
		{
			name: "handlers of all kinds", register: func(w *testBot) {
				w.bot.OnNewMention(w.tells("m"))
				w.bot.OnNewMessage(x, w.tells("x"))
				command(w, "go")
			},
			say:     []string{"@helper a", "/go", "@helper b", "x1", "x2"},
			want:    []string{"m x2 [@helper a /go @helper b x1]"},
			skipped: 4,
		},
		{
			name: "the newest is a command", register: func(w *testBot) {
				w.bot.OnNewMention(w.tells("m"))
				command(w, "go")
			},
			say:     []string{"@helper a", "b", "/go"},
			want:    []string{"go /go [@helper a b]"},
			skipped: 2,
		},
		{
			name: "programs that it does not listen to", register: func(w *testBot) {
				w.bot.OnNewMention(w.tells("m"))
			},
			say:     []string{"@helper a", "bot-user: @helper hello", "robot: beep", "@helper b"},
			want:    []string{"m @helper b [@helper a]"},
			skipped: 1,
		},
		{
			name: "a subscribed thread", listens: true, register: func(w *testBot) {
				w.bot.OnSubscribedMessage(w.tells("s"))
				w.bot.OnNewMention(w.tells("m"))
			},
			say:     []string{"a", "@helper b", "c"},
			want:    []string{"s c [a @helper b]"},
			skipped: 2,
		},
		{
			name: "help that is none in a subscribed thread", listens: true, register: func(w *testBot) {
				w.bot.OnSubscribedMessage(w.tells("s"))
				command(w, "go")
			},
			say:     []string{"a", "@helper help me"},
			want:    []string{"s @helper help me [a]"},
			skipped: 1,
		},
		{
			name: "several handlers", register: func(w *testBot) {
				w.bot.OnNewMention(w.tells("1"))
				w.bot.OnNewMention(w.tells("2"))
			},
			say:     []string{"@helper a", "@helper b"},
			want:    []string{"1 @helper b [@helper a]", "2 @helper b [@helper a]"},
			skipped: 1,
		},
		{
			name: "handlers of everything", register: func(w *testBot) {
				w.bot.OnEvent(func(_ context.Context, turn *bot.Turn) error { w.note("%s", told("e", turn.Message())); return nil })
			},
			say:     []string{"a", "b", "c"},
			want:    []string{"e c [a b]"},
			skipped: 2,
		},
		{
			name: "the newest is declined", register: func(w *testBot) {
				w.bot.OnNewMention(next(w, "m", "c"))
				w.bot.OnNewMessage(nil, w.tells("p"))
			},
			say:     []string{"@helper a", "@helper b", "@helper c"},
			want:    []string{"m @helper c [@helper a @helper b]", "p @helper c [@helper a @helper b]"},
			skipped: 2,
		},
		{
			name:     "the newest is declined by all handlers",
			register: func(w *testBot) { w.bot.OnNewMessage(x, w.tells("x")) },
			say:      []string{"x1", "x2", "lunch?"},
			want:     []string{"x x2 [x1]"},
			skipped:  1,
		},
		{
			name: "the newest asks for help", register: func(w *testBot) {
				w.bot.OnNewMention(w.tells("m"))
				command(w, "go")
			},
			say:    []string{"@helper a", "@helper help go"},
			want:   []string{"m @helper a []"},
			posted: []string{"`@helper go`"},
		},
		{
			name: "help that is none", register: func(w *testBot) {
				w.bot.OnNewMention(w.tells("m"))
				command(w, "go")
			},
			say:     []string{"@helper a", "@helper help me"},
			want:    []string{"m @helper help me [@helper a]"},
			skipped: 1,
		},
		{
			name: "the newest is a command that cannot be read", register: func(w *testBot) {
				w.bot.OnNewMention(w.tells("m"))
				command(w, "go")
			},
			say:    []string{"@helper a", "/go --far"},
			want:   []string{"m @helper a []"},
			posted: []string{"There is no flag `--far`.\n\nUsage: `/go`"},
		},
		{
			name: "the newest is refused", register: func(w *testBot) {
				w.bot.OnNewMention(w.tells("m")).With(bot.HandlerOptions{Access: access.Users("ada").Else(bot.DenyWithReply("no"))})
			},
			say:     []string{"@helper a", "@helper b", "eve: @helper c"},
			want:    []string{"m @helper b [@helper a]"},
			posted:  []string{"no"},
			skipped: 1,
		},
		{
			name: "an older one is refused", register: func(w *testBot) {
				w.bot.OnNewMention(w.tells("m")).With(bot.HandlerOptions{Access: access.Users("ada").Else(bot.DenyWithReply("no"))})
			},
			say:     []string{"@helper a", "eve: @helper b", "@helper c"},
			want:    []string{"m @helper c [@helper a]"},
			skipped: 2,
		},
		{
			name: "only a refused one mentions", register: func(w *testBot) {
				w.bot.OnNewMention(w.tells("m")).With(bot.HandlerOptions{Access: access.Users("ada").Else(bot.DenyWithReply("no"))})
			},
			say:    []string{"eve: @helper a", "b"},
			want:   []string{},
			posted: []string{"no"},
		},
		{
			name: "two bots too many", register: func(w *testBot) { w.bot.OnNewMessage(nil, w.tells("p")) },
			say:     []string{"a", "b", "robot: @helper c"},
			want:    []string{"p b [a]"},
			posted:  []string{"I'll stop answering here: another program and I have been writing to each other. Mention me to bring me back."},
			skipped: 1,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newTest(t, withConfig(bot.Config{Policy: bot.Latest(), Access: c.access, BotTurns: 1}))
				c.register(w)
				if strings.Contains(c.name, "too many") { // one is allowed
					w.deliver(w.fake.SaidBy(adapter.User{ID: "robot", Kind: adapter.UserApp}, "W1", thread, "first", "@helper"))
					w.run(time.Second)
					c.want = append([]string{"p @helper []"}, c.want...)
				}
				if th, err := w.bot.Workspace("W1").Thread(thread); err != nil || c.listens && th.Subscribe(t.Context()) != nil {
					t.Fatal("no subscription", err)
				}
				for i, s := range c.say {
					author, text, ok := strings.Cut(s, ": ")
					if !ok || strings.HasPrefix(author, "@") {
						author, text = "ada", s
					}
					from := adapter.User{ID: author}
					if author == "robot" {
						from.Kind = adapter.UserApp
					}
					w.deliver(w.fake.SaidBy(from, "W1", thread, fmt.Sprint("m", i), text))
				}
				w.run(time.Minute)
				w.noted(c.want...)
				w.posted(c.posted...)
				if n := w.bot.Counts()["skipped"]; n != c.skipped {
					t.Errorf("%d skipped, want %d", n, c.skipped)
				}
				stats, err := w.store.Stats(t.Context())
				if err != nil || stats.Entries != 0 || stats.Dead != 0 {
					t.Errorf("the store still holds %+v, %v", stats, err)
				}
			})
		})
	}
}
