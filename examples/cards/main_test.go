package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/examples/internal/stagetest"
)

func TestCard(t *testing.T) { //nolint:paralleltest // it sets the environment
	s := stagetest.New(t)
	s.Run(t, run)
	issue := s.Team.AddIssue(s.Ada, "Checkout fails", "")
	s.Ada.UpdateIssue(issue, linearsim.IssueChange{State: "In Progress", Assignee: s.Ada})
	root := s.Ada.Comment(issue, "This again.")
	s.Bob.Reply(root, "@helper-bot what is this?")
	want := strings.Join([]string{
		"**ENG-1 Checkout fails**",
		"Engineering",
		"",
		"**State:** In Progress",
		"**Assignee:** Ada Byron",
		"**Created:** " + issue.CreatedAt.UTC().Format(time.DateOnly),
		"",
		"| # | In this thread |",
		"| ---: | --- |",
		"| 1 | Ada Byron |",
		"| 2 | Bob |",
		"",
		"---",
		"",
		"[Open the issue](" + issue.URL() + ") • **[Refresh]**",
	}, "\n")
	if diff := cmp.Diff([]string{want}, s.Replies(t, root, 1)); diff != "" {
		t.Errorf("replies (-want +got):\n%s", diff)
	}
}

func TestRefresh(t *testing.T) {
	s := stagetest.New(t)
	t.Setenv("LINEARBOT_PUBLIC_URL", "https://bot.test")
	s.Run(t, run)
	issue := s.Team.AddIssue(s.Ada, "Checkout fails", "")
	root := s.Ada.Comment(issue, "@helper-bot what is this?")
	card := s.Replies(t, root, 1)[0]
	if !strings.Contains(card, "**Assignee:** nobody") {
		t.Errorf("the card is %q", card)
	}
	s.Ada.UpdateIssue(issue, linearsim.IssueChange{Assignee: s.Ada})
	s.Press(t, card, "Refresh")
	s.Wait(t, func() bool {
		cards := s.Replies(t, root, 1)
		return len(cards) == 1 && strings.Contains(cards[0], "**Assignee:** Ada Byron")
	})
}
