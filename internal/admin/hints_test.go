package admin_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/admin"
	"github.com/linearbot/linearbot/internal/reason"
)

// TestExplainOfAWorkspaceThatLeft checks that a question about a comment of which there
// is no trace is answered with the removal of the app, if its workspace has removed
// it, and otherwise with the requests that were refused, and when.
func TestExplainOfAWorkspaceThatLeft(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(cfg *admin.Config) {
		cfg.Removed = func(_ context.Context, urlKey string) (bool, error) {
			if urlKey == "initech" {
				return true, errors.New("the store is away")
			}
			return urlKey == "acme", nil
		}
	})
	l := r.rec.Begin(adapter.TraceIntake)
	l.About(adapter.TraceSubject{ID: "refused"})
	l.Step(adapter.TraceStep{Code: reason.BadSignature})
	l.End()
	if err := r.rec.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"https://linear.app/acme/issue/ENG-1/title%23comment-5f3a1b2c":    "The workspace acme has removed the app. [not_installed]",
		"https://linear.app/globex/issue/ENG-1/title%23comment-5f3a1b2c":  "1 request was refused within the last day, at 2",
		"https://linear.app/initech/issue/ENG-1/title%23comment-5f3a1b2c": "1 request was refused within the last day, at 2",
		"5f3a1b2c": "1 request was refused within the last day, at 2",
	} {
		_, body := r.ask("GET", "/admin/v1/explain?q="+address, "Bearer "+token, "")
		var e admin.Explanation
		if err := json.Unmarshal([]byte(body), &e); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		if len(e.Hints) != 2 || !strings.HasPrefix(e.Hints[0], want) || !strings.HasPrefix(e.Hints[1], "To do: ") {
			t.Errorf("explain %s says %q, want %q and what to do", address, e.Hints, want)
		}
	}
}
