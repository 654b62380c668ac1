package cli_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/linearbot/linearbot"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/linearbottest"
)

// recorded is a mention that was recorded in another workspace.
const recorded = `{"what":"Comment create","headers":{},
"from":{"workspace":"0f2d6b62-3fc8-4b8c-9f3a-2a64a1a4a111","bot":"helper-bot","botId":"0f2d6b62-3fc8-4b8c-9f3a-2a64a1a4a222"},
"body":{"type":"Comment","action":"create","organizationId":"0f2d6b62-3fc8-4b8c-9f3a-2a64a1a4a111","webhookTimestamp":1,
"data":{"id":"0f2d6b62-3fc8-4b8c-9f3a-2a64a1a4a333","body":"@helper-bot hello","issueId":"0f2d6b62-3fc8-4b8c-9f3a-2a64a1a4a444",
"issue":{"id":"0f2d6b62-3fc8-4b8c-9f3a-2a64a1a4a444","identifier":"T1-7","title":"Refunds"},
"userId":"0f2d6b62-3fc8-4b8c-9f3a-2a64a1a4a555","user":{"id":"0f2d6b62-3fc8-4b8c-9f3a-2a64a1a4a555","name":"Person 1"}}}}`

// The world of a playground takes a recording of another workspace for its own, once
// or again.
func TestSendToPlayground(t *testing.T) {
	t.Parallel()
	world := linearsim.NewWith(t, linearsim.Config{Control: true})
	var got []string
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = append(got, string(body))
	}))
	defer receiver.Close()
	world.App.SetWebhook(linearsim.Webhook{URL: receiver.URL, ResourceTypes: []string{"Comment"}})
	s := &scene{t: t}
	file := filepath.Join(t.TempDir(), "comment.json")
	if err := os.WriteFile(file, []byte(recorded), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{nil, {"--again"}, {"--as-is"}} {
		out, code := s.run(append([]string{"send", "--fixture", file, "--playground", world.URL()}, args...)...)
		if code != 0 || strings.Contains(out, ", on T1-7") == (len(args) > 0 && args[0] == "--as-is") {
			t.Errorf("send %q: %d\n%s", args, code, out)
		}
	}
	root := world.Workspace.Comment("0f2d6b62-3fc8-4b8c-9f3a-2a64a1a4a333")
	if root == nil || root.Issue.Title() != "Refunds" || len(root.Issue.Comments()) != 2 {
		t.Fatalf("the comment is %v", root)
	}
	if len(got) != 3 || !strings.Contains(got[0], world.Workspace.ID) || !strings.Contains(got[0], root.ID) || !strings.Contains(got[1], world.Workspace.ID) ||
		strings.Contains(got[1], root.ID) || strings.Contains(got[2], world.Workspace.ID) {
		t.Errorf("the bot gets %s", strings.Join(got, "\n"))
	}
}

// A recording of one workspace is answered by a bot of another, on the issue and in
// the thread that are named.
func TestSendToAnotherWorkspace(t *testing.T) {
	t.Parallel()
	stage := linearbottest.New(t, linearbot.Config{Register: func(b *bot.Bot) error {
		b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
			_, err := t.Post(ctx, bot.Text("read: "+m.Text()))
			return err
		})
		return nil
	}})
	env := append(stage.App.Env(), "LINEAR_WEBHOOK_SECRET="+stageSecret)
	s := &scene{Stage: stage, t: t, environ: env}
	file := filepath.Join(t.TempDir(), "comment.json")
	if err := os.WriteFile(file, []byte(recorded), 0o600); err != nil {
		t.Fatal(err)
	}
	send := func(want string, args ...string) {
		t.Helper()
		out, code := s.run(append([]string{"send", "--fixture", file}, args...)...)
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("send %q: %d\n%s", args, code, out)
		}
	}
	here := stage.Ada.Comment(stage.Issue("Checkout fails"), "a thread of ours")
	to := []string{"--again", "--to", stage.URL() + "/api/webhooks/linear", "--issue", here.Issue.Identifier, "--comment", here.ID}
	send("200", to...)
	if got := stage.Replies(here, 1); got[0] != "read: hello" {
		t.Errorf("it is answered %q", got)
	}
	out, code := s.run("trigger", "reply", "@helper-bot and", "now?", "--to", stage.URL()+"/api/webhooks/linear", "--issue", here.Issue.Identifier, "--comment", here.ID)
	if code != 0 {
		t.Errorf("trigger: %d\n%s", code, out)
	}
	if got := stage.Replies(here, 2); got[1] != "read: and now?" {
		t.Errorf("it is answered %q", got)
	}
	// As it is, it stays one of a workspace that the bot does not know.
	send("200", "--again", "--as-is", "--to", stage.URL()+"/api/webhooks/linear")
	s.environ = []string{"LINEAR_WEBHOOK_SECRET=" + stageSecret}
	if out, code := s.run("send", "--fixture", file, "--to", stage.URL(), "--issue", "ENG-1"); code == 0 || !strings.Contains(out, "give its id instead") {
		t.Errorf("an identifier without credentials: %d\n%s", code, out)
	}
}
