package bot_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/access"
)

// TestRows says which of the messages that wait are taken together, and what
// becomes of those in between.
func TestRows(t *testing.T) {
	t.Parallel()
	x := regexp.MustCompile("^x")
	next := func(w *world, name, declines string) bot.MessageHandler {
		return func(_ context.Context, _ *bot.Thread, m *bot.Message) error {
			w.note("%s", told(name, m))
			if strings.Contains(m.Body, declines) {
				return bot.Next
			}
			return nil
		}
	}
	subscribing := func(w *world, name string) bot.MessageHandler {
		return func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
			w.note("%s", told(name, m))
			return th.Subscribe(ctx)
		}
	}
	command := func(w *world, name string) *bot.Registration {
		return w.bot.OnCommand(bot.Command{Name: name}, func(_ context.Context, _ *bot.Thread, c *bot.Invocation) error {
			w.note("%s", told(name, c.Message))
			return nil
		})
	}
	for _, c := range []struct {
		name     string
		policy   bot.LanePolicy
		access   bot.Access
		register func(w *world)
		listens  bool     // the thread is subscribed from the start
		say      []string // "author: text", ada's if there is no author
		want     []string
		posted   []string
		skipped  int64
	}{
		{
			name: "one after the other for another handler",
			register: func(w *world) {
				w.bot.OnNewMention(w.tells("m")).With(with(bot.Latest()))
				w.bot.OnNewMessage(x, w.tells("x"))
			},
			say:     []string{"@helper a", "x1", "@helper b", "x2", "x3", "@helper c", "x4"},
			want:    []string{"x x1 []", "x x2 []", "x x3 []", "m @helper c [@helper a @helper b]", "x x4 []"},
			skipped: 2,
		},
		{
			name: "two handlers, each with its own", register: func(w *world) {
				w.bot.OnNewMention(w.tells("m")).With(with(bot.Latest()))
				w.bot.OnNewMessage(x, w.tells("x")).With(with(bot.Latest()))
			},
			say:     []string{"x1", "@helper a", "x2", "@helper b", "x3"},
			want:    []string{"m @helper b [@helper a]", "x x3 [x1 x2]"},
			skipped: 3,
		},
		{
			name: "what nobody wants", register: func(w *world) { w.bot.OnNewMention(w.tells("m")).With(with(bot.Latest())) },
			say:     []string{"@helper a", "lunch?", "bot-user: done", "@helper b"},
			want:    []string{"m @helper b [@helper a]"},
			skipped: 1,
		},
		{
			name: "what comes after may be for somebody who subscribes", register: func(w *world) {
				w.bot.OnNewMention(subscribing(w, "m")).With(with(bot.Latest()))
				w.bot.OnSubscribedMessage(w.tells("s")).With(with(bot.Latest()))
			},
			say:     []string{"@helper a", "@helper b", "lunch?", "@helper c"},
			want:    []string{"m @helper b [@helper a]", "s @helper c [lunch?]"},
			skipped: 2,
		},
		{
			name: "a command does not depend on that", register: func(w *world) {
				w.bot.OnNewMention(subscribing(w, "m")).With(with(bot.Latest()))
				w.bot.OnSubscribedMessage(w.tells("s"))
				command(w, "go")
			},
			say:     []string{"@helper a", "/go", "@helper b", "c"},
			want:    []string{"go /go []", "m @helper b [@helper a]", "s c []"},
			skipped: 1,
		},
		{
			name: "nor does what is left out anyway", register: func(w *world) {
				w.bot.OnNewMention(subscribing(w, "m")).With(with(bot.Latest()))
				w.bot.OnSubscribedMessage(w.tells("s"))
			},
			say:     []string{"@helper a", "bot-user: @helper hello", "robot: beep", "@helper b"},
			want:    []string{"m @helper b [@helper a]"},
			skipped: 1,
		},
		{
			name: "help that is none in a subscribed thread", listens: true, register: func(w *world) {
				w.bot.OnSubscribedMessage(w.tells("s")).With(with(bot.Latest()))
				command(w, "go")
			},
			say:     []string{"a", "@helper help me", "@helper help"},
			want:    []string{"s @helper help me [a]"},
			posted:  []string{"**Commands**\n\n- `@helper go`\n\nMore about one of them: `@helper help go`"},
			skipped: 1,
		},
		{
			name: "commands", register: func(w *world) {
				w.bot.OnNewMention(w.tells("m"))
				command(w, "status").With(with(bot.Latest()))
				command(w, "go")
			},
			say:     []string{"/status", "/go", "@helper status", "@helper hi", "/go", "@helper: status"},
			want:    []string{"go /go []", "m @helper hi []", "go /go []", "status @helper: status [/status @helper status]"},
			skipped: 2,
		},
		{
			name: "handlers of one mind", register: func(w *world) {
				w.bot.OnNewMention(w.tells("1")).With(with(bot.Latest()))
				w.bot.OnNewMention(w.tells("2")).With(with(bot.Latest()))
			},
			say:     []string{"@helper a", "@helper b"},
			want:    []string{"1 @helper b [@helper a]", "2 @helper b [@helper a]"},
			skipped: 1,
		},
		{
			name: "handlers that do not agree", register: func(w *world) {
				w.bot.OnNewMessage(nil, w.tells("1")).With(with(bot.Latest()))
				w.bot.OnNewMessage(x, w.tells("2"))
			},
			say:     []string{"a", "x1", "x2", "b", "c"},
			want:    []string{"1 x1 []", "2 x1 []", "1 x2 []", "2 x2 []", "1 c [a b]"},
			skipped: 2,
		},
		{
			name: "agreeing with the bot", policy: bot.Latest(), register: func(w *world) {
				w.bot.OnNewMention(w.tells("1"))
				w.bot.OnNewMention(w.tells("2")).With(with(bot.Latest()))
				w.bot.OnNewMessage(nil, w.tells("p"))
			},
			say:     []string{"@helper a", "c", "@helper b", "d"},
			want:    []string{"1 @helper b [@helper a]", "2 @helper b [@helper a]", "p d [c]"},
			skipped: 2,
		},
		{
			name: "one that is serial in a bot that is not", policy: bot.Latest(), register: func(w *world) {
				command(w, "go").With(with(bot.Serial()))
				w.bot.OnNewMention(w.tells("m"))
			},
			say:     []string{"@helper a", "/go", "/go", "thanks"},
			want:    []string{"go /go []", "go /go []", "m thanks [@helper a]"},
			skipped: 1,
		},
		{
			name: "handlers of everything", register: func(w *world) {
				w.bot.OnEvent(func(_ context.Context, turn *bot.Turn) error { w.note("%s", told("e", turn.Message())); return nil }).With(with(bot.Latest()))
				w.bot.OnNewMention(w.tells("m"))
			},
			say:     []string{"a", "@helper b", "c"},
			want:    []string{"m @helper b []", "e c [a]"},
			skipped: 1,
		},
		{
			name: "the newest is declined", register: func(w *world) {
				w.bot.OnNewMention(next(w, "m", "c")).With(with(bot.Latest()))
				w.bot.OnNewMessage(nil, w.tells("p"))
			},
			say:     []string{"@helper a", "@helper b", "@helper c"},
			want:    []string{"m @helper c [@helper a @helper b]", "p @helper c []", "m @helper b [@helper a]"},
			skipped: 1,
		},
		{
			name: "the newest is declined by everybody", policy: bot.Latest(),
			register: func(w *world) { w.bot.OnNewMessage(x, w.tells("x")) },
			say:      []string{"x1", "x2", "lunch?"},
			want:     []string{"x x2 [x1]"},
			skipped:  1,
		},
		{
			name: "the newest asks for help", policy: bot.Latest(), register: func(w *world) {
				w.bot.OnNewMention(w.tells("m"))
				command(w, "go")
			},
			say:    []string{"@helper a", "@helper help go"},
			want:   []string{"m @helper a []"},
			posted: []string{"`@helper go`"},
		},
		{
			name: "help that is none", register: func(w *world) {
				w.bot.OnNewMention(w.tells("m")).With(with(bot.Latest()))
				command(w, "go")
			},
			say:     []string{"@helper a", "@helper help me"},
			want:    []string{"m @helper help me [@helper a]"},
			skipped: 1,
		},
		{
			name: "the newest is a command that cannot be read", policy: bot.Latest(), register: func(w *world) {
				w.bot.OnNewMention(w.tells("m"))
				command(w, "go")
			},
			say:    []string{"@helper a", "/go --far"},
			want:   []string{"m @helper a []"},
			posted: []string{"There is no flag `--far`.\n\nUsage: `/go`"},
		},
		{
			name: "the newest is refused", register: func(w *world) {
				w.bot.OnNewMention(w.tells("m")).With(bot.HandlerOptions{Policy: bot.Latest(), Access: access.Users("ada").Else(bot.DenyWithReply("no"))})
			},
			say:     []string{"@helper a", "@helper b", "eve: @helper c"},
			want:    []string{"m @helper b [@helper a]"},
			posted:  []string{"no"},
			skipped: 1,
		},
		{
			name: "an older one is refused", register: func(w *world) {
				w.bot.OnNewMention(w.tells("m")).With(bot.HandlerOptions{Policy: bot.Latest(), Access: access.Users("ada").Else(bot.DenyWithReply("no"))})
			},
			say:     []string{"@helper a", "eve: @helper b", "@helper c"},
			want:    []string{"m @helper c [@helper a]"},
			skipped: 2,
		},
		{
			name: "only a refused one mentions", policy: bot.Latest(), register: func(w *world) {
				w.bot.OnNewMention(w.tells("m")).With(bot.HandlerOptions{Access: access.Users("ada").Else(bot.DenyWithReply("no"))})
			},
			say:    []string{"eve: @helper a", "b"},
			want:   []string{},
			posted: []string{"no"},
		},
		{
			name: "two bots too many", policy: bot.Latest(), register: func(w *world) { w.bot.OnNewMessage(nil, w.tells("p")) },
			say:     []string{"a", "b", "robot: @helper c"},
			want:    []string{"p b [a]"},
			posted:  []string{"I stop answering here: another program and I have been writing to each other. A person who mentions me brings me back."},
			skipped: 1,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, bot.Config{Policy: c.policy, Access: c.access, BotTurns: 1}, func(t *testing.T, w *world) {
				c.register(w)
				if strings.Contains(c.name, "too many") { // one is allowed
					w.deliver(w.fake.SaidBy(adapter.User{ID: "robot", Kind: adapter.App}, "W1", thread, "first", "@helper"))
					w.run(time.Second)
					c.want = append([]string{"p @helper []"}, c.want...)
				}
				if th, err := w.bot.Thread("W1", thread); err != nil || c.listens && th.Subscribe(t.Context()) != nil {
					t.Fatal("no subscription", err)
				}
				for i, s := range c.say {
					author, text, ok := strings.Cut(s, ": ")
					if !ok || strings.HasPrefix(author, "@") {
						author, text = "ada", s
					}
					from := adapter.User{ID: author}
					if author == "robot" {
						from.Kind = adapter.App
					}
					w.deliver(w.fake.SaidBy(from, "W1", thread, fmt.Sprint("m", i), text))
				}
				w.run(time.Minute)
				if diff := cmp.Diff(c.want, w.notes()); diff != "" {
					t.Errorf("what ran (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(c.posted, w.fake.Posted(thread)); diff != "" {
					t.Errorf("posted (-want +got):\n%s", diff)
				}
				if n := w.bot.Counts()[bot.CountSkipped]; n != c.skipped {
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
