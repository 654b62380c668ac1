package cli

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/linearbot/linearbot/internal/serve"
	"github.com/linearbot/linearbot/state/filestate"
)

// The error of a store that another process holds names that process once, and
// says what to do.
func TestStoreInUse(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	store, err := filestate.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, tt := range []struct {
		name, args, want string
	}{
		{"state", "state stats --state=file:" + dir, "stop it first"},
		{"check", "state check --state=file:" + dir, "if that is the bot, stop it, run this again"},
		{"export", "state export --state=file:" + dir, "if that is the bot, stop it, run this again"},
		{"import", "state import --state=file:" + dir, "if that is the bot, stop it, run this again"},
		{"workspaces", "workspaces list --state=file:" + dir, "stop it first"},
		{"tokens", "tokens list --store=file:" + dir, "stop it, or manage tokens through its API"},
		{"serve", "serve --addr=127.0.0.1:0 --state=file:" + dir, "another directory with --state, or let them share a Redis"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out, errs strings.Builder
			prog := Program{Name: "my-bot", Stdout: &out, Stderr: &errs, Config: serve.Config{Environ: []string{
				"LINEAR_API_KEY=key", "LINEAR_WEBHOOK_SECRET=secret", "LINEAR_API_URL=http://127.0.0.1:1/graphql",
			}}}
			code := Run(t.Context(), prog, strings.Fields(tt.args))
			last := errs.String()
			if i := strings.Index(last, "my-bot: "); i >= 0 {
				last = last[i:]
			}
			if code != ExitFailed || !strings.Contains(last, tt.want) || strings.Count(last, "in use") != 1 {
				t.Errorf("exit code %d: %s\nwant once who uses it, and %q", code, last, tt.want)
			}
		})
	}
}
