package admin_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/admin"
	"github.com/linearbot/linearbot/internal/reason"
)

// TestExplainLeadsToTheSession checks that the explanation of a mention that the
// bot handles as a session begins with the session, and that what the bot wrote
// comes last.
func TestExplainLeadsToTheSession(t *testing.T) {
	t.Parallel()
	const session = "AgentSessionEvent|created|5e551011-0000-4000-8000-000000000001"
	r := newRig(t, nil)
	for _, tr := range []struct {
		subject adapter.TraceSubject
		step    adapter.TraceStep
	}{
		{adapter.TraceSubject{ID: "session", Event: session}, adapter.TraceStep{Code: reason.Permanent, Detail: "the model is away"}},
		{adapter.TraceSubject{ID: "elsewhere", Event: session, Workspace: "W2"}, adapter.TraceStep{Code: reason.Handled}},
		{adapter.TraceSubject{ID: "mention", Event: "Comment|create|c0330e17-0000-4000-8000-000000000002"}, adapter.TraceStep{Code: reason.SameAct, Detail: session}},
		{adapter.TraceSubject{ID: "own", Event: "Comment|create|0b0b0b0b-0000-4000-8000-000000000003"}, adapter.TraceStep{Code: reason.Self}},
	} {
		if tr.subject.Workspace == "" {
			tr.subject.Workspace, tr.subject.Subject = "W1", "ENG-1"
		}
		l := r.rec.Begin(adapter.TraceTurn)
		l.About(tr.subject)
		l.Step(tr.step)
		l.End()
	}
	if err := r.rec.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for q, want := range map[string][]string{
		"c0330e17": {"session", "mention"},
		"ENG-1":    {"session", "own", "mention"},
		"0b0b0b0b": {"own"},
	} {
		_, body := r.ask("GET", "/admin/v1/explain?q="+q, "Bearer "+token, "")
		var e admin.Explanation
		if err := json.Unmarshal([]byte(body), &e); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		var got []string
		for _, told := range e.Traces {
			got = append(got, told.ID)
		}
		if len(got) != len(want) || got[0] != want[0] {
			t.Errorf("explain %s names %q, want %q", q, got, want)
		}
	}
}

// TestExplainFindsWhatWasNotDecoded asks about an issue whose newest delivery waits
// because the bot does not know who it is: only earlier traces have the short name.
func TestExplainFindsWhatWasNotDecoded(t *testing.T) {
	t.Parallel()
	const issue, other = "1f1e327d-d38b-4d42-8946-dedb39fa9239", "2a2e327d-d38b-4d42-8946-dedb39fa9239"
	r := newRig(t, nil)
	for _, tr := range []struct {
		subject adapter.TraceSubject
		code    string
	}{
		{adapter.TraceSubject{ID: "earlier", Workspace: "W1", Subject: "ENG-1", Thread: "linear:" + issue + ":c:c1"}, reason.Handled},
		{adapter.TraceSubject{ID: "waits", Workspace: "W1", Thread: "linear:" + issue + ":c:c2"}, reason.IdentityUnknown},
		{adapter.TraceSubject{ID: "another issue", Workspace: "W1", Thread: "linear:" + other + ":c:c3"}, reason.IdentityUnknown},
		{adapter.TraceSubject{ID: "another workspace", Workspace: "W2", Thread: "linear:" + issue + ":c:c4"}, reason.IdentityUnknown},
	} {
		l := r.rec.Begin(adapter.TraceTurn)
		l.About(tr.subject)
		l.Step(adapter.TraceStep{Code: tr.code})
		l.End()
	}
	if err := r.rec.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, body := r.ask("GET", "/admin/v1/explain?q=eng-1", "Bearer "+token, "")
	var e admin.Explanation
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	var got []string
	for _, told := range e.Traces {
		got = append(got, told.ID)
	}
	slices.Sort(got) // they may have begun at the same time
	if want := []string{"earlier", "waits"}; !slices.Equal(got, want) {
		t.Errorf("explain names %q, want %q", got, want)
	}
}
