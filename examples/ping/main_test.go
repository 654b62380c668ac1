package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/bottest"
	"github.com/linearbot/linearbot/linearbottest"
)

func TestPong(t *testing.T) {
	t.Parallel()
	k := bottest.New(t, bot.Config{}, register)
	th, other := k.NewThread(), k.NewThread()
	k.User("ada").Mention(th, "are **you** there?")
	k.User("ada").Say(other, "a message without a mention")
	k.Restart()
	k.User("ada").Say(th, "hey @helper")
	th.ExpectExactly("pong are **you** there?", "pong hey")
	other.ExpectNone()
}

// The process restarts between two messages, and a third is sent while it is
// down.
func TestRestart(t *testing.T) {
	t.Parallel()
	s := linearbottest.New(t, linearbot.Config{Register: register})
	issue := s.Issue("Checkout fails")
	root := s.Ada.Comment(issue, "@helper-bot one")
	s.Replies(root, 1)
	s.Restart()
	s.Ada.Reply(root, "@helper-bot two")
	s.Replies(root, 2)
	s.Stop()
	s.Ada.Reply(root, "@helper-bot three")
	s.Restart()
	if diff := cmp.Diff([]string{"pong one", "pong two", "pong three"}, s.Replies(root, 3)); diff != "" {
		t.Errorf("replies (-want +got):\n%s", diff)
	}
	if n := len(issue.Comments()); n != 3+3 {
		t.Errorf("%d comments on the issue, want each message and its answer", n)
	}
}
