package bot_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/card"
)

// reminding registers a handler that posts a reminder after d, and fails once
// after that.
func reminding(w *testBot, d time.Duration) {
	failed := false
	w.bot.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
		s, err := t.PostAt(ctx, time.Now().Add(d), bot.Markdown("Remember {{emoji:rocket}} **"+m.Text()+"**"))
		if err != nil {
			return err
		}
		w.note("%s", s.ID)
		if _, err := t.Post(ctx, bot.Text("I will.")); err != nil {
			return err
		}
		if !failed {
			failed = true
			return errBoom
		}
		return nil
	})
}

func TestPostAt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		reminding(w, 48*time.Hour)
		w.say("ada", "@helper the milk")
		w.run(time.Minute) // twice, as it fails; then the process ends
		if diff := cmp.Diff([]string{"I will."}, w.fake.Posted(thread)); diff != "" {
			t.Fatalf("before its time (-want +got):\n%s", diff)
		}
		time.Sleep(47 * time.Hour)
		w.run(time.Minute)
		if n := len(w.fake.Posted(thread)); n != 1 {
			t.Fatalf("%d posts before its time", n)
		}
		time.Sleep(time.Hour) // no bot runs when its time comes
		w.fake.FailPosts(&adapter.Error{Code: adapter.CodeUnavailable}, &adapter.Error{Code: adapter.CodeUnavailable})
		w.run(time.Minute)
		w.run(time.Minute)
		w.posted("I will.", "Remember 🚀 **the milk**")
		if ids := slices.Compact(w.notes()); len(w.notes()) != 2 {
			t.Errorf("ids %q", ids)
		}
		if n := len(w.dead()); n != 0 {
			t.Errorf("%d dead letters", n)
		}
	})
}

func TestPostAtWhatHasPassed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		reminding(w, -time.Hour)
		w.say("ada", "@helper now")
		w.run(time.Minute)
		w.posted("I will.", "Remember 🚀 **now**")
	})
}

// Outside a turn, with a handle on the thread.
func TestPostAtAndCancel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		th := w.handle(thread)
		post := func(d time.Duration, text string) *bot.Scheduled {
			s, err := th.PostAt(t.Context(), time.Now().Add(d), bot.Text(text))
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		post(2*time.Hour, "second")
		first := post(time.Hour, "first")
		never := post(90*time.Minute, "never")
		for range 2 { // the second is a no-op
			if err := th.CancelPost(t.Context(), never.ID); err != nil {
				t.Errorf("CancelPost: %v", err)
			}
		}
		stop := w.start()
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		stop()
		w.posted("first", "second")
		if err := first.Cancel(t.Context()); !errors.Is(err, bot.ErrPosted) {
			t.Errorf("Cancel of what was posted: %v", err)
		}
		for _, id := range []string{"", "x", "-1", "x-y"} {
			var bad *bot.IDError
			if err := th.CancelPost(t.Context(), id); !errors.As(err, &bad) || bad.Code != "invalid_post_id" {
				t.Errorf("CancelPost(%q): %v", id, err)
			}
		}
		if n := w.bot.Counts()["ignored:canceled"]; n != 1 {
			t.Errorf("%d canceled", n)
		}
	})
}

func TestPostAtRefuses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		th := w.handle(thread)
		stream := bot.Stream(func(yield func(string, error) bool) { yield("x", nil) })
		for _, tt := range []struct {
			name string
			c    bot.Content
			want error
		}{
			{"nothing", bot.Text(" "), bot.ErrEmpty},
			{"a stream", stream, errors.ErrUnsupported},
			{"a plan", bot.NewPlan("x"), errors.ErrUnsupported},
		} {
			if _, err := th.PostAt(t.Context(), time.Now(), tt.c); !errors.Is(err, tt.want) {
				t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
			}
		}
	})
}

// A scheduled message waits for its place like any other work of the thread.
func TestPostAtKeepsTheLane(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withConfig(bot.Config{Links: withLinks()}))
		w.bot.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
			card := card.Card{Title: "Ping", Children: []card.Element{card.Actions{card.Button{ID: "pong", Label: "Pong"}}}}
			if _, err := t.PostAt(ctx, time.Now().Add(time.Second), card); err != nil {
				return err
			}
			time.Sleep(time.Minute)
			_, err := t.Post(ctx, bot.Text("done"))
			return err
		})
		w.bot.OnAction(func(_ context.Context, _ *bot.Thread, a *adapter.ActionEvent) error {
			w.note("%s in %s", a.ActionID, a.MessageID)
			return nil
		})
		w.say("ada", "@helper go")
		w.run(5 * time.Minute)
		posts := w.fake.Posted(thread)
		if len(posts) != 2 || posts[0] != "done" {
			t.Fatalf("posts %q, want the scheduled one last", posts)
		}
		w.press(w.tokens("Pong")[0], adapter.ButtonOpen)
		w.run(time.Minute)
		w.noted("pong in post-1")
	})
}

// TestButtonsOfAScheduledCard schedules a card for a time after which links that are
// made now have expired.
func TestButtonsOfAScheduledCard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withConfig(bot.Config{Links: withLinks()}))
		w.bot.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
			_, err := t.PostAt(ctx, time.Now().Add(30*24*time.Hour), card.Card{Title: "Ping", Children: []card.Element{
				card.Actions{card.Button{ID: "ping", Label: "Ping"}, card.Button{ID: "pong", Label: "Pong"}},
			}})
			return err
		})
		w.bot.OnAction(func(_ context.Context, _ *bot.Thread, a *adapter.ActionEvent) error {
			w.note("%s in %s", a.ActionID, a.MessageID)
			return nil
		})
		w.say("ada", "@helper go")
		w.run(36 * 24 * time.Hour)
		w.press(w.tokens("Ping")[0], adapter.ButtonOpen)
		w.run(2 * 24 * time.Hour)
		w.press(w.tokens("Pong")[0], adapter.ButtonExpired)
		w.noted("ping in post-0")
	})
}
