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

// TestActivityOnce repeats a write whose id Linear already has. It is the same
// write only if the bot's own activity is in the session.
func TestActivityOnce(t *testing.T) {
	t.Parallel()
	own := WriteID(ownOrg, ownBot, "k")
	found := func(id, user string) string {
		return `{"data":{"agentSession":{"id":"` + aSession + `","activities":{"nodes":[{"id":"` + id + `","content":{"type":"thought","body":"hm"},"user":{"id":"` + user + `"}}],"pageInfo":{}}}}}`
	}
	none := `{"data":{"agentSession":{"id":"` + aSession + `","activities":{"nodes":[],"pageInfo":{}}}}}`
	for name, tc := range map[string]struct {
		taken, read string
		code        adapter.Code
		made        int // create requests
	}{
		"own":                      {own, found(own, ownBot), adapter.CodeOK, 1},
		"own, in upper case":       {strings.ToUpper(own), found(own, ownBot), adapter.CodeOK, 1},
		"another id":               {aReply, none, adapter.CodeConflict, 1},
		"in another session":       {own, none, adapter.CodeOK, 2},
		"another's":                {own, found(own, "mallory"), adapter.CodeOK, 2},
		"the session is forbidden": {own, `{"errors":[{"message":"no","extensions":{"code":"FORBIDDEN"}}]}`, adapter.CodeForbidden, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made := 0
			s := linearStub(func(_ int, c apiCall) (int, string) {
				switch {
				case c.Op == "agentSessionActivities":
					return 200, tc.read
				case strings.Contains(string(c.Vars), own):
					made++
					return 200, strings.ReplaceAll(conflictWith(tc.taken), "Comment", "AgentActivity")
				default:
					made++
					return 200, `{"data":{"agentActivityCreate":{"success":true,"agentActivity":{"id":"x"}}}}`
				}
			})
			err := newAdapter(t, s).Activity(t.Context(), &adapter.Activity{Workspace: ownOrg, Thread: sessionID(), Key: "k", Kind: adapter.ActivityThought, Body: "hm"})
			if adapter.CodeOf(err) != tc.code || made != tc.made {
				t.Errorf("%v after %d writes, want code %s after %d", err, made, tc.code, tc.made)
			}
		})
	}
}

// TestActivityWithoutComment deletes the comment of an activity only if it is a reply by
// the bot.
func TestActivityWithoutComment(t *testing.T) {
	t.Parallel()
	made := func(source string) string {
		return `{"data":{"agentActivityCreate":{"success":true,"agentActivity":{"id":"x"` + source + `}}}}`
	}
	source := `,"sourceComment":{"id":"` + aReply + `"}`
	reply := func(user, parent string) string {
		return `{"data":{"comment":{"id":"` + aReply + `","user":{"id":"` + user + `"},"parent":` + parent + `}}}`
	}
	root := `{"id":"` + aRoot + `"}`
	for name, tc := range map[string]struct {
		made, listed, comment string
		want                  []string // after the creation
	}{
		"a reply by the bot": {made(source), "", reply(ownBot, root), []string{"comment", "commentDelete"}},
		"known a bit later":  {made(""), source, reply(ownBot, root), []string{"agentSessionActivities", "comment", "commentDelete"}},
		"without a comment":  {made(""), "", "", []string{"agentSessionActivities"}},
		"by a person":        {made(source), "", reply("ada", root), []string{"comment"}},
		"the root":           {made(source), "", reply(ownBot, "null"), []string{"comment"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := linearStub(func(_ int, c apiCall) (int, string) {
				switch c.Op {
				case "agentActivityCreate":
					return 200, tc.made
				case "agentSessionActivities":
					return 200, `{"data":{"agentSession":{"activities":{"nodes":[{"id":"x"` + tc.listed + `}]}}}}`
				case "comment":
					return 200, tc.comment
				default:
					return 200, `{"data":{"commentDelete":{"success":true}}}`
				}
			})
			err := newAdapter(t, s).Activity(t.Context(), &adapter.Activity{
				Workspace: ownOrg, Thread: sessionID(), Key: "k", Kind: adapter.ActivityResponse, Body: "there", WithoutComment: true,
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(append([]string{"viewer", "agentActivityCreate"}, tc.want...), s.ops()); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
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

// TestAuthLink asks to link an account.
func TestAuthLink(t *testing.T) {
	t.Parallel()
	s := linearStub(func(int, apiCall) (int, string) {
		return 200, `{"data":{"agentActivityCreate":{"success":true,"agentActivity":{"id":"x"}}}}`
	})
	a := newAdapter(t, s)
	ask := func(l adapter.AuthLink, options ...adapter.Choice) error {
		return a.Activity(t.Context(), &adapter.Activity{
			Workspace: ownOrg, Thread: sessionID(), Key: "k", Kind: adapter.ActivityElicitation, Body: "link?", Auth: &l, Options: options,
		})
	}
	if err := ask(adapter.AuthLink{URL: "https://example.com/link", UserID: "ada", Provider: "GitHub"}); err != nil {
		t.Fatal(err)
	}
	want := `"signal":"auth","signalMetadata":{"providerName":"GitHub","url":"https://example.com/link","userId":"ada"}`
	if got := string(s.calls[len(s.calls)-1].Vars); !strings.Contains(got, want) {
		t.Errorf("input %s, want %s in it", got, want)
	}
	for name, err := range map[string]error{
		"no address": ask(adapter.AuthLink{}), "a script": ask(adapter.AuthLink{URL: "javascript:alert(1)"}),
		"options, too": ask(adapter.AuthLink{URL: "https://example.com"}, adapter.Choice{Value: "a"}),
	} {
		if adapter.CodeOf(err) != adapter.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestEphemeralOnce repeats an ephemeral write. It may be gone by then, so that it is
// not looked up.
func TestEphemeralOnce(t *testing.T) {
	t.Parallel()
	s := linearStub(func(int, apiCall) (int, string) {
		return 200, strings.ReplaceAll(conflictWith(WriteID(ownOrg, ownBot, "k")), "Comment", "AgentActivity")
	})
	err := newAdapter(t, s).Activity(t.Context(), &adapter.Activity{
		Workspace: ownOrg, Thread: sessionID(), Key: "k", Kind: adapter.ActivityThought, Body: "hm", Ephemeral: true,
	})
	if err != nil || len(s.ops()) != 2 {
		t.Errorf("%v after %q", err, s.ops())
	}
}
