package bot_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
)

// asking registers a handler that asks, and says what it was told.
func asking(w *world, q bot.Question) {
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
			_, err = t.Post(ctx, bot.Text("nobody answered"))
			return err
		}
		_, err = t.Post(ctx, bot.Text(draft+": "+a.Value+" by "+a.By.ID))
		return err
	})
	w.bot.OnNewMessage(nil, w.noting("other"))
}

func TestAskSurvivesARestart(t *testing.T) {
	t.Parallel()
	inWorld(t, bot.Config{}, func(t *testing.T, w *world) {
		asking(w, bot.Question{Text: "Which one?", Options: []adapter.Option{{Value: "a", Label: "The first"}, {Value: "b"}}, From: []string{"ada"}})
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
			"Which one?\n\n1. The first\n2. b\n\nAnswer with one of these, or its number.",
			"draft of m1: a by ada",
		}
		if diff := cmp.Diff(want, w.fake.Posted(thread)); diff != "" {
			t.Errorf("the thread (-want +got):\n%s", diff)
		}
		notes := []string{
			"run", "draft",
			`other fake:room:t1 m2 "the first"`, `other fake:room:t1 m3 "hm, let me see"`,
			`other fake:room:t1 m5 "b"`,
			"run", // with the answer
		}
		if diff := cmp.Diff(notes, w.notes()); diff != "" {
			t.Errorf("what ran (-want +got):\n%s", diff)
		}
		if n := len(w.dead()); n != 0 {
			t.Errorf("%d dead letters", n)
		}
	})
}

func TestAskTimesOut(t *testing.T) {
	t.Parallel()
	inWorld(t, bot.Config{}, func(t *testing.T, w *world) {
		asking(w, bot.Question{Text: "Anybody?", Timeout: time.Hour})
		w.say("ada", "@helper go")
		stop := w.start()
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		w.say("ada", "hello") // no answer any more
		synctest.Wait()
		if err := stop(); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"Anybody?", "nobody answered"}, w.fake.Posted(thread)); diff != "" {
			t.Errorf("the thread (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"run", "draft", "run", `other fake:room:t1 m2 "hello"`}, w.notes()); diff != "" {
			t.Errorf("what ran (-want +got):\n%s", diff)
		}
	})
}

func TestTwoQuestionsInOneTurn(t *testing.T) {
	t.Parallel()
	inWorld(t, bot.Config{}, func(t *testing.T, w *world) {
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
		if err := stop(); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"Rocket true by ada"}, w.notes()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestAskNeedsATurn(t *testing.T) {
	t.Parallel()
	inWorld(t, bot.Config{}, func(t *testing.T, w *world) {
		th, err := w.bot.Thread("W1", thread)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bot.Ask(t.Context(), th, bot.Question{Text: "?"}); err == nil || bot.IsParked(err) {
			t.Errorf("outside a turn: %v, want an error that says so", err)
		}
	})
}
