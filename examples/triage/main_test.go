package main

import (
	"strings"
	"testing"

	"github.com/linearbot/linearbot"
	"github.com/linearbot/linearbot/adapter/adaptertest"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/linearbottest"
	"github.com/linearbot/linearbot/state/memstate"
)

func TestCommands(t *testing.T) {
	t.Parallel()
	s := linearbottest.New(t, linearbot.Config{Register: register})
	s.Workspace.AddLabel("Bug", "#ff0000")
	issue := s.Issue("Checkout fails")
	root := s.Ada.Comment(issue, "This again.")
	for n, tt := range []struct{ say, want string }{
		{"create Login is slow --priority 2 --label bug\n\nSince Monday.", "**Created: ENG-2 Login is slow**"},
		{"create Nothing --priority 9", "The priority is a number from 0 to 4"},
		{"create Nothing --label nonsense", "There is no label called nonsense"},
		{"search login", "| ENG-2 | Login is slow |"},
		{"search unheard-of", "**Nothing found**"},
		{"assign me", "**Assignee:** Ada Byron"},
		{"assign bob", "**Assignee:** Bob"},
		{"assign nobody-here", "No one here is called nobody-here"},
		{"label bug", "**Labels:** Bug"},
		{"status in progress", "**State:** In Progress"},
		{"status lost", "The team has no state called lost"},
		{"status", "**Now: ENG-1 Checkout fails**\n\n**State:** In Progress\n**Assignee:** Bob\n**Labels:** Bug"},
	} {
		s.Ada.Reply(root, "@helper-bot "+tt.say)
		if got := s.Replies(root, n+1)[n]; !strings.Contains(got, tt.want) {
			t.Errorf("%q is answered with %q, want %q in it", tt.say, got, tt.want)
		}
	}
	if a := issue.Assignee(); a == nil || a.ID != s.Bob.ID {
		t.Errorf("the issue is assigned to %+v, want Bob", a)
	}
	if state := issue.State(); state.Name != "In Progress" {
		t.Errorf("the state is %s", state.Name)
	}
	if labels := issue.Labels(); len(labels) != 1 || labels[0].Name != "Bug" {
		t.Errorf("the labels are %v", labels)
	}
}

// Triage reports that it needs Linear.
func TestOtherPlatform(t *testing.T) {
	t.Parallel()
	b, err := bot.New(bot.Config{Adapter: adaptertest.NewPlatform("helper"), Store: memstate.New(memstate.Options{})})
	if err != nil {
		t.Fatal(err)
	}
	if err := register(b); err == nil || !strings.Contains(err.Error(), "triage works with Linear") {
		t.Errorf("register: %v", err)
	}
}
