package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/examples/internal/stagetest"
)

const question = `**Deploy api?**

A reaction with 👍 or 👎 does as well.

1. Approve
2. Deny

Answer with one of these, or its number.`

func TestReplyAfterRestart(t *testing.T) { //nolint:paralleltest // it sets the environment
	for _, tt := range []struct{ answer, outcome string }{ //nolint:paralleltest // it sets the environment
		{"approve", "Approved by Bob: deployed api."},
		{"2", "Denied by Bob: api stays as it is."},
	} {
		t.Run(tt.answer, func(t *testing.T) {
			s := stagetest.New(t)
			stop := s.Run(t, run)
			issue := s.Team.AddIssue(s.Ada, "Checkout fails", "")
			root := s.Ada.Comment(issue, "@helper-bot deploy api")
			s.Replies(t, root, 1)
			stop()
			s.Again(t, run)
			s.Bob.Reply(root, "not sure yet") // no answer, and not the bot's business
			s.Bob.Reply(root, tt.answer)
			if diff := cmp.Diff([]string{question, tt.outcome}, replies(t, s, root)); diff != "" {
				t.Errorf("replies (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReaction(t *testing.T) { //nolint:paralleltest // it sets the environment
	s := stagetest.New(t)
	s.Run(t, run)
	issue := s.Team.AddIssue(s.Ada, "Checkout fails", "")
	root := s.Ada.Comment(issue, "@helper-bot deploy api")
	s.Replies(t, root, 1)
	s.Ada.React(root, "👍") // on the request, not on the question
	s.Ada.React(questionIn(t, s, root), "👍")
	want := []string{question, "Approved by Ada Byron: deployed api."}
	if diff := cmp.Diff(want, replies(t, s, root)); diff != "" {
		t.Errorf("replies (-want +got):\n%s", diff)
	}
}

// replies waits until the bot has asked and said what came of it, has it do one
// thing more in the thread, and returns all that it wrote before that.
func replies(t *testing.T, s *stagetest.Stage, root *linearsim.Comment) []string {
	t.Helper()
	s.Replies(t, root, 2)
	s.Ada.Reply(root, "@helper-bot help")
	all := s.Replies(t, root, 3)
	return all[:len(all)-1]
}

// questionIn returns the bot's comment in a thread.
func questionIn(t *testing.T, s *stagetest.Stage, root *linearsim.Comment) *linearsim.Comment {
	t.Helper()
	for _, c := range root.Replies() {
		if c.Author.ID == s.App.User.ID {
			return c
		}
	}
	t.Fatal("the bot asked nothing")
	return nil
}
