package bottest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
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
	if n := k.Bot().Counts()[bot.CountDuplicate]; before == k.Bot() || n != 1 {
		t.Errorf("%d duplicates counted since the restart, want 1 and another bot", n)
	}
	k.User("bob").Say(th, "one")
	k.UserOf(adapter.User{ID: "ci", Kind: adapter.App}).Say(th, "not heard")
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
	k := bottest.New(t, bot.Config{}, func(b *bot.Bot) {
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
		second.ExpectExactly("Which?", `"" true`)
	})
}

// recorder is a test that notes how it fails.
type recorder struct {
	*testing.T
	log []string
}

func (r *recorder) Errorf(format string, args ...any) {
	r.log = append(r.log, fmt.Sprintf(format, args...))
}

func TestExpectationsFail(t *testing.T) {
	t.Parallel()
	r := &recorder{T: t}
	k := bottest.New(r, bot.Config{Name: "robot"}, echo)
	th := k.NewThread()
	k.User("ada").Say(th, "@robot hi")
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
	} {
		r.log = nil
		tt.expect()
		ok := len(r.log) == 0
		if tt.want != "" {
			ok = slices.ContainsFunc(r.log, func(s string) bool { return strings.Contains(s, tt.want) })
		}
		if !ok {
			t.Errorf("%s: failures %q, want one with %q", tt.name, r.log, tt.want)
		}
	}
}
