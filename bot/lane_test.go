package bot_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/adaptertest"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state/memstate"
)

// told says what a handler got: the message and what it skips.
func told(name string, m *bot.Message) string {
	skipped := []string{}
	for _, s := range m.Skipped {
		skipped = append(skipped, s.Body)
	}
	return fmt.Sprintf("%s %s %v", name, m.Body, skipped)
}

// tells returns a handler that notes what it was told.
func (w *testBot) tells(name string) bot.MessageHandler {
	return func(_ context.Context, _ *bot.Thread, m *bot.Message) error {
		w.note("%s", told(name, m))
		return nil
	}
}

// editing is a Fake on which a text that begins with "edit" is an edit, which
// is routed as one.
type editing struct {
	*adaptertest.Fake

	read *int // how many edits were read
}

func (e editing) Route(d *adapter.Delivery) (adapter.Route, error) {
	r, err := e.Fake.Route(d)
	r.Message = !strings.Contains(string(d.Body), `"Body":"edit`)
	return r, err
}

func (e editing) Decode(d *adapter.Delivery, self *adapter.Identity) (adapter.Event, error) {
	ev, err := e.Fake.Decode(d, self)
	if m, ok := ev.(*adapter.MessageEvent); ok && strings.HasPrefix(m.Message.Body, "edit") {
		*e.read++
		return &adapter.EditEvent{Meta: m.Meta, Message: m.Message}, nil
	}
	return ev, err
}

// TestEventsKeepTheirPlace is about events that are not messages.
func TestEventsKeepTheirPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := memstate.New(memstate.Options{})
		defer store.Close()
		cfg := bot.Config{Store: store, Policy: bot.Latest()}
		w := newTest(t, withStore(store), withConfig(cfg))
		read := 0
		cfg.Adapter = editing{w.fake, &read}
		b, err := bot.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		w.bot = b
		b.OnNewMessage(nil, w.tells("p"))
		b.OnMessageUpdated(func(_ context.Context, _ *bot.Thread, m *bot.Message, _ string) error {
			w.note("%s", m.Body)
			return nil
		})
		for _, text := range []string{"edit 1", "a", "edit 2", "b", "edit 3"} {
			w.say("ada", text)
		}
		w.run(time.Minute)
		want := []string{"edit 1", "edit 2", "p b [a]", "edit 3"}
		w.noted(want...)
		if read != 3 {
			t.Errorf("edits were read %d times, want once each: to look at one costs requests where its thread is to be found out", read)
		}
	})
}

// TestArrivalsDuringAHold has messages arrive while a thread is held, at the
// very moment in which the hold ends, and while its messages are handled.
func TestArrivalsDuringAHold(t *testing.T) {
	t.Parallel()
	type said struct {
		at   int // seconds
		text string
	}
	for _, c := range []struct {
		name   string
		policy bot.LanePolicy
		say    []said
		want   []string
	}{
		{"burst ends when it ends", bot.Burst(5 * time.Second), []said{{0, "a"}, {1, "b"}, {4, "c"}, {6, "d"}}, []string{"5s c [a b]", "11s d []"}},
		{"debounce looks again", bot.Debounce(5 * time.Second), []said{{0, "a"}, {1, "b"}, {4, "c"}, {20, "d"}}, []string{"9s c [a b]", "25s d []"}},
		{"debounce begins anew", bot.Debounce(3 * time.Second), []said{{0, "a"}, {2, "b"}, {4, "c"}, {6, "d"}, {8, "e"}}, []string{"11s e [a b c d]"}},
		{"messages for other handlers too", bot.Burst(5 * time.Second), []said{{0, "a"}, {1, "x1"}, {2, "b"}, {3, "x2"}}, []string{"5s x2 [a x1 b]"}},
		{"while it is handled", bot.Debounce(5 * time.Second), []said{{0, "a"}, {6, "b"}, {7, "c"}}, []string{"5s a []", "12s c [b]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newTest(t, withPolicy(c.policy))
				start := time.Now()
				h := func(_ context.Context, _ *bot.Thread, m *bot.Message) error {
					w.note("%s", told(time.Since(start).String(), m))
					if m.Body == "a" {
						time.Sleep(3 * time.Second)
					}
					return nil
				}
				w.bot.OnNewMessage(regexp.MustCompile("^x"), h)
				w.bot.OnNewMessage(regexp.MustCompile("^[a-w]"), h)
				stop := w.start()
				for _, s := range c.say {
					time.Sleep(time.Until(start.Add(time.Duration(s.at) * time.Second)))
					w.say("ada", s.text)
				}
				time.Sleep(time.Minute)
				stop()
				w.noted(c.want...)
			})
		})
	}
	// What arrives at the moment in which the hold ends comes before or after,
	// and is handled once.
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			w := newTest(t, withConfig(bot.Config{Workers: 4, Policy: bot.Burst(time.Second)}))
			got := map[string]int{}
			w.bot.OnNewMessage(nil, func(_ context.Context, _ *bot.Thread, m *bot.Message) error {
				for _, m := range append(m.Skipped, m) {
					got[m.Body]++
				}
				return nil
			})
			stop := w.start()
			for n := range 12 {
				w.say("ada", fmt.Sprint(n))
				time.Sleep(250 * time.Millisecond)
			}
			time.Sleep(time.Minute)
			stop()
			for n := range 12 {
				if got[fmt.Sprint(n)] != 1 {
					t.Errorf("message %d was handled %d times", n, got[fmt.Sprint(n)])
				}
			}
		})
	}
}

// TestManyMessagesWait is about more messages than are leased at first, and
// more than are taken together at all.
func TestManyMessagesWait(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		waiting int
		want    []string // the newest, and how many it skips
	}{
		{8, []string{"7 7"}},
		{9, []string{"8 8"}},
		{150, []string{"149 149"}},
		{450, []string{"199 199", "399 199", "449 49"}},
	} {
		t.Run(fmt.Sprint(c.waiting), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newTest(t, withPolicy(bot.Latest()))
				w.bot.OnNewMessage(nil, func(_ context.Context, _ *bot.Thread, m *bot.Message) error {
					w.note("%s %d", m.Body, len(m.Skipped))
					return nil
				})
				for n := range c.waiting {
					w.say("ada", fmt.Sprint(n))
				}
				w.run(time.Minute)
				w.noted(c.want...)
			})
		})
	}
}

// TestThreadsOfALaneAreNotTakenTogether: a lane may hold messages of several
// threads if only their content tells them apart.
func TestThreadsOfALaneAreNotTakenTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newScripted()
		w := newTest(t, withPolicy(bot.Latest()), withPlatform(o, o.Fake), withSteadyBackoff())
		for i, in := range []adapter.ThreadID{"fake:room:1", "fake:room:2", "fake:room:1"} {
			id := fmt.Sprint("m", i)
			o.events[id] = &adapter.MessageEvent{Message: &adapter.Message{ID: id, Body: fmt.Sprint(id, " in ", in), Author: adapter.User{ID: "ada", Kind: adapter.UserHuman}}}
			o.moved[id] = in
			w.deliver(w.fake.Said(thread, id, "ada", "text"))
		}
		w.bot.OnNewMessage(nil, w.tells("p"))
		w.run(time.Second)
		w.noted("p m1 in fake:room:2 []", "p m2 in fake:room:1 [m0 in fake:room:1]")
	})
}

// TestStoppedMessagesAreNoContext stops a session in which messages wait.
func TestStoppedMessagesAreNoContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := memstate.New(memstate.Options{})
		defer store.Close()
		b, err := bot.New(bot.Config{Adapter: newLinear(t), Store: store, Policy: bot.Debounce(time.Minute)})
		if err != nil {
			t.Fatal(err)
		}
		w := &testBot{t: t, store: store, bot: b}
		b.OnNewMention(w.tells("m"))
		b.OnStop(nothing)
		stop := w.start()
		for _, s := range []string{"a", "b", "Stop", "c", "d"} {
			w.deliver(prompt(s, s, s == "Stop"))
			time.Sleep(5 * time.Second)
		}
		time.Sleep(time.Hour)
		stop()
		w.noted("m d [c]")
		if n := b.Counts()["ignored:stopped"]; n != 2 {
			t.Errorf("%d turns counted as stopped, want 2", n)
		}
	})
}

// TestAStoreThatFailsWhileALaneIsLookedAt costs time and nothing else.
func TestAStoreThatFailsWhileALaneIsLookedAt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &downStore{Store: memstate.New(memstate.Options{})}
		defer store.Close()
		store.down.Store(7)
		w := newTest(t, withStore(store), withConfig(bot.Config{MaxAttempts: 1, Policy: bot.Latest()}))
		w.bot.OnSubscribedMessage(w.tells("s"))
		w.bot.OnNewMention(w.tells("m"))
		w.say("ada", "@helper a")
		w.say("ada", "@helper b")
		w.run(time.Minute)
		w.noted("m @helper b [@helper a]")
		if n := len(w.dead()); n != 0 {
			t.Errorf("%d dead letters", n)
		}
	})
}

// TestMiddlewareSeesWhatIsSkipped, and an access rule does too.
func TestMiddlewareSeesWhatIsSkipped(t *testing.T) {
	t.Parallel()
	access := func(_ context.Context, turn *bot.Turn) (bot.Decision, error) {
		if turn.Message().Body == "b" && len(turn.Message().Skipped) != 1 {
			return bot.Deny(), errors.New("nothing skipped")
		}
		return bot.Allow(), nil
	}
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withConfig(bot.Config{Access: access, Policy: bot.Latest()}))
		w.bot.Use(func(next bot.Handler) bot.Handler {
			return func(ctx context.Context, turn *bot.Turn) error {
				w.note("%s", told("middleware", turn.Message()))
				return next(ctx, turn)
			}
		})
		w.bot.OnNewMessage(nil, w.tells("p"))
		w.say("ada", "a")
		w.say("ada", "b")
		w.run(time.Second)
		w.noted("middleware b [a]", "p b [a]")
	})
}

// TestManyWaitForARunningTurn has more messages wait than a lease usually brings,
// in a bot that has already asked for the next lane when it finds out.
func TestManyWaitForARunningTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withPolicy(bot.Latest()))
		w.bot.OnNewMessage(nil, func(_ context.Context, _ *bot.Thread, m *bot.Message) error {
			w.note("%s after %d", m.Body, len(m.Skipped))
			time.Sleep(time.Minute)
			return nil
		})
		stop := w.start()
		time.Sleep(time.Minute) // all workers are at work
		for i := range 31 {
			w.say("ada", fmt.Sprint(i))
			if i == 0 {
				synctest.Wait()
			}
		}
		time.Sleep(time.Hour)
		stop()
		w.noted("0 after 0", "30 after 29")
	})
}
