package bot_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/bottest"
)

// TestPlanOfATurnThatEndsEarly: what is unfinished in the plan of a session is canceled
// when its turn is stopped or fails, and only then.
func TestPlanOfATurnThatEndsEarly(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end  func(ctx context.Context, th *bot.Thread) error
		stop bool
		// left says that the plan stays as it is.
		left bool
	}{
		"stopped":  {end: func(ctx context.Context, _ *bot.Thread) error { <-ctx.Done(); return ctx.Err() }, stop: true},
		"fails":    {end: func(context.Context, *bot.Thread) error { return bot.Permanent(errBoom) }},
		"panics":   {end: func(context.Context, *bot.Thread) error { panic("boom") }},
		"too long": {end: func(ctx context.Context, _ *bot.Thread) error { <-ctx.Done(); return ctx.Err() }},
		"says so":  {end: func(ctx context.Context, th *bot.Thread) error { return th.Session().Fail(ctx, "No.") }},
		"answers": {end: func(ctx context.Context, th *bot.Thread) error {
			_, err := th.Post(ctx, bot.Text("the rest comes tomorrow"))
			return err
		}, left: true},
		"asks": {end: func(ctx context.Context, th *bot.Thread) error {
			_, err := bot.Ask(ctx, th, bot.Question{Text: "Which?"})
			return err
		}, left: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				k := bottest.New(t, bot.Config{MaxAttempts: 2}, func(b *bot.Bot) {
					b.OnNewMention(func(ctx context.Context, th *bot.Thread, _ *bot.Message) error {
						plan := bot.NewPlan("", "read", "write", "test")
						if _, err := th.Post(ctx, plan); err != nil {
							return err
						}
						if err := plan.Update(ctx, bot.PlanUpdate{ID: "1", Status: bot.TaskComplete}); err != nil {
							return err
						}
						if err := plan.Update(ctx, bot.PlanUpdate{ID: "2", Status: bot.TaskInProgress}); err != nil {
							return err
						}
						return c.end(ctx, th)
					})
				})
				s, ada := k.NewSession(), k.User("ada")
				ada.Say(s, "go")
				time.Sleep(time.Second)
				if c.stop {
					ada.Stop(s)
				}
				k.Sleep(time.Hour)
				want := []adapter.PlanStep{
					{Content: "read", Status: "completed"}, {Content: "write", Status: "canceled"}, {Content: "test", Status: "canceled"},
				}
				if c.left {
					want[1].Status, want[2].Status = "inProgress", "pending"
				}
				if diff := cmp.Diff(want, s.Plan()); diff != "" {
					t.Errorf("the plan (-want +got):\n%s", diff)
				}
			})
		})
	}
}
