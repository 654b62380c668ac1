package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/examples/internal/stagetest"
)

func TestPong(t *testing.T) { //nolint:paralleltest // it sets the environment
	s := stagetest.New(t)
	stop := s.Run(t, run)
	issue := s.Team.AddIssue(s.Ada, "Checkout fails", "")
	s.Ada.Comment(issue, "nobody asked the bot")
	root := s.Ada.Comment(issue, "@helper-bot are **you** there?")
	s.Replies(t, root, 1)
	stop()
	// The same bot, started again on the same directory.
	s.Again(t, run)
	s.Ada.Reply(root, "hey @helper-bot")
	if diff := cmp.Diff([]string{"pong are **you** there?", "pong hey"}, s.Replies(t, root, 2)); diff != "" {
		t.Errorf("replies (-want +got):\n%s", diff)
	}
	if n := len(issue.Comments()); n != 2+1+2 {
		t.Errorf("%d comments on the issue, want no answer in the other thread", n)
	}
}
