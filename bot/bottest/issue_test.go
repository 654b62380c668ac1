package bottest_test

import (
	"context"
	"slices"
	"testing"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/bottest"
)

// TestIssuesByName has a handler change issues by the names that people see.
func TestIssuesByName(t *testing.T) {
	t.Parallel()
	k := bottest.New(t, bot.Config{}, func(b *bot.Bot) {
		b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
			_, err := t.UpdateIssue(ctx, "", adapter.IssueFields{
				State: new("Done"), Assignee: new("@bob"), AddLabels: []string{"Bug"}, RemoveLabels: []string{"triage", "never there"},
			})
			if err != nil {
				return err
			}
			made, err := t.CreateIssue(ctx, adapter.IssueFields{Title: new("Follow up"), Labels: &[]string{"Bug"}})
			if err != nil {
				return err
			}
			if err := t.LinkIssue(ctx, "", adapter.IssueLink{URL: "https://desk.example/7"}); err != nil {
				return err
			}
			if m.Attempt == 1 {
				return errBoom // the second run creates no second issue
			}
			found, err := t.SearchIssues(ctx, "follow", 0)
			if err != nil {
				return err
			}
			_, err = t.Post(ctx, bot.Text(made.Identifier+" of "+found[0].Identifier))
			return err
		})
	})
	ada := k.User("ada")
	k.User("bob")
	issue := ada.CreateIssue(adapter.Issue{
		Title: "Checkout fails", Team: adapter.Team{ID: "eng", Key: "ENG"}, Labels: []adapter.Label{{ID: "l1", Name: "Triage"}},
	})
	th := issue.NewThread()
	ada.Mention(th, "done")
	th.ExpectExactly(bot.Escape("ENG-1001 of ENG-1001"))
	now := issue.Issue()
	labels := slices.Collect(func(yield func(string) bool) {
		for _, l := range now.Labels {
			yield(l.Name)
		}
	})
	if now.State.Name != "Done" || now.Assignee == nil || now.Assignee.ID != "bob" || !slices.Equal(labels, []string{"Bug"}) {
		t.Errorf("the issue is %+v with the labels %q", now, labels)
	}
	links, err := th.Handle().IssueLinks(t.Context(), "")
	if err != nil || len(links) != 1 {
		t.Errorf("links %v, %v, want one", links, err)
	}
	if id := k.Workspace().ID(); id != "W1" {
		t.Errorf("workspace %q", id)
	}
}
