package bot_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/bot"
)

// TestSessionLinks adds links to a session, renames one and removes others. A turn that
// runs again leaves what a single run does.
func TestSessionLinks(t *testing.T) {
	t.Parallel()
	const pr, log, gone = "https://git.example.com/7", "https://logs.example.com/7?a=b&c", "https://ci.example.com/7"
	w := newAcme(t, bot.Config{}, func(b *bot.Bot, _ *acme) {
		b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
			s := t.Session()
			if err := s.AddLinks(ctx,
				adapter.SessionLink{Label: "PR", URL: pr}, adapter.SessionLink{URL: log}, adapter.SessionLink{Label: "CI", URL: gone},
			); err != nil {
				return err
			}
			if err := s.AddLinks(ctx, adapter.SessionLink{Label: "Pull request 7", URL: pr}); err != nil {
				return err
			}
			if err := s.RemoveLinks(ctx, gone, "https://example.com/never-added"); err != nil {
				return err
			}
			if err := s.AddLinks(ctx, adapter.SessionLink{Label: "bad", URL: "javascript:alert(1)"}); adapter.CodeOf(err) != adapter.CodeInvalid {
				return bot.Permanent(err)
			}
			if m.Attempt == 1 {
				return errBoom
			}
			_, err := s.Finish(ctx, bot.Text("ready"))
			return err
		})
	}, "AgentSessionEvent")
	w.ada.Comment(w.issue, "@helper-bot go")
	x := w.session(0)
	w.ends(x, "complete")
	want := []linearsim.SessionLink{{Label: "logs.example.com", URL: log}, {Label: "Pull request 7", URL: pr}}
	if diff := cmp.Diff(want, x.Links()); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	if c := x.Timing(); c.Unresponsive {
		t.Errorf("timing %+v", c)
	}
}

// TestSessionRepositories asks which repositories an issue is about, in a session and in
// a thread of comments.
func TestSessionRepositories(t *testing.T) {
	t.Parallel()
	candidates := []adapter.Repository{{Host: "github.com", Name: "acme/shop"}, {Host: "github.com", Name: "acme/checkout"}}
	found := make(chan []adapter.RepositorySuggestion, 4)
	w := newAcme(t, bot.Config{}, func(b *bot.Bot, _ *acme) {
		b.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
			got, err := t.Session().SuggestRepositories(ctx, candidates...)
			if err != nil {
				return err
			}
			found <- got
			_, err = t.Session().Finish(ctx, bot.Text("ready"))
			return err
		})
	}, "AgentSessionEvent")
	w.ada.Comment(w.issue, "@helper-bot where?")
	w.ends(w.session(0), "complete")
	got := <-found
	if len(got) != len(candidates) {
		t.Fatalf("suggestions %+v, want one of each", got)
	}
	for i, s := range got {
		if s.Confidence < 0 || s.Confidence > 1 || i > 0 && s.Confidence > got[i-1].Confidence {
			t.Errorf("suggestion %+v after %+v: the likeliest comes first, from 1 to 0", s, got[max(0, i-1)])
		}
	}
	if got[0].Name != "acme/checkout" { // the issue is "Checkout fails"
		t.Errorf("the likeliest is %q", got[0].Name)
	}
}

// TestSessionPlanIsCanceled: on Linear, a stop cancels what is unfinished in the plan.
func TestSessionPlanIsCanceled(t *testing.T) {
	t.Parallel()
	writing := make(chan struct{})
	w := newAcme(t, bot.Config{}, func(b *bot.Bot, _ *acme) {
		b.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
			plan := bot.NewPlan("", "read", "write", "test")
			if _, err := t.Post(ctx, plan); err != nil {
				return err
			}
			if err := plan.Update(ctx, bot.PlanUpdate{ID: "1", Status: bot.TaskComplete}); err != nil {
				return err
			}
			if err := plan.Update(ctx, bot.PlanUpdate{ID: "2", Status: bot.TaskInProgress}); err != nil {
				return err
			}
			close(writing)
			<-ctx.Done()
			return plan.Complete(ctx, "") // is refused
		})
	}, "AgentSessionEvent")
	w.ada.Comment(w.issue, "@helper-bot go")
	x := w.session(0)
	<-writing
	w.ada.Stop(x)
	w.ends(x, "complete")
	want := []linearsim.PlanStep{{Content: "read", Status: "completed"}, {Content: "write", Status: "canceled"}, {Content: "test", Status: "canceled"}}
	if diff := cmp.Diff(want, x.Plan()); diff != "" {
		t.Errorf("the plan (-want +got):\n%s", diff)
	}
}
