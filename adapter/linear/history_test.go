package linear

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
)

// threadAnswer answers commentThread.
func threadAnswer(root, children, info string) string {
	return `{"data":{"comment":{` + root + `,"issue":{"id":"` + anIssue + `","identifier":"ENG-1","title":"T"},"children":{"nodes":[` +
		children + `],"pageInfo":{` + info + `}}}}}`
}

func comment(id, at, more string) string {
	return `{"id":"` + id + `","body":"` + id + `","createdAt":"2026-11-01T10:00:0` + at + `Z","issueId":"` + anIssue + `"` + more + `}`
}

const rootFields = `"id":"` + aRoot + `","body":"root","createdAt":"2026-11-01T09:00:00Z","issueId":"` + anIssue + `","user":{"id":"u-ada","displayName":"ada"}`

func TestHistoryAuthorsAndReactions(t *testing.T) {
	t.Parallel()
	parent := `,"parentId":"` + aRoot + `"`
	own := WriteID(ownOrg, ownBot, "k")
	children := strings.Join([]string{
		comment("hidden", "9", parent+`,"hideInLinear":true`),
		comment("archived", "9", parent+`,"archivedAt":"2026-11-01T11:00:00Z"`),
		comment("session-root", "9", parent+`,"isArtificialAgentSessionRoot":true`),
		comment("unsigned", "8", parent),
		comment("github", "7", parent+`,"botActor":{"id":"b","type":"github","name":"GitHub","userDisplayName":"Octo"}`),
		comment("synced", "6", parent+`,"externalUser":{"id":"x","name":"Eve","email":"eve@example.com","avatarUrl":"https://x/e.png"}`),
		comment("app", "5", parent+`,"user":{"id":"u-2","displayName":"other","app":true}`),
		comment(own, "4", parent+`,"user":{"id":"`+ownBot+`","displayName":"bot","app":true}`),
		comment("bob", "3", parent+`,"editedAt":"2026-11-01T10:30:00Z","reactions":[{"id":"r1","emoji":"thumbsup","user":{"id":"u-ada","displayName":"ada"}},{"id":"r2","emoji":"party_parrot","externalUser":{"id":"x","name":"Eve"}}],"user":{"id":"u-bob","name":"Bob","displayName":"bob"}`),
	}, ",")
	s := linearStub(func(int, apiCall) (int, string) { return 200, threadAnswer(rootFields, children, "") })
	page, err := newAdapter(t, s).Messages(t.Context(), adapter.PageRequest{Workspace: ownOrg, Thread: issueThread(aRoot), OldestFirst: true})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range page.Messages {
		got = append(got, fmt.Sprintf("%s by %s %q %q", m.Body, m.Author.Kind, m.Author.ID, m.Author.FullName))
	}
	want := []string{
		`root by human "u-ada" ""`, `bob by human "u-bob" "Bob"`, own + ` by self "` + ownBot + `" ""`, `app by app "u-2" ""`,
		`synced by external "x" "Eve"`, `github by integration "b" "Octo"`, `unsigned by automation "linear-automation" "Linear automation"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	bob := page.Messages[1]
	at := time.Date(2026, 11, 1, 10, 0, 3, 0, time.UTC)
	wantBob := &adapter.Message{
		ID: "bob", Thread: issueThread(aRoot), ParentID: aRoot, Author: adapter.User{ID: "u-bob", Name: "bob", FullName: "Bob", Kind: adapter.UserHuman},
		Body: "bob", CreatedAt: at, EditedAt: at.Add(29*time.Minute + 57*time.Second),
		Issue: &adapter.Issue{ID: anIssue, Identifier: "ENG-1", Title: "T"},
		Reactions: []adapter.Reaction{
			{ID: "r1", Emoji: "thumbs_up", User: adapter.User{ID: "u-ada", Name: "ada", Kind: adapter.UserHuman}},
			{ID: "r2", Emoji: "party_parrot", User: adapter.User{ID: "x", FullName: "Eve", Kind: adapter.UserExternal}},
		},
	}
	if diff := cmp.Diff(wantBob, bob); diff != "" {
		t.Errorf("message (-want +got):\n%s", diff)
	}
	if page.Next != "" {
		t.Errorf("next page %q", page.Next)
	}
}

// With a person's key, the bot's own comments are recognized by their ids.
func TestHistoryWithAPersonsKey(t *testing.T) {
	t.Parallel()
	parent := `,"parentId":"` + aRoot + `","user":{"id":"` + ownBot + `","displayName":"bot"}`
	own := WriteID(ownOrg, ownBot, "k")
	s := &apiStub{answer: func(_ int, c apiCall) (int, string) {
		if c.Op == "viewer" {
			return 200, strings.NewReplacer(`"app":true`, `"app":false`, "b@oauthapp.linear.app", "ada@acme.test").Replace(viewerAnswer)
		}
		return 200, threadAnswer(rootFields, comment(own, "2", parent)+","+comment("typed", "1", parent), "")
	}}
	page, err := newAdapter(t, s).Messages(t.Context(), adapter.PageRequest{Workspace: ownOrg, Thread: issueThread(aRoot)})
	if err != nil || len(page.Messages) != 3 {
		t.Fatalf("page %+v, %v", page, err)
	}
	if !page.Messages[0].Author.IsSelf() || page.Messages[1].Author.IsSelf() {
		t.Errorf("authors %+v and %+v, want the bot's and a person's", page.Messages[0].Author, page.Messages[1].Author)
	}
}

// A thread id that names a reply stands for the thread of its root.
func TestHistoryOfAReply(t *testing.T) {
	t.Parallel()
	s := linearStub(func(_ int, c apiCall) (int, string) {
		if strings.Contains(string(c.Vars), aReply) {
			return 200, threadAnswer(`"id":"`+aReply+`","parent":{"id":"`+aRoot+`"}`, "", "")
		}
		return 200, threadAnswer(rootFields, comment(aReply, "1", `,"parentId":"`+aRoot+`"`), "")
	})
	a := newAdapter(t, s)
	for want := range 2 {
		page, err := a.Messages(t.Context(), adapter.PageRequest{Workspace: ownOrg, Thread: issueThread(aReply), OldestFirst: true})
		if err != nil || len(page.Messages) != 2 || page.Messages[1].Thread != issueThread(aRoot) {
			t.Fatalf("page %+v, %v", page, err)
		}
		if n := len(s.ops()); n != 3+want {
			t.Errorf("%d requests, want %d: the root is remembered", n, 3+want)
		}
	}
}

// A server that returns the same page again ends the reading.
func TestHistoryThatRunsInCircles(t *testing.T) {
	t.Parallel()
	for name, info := range map[string]string{
		"the same cursor":           `"hasNextPage":true,"endCursor":"c1","hasPreviousPage":true,"startCursor":"c1"`,
		"no cursor":                 `"hasNextPage":true,"hasPreviousPage":true`,
		"no cursor, in other words": `"hasNextPage":true,"endCursor":null,"hasPreviousPage":true,"startCursor":null`,
	} {
		for _, oldest := range []bool{true, false} {
			for _, thread := range []adapter.ThreadID{issueThread(aRoot), issueThread(""), "linear:" + anIssue + ":s:s-1"} {
				s := linearStub(func(_ int, c apiCall) (int, string) {
					page := `{"nodes":[` + comment("c", "1", "") + `],"pageInfo":{` + info + `}}`
					switch c.Op {
					case "issueComments":
						return 200, `{"data":{"issue":{"id":"` + anIssue + `","comments":` + page + `}}}`
					case "agentSessionMessages", "agentSessionActivities":
						return 200, `{"data":{"agentSession":{"id":"s-1","comment":null,"activities":{"nodes":[],"pageInfo":{` + info + `}}}}}`
					default:
						return 200, threadAnswer(rootFields, comment("c", "1", ""), info)
					}
				})
				a := newAdapter(t, s)
				r := adapter.PageRequest{Workspace: ownOrg, Thread: thread, OldestFirst: oldest, Limit: 2}
				var err error
				n := 0
				for ; n < 10 && err == nil; n++ {
					var page *adapter.Page
					if page, err = a.Messages(t.Context(), r); err == nil {
						r.Cursor = page.Next
					}
				}
				if adapter.CodeOf(err) != adapter.CodeUnavailable || n > 3 {
					t.Errorf("%s, %s, oldest first %v: %v after %d pages, want Unavailable", name, thread, oldest, err, n)
				}
			}
		}
	}
}

func TestHistoryOfOtherParents(t *testing.T) {
	t.Parallel()
	for kind, field := range map[ParentKind]string{
		ParentProject: "project", ParentProjectUpdate: "projectUpdate", ParentInitiative: "initiative",
		ParentInitiativeUpdate: "initiativeUpdate", ParentDocument: "documentContent",
	} {
		s := linearStub(func(int, apiCall) (int, string) {
			return 200, `{"data":{"comments":{"nodes":[{"id":"c","body":"hi"}],"pageInfo":{}}}}`
		})
		thread := Thread{Kind: kind, ParentID: "p-1"}
		a := newAdapter(t, s)
		page, err := a.Messages(t.Context(), adapter.PageRequest{Workspace: ownOrg, Thread: thread.ID()})
		if err != nil || len(page.Messages) != 1 {
			t.Fatalf("%v: %+v, %v", kind, page, err)
		}
		thread.CommentID = "c"
		if m := page.Messages[0]; m.Thread != thread.ID() || m.Issue != nil {
			t.Errorf("%v: message %+v", kind, m)
		}
		if got, want := string(s.calls[1].Vars), `"filter":{"`+field+`":{"id":{"eq":"p-1"}}}`; !strings.Contains(got, want) {
			t.Errorf("%v: variables %s, want %s in them", kind, got, want)
		}
		if _, err := a.Threads(t.Context(), adapter.PageRequest{Workspace: ownOrg, Thread: thread.ID()}); err != nil {
			t.Errorf("%v: Threads: %v", kind, err)
		}
		if _, err := a.Subject(t.Context(), ownOrg, thread.ID()); adapter.CodeOf(err) != adapter.CodeUnsupported {
			t.Errorf("%v: Subject: %v, want Unsupported", kind, err)
		}
	}
	for _, thread := range []adapter.ThreadID{"linear:workspace/w", "linear:comment/c"} {
		s := linearStub(func(int, apiCall) (int, string) { return 500, "" })
		if _, err := newAdapter(t, s).Messages(t.Context(), adapter.PageRequest{Workspace: ownOrg, Thread: thread}); adapter.CodeOf(err) != adapter.CodeUnsupported {
			t.Errorf("%s: %v, want Unsupported", thread, err)
		}
	}
}

func TestHistoryOfASession(t *testing.T) {
	t.Parallel()
	activity := func(id, typ, at, more string) string {
		return `{"id":"` + id + `","createdAt":"2026-11-01T10:00:0` + at + `Z","content":{"type":"` + typ + `","body":"` + id + `"}` + more + `}`
	}
	nodes := strings.Join([]string{
		activity("ephemeral", "response", "6", `,"ephemeral":true`),
		activity("thought", "thought", "5", ""),
		activity("reply", "response", "4", `,"user":{"id":"`+ownBot+`","displayName":"bot","app":true}`),
		activity("by-rule", "prompt", "3", ""),
		activity("ask", "prompt", "2", `,"user":{"id":"u-ada","displayName":"ada"},"sourceComment":{"id":"c-1","url":"https://x"}`),
	}, ",")
	s := linearStub(func(int, apiCall) (int, string) {
		return 200, `{"data":{"agentSession":{"id":"s-1","issue":{"id":"` + anIssue + `","identifier":"ENG-1"},"comment":null,"activities":{"nodes":[` + nodes + `],"pageInfo":{}}}}}`
	})
	thread := adapter.ThreadID("linear:" + anIssue + ":s:s-1")
	page, err := newAdapter(t, s).Messages(t.Context(), adapter.PageRequest{Workspace: ownOrg, Thread: thread, OldestFirst: true})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range page.Messages {
		if m.Thread != thread || m.Session == nil || m.Session.ID != "s-1" || m.Issue.Identifier != "ENG-1" {
			t.Errorf("message %+v", m)
		}
		got = append(got, m.ID+" "+m.Session.ActivityID+" "+m.Author.Kind.String())
	}
	if diff := cmp.Diff([]string{"c-1 ask human", "by-rule" + " by-rule automation", "reply" + " reply self"}, got); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

func FuzzCursor(f *testing.F) {
	r := adapter.PageRequest{Thread: issueThread(aRoot)}
	c, err := readCursor(opMessages, r)
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"", "1.", "x", c.String(), c.to(stageRoot, "").String(), c.to("other", "a").String()} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r.Cursor = s
		c, err := readCursor(opMessages, r)
		if err != nil {
			if adapter.CodeOf(err) != adapter.CodeInvalid {
				t.Errorf("error %v", err)
			}
			return
		}
		r.Cursor = c.String()
		if again, err := readCursor(opMessages, r); err != nil || again != c {
			t.Errorf("%+v became %+v, %v", c, again, err)
		}
	})
}
