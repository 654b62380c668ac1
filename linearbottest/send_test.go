package linearbottest_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/linearbot/linearbot"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/internal/cli"
	"github.com/linearbot/linearbot/internal/serve"
	"github.com/linearbot/linearbot/linearbottest"
)

// listening registers a bot that follows a conversation.
func listening(b *bot.Bot) error {
	b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
		if err := t.Subscribe(ctx); err != nil {
			return err
		}
		_, err := t.Post(ctx, bot.Text("I'm listening"))
		return err
	})
	b.OnSubscribedMessage(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
		_, err := t.Post(ctx, bot.Text("noted from "+m.Author.Name))
		return err
	})
	return nil
}

// record runs "linearbot record" before a workspace with another bot, has people
// talk there, and returns the files.
func record(t *testing.T, talk func(s *linearsim.Scene, bot *linearsim.Installation)) []string {
	t.Helper()
	s := linearsim.NewWith(t, linearsim.Config{Parallel: 1}) // files are numbered as deliveries arrive
	app := s.Workspace.InstallApp(linearsim.App{Name: "Ops", DisplayName: "ops-bot", ClientCredentials: true})
	app.SetWebhook(linearsim.Webhook{URL: "http://127.0.0.1:1", ResourceTypes: []string{"Comment"}})
	dir := t.TempDir()
	env := app.Env()
	out, in := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var problems bytes.Buffer
	wg.Go(func() {
		code := cli.Run(ctx, cli.Program{Name: "linearbot", Config: serve.Config{Environ: env}, Stdin: strings.NewReader(""), Stdout: in, Stderr: &problems},
			[]string{"record", "--addr", "127.0.0.1:0", "--dir", dir})
		_ = in.Close()
		if code != 0 || problems.Len() > 0 {
			t.Errorf("record ends with %d: %s", code, problems.String())
		}
	})
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	wg.Go(func() { _, _ = io.Copy(io.Discard, lines) })
	app.SetWebhook(linearsim.Webhook{
		URL: regexp.MustCompile(`http://\S+`).FindString(line), Secret: app.Webhook().Secret, ResourceTypes: []string{"Comment"},
	})
	talk(s, app)
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	cancel()
	wg.Wait()
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	return files
}

// A conversation that was recorded in one workspace, with a bot of another name, is
// had again in another one: the bot answers mention and reply, each in the thread.
func TestSendRecorded(t *testing.T) {
	t.Parallel()
	files := record(t, func(s *linearsim.Scene, _ *linearsim.Installation) {
		root := s.Ada.Comment(s.Issue, "@ops-bot the refund of MARKER is late")
		s.Bob.Reply(root, "here, too")
	})
	if len(files) != 2 {
		t.Fatalf("the files are %v", files)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, private := range []string{"MARKER", "refund", "Ada", "ops-bot"} {
			if strings.Contains(string(raw), private) {
				t.Errorf("%s holds %q", file, private)
			}
		}
	}
	s := linearbottest.New(t, linearbot.Config{Register: listening})
	root := s.Send(files[0])
	if got := s.Replies(root, 1); got[0] != "I'm listening" {
		t.Errorf("the mention is answered %q", got)
	}
	if again := s.Send(files[1]); again != root {
		t.Errorf("the reply is in another thread")
	}
	if got := s.Replies(root, 2); !strings.HasPrefix(got[1], "noted from person-") {
		t.Errorf("the reply is answered %q", got)
	}
}

// What Linear sent to others years ago can be sent to a bot of today.
func TestSendCaptured(t *testing.T) {
	t.Parallel()
	s := linearbottest.New(t, linearbot.Config{Register: listening})
	s.SubscribeAgent()
	const dir = "../testdata/fixtures/captured/"
	if root := s.Send(dir + "agentsession-created-mention-2026.json"); root == nil {
		t.Error("a session has no thread")
	} else if got := s.Replies(root, 1); got[0] != "I'm listening" {
		t.Errorf("the session is answered %q", got)
	}
	if root := s.Send(dir + "issue-update-state-2026.json"); root != nil {
		t.Errorf("a change of an issue has the thread %v", root)
	}
}

func TestSendSaysWhyItFails(t *testing.T) {
	t.Parallel()
	r := &recorder{TB: t}
	s := linearbottest.New(r, linearbot.Config{Register: listening})
	bad := filepath.Join(t.TempDir(), "bad.json")
	if err := os.WriteFile(bad, []byte(`{"type":"Comment"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Send("nowhere.json")
	s.Send(bad)
	if len(r.log) != 2 || !strings.Contains(r.log[0], "nowhere.json") || !strings.Contains(r.log[1], "no organizationId") {
		t.Errorf("failures: %q", r.log)
	}
}
