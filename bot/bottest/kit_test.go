package bottest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/bottest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errBoom = errors.New("boom")

// echo answers mentions, subscribes on "@helper stay" and repeats what is said
// in a thread after that.
func echo(b *bot.Bot) {
	b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
		if m.Text() == "stay" {
			if err := t.Subscribe(ctx); err != nil {
				return err
			}
		}
		_, err := t.Post(ctx, bot.Text("Hello "+m.Author.ID))
		return err
	})
	b.OnSubscribedMessage(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
		_, err := t.Post(ctx, bot.Text(m.Body))
		return err
	})
}

func TestConversation(t *testing.T) {
	t.Parallel()
	k := bottest.New(t, bot.Config{}, echo)
	ada, th, other := k.User("ada"), k.NewThread(), k.Thread("fake:room:t1")
	if th.ID() == k.NewThread().ID() {
		t.Error("two new threads have the same id")
	}
	ada.Say(th, "nobody is asked")
	th.ExpectNone()
	ada.Say(th, "@helper stay")
	k.Duplicate()
	k.Wait()
	if !th.Subscribed() || other.Subscribed() {
		t.Errorf("subscribed: %t and %t, want only the first", th.Subscribed(), other.Subscribed())
	}
	before := k.Bot()
	k.Restart()
	k.Duplicate()
	if n := k.Bot().Counts()["duplicate"]; before == k.Bot() || n != 1 {
		t.Errorf("%d duplicates counted since the restart, want 1 and another bot", n)
	}
	k.User("bob").Say(th, "one")
	k.UserOf(adapter.User{ID: "ci", Kind: adapter.UserApp}).Say(th, "not heard")
	ada.Say(th, "two")
	th.ExpectExactly("Hello ada", "one", "two")
	th.Expect("Hello", "two")
	other.ExpectNone()
	if dead := k.DeadLetters(); len(dead) != 0 {
		t.Errorf("dead letters %v", dead)
	}
}

func TestRealClockRetries(t *testing.T) {
	t.Parallel()
	k := bottest.New(t, bot.Config{NoApology: true}, func(b *bot.Bot) {
		b.OnNewMention(func(context.Context, *bot.Thread, *bot.Message) error { return errBoom })
	})
	th := k.NewThread()
	k.User("ada").Say(th, "@helper hello")
	th.ExpectNone()
	if dead := k.DeadLetters(); len(dead) != 1 || dead[0].Attempt != 10 {
		t.Errorf("dead letters %+v, want one after ten attempts", dead)
	}
}

// A turn that waits for hours between its attempts takes no time on a virtual
// clock.
func TestVirtualClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var tries []time.Duration
		k := bottest.New(t, bot.Config{
			Backoff: func(attempt int) time.Duration { return time.Duration(attempt) * time.Hour },
		}, func(b *bot.Bot) {
			b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
				tries = append(tries, time.Since(begin))
				if m.Attempt < 3 {
					return errBoom
				}
				_, err := t.Post(ctx, bot.Text("At last"))
				return err
			})
		})
		th := k.NewThread()
		k.User("ada").Say(th, "@helper hello")
		th.ExpectExactly("At last")
		if diff := cmp.Diff([]time.Duration{0, time.Hour, 3 * time.Hour}, tries); diff != "" {
			t.Errorf("attempts (-want +got):\n%s", diff)
		}
	})
}

// A question ends the work of a turn; days later it is over.
func TestQuestion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := bottest.New(t, bot.Config{}, func(b *bot.Bot) {
			b.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
				a, err := bot.Ask(ctx, t, bot.Question{Text: "Which?", Timeout: 48 * time.Hour})
				if err != nil {
					return err
				}
				_, err = t.Post(ctx, bot.Text(fmt.Sprintf("%q %t", a.Value, a.TimedOut)))
				return err
			})
		})
		ada, first, second := k.User("ada"), k.NewThread(), k.NewThread()
		ada.Say(first, "@helper go")
		ada.Say(second, "@helper go")
		first.ExpectExactly("Which?")
		k.Restart()
		ada.Say(first, "this one")
		first.ExpectExactly("Which?", `"this one" false`)
		k.Sleep(49 * time.Hour)
		first.ExpectExactly("Which?", `"this one" false`)
		second.ExpectExactly("Which?\n\n_Timed out._", `"" true`)
	})
}

// recorder is a test that notes how it fails.
type recorder struct {
	*testing.T
	log []string

	mu    sync.Mutex
	lines []string // of the bot's log
}

func (r *recorder) Errorf(format string, args ...any) {
	r.log = append(r.log, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf("fatal: "+format, args...)
}

func (r *recorder) Log(args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, fmt.Sprint(args...))
}

func (r *recorder) Logf(format string, args ...any) { r.Log(fmt.Sprintf(format, args...)) }

func TestExpectationsFail(t *testing.T) {
	t.Parallel()
	r := &recorder{T: t}
	k := bottest.New(r, bot.Config{Name: "robot"}, func(b *bot.Bot) {
		echo(b)
		b.OnMessageUpdated(func(ctx context.Context, t *bot.Thread, m *bot.Message, _ string) error {
			if err := t.React(ctx, m.ID, "eyes"); err != nil {
				return err
			}
			_, err := t.Edit(ctx, "post-0", bot.Text("Hello again"))
			return err
		})
	})
	th := k.NewThread()
	id := k.User("ada").Say(th, "@robot hi")
	for _, tt := range []struct {
		name   string
		expect func()
		want   string // part of the report; empty if there is none
	}{
		{"none", th.ExpectNone, "Hello ada"},
		{"another text", func() { th.ExpectExactly("Hello") }, `want`},
		{"fewer", func() { th.ExpectExactly("Hello ada", "more") }, "more"},
		{"no such part", func() { th.Expect("Bye") }, `no post contains "Bye"`},
		{"one post for two parts", func() { th.Expect("Hello", "ada") }, "after number 1"},
		{"part", func() { th.Expect("Hello") }, ""},
		{"exact", func() { th.ExpectExactly("Hello ada") }, ""},
		{"no reaction", func() { th.ExpectReactions(id, "eyes") }, "are none\nwant\n  1 \"eyes\""},
		{"no reactions", func() { th.ExpectReactions(id) }, ""},
		{"never edited", func() { th.ExpectVersions("post-0", "Hello ada") }, ""},
		{"one edit too many", func() { th.ExpectVersions("post-0", "Hello ada", "Hello again") }, "Hello again"},
		{"edit", func() { k.User("ada").Edit(id, "@robot hello") }, ""},
		{"the text before", func() { th.ExpectExactly("Hello ada") }, "Hello again"},
		{"the text after", func() { th.ExpectExactly("Hello again") }, ""},
		{"one edit too few", func() { th.ExpectVersions("post-0", "Hello ada") }, "Hello again"},
		{"edited", func() { th.ExpectVersions("post-0", "Hello ada", "Hello again") }, ""},
		{"reaction", func() { th.ExpectReactions(id, ":eyes:") }, ""},
		{"another reaction", func() { th.ExpectReactions(id, "rocket") }, `want`},
		{"a reaction too few", func() { th.ExpectReactions(id) }, "eyes"},
		{"a reaction too many", func() { th.ExpectReactions(id, "eyes", "rocket") }, "rocket"},
		{"no message", func() { th.ExpectReactions("m9") }, `there is no message "m9"`},
		{"versions of no message", func() { th.ExpectVersions("m9", "x") }, "were none"},
		{"a post", func() { th.Post(0) }, ""},
		{"no post", func() { th.Post(1) }, "fatal: fake:room:thread-1: there is no post 1"},
		{"no post at all", func() { th.Post(-1) }, "fatal"},
	} {
		r.check(t, tt.name, tt.expect, tt.want)
	}
}

// check fails t unless f is reported with a text that contains want, or not at
// all if that is empty.
func (r *recorder) check(t *testing.T, name string, f func(), want string) {
	t.Helper()
	r.log = nil
	f()
	ok := len(r.log) == 0
	if want != "" {
		ok = slices.ContainsFunc(r.log, func(s string) bool { return strings.Contains(s, want) })
	}
	if !ok {
		t.Errorf("%s: failures %q, want one with %q", name, r.log, want)
	}
}

// What cannot happen on a platform ends the test.
func TestImpossible(t *testing.T) {
	t.Parallel()
	r := &recorder{T: t}
	k := bottest.New(r, bot.Config{}, echo)
	ada, bob, th := k.User("ada"), k.User("bob"), k.NewThread()
	r.check(t, "nothing to repeat", k.Duplicate, "nothing has happened")
	id := ada.Mention(th, "hi")
	post := th.Post(0).ID
	ada.React(post, "eyes")
	gone := ada.Say(th, "never mind")
	ada.Delete(gone)
	for _, tt := range []struct {
		name string
		do   func()
		want string
	}{
		{"edit of nothing", func() { ada.Edit("m9", "x") }, "there is no message m9"},
		{"edit of what is gone", func() { ada.Edit(gone, "x") }, "there is no message m2"},
		{"edit by another", func() { bob.Edit(id, "x") }, "m1 was written by ada, not by bob"},
		{"edit of the bot's", func() { ada.Edit(post, "x") }, "not by ada"},
		{"delete of nothing", func() { ada.Delete("m9") }, "there is no message m9"},
		{"the same reaction", func() { ada.React(post, "👀") }, "ada has reacted with 👀 already"},
		{"no reaction to take back", func() { bob.Unreact(post, "eyes") }, "bob has not reacted with eyes"},
		{"open already", func() { ada.Unresolve(th) }, "already"},
		{"no session", func() { ada.Stop(th) }, "agent session"},
		{"no issue to change", func() { ada.UpdateIssue(th, func(*adapter.Issue) {}) }, "does not belong to an issue"},
		{"no issue to remove", func() { ada.DeleteIssue(th) }, "there is no issue"},
		{"an issue that is there", func() { ada.CreateIssue(adapter.Issue{ID: "i"}); ada.CreateIssue(adapter.Issue{ID: "i"}) }, "already"},
		{"a change of nothing", func() { ada.UpdateIssue(k.Thread("fake:i"), func(*adapter.Issue) {}) }, "no field of the issue changed"},
		{"no id", func() { k.UserOf(adapter.User{Name: "ada"}) }, "needs an id"},
		{"a strange thread", func() { k.Thread("room") }, "not a thread id"},
		{"a register that fails", func() { bottest.New(r, bot.Config{}, func(*bot.Bot) error { return errBoom }) }, "register: boom"},
		{"an adapter", func() { bottest.New(r, bot.Config{Adapter: k.Platform()}, echo) }, "not for the test to choose"},
	} {
		r.check(t, tt.name, tt.do, tt.want)
	}
	r.log = nil
	th.ExpectExactly("Hello ada")
	if len(r.log) != 0 {
		t.Errorf("what was refused has happened: %q", r.log)
	}
}

// A bot that cannot run ends the test at once, on a virtual clock at the very
// moment.
func TestRunFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{T: t}
		begin := time.Now()
		k := bottest.New(r, bot.Config{}, func(b *bot.Bot) {
			b.OnNewMention(func(context.Context, *bot.Thread, *bot.Message) error { return nil }).
				With(bot.HandlerOptions{MaxAttempts: -1})
		})
		k.User("ada").Say(k.NewThread(), "@helper hello")
		r.check(t, "Run", k.Wait, "fatal: bottest: Run: ")
		if took := time.Since(begin); took > time.Second {
			t.Errorf("the test ended after %s, want at once", took)
		}
	})
}

// The bot's warnings are in the log of the test.
func TestLogOfTheTest(t *testing.T) {
	t.Parallel()
	r := &recorder{T: t}
	k := bottest.New(r, bot.Config{NoApology: true}, func(b *bot.Bot) {
		b.OnNewMention(func(context.Context, *bot.Thread, *bot.Message) error { return bot.Permanent(errBoom) })
	})
	k.User("ada").Say(k.NewThread(), "@helper hello")
	k.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.ContainsFunc(r.lines, func(s string) bool { return strings.Contains(s, "boom") }) {
		t.Errorf("the log is %q, want the error of the dead letter", r.lines)
	}
}
