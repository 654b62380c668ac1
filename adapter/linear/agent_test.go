package linear

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

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
// the bot, also if Linear attaches it late.
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
	after := func(looks int, then ...string) []string {
		return append(slices.Repeat([]string{"agentSessionActivities"}, looks), then...)
	}
	for name, tc := range map[string]struct {
		made, comment string
		attached      int // the look that finds the comment attached; 0 means never
		readable      int // the look that can read it
		want          []string
	}{
		"a reply by the bot":     {made(source), reply(ownBot, root), 0, 1, after(0, "comment", "commentDelete")},
		"attached at once":       {made(""), reply(ownBot, root), 1, 1, after(1, "comment", "commentDelete")},
		"attached later":         {made(""), reply(ownBot, root), 3, 1, after(3, "comment", "commentDelete")},
		"attached very late":     {made(""), reply(ownBot, root), looks, 1, after(looks, "comment", "commentDelete")},
		"attached, but unread":   {made(source), reply(ownBot, root), 0, 2, after(0, "comment", "comment", "commentDelete")},
		"without a comment":      {made(""), "", 0, 0, after(looks)},
		"by a person":            {made(source), reply("ada", root), 0, 1, after(0, "comment")},
		"by a person, and later": {made(""), reply("ada", root), 2, 1, after(2, "comment")},
		"the root":               {made(source), reply(ownBot, "null"), 0, 1, after(0, "comment")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := linearStub(func(n int, c apiCall) (int, string) {
					switch {
					case c.Op == "agentActivityCreate":
						return 200, tc.made
					case c.Op == "agentSessionActivities":
						listed := ""
						if tc.attached > 0 && n >= tc.attached {
							listed = source
						}
						return 200, `{"data":{"agentSession":{"activities":{"nodes":[{"id":"x"` + listed + `}]}}}}`
					case c.Op == "comment" && n < tc.readable:
						return 200, `{"errors":[{"message":"Entity not found: Comment","extensions":{"code":"INPUT_ERROR"}}]}`
					case c.Op == "comment":
						return 200, tc.comment
					default:
						return 200, `{"data":{"commentDelete":{"success":true}}}`
					}
				})
				err := newAdapter(t, s).Activity(t.Context(), withoutComment())
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(append([]string{"viewer", "agentActivityCreate"}, tc.want...), s.ops()); diff != "" {
					t.Errorf("requests (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestActivityWithoutCommentCanceled: a context that ends while a comment is late says
// that the call is to be made again, which then deletes the comment.
func TestActivityWithoutCommentCanceled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := linearStub(func(n int, c apiCall) (int, string) {
			switch {
			case c.Op == "agentActivityCreate":
				return 200, `{"data":{"agentActivityCreate":{"success":true,"agentActivity":{"id":"x"}}}}`
			case c.Op == "agentSessionActivities" && n == 1:
				return 200, `{"data":{"agentSession":{"activities":{"nodes":[{"id":"x"}]}}}}`
			case c.Op == "agentSessionActivities":
				return 200, `{"data":{"agentSession":{"activities":{"nodes":[{"id":"x","sourceComment":{"id":"` + aReply + `"}}]}}}}`
			case c.Op == "comment":
				return 200, `{"data":{"comment":{"id":"` + aReply + `","user":{"id":"` + ownBot + `"},"parent":{"id":"` + aRoot + `"}}}}`
			default:
				return 200, `{"data":{"commentDelete":{"success":true}}}`
			}
		})
		a := newAdapter(t, s)
		ctx, cancel := context.WithTimeout(t.Context(), lookAgain/2)
		defer cancel()
		if err := a.Activity(ctx, withoutComment()); adapter.CodeOf(err) != adapter.CodeCanceled {
			t.Errorf("error %v, want Canceled", err)
		}
		if err := a.Activity(t.Context(), withoutComment()); err != nil {
			t.Error(err)
		}
		if got := s.ops(); got[len(got)-1] != "commentDelete" {
			t.Errorf("the comment stays after %v", got)
		}
	})
}

// withoutComment is an activity whose comment is deleted.
func withoutComment() *adapter.Activity {
	return &adapter.Activity{
		Workspace: ownOrg, Thread: sessionID(), Key: "k", Kind: adapter.ActivityResponse, Body: "there", WithoutComment: true,
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
