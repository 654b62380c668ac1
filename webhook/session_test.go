package webhook_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state/memstate"
	"github.com/linearbot/linearbot/webhook"
)

// TestAgentAnswersOnce installs the bot as an agent: every mention arrives as a
// comment and as a session, every follow-up as a comment and as a prompt. Each
// gets one answer, in the session if there is one.
func TestAgentAnswersOnce(t *testing.T) {
	t.Parallel()
	srv, err := linearsim.Start(linearsim.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	ws := srv.AddWorkspace("Acme", "acme")
	ada := ws.AddUser("Ada Byron", "ada")
	issue := ws.AddTeam("ENG", "Engineering").AddIssue(ada, "Checkout fails", "")
	app := ws.InstallApp(linearsim.App{Name: "Helper Bot", DisplayName: "helper-bot", ClientCredentials: true})
	lin, err := linear.New(linear.Config{ClientID: app.ClientID, ClientSecret: app.ClientSecret, APIURL: srv.GraphQLURL()})
	if err != nil {
		t.Fatal(err)
	}
	store := memstate.New(memstate.Options{})
	defer store.Close()
	b, err := bot.New(bot.Config{Adapter: lin, Store: store})
	if err != nil {
		t.Fatal(err)
	}
	b.OnNewMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
		_, err := th.Post(ctx, bot.Markdown("answer to: "+m.Text()))
		return err
	})
	stopped := make(chan struct{}, 1)
	b.OnStop(func(context.Context, *bot.Thread, *bot.Message) error {
		stopped <- struct{}{}
		return nil
	})
	addr := make(chan net.Addr, 1)
	server, err := webhook.NewServer(webhook.Config{
		Secrets: []string{secret}, Acceptor: b, Durable: b.Durable(), Addr: "127.0.0.1:0", OnListen: func(a net.Addr) { addr <- a },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := server.Run(ctx, b); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	defer wg.Wait()
	defer cancel()
	app.SetWebhook(linearsim.Webhook{
		URL: "http://" + (<-addr).String() + "/api/webhooks/linear", Secret: secret,
		ResourceTypes: []string{"Comment", "AgentSessionEvent"},
	})
	answers := func(root *linearsim.Comment) (out []string) {
		for _, c := range root.Replies() {
			if c.Author.ID == app.User.ID {
				out = append(out, c.Body())
			}
		}
		return out
	}
	wait := func(what string, cond func() bool) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if err := srv.Wait(ctx, cond); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	var roots []*linearsim.Comment
	for n := range 6 {
		root := ada.Comment(issue, fmt.Sprintf("@helper-bot question %d", n))
		roots = append(roots, root)
		wait("an answer", func() bool { return len(answers(root)) > 0 })
	}
	sessions := ws.Sessions()
	if len(sessions) != len(roots) {
		t.Fatalf("%d sessions for %d mentions", len(sessions), len(roots))
	}
	// A follow-up needs no mention: it prompts the session.
	last := len(roots) - 1
	ada.Reply(roots[last], "and another thing")
	wait("the answer to a follow-up", func() bool { return len(answers(roots[last])) > 1 })
	ada.Stop(sessions[last])
	select {
	case <-stopped:
	case <-time.After(20 * time.Second):
		t.Error("the stop did not arrive")
	}
	if err := srv.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	idle(t, store)
	for n, root := range roots {
		want := 1
		if n == last {
			want = 3 // the follow-up and the confirmation of the stop
		}
		if got := answers(root); len(got) != want {
			t.Errorf("thread %d has the answers %q, want %d", n, got, want)
		}
	}
	// From the second mention on, the bot knows that there are sessions.
	for _, x := range sessions[1:] {
		got := x.ActivityTexts()
		if !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "response: answer to: question") }) {
			t.Errorf("session %s holds %q, want the answer in it", x.ID, got)
		}
	}
}
