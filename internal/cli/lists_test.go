package cli

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/serve"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/filestate"
)

// Lists print what strangers wrote without control characters, and say when they
// show only a part.
func TestLists(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/data"
	store, err := filestate.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	lane := state.Key{Workspace: "W\x1b[2J", Kind: "thread", ID: "t\x1b]0;title\a"}
	for i := range 3 {
		e := state.Entry{ID: notes.PostPrefix + fmt.Sprintf("\x1b[31mpost-%d", i), Lane: lane, Delay: time.Hour}
		if _, err := store.Enqueue(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := store.Enqueue(t.Context(), state.Entry{ID: "now", Lane: lane}); err != nil {
		t.Fatal(err)
	}
	leases, err := store.Lease(t.Context(), state.LeaseRequest{Holder: "holder\x1b[2J", TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	s := state.Settlement{Verdicts: []state.Verdict{state.RetryAside("now", time.Hour, state.Cause{Code: "c", Message: "message\x1b[2J"})}}
	if err := store.Settle(t.Context(), leases[0], s); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Enqueue(t.Context(), state.Entry{ID: "later", Lane: lane}); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Lease(t.Context(), state.LeaseRequest{Holder: "holder\x1b[2J", TTL: time.Hour}); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args, want string
		more       bool
	}{
		{"state delayed", "message", false},
		{"state lanes", "]0;title", false},
		{"scheduled list --limit 2", "post-1", true},
		{"scheduled list --limit 3", "post-2", false},
	} {
		var out, errs strings.Builder
		prog := Program{Name: "my-bot", Stdout: &out, Stderr: &errs, Config: serve.Config{Environ: []string{"LINEARBOT_STATE=file:" + dir}}}
		code := Run(t.Context(), prog, strings.Fields(tt.args))
		if code != ExitOK || !strings.Contains(out.String(), tt.want) {
			t.Fatalf("%s: exit code %d: %s%s", tt.args, code, &out, &errs)
		}
		if i := strings.IndexFunc(out.String(), func(r rune) bool { return unicode.IsControl(r) && r != '\n' }); i >= 0 {
			t.Errorf("%s: a control character is printed: %q", tt.args, out.String()[i:])
		}
		if more := strings.Contains(errs.String(), "there are more: give --limit"); more != tt.more {
			t.Errorf("%s: it says that there are more: %t\n%s", tt.args, more, &errs)
		}
	}
}
