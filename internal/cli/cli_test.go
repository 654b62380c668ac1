package cli

import (
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/linearbot/linearbot/internal/serve"
	"github.com/linearbot/linearbot/internal/settings"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve has exactly the flags of the table, and reads each of them.
func TestServeFlags(t *testing.T) {
	t.Parallel()
	var want []string
	for _, s := range settings.Table() {
		if s.Flag != "" {
			want = append(want, s.Flag)
		}
	}
	slices.Sort(want)
	strict := true
	read := slices.Sorted(maps.Keys((&serveCmd{Strict: &strict}).flags()))
	if diff := cmp.Diff(want, read); diff != "" {
		t.Errorf("flags that are read (-table +read):\n%s", diff)
	}
	if n := reflect.TypeFor[serveCmd]().NumField(); n != len(want) {
		t.Errorf("serve has %d flags, want %d", n, len(want))
	}
	var out, errs strings.Builder
	if code := Run(t.Context(), Program{Name: "my-bot", Stdout: &out, Stderr: &errs}, []string{"serve", "--help"}); code != ExitOK {
		t.Fatalf("exit code %d: %s", code, &errs)
	}
	for _, name := range want {
		if !strings.Contains(out.String(), "--"+name) {
			t.Errorf("the help lacks --%s", name)
		}
	}
}

func TestHelped(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ args, want string }{
		{"", "--help"},
		{"help", "--help"},
		{"help serve", "serve --help"},
		{"help state stats --json", "state stats --help"},
		{"serve --addr help", "serve --addr help"},
	} {
		if got := strings.Join(helped(strings.Fields(tt.args), nil), " "); got != tt.want {
			t.Errorf("%q becomes %q, want %q", tt.args, got, tt.want)
		}
	}
}

// Commands that read variables warn of one that has a wrong name.
func TestUnknownVariables(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"state stats", "deliveries", "replay x", "scheduled list", "tokens list", "dead list", "explain ENG-1"} {
		var out, errs strings.Builder
		Run(t.Context(), Program{Name: "my-bot", Stdout: &out, Stderr: &errs, Config: serve.Config{Environ: []string{
			"LINEARBOT_STAET=x", "LINEARBOT_STATE=file:" + t.TempDir() + "/none",
		}}}, strings.Fields(command))
		if strings.Count(errs.String(), "LINEARBOT_STAET") != 1 {
			t.Errorf("%s: %s", command, &errs)
		}
	}
}

// TestWrongFlagsNameTheCommand: an unknown flag of any command leads to the help of that
// command.
func TestWrongFlagsNameTheCommand(t *testing.T) {
	t.Parallel()
	exited := -1
	parser, _, err := newParser(t.Context(), &program{name: "my-bot", out: io.Discard, err: io.Discard}, &exited)
	if err != nil {
		t.Fatal(err)
	}
	for _, leaf := range parser.Model.Leaves(true) {
		var words []string
		for n := leaf; n.Parent != nil; n = n.Parent {
			words = append([]string{n.Name}, words...)
		}
		if words[0] == "help" { // it takes everything for the name of a command
			continue
		}
		var out, errs strings.Builder
		code := Run(t.Context(), Program{Name: "my-bot", Stdout: &out, Stderr: &errs}, append(words, "--no-such-flag"))
		if want := `run "my-bot help ` + strings.Join(words, " ") + `"`; code != ExitConfig || !strings.Contains(errs.String(), want) {
			t.Errorf("%q exits with %d and does not say %s: %s", words, code, want, errs.String())
		}
	}
	for _, args := range []string{"nonsense", "--no-such-flag"} {
		var out, errs strings.Builder
		if code := Run(t.Context(), Program{Name: "my-bot", Stdout: &out, Stderr: &errs}, []string{args}); code != ExitConfig || !strings.Contains(errs.String(), `run "my-bot help" to`) {
			t.Errorf("%q exits with %d: %s", args, code, errs.String())
		}
	}
}
