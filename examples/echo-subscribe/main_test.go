package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/examples/internal/stagetest"
)

func TestEcho(t *testing.T) { //nolint:paralleltest // it sets the environment
	s := stagetest.New(t)
	s.Run(t, run)
	issue := s.Team.AddIssue(s.Ada, "Checkout fails", "")
	s.Ada.Comment(issue, "nobody asked the bot")
	root := s.Ada.Comment(issue, "@helper-bot listen")
	s.Replies(t, root, 1)
	s.Ada.Reply(root, "one\ntwo")
	s.Replies(t, root, 2)
	s.Ada.Reply(root, "Stop")
	s.Replies(t, root, 3)
	// Both arrive in this order, so that the second answer also says that the
	// first message had none.
	s.Ada.Reply(root, "still there?")
	s.Ada.Reply(root, "@helper-bot and now?")
	want := []string{
		"I am listening. Say **stop** to make me stop.",
		"> one\n> two",
		"I stop listening.",
		"I am listening. Say **stop** to make me stop.",
	}
	if diff := cmp.Diff(want, s.Replies(t, root, 4)); diff != "" {
		t.Errorf("replies (-want +got):\n%s", diff)
	}
	if n := len(issue.Comments()); n != 2+4+4 {
		t.Errorf("%d comments on the issue, want no answer in the other thread", n)
	}
}
