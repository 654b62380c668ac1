package settings_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/adapter/linear/workspaces"
	"github.com/linearbot/linearbot/internal/settings"
	"github.com/linearbot/linearbot/ticketing"
)

// The table in the README is the one in the code.
func TestReadme(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows strings.Builder
	for line := range strings.Lines(string(readme)) {
		if strings.HasPrefix(line, "| variable |") || rows.Len() > 0 && strings.HasPrefix(line, "|") {
			rows.WriteString(line)
		} else if rows.Len() > 0 {
			break
		}
	}
	if diff := cmp.Diff(settings.Markdown(), rows.String()); diff != "" {
		t.Errorf("the README's table must be (-want +got):\n%s\n%s", diff, settings.Markdown())
	}
}

// Every default passes its own parser, and every row describes its variable.
func TestTable(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, s := range settings.Table() {
		if s.Help == "" || strings.HasSuffix(s.Help, ".") || strings.ContainsAny(s.Help, "|\n") {
			t.Errorf("%s: the help %q is not one clause without a full stop", s.Name, s.Help)
		}
		for _, name := range append([]string{s.Name, "--" + s.Flag}, s.Also...) {
			if name != "--" && seen[name] {
				t.Errorf("%s stands there twice", name)
			}
			seen[name] = true
		}
		if s.Default != "" {
			if _, problems := settings.Read([]string{s.Name + "=" + s.Default}, nil); len(problems) > 0 {
				t.Errorf("the default of %s: %v", s.Name, problems)
			}
		}
		if s.Secret && s.Flag != "" {
			t.Errorf("%s is secret and has a flag, which others can read", s.Name)
		}
	}
}

// Every variable that package linear reads is in the table, and every variable of
// Linear's in the table is read.
func TestLinearReadsTheTable(t *testing.T) {
	t.Parallel()
	read := make(map[string]bool)
	lookup := func(name string) string { read[name] = true; return "" }
	linear.ConfigFrom(lookup)
	if _, _, err := workspaces.ConfigFrom(lookup); err != nil {
		t.Fatal(err)
	}
	// The rest of LINEAR_ is the server's and the bot's.
	read["LINEAR_WEBHOOK_SECRET"], read["LINEAR_BOT_USERNAME"] = true, true
	for name := range read { // package workspaces reads some of ours as well
		if !strings.HasPrefix(name, "LINEAR_") {
			delete(read, name)
		}
	}
	known := make(map[string]bool)
	for _, name := range settings.Names() {
		if strings.HasPrefix(name, "LINEAR_") {
			known[name] = true
		}
	}
	if diff := cmp.Diff(known, read); diff != "" {
		t.Errorf("(-table +read):\n%s", diff)
	}
}

// Package ticketing reads exactly the table's rows for it, and both have the
// same defaults.
func TestTicketingReadsTheTable(t *testing.T) {
	t.Parallel()
	read := make(map[string]bool)
	lookup := func(name string) string { read[name] = true; return "" }
	cfg, err := ticketing.ConfigFrom(lookup)
	if err != nil {
		t.Fatal(err)
	}
	same := map[string]string{"LINEARBOT_TICKETING_PREFIX": cfg.Prefix, "LINEARBOT_TICKETING_STATE": ticketing.StateFrom(lookup)}
	known := make(map[string]bool)
	for _, s := range settings.Table() {
		for _, part := range []string{"LINEARBOT_TICKETING_", "LINEARBOT_HELPDESK_", "LINEARBOT_CHATWOOT_"} {
			known[s.Name] = known[s.Name] || strings.HasPrefix(s.Name, part)
		}
		if !known[s.Name] {
			delete(known, s.Name)
		}
		if want, ok := same[s.Name]; ok && s.Default != want {
			t.Errorf("the default of %s is %q, and package ticketing has %q", s.Name, s.Default, want)
		}
	}
	if diff := cmp.Diff(known, read); diff != "" {
		t.Errorf("(-table +read):\n%s", diff)
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	defaults := func() settings.Values {
		return settings.Values{
			Addr: ":3000", Path: "/api/webhooks/linear", State: "file:linearbot.data",
			Workers: 256, Lease: 15 * time.Second, Drain: 25 * time.Second, Backlog: 1_000_000, Level: zerolog.InfoLevel,
			Traces: 5000, TraceFor: 7 * 24 * time.Hour, CatchUp: 5 * time.Minute,
		}
	}
	for _, tt := range []struct {
		name     string
		environ  []string
		flags    map[string]string
		change   func(v *settings.Values)
		problems []string
	}{
		{name: "nothing"},
		{name: "blank is not set", environ: []string{"LINEARBOT_WORKERS=", "LINEARBOT_ADDR=  ", "PORT="}},
		{
			name: "everything",
			environ: []string{
				"LINEAR_WEBHOOK_SECRET= new, old,,", "LINEAR_BOT_USERNAME=@my-bot", "LINEARBOT_ADDR=127.0.0.1:0",
				"LINEARBOT_PUBLIC_URL=https://bot.test/x", "LINEARBOT_WEBHOOK_PATH=/hook", "LINEARBOT_STATE=memory",
				"LINEARBOT_STRICT=Yes", "LINEARBOT_WORKERS=3", "LINEARBOT_LEASE_TTL=1m30s", "LINEARBOT_DRAIN_TIMEOUT=500ms",
				"LINEARBOT_MAX_BACKLOG=-1", "LINEARBOT_LOG_LEVEL=WARNING", "LINEARBOT_TRACES=0", "LINEARBOT_TRACE_TTL=1h", "LINEARBOT_CLOCK=36h",
				"LINEARBOT_TRACE_TEXT=yes", "LINEARBOT_CATCH_UP=0", "LINEARBOT_ADMIN_ADDR=:3001", "LINEARBOT_ADMIN_TOKEN=0123456789abcdef",
			},
			change: func(v *settings.Values) {
				*v = settings.Values{
					Secrets: []string{"new", "old"}, Name: "my-bot", Addr: "127.0.0.1:0", PublicURL: "https://bot.test/x",
					Path: "/hook", State: "memory", Strict: true, Workers: 3, Lease: 90 * time.Second,
					Drain: 500 * time.Millisecond, Backlog: -1, Level: zerolog.WarnLevel,
					Traces: -1, TraceFor: time.Hour, TraceText: true, MovableClock: true, Ahead: 36 * time.Hour, CatchUp: -1, AdminAddr: ":3001", AdminToken: "0123456789abcdef",
				}
			},
		},
		{name: "zero is the default", environ: []string{"LINEARBOT_MAX_BACKLOG=0"}},
		{name: "no drain", environ: []string{"LINEARBOT_DRAIN_TIMEOUT=-1s"}, change: func(v *settings.Values) { v.Drain = -time.Second }},
		{name: "port", environ: []string{"PORT=8080"}, change: func(v *settings.Values) { v.Addr = ":8080" }},
		{name: "port with a colon", environ: []string{"PORT=:8080"}, change: func(v *settings.Values) { v.Addr = ":8080" }},
		{name: "address before port", environ: []string{"PORT=nonsense", "LINEARBOT_ADDR=[::1]:1"}, change: func(v *settings.Values) { v.Addr = "[::1]:1" }},
		{
			name: "flag before variable", environ: []string{"LINEARBOT_WORKERS=nonsense"}, flags: map[string]string{"workers": "5"},
			change: func(v *settings.Values) { v.Workers = 5 },
		},
		{
			name: "wrong values leave the default", flags: map[string]string{"drain": "soon"},
			environ: []string{
				"LINEAR_WEBHOOK_SECRET=,", "LINEARBOT_ADDR=3000", "LINEARBOT_WORKERS=1.5", "LINEARBOT_MAX_BACKLOG=-2",
				"LINEARBOT_STATE=linearbot.data", "LINEARBOT_WEBHOOK_PATH=/healthz", "LINEARBOT_LOG_LEVEL=fatal", "LINEARBOT_LEASE_TTL=2h",
				"LINEARBOT_TRACES=-5", "LINEARBOT_CLOCK=-1h", "LINEARBOT_TRACE_TTL=1s", "LINEARBOT_CATCH_UP=never", "LINEARBOT_ADMIN_ADDR=3001", "LINEARBOT_ADMIN_TOKEN=short",
			},
			problems: []string{
				"LINEAR_WEBHOOK_SECRET holds no secret", `LINEARBOT_ADDR is "3000"`, `LINEARBOT_WEBHOOK_PATH is "/healthz", which the server needs`,
				"LINEARBOT_STATE names no kind of store", `LINEARBOT_WORKERS is "1.5"`, `LINEARBOT_LEASE_TTL is "2h": give a duration from 100ms to 1h`,
				`--drain is "soon"`, `LINEARBOT_MAX_BACKLOG is "-2"`, `LINEARBOT_CATCH_UP is "never"`,
				`LINEARBOT_TRACES is "-5"`, `LINEARBOT_TRACE_TTL is "1s"`, `LINEARBOT_CLOCK is "-1h"`, `LINEARBOT_ADMIN_ADDR is "3001"`, "LINEARBOT_ADMIN_TOKEN is too short",
				`LINEARBOT_LOG_LEVEL is "fatal"`,
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := defaults()
			if tt.change != nil {
				tt.change(&want)
			}
			got, problems := settings.Read(tt.environ, tt.flags)
			if diff := cmp.Diff(&want, got, cmp.FilterPath(func(p cmp.Path) bool {
				f, ok := p.Last().(cmp.StructField)
				return ok && (f.Name() == "table" || f.Name() == "set")
			}, cmp.Ignore())); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
			if len(problems) != len(tt.problems) {
				t.Fatalf("problems %v, want %q", problems, tt.problems)
			}
			for i, p := range problems {
				if !strings.HasPrefix(p.String(), tt.problems[i]) {
					t.Errorf("problem %q, want %q", p, tt.problems[i])
				}
			}
		})
	}
}

// Configuration as shown contains no secrets, wherever they were set.
func TestShown(t *testing.T) {
	t.Parallel()
	v, problems := settings.Read([]string{
		"LINEAR_API_KEY=MARKER", "LINEAR_CLIENT_CREDENTIALS_CLIENT_SECRET=MARKER", "LINEAR_ACCESS_TOKEN=MARKER",
		"LINEAR_WEBHOOK_SECRET=MARKER", "LINEARBOT_STATE=redis://user:MARKER@host/1", "LINEAR_API_URL=https://u:MARKER@host", "LINEAR_OAUTH_URL=https://host?key=MARKER",
		"LINEARBOT_WORKERS=7",
	}, nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var shown []string
	v.Each(func(name, value string) { shown = append(shown, name+"="+value) })
	want := []string{
		"LINEAR_CLIENT_CREDENTIALS_CLIENT_SECRET=[redacted]", "LINEAR_ACCESS_TOKEN=[redacted]", "LINEAR_API_KEY=[redacted]",
		"LINEAR_WEBHOOK_SECRET=[redacted]", "LINEAR_API_URL=[redacted]", "LINEAR_OAUTH_URL=[redacted]", "LINEARBOT_STATE=[redacted]", "LINEARBOT_WORKERS=7",
	}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("shown (-want +got):\n%s", diff)
	}
}

func TestFindUnknown(t *testing.T) {
	t.Parallel()
	got := settings.FindUnknown([]string{
		"PATH=/bin", "LINEARX=1", "LINEAR_SCHEMA=x", "LINEAR_FIXTURES=x", "LINEAR_VECTORS=x", "LINEAR_API_KEY=x", "LINEARBOT_STATE=",
		"LINEAR_CLIENT_CREDENTIALS_CLIENT_ID=x", "PORT=1",
		"LINEARBOT_SERVICE_HOST=10.0.0.1", "LINEARBOT_SERVICE_PORT_HTTP=80", "LINEARBOT_PORT=tcp://10.0.0.1:80", "LINEARBOT_PORT_80_TCP_ADDR=10.0.0.1",
		"LINEARBOT_WORKER=3", "LINEAR_APIKEY=x", "LINEARBOT_LOGLEVEL=debug", "LINEAR_TOKEN=x", "LINEARBOT_PORT=80",
		"LINEARBOT_" + strings.Repeat("X", 100_000) + "=1",
	})
	want := map[string]string{
		"LINEARBOT_WORKER": "LINEARBOT_WORKERS", "LINEAR_APIKEY": "LINEAR_API_KEY", "LINEARBOT_LOGLEVEL": "LINEARBOT_LOG_LEVEL",
		"LINEAR_TOKEN": "", "LINEARBOT_PORT": "",
	}
	for _, u := range got {
		near, ok := want[u.Name]
		if ok && u.Nearest != near {
			t.Errorf("%s: nearest %s, want %s", u.Name, u.Nearest, near)
		}
		if !ok && !strings.HasPrefix(u.Name, "LINEARBOT_XXX") || !ok && u.Nearest != "" {
			t.Errorf("%v is reported", u)
		}
	}
	if len(got) != len(want)+1 {
		t.Errorf("%d are reported, want %d", len(got), len(want)+1)
	}
}

// FuzzRead feeds values to every parser: none panics, and none quotes a secret.
func FuzzRead(f *testing.F) {
	for _, s := range []string{"", "1", "25s", ":3000", "file:a", "redis://u:p@h/1", "https://bot.test", "/x", "true", "info", "@a", "a,b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, s := range settings.Table() {
			v, problems := settings.Read([]string{s.Name + "=" + text}, map[string]string{s.Flag: text})
			if len(problems) > 1 || v.Workers < 1 || v.Lease <= 0 || v.Drain > 24*time.Hour || v.Addr == "" || v.Path == "" || v.State == "" {
				t.Errorf("%s=%q: %v, %+v", s.Name, text, problems, v)
			}
			if s.Secret && len(text) > 12 && len(problems) > 0 && strings.Contains(problems[0].Reason, text) {
				t.Errorf("%s: %q shows the secret", s.Name, problems[0])
			}
		}
	})
}
