package cli_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/linearbot/linearbot"
	"github.com/linearbot/linearbot/bot"
)

// Commands that only look work beside a bot that has the file store, and show what
// it does; without a bot they change nothing in its directory.
func TestLooksBesideABot(t *testing.T) {
	t.Parallel()
	begun, release := make(chan struct{}), make(chan struct{})
	s := newScene(t, linearbot.Config{Register: onMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
		close(begun)
		<-release
		return answer(ctx, th, m)
	})})
	root := s.Ada.Comment(s.issue, "@helper-bot hi")
	<-begun
	s.until("state stats", `"lanes":1`) // what told of the new issue is over
	for _, tt := range []struct{ args, want string }{
		{"state stats", `"leased":1`},
		{"state lanes", root.ID},
		{"state lanes --json", `"holder":`},
		{"state lanes --limit 1", "WORKSPACE"},
		{"state delayed", "nothing waits"},
		{"state delayed --json", ""},
		{"workspaces list", "no workspace has installed the app"},
		{"workspaces list --json", ""},
		{"dead list", "no dead letters"},
		{"scheduled list", "no scheduled posts"},
		{"deliveries", "running"},
		{"explain " + address(root), "running"},
	} {
		if out, code := s.run(strings.Fields(tt.args)...); code != 0 || !strings.Contains(out, tt.want) {
			t.Errorf("%s exits with %d: %s\nwant %q", tt.args, code, out, tt.want)
		}
	}
	if out, code := s.run("workspaces", "show", "nowhere"); code == 0 || !strings.Contains(out, "has not installed the app") {
		t.Errorf("workspaces show exits with %d: %s", code, out)
	}
	close(release)
	s.explains(address(root), "handled")
}

// Without a bot, looking leaves the directory as it is, one that cannot be written
// included.
func TestLooksWithoutABot(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(shortDir(t), "d")
	s := &scene{t: t, environ: []string{"LINEARBOT_STATE=file:" + dir}}
	if _, code := s.run("state", "import"); code != 0 { // of nothing
		t.Fatal("no store was made")
	}
	file := filepath.Join(dir, "linearbot.db")
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) }) // so that it can be removed
	for _, args := range []string{
		"state stats", "state lanes", "state delayed", "state check", "state export", "workspaces list", "dead list", "scheduled list", "deliveries",
	} {
		if out, code := s.run(strings.Fields(args)...); code != 0 {
			t.Errorf("%s exits with %d: %s", args, code, out)
		}
	}
	after, err := os.ReadFile(file)
	if err != nil || string(after) != string(before) {
		t.Errorf("a look has changed the file: %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("a look has left something: %v, %v", entries, err)
	}
}
