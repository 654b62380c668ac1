package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot"
	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/bottest"
	"github.com/linearbot/linearbot/linearbottest"
)

func TestRefresh(t *testing.T) {
	t.Parallel()
	k := bottest.New(t, bot.Config{Links: bot.LinkConfig{BaseURL: "https://bot.test", Secrets: []string{"secret"}}}, register)
	ada := k.User("ada")
	th := ada.CreateIssue(adapter.Issue{ID: "i1", Identifier: "ENG-1", Title: "Checkout fails"})
	ada.Mention(th, "what is this?")
	th.Expect("**Assignee:** no one")
	ada.UpdateIssue(th, func(i *adapter.Issue) { i.Assignee = &adapter.User{ID: "ada", Name: "ada", FullName: "Ada Byron"} })
	k.Press(th, "Refresh")
	th.Expect("**Assignee:** Ada Byron")
	if n := len(th.Posts()); n != 1 {
		t.Errorf("%d posts, want the card edited in place", n)
	}
}

func TestCardInLinear(t *testing.T) {
	t.Parallel()
	s := linearbottest.New(t, linearbot.Config{Register: register, Environ: []string{"LINEARBOT_PUBLIC_URL="}})
	issue := s.Issue("Checkout fails")
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
	if diff := cmp.Diff([]string{want}, s.Replies(root, 1)); diff != "" {
		t.Errorf("replies (-want +got):\n%s", diff)
	}
}

// In Linear a button is a link to the bot's server.
func TestRefreshInLinear(t *testing.T) {
	t.Parallel()
	s := linearbottest.New(t, linearbot.Config{Register: register})
	issue := s.Issue("Checkout fails")
	root := s.Ada.Comment(issue, "@helper-bot what is this?")
	card := s.Replies(root, 1)[0]
	if !strings.Contains(card, "**Assignee:** no one") {
		t.Errorf("the card is %q", card)
	}
	s.Ada.UpdateIssue(issue, linearsim.IssueChange{Assignee: s.Ada})
	s.Press(card, "Refresh")
	s.Wait(func() bool {
		own := s.OwnReplies(root)
		return len(own) == 1 && strings.Contains(own[0].Body(), "**Assignee:** Ada Byron")
	})
}
