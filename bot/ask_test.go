package bot_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/adaptertest"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

// asking registers a handler that asks, and says what it was told.
func asking(w *testBot, q bot.Question) {
	w.bot.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
		w.note("run")
		draft, err := bot.Step(ctx, "draft", func(context.Context) (string, error) {
			w.note("draft")
			return "draft of " + m.ID, nil
		})
		if err != nil {
			return err
		}
		a, err := bot.Ask(ctx, t, q)
		if err != nil {
			return err
		}
		if a.TimedOut {
			_, err = t.Post(ctx, bot.Text("not answered"))
			return err
		}
		_, err = t.Post(ctx, bot.Text(draft+": "+a.Value+" by "+a.By.ID))
		return err
	})
	w.bot.OnNewMessage(nil, w.noting("other"))
}

func TestAskSurvivesARestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		asking(w, bot.Question{Text: "Which one?", Options: []adapter.Choice{{Value: "a", Label: "The first"}, {Value: "b"}}, From: []string{"ada"}})
		w.say("ada", "@helper go")
		w.run(time.Minute) // asks; the process ends
		stats, err := w.store.Stats(t.Context())
		if err != nil || stats.Entries != 0 || stats.Leased != 0 {
			t.Errorf("a parked turn holds %+v, %v", stats, err)
		}
		time.Sleep(48 * time.Hour)
		w.say("bob", "the first")      // may not answer
		w.say("ada", "hm, let me see") // no answer
		w.say("ada", "The first!")
		w.say("ada", "b") // too late
		w.run(time.Minute)
		time.Sleep(30 * 24 * time.Hour) // the time of the question passes
		w.run(time.Minute)
		want := []string{
			"Which one?\n\n<@ada>\n\n1. The first\n2. b\n\nAnswer with one of these, or its number.",
			"Only <@ada> can answer this.",
			"draft of m1: a by ada",
		}
		w.posted(want...)
		notes := []string{
			"run", "draft",
			`other fake:room:t1 m3 "hm, let me see"`,
			`other fake:room:t1 m5 "b"`,
			"run", // with the answer
		}
		w.noted(notes...)
		if n := len(w.dead()); n != 0 {
			t.Errorf("%d dead letters", n)
		}
	})
}

func TestAskTimesOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		asking(w, bot.Question{Text: "Any objections?", Timeout: time.Hour})
		w.say("ada", "@helper go")
		stop := w.start()
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		w.say("ada", "hello") // no answer any more
		synctest.Wait()
		stop()
		w.posted("Any objections?", "not answered")
		w.noted("run", "draft", "run", `other fake:room:t1 m2 "hello"`)
	})
}

func TestTwoQuestionsInOneTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		w.bot.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
			name, err := bot.Ask(ctx, t, bot.Question{Text: "Name?"})
			if err != nil {
				return err
			}
			ok, err := bot.RequestApproval(ctx, t, bot.ApprovalRequest{Title: "Create " + name.Value + "?", Details: "It costs money."})
			if err != nil {
				return err
			}
			w.note("%s %v by %s", name.Value, ok.Approved, ok.By.ID)
			return nil
		})
		stop := w.start()
		for _, text := range []string{"@helper create", "Rocket", "yes"} {
			w.say("ada", text)
			time.Sleep(time.Second)
		}
		stop()
		w.noted("Rocket true by ada")
	})
}

func TestAskNeedsATurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		th := w.handle(thread)
		if _, err := bot.Ask(t.Context(), th, bot.Question{Text: "?"}); err == nil || bot.IsParked(err) {
			t.Errorf("outside a turn: %v, want an error that says so", err)
		}
	})
}

// TestReactionWaitsForItsQuestion has a reaction overtake the turn that asks,
// as it can after a crash: it has a lane of its own. The question cannot be
// posted at first, or never.
func TestReactionWaitsForItsQuestion(t *testing.T) {
	t.Parallel()
	down := &adapter.Error{Code: adapter.CodeUnavailable, Op: "post"}
	for _, c := range []struct {
		name  string
		emoji string
		fail  []error
		after time.Duration
		want  []string
	}{
		{name: "an answer", emoji: "thumbs_up", fail: []error{down, down}, after: time.Minute, want: []string{"approved true"}},
		{name: "no answer", emoji: "eyes", fail: []error{down, down}, after: time.Second / 2, want: []string{"reaction"}},
		{name: "not for long", emoji: "thumbs_up", fail: []error{bot.Permanent(errBoom)}, after: 4 * time.Minute},
		{name: "not for ever", emoji: "thumbs_up", fail: []error{bot.Permanent(errBoom)}, after: 6 * time.Minute, want: []string{"reaction"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newScripted()
				w := newTest(t, withPlatform(o, o.Fake), withSteadyBackoff())
				w.bot.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
					a, err := bot.RequestApproval(ctx, t, bot.ApprovalRequest{Title: "Deploy?"})
					if err == nil {
						w.note("approved %v", a.Approved)
					}
					return err
				})
				w.bot.OnReaction(func(context.Context, *bot.Thread, *adapter.ReactionEvent) error { w.note("reaction"); return nil })
				o.events["m2"] = reaction(c.emoji, "post-0")
				w.fake.FailPosts(c.fail...)
				w.say("ada", "@helper deploy")
				stop := w.start()
				synctest.Wait()
				w.deliver(w.fake.Said("fake:room:reactions", "m2", "ada", ""))
				time.Sleep(c.after)
				synctest.Wait()
				stop()
				w.noted(c.want...)
			})
		})
	}
}

// reaction is ada's reaction to a message in the thread.
func reaction(emoji, to string) *adapter.ReactionEvent {
	return &adapter.ReactionEvent{
		Meta: adapter.Meta{Thread: thread}, User: adapter.User{ID: "ada", Kind: adapter.UserHuman}, Added: true, Emoji: emoji, MessageID: to,
	}
}

// TestTwoQuestionsAtOnce answers questions in another order than they were
// asked in.
func TestTwoQuestionsAtOnce(t *testing.T) {
	t.Parallel()
	for _, posts := range [][]string{{"post-0", "post-1"}, {"post-1", "post-0"}} {
		synctest.Test(t, func(t *testing.T) {
			o := newScripted()
			w := newTest(t, withPlatform(o, o.Fake), withSteadyBackoff())
			w.bot.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
				_, err := bot.RequestApproval(ctx, t, bot.ApprovalRequest{Title: "First?"})
				_, err2 := bot.RequestApproval(ctx, t, bot.ApprovalRequest{Title: "Second?"})
				if err := errors.Join(err, err2); err != nil {
					return err
				}
				w.note("done")
				return nil
			})
			for _, to := range posts {
				o.events[to] = reaction("check", to)
			}
			stop := w.start()
			w.say("ada", "@helper go")
			for _, to := range posts {
				synctest.Wait()
				w.deliver(w.fake.Said("fake:room:reactions", to, "ada", ""))
			}
			synctest.Wait()
			stop()
			if diff := cmp.Diff([]string{"done"}, w.notes()); diff != "" {
				t.Errorf("answers to %q (-want +got):\n%s", posts, diff)
			}
		})
	}
}

// forgetful is a store that loses the first verdict on every entry, as if the
// process had died just before, but for the entry whose id ends like that. The
// leases lapse.
type forgetful struct {
	state.Store

	but  string
	mu   sync.Mutex
	lost map[string]bool
}

func (s *forgetful) Settle(ctx context.Context, l *state.Lease, how state.Settlement) error {
	s.mu.Lock()
	id := how.Verdicts[0].ID
	lose := !s.lost[id] && !strings.HasSuffix(id, s.but)
	s.lost[id] = true
	s.mu.Unlock()
	if lose {
		return state.ErrLeaseLost
	}
	return s.Store.Settle(ctx, l, how)
}

// TestAnsweredTurnGoesOnOnce answers two questions before the turns that asked
// them are settled. These turns run again, and so do the answers, and yet the
// handler gets behind its questions once.
func TestAnsweredTurnGoesOnOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inner := memstate.New(memstate.Options{})
		defer inner.Close()
		o := &scripted{Fake: adaptertest.NewFake("helper"), events: make(map[string]adapter.Event)}
		w := &testBot{t: t, fake: o.Fake, store: &forgetful{Store: inner, but: "\x001\x00answer", lost: make(map[string]bool)}}
		var err error
		if w.bot, err = bot.New(bot.Config{Adapter: o, Store: w.store}); err != nil {
			t.Fatal(err)
		}
		w.bot.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
			w.note("run")
			for _, title := range []string{"First?", "Second?"} {
				if _, err := bot.RequestApproval(ctx, t, bot.ApprovalRequest{Title: title}); err != nil {
					return err
				}
			}
			w.note("done")
			return nil
		})
		w.bot.OnReaction(func(context.Context, *bot.Thread, *adapter.ReactionEvent) error { w.note("reaction"); return nil })
		posts := []string{"post-0", "post-1"}
		for _, to := range posts {
			o.events[to] = reaction("check", to)
		}
		stop := w.start()
		w.say("ada", "@helper go")
		for _, to := range posts {
			time.Sleep(10 * time.Second) // before the lease of the turn that asked lapses
			w.deliver(w.fake.Said(adapter.ThreadID("fake:room:"+to), to, "ada", ""))
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		stop()
		// It asks twice, has the first answer twice, and the second once.
		w.noted("run", "run", "run", "run", "run", "done")
		if n := len(w.fake.Posted(thread)); n != 2 {
			t.Errorf("%d posts, want the two questions", n)
		}
	})
}
