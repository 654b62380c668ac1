package main

import (
	"strings"
	"testing"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/examples/internal/stagetest"
)

func TestCommands(t *testing.T) { //nolint:paralleltest // it sets the environment
	s := stagetest.New(t)
	addLabel(t, s, "Bug")
	s.Run(t, run)
	issue := s.Team.AddIssue(s.Ada, "Checkout fails", "")
	root := s.Ada.Comment(issue, "This again.")
	for n, tt := range []struct{ say, want string }{
		{"create Login is slow --priority 2 --label bug\n\nSince Monday.", "**Created: ENG-2 Login is slow**"},
		{"create Nothing --priority 9", "The priority is a number from 0 to 4"},
		{"create Nothing --label nonsense", "There is no label called nonsense"},
		{"search login", "| ENG-2 | Login is slow |"},
		{"search unheard-of", "**Nothing found**"},
		{"assign me", "**Assignee:** Ada Byron"},
		{"assign bob", "**Assignee:** Bob"},
		{"assign nobody-here", "Nobody here is called nobody-here"},
		{"label bug", "**Labels:** Bug"},
		{"status in progress", "**State:** In Progress"},
		{"status lost", "The team has no state called lost"},
		{"status", "**Now: ENG-1 Checkout fails**\n\n**State:** In Progress\n**Assignee:** Bob\n**Labels:** Bug"},
	} {
		s.Ada.Reply(root, "@helper-bot "+tt.say)
		if got := s.Replies(t, root, n+1)[n]; !strings.Contains(got, tt.want) {
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

// addLabel has Ada make a label.
func addLabel(t *testing.T, s *stagetest.Stage, name string) {
	t.Helper()
	api, err := linearapi.New(linearapi.Config{URL: s.Linear.GraphQLURL(), Tokens: linearapi.APIKey(s.Ada.APIKey())})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := api.IssueLabelCreate(t.Context(), linearapi.LabelCreateInput{Name: name}); err != nil {
		t.Fatal(err)
	}
}
