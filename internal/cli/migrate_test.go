package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/linearbot/linearbot/internal/migrate"
	"github.com/linearbot/linearbot/internal/redistest"
	"github.com/linearbot/linearbot/internal/serve"
)

// otherBot returns the REDIS_URL of a Redis in which another bot has stored something.
func otherBot(t *testing.T) string {
	t.Helper()
	server := redistest.Run(t, redistest.Options{Password: "m4rker", Args: []string{"--requirepass", "m4rker"}})
	client := server.Client()
	t.Cleanup(func() { _ = client.Close() })
	ctx := t.Context()
	const thread = "linear:00000000-0000-4000-8000-000000000001:c:00000000-0000-4000-8000-000000000002"
	if err := client.SAdd(ctx, "chat-sdk:subscriptions", thread, "slack:\x1b[2J:1").Err(); err != nil {
		t.Fatal(err)
	}
	if err := client.Set(ctx, "chat-sdk:cache:thread-state:"+thread, `{"n":1}`, 0).Err(); err != nil {
		t.Fatal(err)
	}
	if err := client.Set(ctx, "chat-sdk:cache:linear:installation:org", `{"organizationId":"org","accessToken":"m4rker"}`, 0).Err(); err != nil {
		t.Fatal(err)
	}
	return "REDIS_URL=" + server.URL()
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	redis := otherBot(t)
	dir := filepath.Join(t.TempDir(), "data")
	for _, tt := range []struct {
		name, args string
		environ    []string
		code       int
		out, errs  string // what they contain
	}{
		{"nothing set", "migrate", nil, ExitConfig, "", "set REDIS_URL"},
		{"bad address", "migrate --from http://x:m4rker@host", nil, ExitConfig, "", "cannot be read"},
		{"bad kind", "migrate --only everything", nil, ExitConfig, "", "--only"},
		{"memory", "migrate --apply --state memory", []string{redis}, ExitConfig, "", "give --state"},
		{"other keys", "migrate --prefix other --workspace org", []string{redis}, ExitFailed, "", `but has keys of its kind that begin with chat-sdk: give that as the prefix (--from, REDIS_URL, --prefix)`},
		{"another database", "migrate --workspace org", []string{redis + "1"}, ExitFailed, "", "in database 1: is it the right server, database and prefix"},
		{"no server", "migrate --workspace org --from redis://127.0.0.1:1", nil, ExitFailed, "", "127.0.0.1:1"},
		{"dry run", "migrate --workspace org --only subscriptions,states", []string{redis}, ExitOK, "would write 2 things", ""},
		{"no key", "migrate --workspace org --apply --state file:" + dir + "2", []string{redis}, ExitConfig, "", "LINEAR_ENCRYPTION_KEY is missing"},
		{"what is left out", "migrate --workspace org", []string{redis}, ExitOK, "slack: [2J:1", ""},
		{"environment", "migrate --workspace org", []string{redis, "LINEAR_API_KEY=k", "LINEAR_ACCESS_TOKEN=t"}, ExitOK, "REDIS_URL is LINEARBOT_STATE here", ""},
		{"no Linear", "migrate --state file:" + dir, []string{redis, "LINEAR_API_URL=http://127.0.0.1:1/graphql"}, ExitFailed, "not_looked_up", "could not be looked up"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out, errs strings.Builder
			args := strings.Fields(tt.args)
			if tt.name == "no Linear" {
				args = append(args, "--json")
			}
			if !strings.Contains(tt.args, "--state") {
				args = append(args, "--state=file:"+dir)
			}
			code := Run(t.Context(), Program{Name: "linearbot", Stdout: &out, Stderr: &errs, Config: serve.Config{Environ: append([]string{}, tt.environ...)}}, args)
			if code != tt.code || !strings.Contains(out.String(), tt.out) || !strings.Contains(errs.String(), tt.errs) {
				t.Errorf("exit code %d\n%s\n%s\nwant %d, %q and %q", code, out.String(), errs.String(), tt.code, tt.out, tt.errs)
			}
			if code == ExitFailed && tt.out == "" && out.Len() > 0 {
				t.Errorf("it prints a report after a failure:\n%s", out.String())
			}
			if strings.Contains(out.String()+errs.String(), "m4rker") {
				t.Errorf("it shows a secret:\n%s%s", out.String(), errs.String())
			}
			if _, err := os.Stat(dir); err == nil {
				t.Error("it has made a store")
			}
		})
	}
}

func TestMigrateTwice(t *testing.T) {
	t.Parallel()
	redis := otherBot(t)
	dir := filepath.Join(t.TempDir(), "data")
	for i, want := range []string{`"new":1`, `"same":1`} {
		var out, errs strings.Builder
		code := Run(t.Context(), Program{Name: "linearbot", Stdout: &out, Stderr: &errs, Config: serve.Config{Environ: []string{redis, "LINEARBOT_STATE=file:" + dir}}},
			[]string{"migrate", "--apply", "--workspace", "org", "--only", "states", "--json"})
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if last := lines[len(lines)-1]; code != ExitOK || !json.Valid([]byte(last)) || !strings.Contains(last, want) {
			t.Errorf("run %d: exit code %d, %s%s", i, code, last, errs.String())
		}
	}
}

// TestVariablesAreDocumented compares the predecessor's variables with the document.
func TestVariablesAreDocumented(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../docs/migration.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range migrate.Variables() {
		row := "| `" + v.Name + "` | "
		if v.Ours != "" {
			row += "`" + v.Ours + "`"
		} else {
			row += "none"
		}
		row += " | " + v.Differs
		if !strings.Contains(string(doc), strings.TrimRight(row, " ")) {
			t.Errorf("docs/migration.md lacks the row\n%s |", row)
		}
	}
	for _, reason := range migrate.Reasons() {
		if !strings.Contains(string(doc), "| `"+string(reason)+"` | "+reason.Text()+" |") {
			t.Errorf("docs/migration.md lacks the row\n| `%s` | %s |", reason, reason.Text())
		}
	}
}
