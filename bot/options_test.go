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
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/access"
	"github.com/linearbot/linearbot/state/memstate"
)

func nothing(context.Context, *bot.Thread, *bot.Message) error { return nil }

func TestOptionsThatCannotBeCarriedOut(t *testing.T) {
	t.Parallel()
	anybody := access.If(func(context.Context, adapter.User) (bool, error) { return true, nil })
	for _, c := range []struct {
		name     string
		register func(b *bot.Bot)
		want     []string // handler and option of each error
		says     string
	}{
		{name: "nothing to say", register: func(b *bot.Bot) {
			b.OnNewMention(nothing).With(bot.HandlerOptions{})
			b.OnNewMention(nothing).With(bot.HandlerOptions{
				Name: "Answer_2.b-c", Timeout: time.Hour, MaxAttempts: 1, Access: anybody,
				Backoff: func(int) time.Duration { return 0 },
			})
			b.OnStop(nothing).With(bot.HandlerOptions{Timeout: time.Second})
		}},
		{name: "negative", register: func(b *bot.Bot) {
			b.OnNewMention(nothing)
			b.OnNewMention(nothing).With(bot.HandlerOptions{Timeout: -1, MaxAttempts: -1})
		}, want: []string{"mention/1 MaxAttempts"}, says: "must not be negative"},
		{name: "access where it cannot be", register: func(b *bot.Bot) {
			b.OnUninstalled(func(context.Context, *bot.Workspace) error { return nil }).With(bot.HandlerOptions{Access: anybody})
			b.OnStop(nothing).With(bot.HandlerOptions{Access: anybody})
		}, want: []string{"uninstalled/0 Access", "stop/0 Access"}, says: "everyone may stop"},
		{name: "names", register: func(b *bot.Bot) {
			b.OnNewMention(nothing).With(bot.HandlerOptions{Name: "answer"}).With(bot.HandlerOptions{Name: "answer"})
			b.OnSubscribedMessage(nothing).With(bot.HandlerOptions{Name: "answer"})
			b.OnNewMention(nothing).With(bot.HandlerOptions{Name: "answer"})
			b.OnNewMention(nothing).With(bot.HandlerOptions{Name: "2"})
			b.OnNewMention(nothing).With(bot.HandlerOptions{Name: "a b"})
			b.OnNewMention(nothing).With(bot.HandlerOptions{Name: "a/b\x00"})
		}, want: []string{"mention/1 Name", "mention/2 Name", "mention/3 Name", "mention/4 Name"}, says: "another handler of this kind is called answer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newTest(t)
				c.register(w.bot)
				w.say("ada", "@helper") // is kept for a program that can be run
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				err := w.bot.Run(ctx)
				if ready := w.bot.Ready(t.Context()); fmt.Sprint(ready) != fmt.Sprint(err) {
					t.Errorf("Ready: %v, Run: %v", ready, err)
				}
				var got []string
				if joined, ok := err.(interface{ Unwrap() []error }); ok {
					for _, err := range joined.Unwrap() {
						e, ok := errors.AsType[*bot.OptionsError](err)
						if !ok {
							t.Fatalf("%T: %v", err, err)
						}
						got = append(got, e.Handler+" "+e.Option)
					}
				} else if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("errors (-want +got):\n%s", diff)
				}
				if err != nil && !strings.Contains(err.Error(), c.says) {
					t.Errorf("%v does not say %q", err, c.says)
				}
				if stats, err := w.store.Stats(t.Context()); err != nil || (c.want != nil) != (stats.Entries == 1) {
					t.Errorf("the store holds %+v, %v", stats, err)
				}
			})
		})
	}
}

func TestNothingRegisteredTakesOptions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		b := w.bot
		for i, r := range []*bot.Registration{
			b.OnNewMention(nil), b.OnSubscribedMessage(nil), b.OnNewMessage(nil, nil), b.OnMessageUpdated(nil), b.OnMessageDeleted(nil),
			b.OnReaction(nil), b.OnStop(nil), b.OnUninstalled(nil), b.OnResolved(nil), b.OnNotification(nil), b.OnEvent(nil), b.OnIssue(nil),
			b.OnCommand(bot.Command{Name: "x"}, nil), b.OnCommand(bot.Command{}, func(context.Context, *bot.Thread, *bot.Invocation) error { return nil }),
		} {
			if r.With(bot.HandlerOptions{Timeout: -1}) != r {
				t.Errorf("registration %d: With does not return it", i)
			}
		}
		if err := b.Ready(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestTimeoutsOfHandlers has two handlers of one turn work for a time, in a bot
// whose turns may take a minute.
func TestTimeoutsOfHandlers(t *testing.T) {
	t.Parallel()
	const never = 2 * time.Hour
	for _, c := range []struct {
		name          string
		first, second bot.HandlerOptions
		takes         [2]time.Duration
		want          []string // when the handlers ended, and of what
	}{
		{
			name: "the bot's", takes: [2]time.Duration{20 * time.Second, never},
			want: []string{"20s <nil>", "1m0s bot: handler ran for too long"},
		},
		{
			name: "shorter", first: bot.HandlerOptions{Timeout: 10 * time.Second}, takes: [2]time.Duration{never},
			want: []string{"10s bot: handler ran for too long"},
		},
		{
			name: "shorter, for one of two", first: bot.HandlerOptions{Timeout: 10 * time.Second}, takes: [2]time.Duration{5 * time.Second, never},
			want: []string{"5s <nil>", "1m0s bot: handler ran for too long"},
		},
		{
			name: "the turn ends first", second: bot.HandlerOptions{Timeout: 50 * time.Second}, takes: [2]time.Duration{20 * time.Second, never},
			want: []string{"20s <nil>", "1m0s bot: handler ran for too long"},
		},
		{
			name: "longer", first: bot.HandlerOptions{Timeout: time.Hour}, takes: [2]time.Duration{never},
			want: []string{"1h0m0s bot: handler ran for too long"},
		},
		{
			name: "longer, and what is left for the other", first: bot.HandlerOptions{Timeout: time.Hour},
			takes: [2]time.Duration{30 * time.Minute, never},
			want:  []string{"30m0s <nil>", "31m0s bot: handler ran for too long"},
		},
		{
			name: "longer, after the other", second: bot.HandlerOptions{Timeout: time.Hour},
			takes: [2]time.Duration{30 * time.Second, never},
			want:  []string{"30s <nil>", "1h0m30s bot: handler ran for too long"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newTest(t, withConfig(bot.Config{TurnTimeout: time.Minute, MaxAttempts: 1}))
				start := time.Now()
				for i, o := range []bot.HandlerOptions{c.first, c.second} {
					w.bot.OnNewMention(func(ctx context.Context, _ *bot.Thread, _ *bot.Message) error {
						select {
						case <-ctx.Done():
						case <-time.After(c.takes[i]):
						}
						w.note("%s %v", time.Since(start), context.Cause(ctx))
						return ctx.Err()
					}).With(o)
				}
				w.say("ada", "@helper")
				w.run(3 * time.Hour)
				w.noted(c.want...)
				dead := w.dead()
				if len(dead) != 1 || !strings.Contains(dead[0].Cause.Message, fmt.Sprintf("mention/%d: bot: handler ran for too long", len(c.want)-1)) {
					t.Errorf("dead letters %+v, want one that says why", dead)
				}
			})
		})
	}
}

// TestAttemptsOfHandlers has two handlers of one turn, the first of which fails
// a few times.
func TestAttemptsOfHandlers(t *testing.T) {
	t.Parallel()
	every := func(d time.Duration) func(int) time.Duration { return func(int) time.Duration { return d } }
	for _, c := range []struct {
		name          string
		first, second bot.HandlerOptions
		fails         int // of the first; the second fails always
		access        error
		want          []string // when the handlers ran
	}{
		{name: "the bot's", fails: 9, want: []string{"0s 0", "1s 0", "3s 0"}},
		{name: "fewer", fails: 9, first: bot.HandlerOptions{MaxAttempts: 1}, want: []string{"0s 0"}},
		{name: "more", fails: 9, first: bot.HandlerOptions{MaxAttempts: 4}, want: []string{"0s 0", "1s 0", "3s 0", "7s 0"}},
		{name: "another wait", fails: 9, first: bot.HandlerOptions{Backoff: every(5 * time.Second)}, want: []string{"0s 0", "5s 0", "10s 0"}},
		{name: "no wait", fails: 9, first: bot.HandlerOptions{Backoff: every(-time.Second)}, want: []string{"0s 0", "0s 0", "0s 0"}},
		{
			name: "of the one that failed", fails: 2, first: bot.HandlerOptions{MaxAttempts: 9, Backoff: every(10 * time.Second)},
			second: bot.HandlerOptions{MaxAttempts: 4, Backoff: every(time.Minute)},
			want:   []string{"0s 0", "10s 0", "20s 0", "20s 1", "1m20s 0", "1m20s 1"},
		},
		{
			name: "outside of handlers the bot's", fails: 9, access: errBoom, first: bot.HandlerOptions{MaxAttempts: 1, Backoff: every(time.Hour)},
			want: []string{"1s 0"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			access := func(context.Context, *bot.Turn) (bot.Decision, error) {
				err := c.access
				c.access = nil
				return bot.Allow(), err
			}
			synctest.Test(t, func(t *testing.T) {
				w := newTest(t, withConfig(bot.Config{MaxAttempts: 3, Access: access}))
				start, runs := time.Now(), 0
				for i, o := range []bot.HandlerOptions{c.first, c.second} {
					w.bot.OnNewMention(func(context.Context, *bot.Thread, *bot.Message) error {
						w.note("%s %d", time.Since(start), i)
						if i == 0 {
							if runs++; runs > c.fails {
								return nil
							}
						}
						return errBoom
					}).With(o)
				}
				w.say("ada", "@helper")
				w.run(3 * time.Hour)
				w.noted(c.want...)
				if n := len(w.dead()); n != 1 {
					t.Errorf("%d dead letters, want one", n)
				}
			})
		})
	}
}

// TestAWaitOfAHandlerStepsAside is about HoldFor: it counts the waits of the
// handler that failed.
func TestAWaitOfAHandlerStepsAside(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		start := time.Now()
		w.bot.OnNewMessage(nil, func(_ context.Context, _ *bot.Thread, m *bot.Message) error {
			w.note("%s after %s", m.Body, time.Since(start))
			if m.Body == "bad" && m.Attempt <= 3 {
				return errBoom
			}
			return nil
		}).With(bot.HandlerOptions{Backoff: func(int) time.Duration { return 12 * time.Second }})
		w.say("ada", "bad")
		w.say("ada", "good")
		w.run(time.Hour)
		w.noted("bad after 0s", "bad after 12s", "bad after 24s", "good after 24s", "bad after 36s")
	})
}

// TestNamesKeepKeys lets the next version of a program register its handlers in
// another order while a turn is to be tried again.
func TestNamesKeepKeys(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		named bool
		want  []string
	}{
		{"with names", true, []string{"one", "two"}},
		{"without", false, []string{"one", "one"}}, // and "two" passes for what "one" had posted
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := memstate.New(memstate.Options{})
				defer store.Close()
				w := newTest(t, withStore(store), withConfig(bot.Config{Backoff: func(int) time.Duration { return time.Hour }}))
				post := func(text string) bot.MessageHandler {
					return func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
						if _, err := th.Post(ctx, bot.Text(text)); err != nil {
							return err
						}
						if m.Attempt == 1 && text == "one" {
							return errBoom
						}
						return nil
					}
				}
				register := func(text string) {
					r := w.bot.OnNewMention(post(text))
					if c.named {
						r.With(bot.HandlerOptions{Name: text})
					}
				}
				register("one")
				register("two")
				w.say("ada", "@helper")
				w.run(time.Second)
				next, err := bot.New(bot.Config{Store: store, Adapter: w.fake})
				if err != nil {
					t.Fatal(err)
				}
				w.bot = next
				register("two")
				register("one")
				w.run(2 * time.Hour)
				w.posted(c.want...)
			})
		})
	}
}

func TestHandlerTellsItsName(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		w.bot.Use(func(next bot.Handler) bot.Handler {
			return func(ctx context.Context, turn *bot.Turn) error {
				w.note("%s", turn.Handler())
				return next(ctx, turn)
			}
		})
		w.bot.OnNewMention(nothing).With(bot.HandlerOptions{Name: "greet"})
		w.bot.OnNewMention(nothing).With(bot.HandlerOptions{Name: "old"}).With(bot.HandlerOptions{Name: "new", Timeout: time.Second})
		w.bot.OnNewMention(nothing)
		w.bot.OnCommand(bot.Command{Name: "deploy"}, func(context.Context, *bot.Thread, *bot.Invocation) error { return nil }).
			With(bot.HandlerOptions{Name: "ship"})
		w.say("ada", "@helper")
		w.say("ada", "/deploy")
		w.run(time.Second)
		w.noted("mention/greet", "mention/new", "mention/2", "command/ship")
	})
}

// TestAccessOfHandlers is about handlers that some people may not use.
func TestAccessOfHandlers(t *testing.T) {
	t.Parallel()
	only := func(who ...string) bot.HandlerOptions {
		return bot.HandlerOptions{Access: access.Users(who...).Else(bot.DenyWithReply("not for you"))}
	}
	for _, c := range []struct {
		name     string
		register func(w *testBot)
		author   string
		text     string
		want     []string
		posted   []string
	}{
		{
			name: "allowed", author: "ada", text: "@helper", want: []string{`a fake:room:t1 m1 "@helper"`},
			register: func(w *testBot) { w.bot.OnNewMention(w.noting("a")).With(only("ada")) },
		},
		{
			name: "refused", author: "bob", text: "@helper", posted: []string{"not for you"},
			register: func(w *testBot) {
				w.bot.OnNewMention(w.noting("a")).With(only("ada"))
				w.bot.OnNewMessage(nil, w.noting("pattern"))
			},
		},
		{
			name: "refused by one of two", author: "bob", text: "@helper", want: []string{`b fake:room:t1 m1 "@helper"`}, posted: []string{"not for you"},
			register: func(w *testBot) {
				w.bot.OnNewMention(w.noting("a")).With(only("ada"))
				w.bot.OnNewMention(w.noting("b"))
			},
		},
		{
			name: "a command's own comes on top", author: "bob", text: "/deploy", posted: []string{"not for you"},
			register: func(w *testBot) {
				w.bot.OnCommand(bot.Command{Name: "deploy", Access: access.Users("ada", "bob")}, w.notingCommand("deploy")).With(only("ada"))
			},
		},
		{
			name: "and counts as well", author: "bob", text: "/deploy", posted: []string{"not yours"},
			register: func(w *testBot) {
				w.bot.OnCommand(bot.Command{Name: "deploy", Access: access.Users("ada").Else(bot.DenyWithReply("not yours"))}, w.notingCommand("deploy")).
					With(only("ada", "bob"))
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newTest(t)
				c.register(w)
				w.say(c.author, c.text)
				w.run(time.Second)
				w.noted(c.want...)
				w.posted(c.posted...)
			})
		})
	}
}

// TestAccessOfIssueHandlers: refusing the change does not refuse the mention in
// the description.
func TestAccessOfIssueHandlers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want []string
	}{
		{"nothing to see", []string{}},
		{"@helper look", []string{"mention"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			o := newScripted()
			w := newTest(t, withPlatform(o, o.Fake), withSteadyBackoff())
			w.bot.OnIssue(func(context.Context, *bot.Thread, *bot.IssueChange) error { w.note("issue"); return nil }).
				With(bot.HandlerOptions{Access: access.Users("bob").Else(bot.DenyWithReply("no"))})
			w.bot.OnNewMention(func(context.Context, *bot.Thread, *bot.Message) error { w.note("mention"); return nil })
			w.bot.OnEvent(func(context.Context, *bot.Turn) error { w.note("event"); return nil })
			ada := adapter.User{ID: "ada", Kind: adapter.UserHuman}
			w.event(o, &adapter.IssueEvent{
				Meta: adapter.Meta{Actor: ada}, Issue: &adapter.Issue{ID: "i"},
				Mention: &adapter.Message{ID: "m", Author: ada, Body: c.text},
			})
			w.run(time.Minute)
			if diff := cmp.Diff(c.want, w.notes()); diff != "" {
				t.Errorf("%s: ran (-want +got):\n%s", c.text, diff)
			}
			if diff := cmp.Diff([]string{"no"}, w.fake.Posted(thread)); diff != "" {
				t.Errorf("%s: posted (-want +got):\n%s", c.text, diff)
			}
			if n := w.bot.Counts(); n["ignored:access"] != 1 || n["handled"] != int64(len(c.want)) {
				t.Errorf("%s: counts %v", c.text, n)
			}
		})
	}
}

// TestUnhandledIssuesGoToOnEvent: like all other events.
func TestUnhandledIssuesGoToOnEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newScripted()
		w := newTest(t, withPlatform(o, o.Fake), withSteadyBackoff())
		w.bot.OnIssue(func(context.Context, *bot.Thread, *bot.IssueChange) error { w.note("issue"); return nil }, bot.IssueRemoved())
		w.bot.OnEvent(func(_ context.Context, turn *bot.Turn) error { w.note("%T", turn.Event()); return nil })
		w.event(o, &adapter.IssueEvent{Meta: adapter.Meta{Actor: adapter.User{ID: "ada", Kind: adapter.UserHuman}}, Issue: &adapter.Issue{ID: "i"}})
		w.run(time.Second)
		w.noted("*adapter.IssueEvent")
	})
}
