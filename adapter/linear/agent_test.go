package linear

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
)

const aSession = "0f000000-0000-4000-8000-000000000006"

func sessionID() adapter.ThreadID { return Thread{IssueID: anIssue, SessionID: aSession}.ID() }

func TestIsSession(t *testing.T) {
	t.Parallel()
	a := newAdapter(t, linearStub(nil))
	for id, want := range map[adapter.ThreadID]bool{
		sessionID(): true,
		Thread{IssueID: anIssue, CommentID: aRoot, SessionID: aSession}.ID(): true,
		issueThread(aRoot): false,
		issueThread(""):    false,
		"slack:C1":         false,
		"":                 false,
	} {
		if got := a.IsSession(id); got != want {
			t.Errorf("IsSession(%q) = %v", id, got)
		}
	}
}

func TestActivity(t *testing.T) {
	t.Parallel()
	head := `{"input":{"id":"` + WriteID(ownOrg, ownBot, "k") + `","agentSessionId":"` + aSession + `","content":`
	for _, tc := range []struct {
		name string
		act  adapter.Activity
		want string
	}{
		{"thought", adapter.Activity{Kind: adapter.ActivityThought, Body: "hm"}, `{"type":"thought","body":"hm"}}}`},
		{"passing thought", adapter.Activity{Kind: adapter.ActivityThought, Body: "hm", Ephemeral: true}, `{"type":"thought","body":"hm"},"ephemeral":true}}`},
		{"action", adapter.Activity{Kind: adapter.ActivityAction, Name: "Search", Ephemeral: true}, `{"type":"action","action":"Search","parameter":""},"ephemeral":true}}`},
		{
			"action with a result",
			adapter.Activity{Kind: adapter.ActivityAction, Name: "Search", Parameter: "x", Result: "7"},
			`{"type":"action","action":"Search","result":"7","parameter":"x"}}}`,
		},
		{"failure", adapter.Activity{Kind: adapter.ActivityFailure, Body: "no", Ephemeral: true}, `{"type":"error","body":"no"}}}`},
		{"response", adapter.Activity{Kind: adapter.ActivityResponse, Body: "yes"}, `{"type":"response","body":"yes"}}}`},
		{"question", adapter.Activity{Kind: adapter.ActivityElicitation, Body: "which?"}, `{"type":"elicitation","body":"which?"}}}`},
		{
			"choice",
			adapter.Activity{Kind: adapter.ActivityElicitation, Body: "which?", Options: []adapter.Choice{{Value: "a"}, {Value: "b", Label: "B"}}},
			`{"type":"elicitation","body":"which?"},"signal":"select","signalMetadata":{"options":[{"label":"a","value":"a"},{"label":"B","value":"b"}]}}}`,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := linearStub(func(int, apiCall) (int, string) {
				return 200, `{"data":{"agentActivityCreate":{"success":true,"agentActivity":{"id":"x"}}}}`
			})
			tc.act.Workspace, tc.act.Thread, tc.act.Key = ownOrg, sessionID(), "k"
			if err := newAdapter(t, s).Activity(t.Context(), &tc.act); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"viewer", "agentActivityCreate"}, s.ops()); diff != "" {
				t.Fatalf("requests (-want +got):\n%s", diff)
			}
			if got := string(s.calls[1].Vars); got != head+tc.want {
				t.Errorf("input %s\nwant  %s", got, head+tc.want)
			}
		})
	}
}

// TestActivityOnce repeats a write that Linear has already.
func TestActivityOnce(t *testing.T) {
	t.Parallel()
	own := WriteID(ownOrg, ownBot, "k")
	for taken, code := range map[string]adapter.Code{own: adapter.CodeOK, strings.ToUpper(own): adapter.CodeOK, aReply: adapter.CodeConflict} {
		s := linearStub(func(int, apiCall) (int, string) {
			return 200, strings.ReplaceAll(conflictWith(taken), "Comment", "AgentActivity")
		})
		err := newAdapter(t, s).Activity(t.Context(), &adapter.Activity{Workspace: ownOrg, Thread: sessionID(), Key: "k", Kind: adapter.ActivityThought, Body: "hm"})
		if adapter.CodeOf(err) != code || (code == adapter.CodeOK) != (err == nil) {
			t.Errorf("%s is taken: %v, want code %s", taken, err, code)
		}
	}
}

func TestActivityRefused(t *testing.T) {
	t.Parallel()
	a := newAdapter(t, linearStub(func(int, apiCall) (int, string) { return 200, `{}` }))
	for name, tc := range map[string]struct {
		act  adapter.Activity
		code adapter.Code
	}{
		"no session": {adapter.Activity{Thread: issueThread(aRoot), Key: "k", Kind: adapter.ActivityThought, Body: "hm"}, adapter.CodeUnsupported},
		"no thread":  {adapter.Activity{Thread: "x", Key: "k", Kind: adapter.ActivityThought, Body: "hm"}, adapter.CodeInvalid},
		"no key":     {adapter.Activity{Thread: sessionID(), Kind: adapter.ActivityThought, Body: "hm"}, adapter.CodeInvalid},
		"no body":    {adapter.Activity{Thread: sessionID(), Key: "k", Kind: adapter.ActivityResponse, Body: " \n"}, adapter.CodeInvalid},
		"no name":    {adapter.Activity{Thread: sessionID(), Key: "k", Kind: adapter.ActivityAction, Body: "hm"}, adapter.CodeInvalid},
		"no kind":    {adapter.Activity{Thread: sessionID(), Key: "k", Body: "hm"}, adapter.CodeInvalid},
	} {
		if err := a.Activity(t.Context(), &tc.act); adapter.CodeOf(err) != tc.code {
			t.Errorf("%s: %v, want code %s", name, err, tc.code)
		}
	}
	if err := a.SetPlan(t.Context(), ownOrg, issueThread(aRoot), nil); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("plan outside a session: %v", err)
	}
}

func TestSetPlan(t *testing.T) {
	t.Parallel()
	s := linearStub(func(int, apiCall) (int, string) {
		return 200, `{"data":{"agentSessionUpdate":{"success":true,"agentSession":{"id":"` + aSession + `"}}}}`
	})
	plan := []adapter.PlanStep{{Content: "Look", Status: "completed"}, {Content: "Write", Status: "inProgress"}}
	if err := newAdapter(t, s).SetPlan(t.Context(), ownOrg, sessionID(), plan); err != nil {
		t.Fatal(err)
	}
	want := `{"id":"` + aSession + `","input":{"plan":[{"content":"Look","status":"completed"},{"content":"Write","status":"inProgress"}]}}`
	if got := string(s.calls[1].Vars); got != want {
		t.Errorf("input %s\nwant  %s", got, want)
	}
}
