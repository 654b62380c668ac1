package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot"
	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/bottest"
	"github.com/linearbot/linearbot/linearbottest"
)

// A delegated issue, across a restart while the question waits.
func TestDelegated(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := bottest.New(t, bot.Config{}, register)
		s := k.User("ada").Delegate("Checkout fails", "Retries return 409.")
		s.ExpectExactly("Where shall I work?")
		if got := s.Links(); len(got) != 1 || got[0].Label != "Logs" {
			t.Errorf("links %+v", got)
		}
		k.Restart()
		k.User("ada").Say(s, "acme/shop")
		const answer = "I found 5 hits.\n\n- They all come from one place.\n- The change belongs into https://github.com/acme/shop.\n"
		s.ExpectExactly("Where shall I work?", answer)
		var got []string
		for _, a := range s.Activities() {
			got = append(got, string(a.Kind)+" "+a.Name+a.Body)
		}
		want := []string{"thought So this is about: Checkout fails", "action Searched", "elicitation Where shall I work?", "response " + answer}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("activities (-want +got):\n%s", diff)
		}
		for _, step := range s.Plan() {
			if step.Status != "completed" {
				t.Errorf("step %+v", step)
			}
		}
	})
}

// No one answers for a week.
func TestNoAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := bottest.New(t, bot.Config{}, register)
		s := k.NewSession()
		k.User("ada").Say(s, "look into it")
		k.Sleep(8 * 24 * time.Hour)
		all := s.Activities()
		if last := all[len(all)-1]; last.Kind != adapter.ActivityFailure || !strings.Contains(last.Body, "no answer for a week") {
			t.Errorf("the end is %+v", last)
		}
	})
}

// The same handler in a thread of comments.
func TestComments(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := bottest.New(t, bot.Config{}, register)
		th, ada := k.NewThread(), k.User("ada")
		ada.Mention(th, "look into it")
		synctest.Wait()
		ada.Say(th, "2")
		k.Sleep(time.Minute)
		posts := th.Posts()
		if len(posts) != 3 || !strings.Contains(posts[0], "✅ Write it up") || !strings.Contains(posts[2], "acme/payments") {
			t.Errorf("posts %q", posts)
		}
	})
}

// On a full stage, with a stop while the question waits.
func TestStage(t *testing.T) {
	t.Parallel()
	s := linearbottest.New(t, linearbot.Config{Register: register})
	s.SubscribeAgent()
	issue := s.Issue("Checkout fails")
	s.Ada.UpdateIssue(issue, linearsim.IssueChange{Delegate: s.App.User})
	s.Wait(func() bool {
		all := s.Workspace.Sessions()
		return len(all) == 1 && all[0].Status() == "awaitingInput"
	})
	x := s.Workspace.Sessions()[0]
	s.Ada.Stop(x)
	s.Wait(func() bool { return x.Status() == "complete" })
	s.Ada.Prompt(x, "go on")
	s.Wait(func() bool { return x.Status() == "awaitingInput" })
	s.Ada.Choose(x, "https://github.com/acme/payments")
	s.Wait(func() bool { return x.Status() == "complete" })
	all := x.ActivityTexts()
	if last := all[len(all)-1]; !strings.HasSuffix(last, "The change belongs into https://github.com/acme/payments.\n") {
		t.Errorf("activities %q", all)
	}
}

// The example stays short.
func TestLength(t *testing.T) {
	t.Parallel()
	program, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(program, []byte("\n")); n >= 120 {
		t.Errorf("%d lines, want less than 120", n)
	}
}
