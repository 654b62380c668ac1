package bot_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/adaptertest"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

// TestAnswersAreNotSkipped has an answer to a question wait together with other
// messages.
func TestAnswersAreNotSkipped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withPolicy(bot.Latest()))
		w.bot.OnNewMention(func(ctx context.Context, th *bot.Thread, _ *bot.Message) error {
			a, err := bot.Ask(ctx, th, bot.Question{Text: "Sure?", Options: []adapter.Choice{{Value: "yes"}, {Value: "no"}}})
			if err != nil {
				return err
			}
			w.note("answer %s", a.Value)
			return nil
		})
		w.bot.OnNewMessage(nil, w.tells("p"))
		w.say("ada", "@helper go")
		w.run(time.Second)
		for _, text := range []string{"hm", "let me see", "yes", "no", "thanks"} {
			w.say("ada", text)
		}
		w.run(time.Minute)
		// The first answer counts. The second is a message then.
		w.noted("p thanks [hm let me see no]", "answer yes")
	})
}

// TestAskKeepsWhatWasSkipped parks a turn that stands for several messages, of
// which only a skipped one mentions the bot.
func TestAskKeepsWhatWasSkipped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withPolicy(bot.Latest()))
		w.bot.OnNewMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
			for _, q := range []string{"Name?", "Team?"} {
				a, err := bot.Ask(ctx, th, bot.Question{Text: q})
				if err != nil {
					return err
				}
				w.note("%s", told(a.Value, m))
			}
			return nil
		})
		for _, text := range []string{"@helper create", "an issue", "please"} {
			w.say("ada", text)
		}
		w.run(time.Second)
		for _, text := range []string{"Rocket", "ENG"} {
			w.say("ada", text)
			w.run(time.Second)
			time.Sleep(24 * time.Hour)
		}
		const what = "please [@helper create an issue]"
		want := []string{"Rocket " + what, "Rocket " + what, "ENG " + what}
		w.noted(want...)
		if n := len(w.fake.Posted(thread)); n != 2 {
			t.Errorf("%d questions, want 2", n)
		}
	})
}

// amnesiac is a Fake that cannot read a text any more once it has forgotten
// it.
type amnesiac struct {
	*adaptertest.Fake

	forgotten string
}

func (f *amnesiac) Decode(d *adapter.Delivery, self *adapter.Identity) (adapter.Event, error) {
	if f.forgotten != "" && strings.Contains(string(d.Body), f.forgotten) {
		return nil, &adapter.Error{Code: adapter.CodeInvalid}
	}
	return f.Fake.Decode(d, self)
}

// TestAParkedTurnGoesOnWithoutWhatCannotBeRead is about deploys in between.
func TestAParkedTurnGoesOnWithoutWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := memstate.New(memstate.Options{})
		defer store.Close()
		w := newTest(t, withStore(store))
		platform := &amnesiac{Fake: w.fake}
		b, err := bot.New(bot.Config{Store: store, Adapter: platform, Policy: bot.Latest()})
		if err != nil {
			t.Fatal(err)
		}
		w.bot = b
		b.OnNewMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
			a, err := bot.Ask(ctx, th, bot.Question{Text: "?"})
			if err == nil {
				w.note("%s", told(a.Value, m))
			}
			return err
		})
		for _, text := range []string{"one", "two", "@helper three"} {
			w.say("ada", text)
		}
		w.run(time.Second)
		platform.forgotten = "one"
		w.say("ada", "yes")
		w.run(time.Second)
		w.noted("yes @helper three [two]")
	})
}

// TestAResumedTurnDoesNotWait: an answer is a message, so the policy holds it up
// like any other. The turn that it resumes waits for no more messages, and takes
// none that came since.
func TestAResumedTurnDoesNotWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withPolicy(bot.Debounce(10*time.Second)))
		start := time.Now()
		w.bot.OnNewMessage(nil, func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
			if m.Body != "ask" {
				w.note("%s", told(time.Since(start).String(), m))
				return nil
			}
			a, err := bot.Ask(ctx, th, bot.Question{Text: "?", From: []string{"bob"}})
			if err != nil {
				return err
			}
			w.note("%s", told(time.Since(start).String()+" "+a.Value, m))
			return nil
		})
		w.say("ada", "ask")
		stop := w.start()
		time.Sleep(time.Minute)
		w.say("bob", "yes")
		time.Sleep(time.Second)
		w.say("ada", "a")
		w.say("ada", "b")
		time.Sleep(time.Minute)
		stop()
		w.noted("1m11s b [a]", "1m11s yes ask []")
	})
}

// TestABegunTurnIsFinished interrupts a turn that stands for several messages
// after it has posted, and has a further message arrive before it runs again.
func TestABegunTurnIsFinished(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		// interrupt ends the first run of the turn.
		interrupt func(ctx context.Context, w *testBot, store *cutStore) error
		restart   bool
	}{
		{name: "by an error", interrupt: func(context.Context, *testBot, *cutStore) error { return errBoom }},
		{name: "by an error that steps aside", interrupt: func(context.Context, *testBot, *cutStore) error { return bot.RetryAfter(time.Hour, errBoom) }},
		{name: "by an error that spends no attempt", interrupt: func(context.Context, *testBot, *cutStore) error { return bot.RetryAfter(time.Second, errBoom) }},
		{name: "by a panic", interrupt: func(context.Context, *testBot, *cutStore) error { panic("boom") }},
		{name: "by the store", interrupt: func(context.Context, *testBot, *cutStore) error { return errCut }},
		{name: "by a lost lease", interrupt: func(ctx context.Context, _ *testBot, store *cutStore) error {
			store.cut.Store(true)
			<-ctx.Done()
			store.cut.Store(false)
			return ctx.Err()
		}},
		{name: "by a deploy", restart: true, interrupt: func(ctx context.Context, _ *testBot, _ *cutStore) error {
			<-ctx.Done()
			return ctx.Err()
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := &cutStore{Store: memstate.New(memstate.Options{})}
				defer store.Close()
				w := newTest(t, withStore(store), withConfig(bot.Config{
					Policy: bot.Latest(), LeaseTTL: 3 * time.Second, DrainTimeout: time.Second, TurnTimeout: time.Hour,
				}))
				runs := 0
				w.bot.OnNewMessage(nil, func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
					runs++
					w.note("%s", told("p", m))
					if _, err := th.Post(ctx, bot.Text("reply to "+m.Body)); err != nil {
						return err
					}
					if runs > 1 {
						return nil
					}
					w.say("ada", "d") //nolint:contextcheck // said by a person, not by the handler
					w.say("ada", "e") //nolint:contextcheck // as above
					return c.interrupt(ctx, w, store)
				})
				for _, text := range []string{"a", "b", "c"} {
					w.say("ada", text)
				}
				if c.restart {
					w.run(time.Second)
				}
				w.run(2 * time.Hour)
				want := []string{"p c [a b]", "p c [a b]", "p e [d]"}
				posted := []string{"reply to c", "reply to e"}
				if strings.Contains(c.name, "aside") {
					want[1], want[2] = want[2], want[1]
				}
				w.noted(want...)
				w.posted(posted...)
				stats, err := w.store.Stats(t.Context())
				if err != nil || stats.Entries != 0 || stats.Dead != 0 {
					t.Errorf("the store still holds %+v, %v", stats, err)
				}
			})
		})
	}
}

// TestABegunTurnIsFinishedAfterManyOthers lets a turn step aside, and many others
// pass. Of those nothing is remembered.
func TestABegunTurnIsFinishedAfterManyOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withPolicy(bot.Debounce(time.Second)))
		failed := false
		w.bot.OnNewMessage(nil, func(_ context.Context, _ *bot.Thread, m *bot.Message) error {
			w.note("%s", told("p", m))
			if m.Body == "b" && !failed {
				failed = true
				return bot.RetryAfter(24*time.Hour, errBoom)
			}
			return nil
		})
		w.say("ada", "a")
		w.say("ada", "b")
		stop := w.start()
		want := []string{"p b [a]"}
		for n := range 100 {
			time.Sleep(5 * time.Minute)
			w.say("ada", fmt.Sprint(n))
			want = append(want, fmt.Sprintf("p %d []", n))
		}
		time.Sleep(time.Until(time.Now().Truncate(24 * time.Hour).Add(24 * time.Hour)))
		w.say("ada", "c") // while the turn comes back
		time.Sleep(time.Hour)
		stop()
		want = append(want, "p b [a]", "p c []")
		w.noted(want...)
		kept, err := w.store.Notes(t.Context(), state.Key{Workspace: "W1", Kind: "thread", ID: string(thread)})
		if n := len(kept.Values["begun"]); err != nil || n == 0 || n > 1000 {
			t.Errorf("%d bytes are remembered, %v", n, err)
		}
	})
}

// TestABegunTurnThatSubscribedIsFinished: the thread counts as subscribed by
// now, for everyone but the turn that did it.
func TestABegunTurnThatSubscribedIsFinished(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withPolicy(bot.Latest()))
		runs := 0
		w.bot.OnNewMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
			runs++
			w.note("%s", told("m", m))
			if err := th.Subscribe(ctx); err != nil {
				return err
			}
			if runs == 1 {
				w.say("ada", "@helper c") //nolint:contextcheck // said by a person, not by the handler
				return bot.RetryAfter(time.Second, errBoom)
			}
			return nil
		})
		w.bot.OnSubscribedMessage(w.tells("s"))
		w.say("ada", "@helper a")
		w.say("ada", "@helper b")
		w.run(time.Minute)
		w.noted("m @helper b [@helper a]", "m @helper b [@helper a]", "s @helper c []")
	})
}

// TestABuriedTurnBuriesNoOther: what it skipped is handled by itself, and has
// spent nothing.
func TestABuriedTurnBuriesNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withPolicy(bot.Latest()))
		runs := 0
		w.bot.OnNewMessage(nil, func(_ context.Context, _ *bot.Thread, m *bot.Message) error {
			runs++
			w.note("%s attempt %d", told("p", m), m.Attempt)
			switch {
			case m.Body == "c" && runs < 4:
				return errBoom
			case m.Body == "c":
				return bot.Permanent(errBoom)
			default:
				return nil
			}
		}).With(bot.HandlerOptions{Backoff: func(int) time.Duration { return time.Hour }})
		for _, text := range []string{"a", "b", "c"} {
			w.say("ada", text)
		}
		w.run(24 * time.Hour)
		want := []string{"p c [a b] attempt 1", "p c [a b] attempt 2", "p c [a b] attempt 3", "p c [a b] attempt 4", "p b [a] attempt 1"}
		w.noted(want...)
		if n := len(w.dead()); n != 1 {
			t.Errorf("%d dead letters, want one", n)
		}
	})
}
