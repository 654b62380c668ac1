package main

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter/linear/lineartest"
)

// stage is a Linear in which the bot is installed and runs.
type stage struct {
	linear *lineartest.Server
	app    *lineartest.Installation
	ada    *lineartest.User
	bob    *lineartest.User
	team   *lineartest.Team
}

func newStage(t *testing.T) *stage {
	t.Helper()
	srv, err := lineartest.Start(lineartest.Config{Parallel: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	ws := srv.Workspace("Acme", "acme")
	s := &stage{linear: srv, ada: ws.AddUser("Ada Byron", "ada"), bob: ws.AddUser("Bob", "bob"), team: ws.AddTeam("ENG", "Engineering")}
	s.app = ws.InstallApp(lineartest.App{Name: "Helper Bot", DisplayName: "helper-bot"})
	return s
}

// run runs the bot until the test ends.
func (s *stage) run(t *testing.T) {
	t.Helper()
	t.Setenv("LINEAR_API_URL", s.linear.GraphQLURL())
	t.Setenv("LINEAR_API_KEY", "")
	t.Setenv("LINEAR_ACCESS_TOKEN", s.app.Token())
	t.Setenv("LINEAR_WEBHOOK_SECRET", "secret")
	t.Setenv("LINEAR_BOT_USERNAME", "")
	t.Setenv("LINEARBOT_ADDR", "127.0.0.1:0")
	t.Setenv("LINEARBOT_STATE", "memory")

	ctx, stop := context.WithCancel(t.Context())
	listening, ended := make(chan net.Addr, 1), make(chan error, 1)
	var wg sync.WaitGroup
	wg.Go(func() { ended <- run(ctx, func(a net.Addr) { listening <- a }) })
	t.Cleanup(func() {
		stop()
		wg.Wait()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	select {
	case a := <-listening:
		s.app.SetWebhook(lineartest.Webhook{URL: "http://" + a.String() + "/api/webhooks/linear", Secret: "secret"})
	case err := <-ended:
		ended <- err
		t.Fatal("it does not listen")
	}
}

// replies waits until the thread has n replies of the bot and returns them.
func (s *stage) replies(t *testing.T, root *lineartest.Comment, n int) []string {
	t.Helper()
	var out []string
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := s.linear.Wait(ctx, func() bool {
		out = nil
		for _, c := range root.Replies() {
			if c.Author.ID == s.app.User.ID {
				out = append(out, c.Body())
			}
		}
		return len(out) >= n
	})
	if err != nil {
		t.Fatalf("replies %q, want %d: %v", out, n, err)
	}
	return out
}

func TestCard(t *testing.T) { //nolint:paralleltest // it sets the environment
	s := newStage(t)
	s.run(t)
	issue := s.team.AddIssue(s.ada, "Checkout fails", "")
	s.ada.UpdateIssue(issue, lineartest.IssueChange{State: "In Progress", Assignee: s.ada})
	root := s.ada.Comment(issue, "This again.")
	s.bob.Reply(root, "@helper-bot what is this?")
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
		"[Open the issue](" + issue.URL() + ")",
	}, "\n")
	if diff := cmp.Diff([]string{want}, s.replies(t, root, 1)); diff != "" {
		t.Errorf("replies (-want +got):\n%s", diff)
	}
}
