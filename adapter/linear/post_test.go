package linear

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
)

const (
	anIssue = "0c000000-0000-4000-8000-000000000003"
	aRoot   = "0d000000-0000-4000-8000-000000000004"
	aReply  = "0e000000-0000-4000-8000-000000000005"

	notTopLevel = `{"errors":[{"message":"Parent comment must be a top level comment.","extensions":{"code":"INPUT_ERROR","type":"invalid input"}}],"data":null}`
)

func conflictWith(id string) string {
	return `{"errors":[{"message":"conflict on insert of Comment","extensions":{"code":"INPUT_ERROR","type":"invalid input","userPresentableMessage":"Entity Comment with id ` + id + ` already exists."}}],"data":null}`
}

// created answers a commentCreate like Linear.
func created(t *testing.T, c apiCall) string {
	t.Helper()
	comment, err := json.Marshal(map[string]any{
		"id": c.input(t, "id"), "body": c.input(t, "body"), "issueId": anIssue, "parentId": c.input(t, "parentId"),
		"url": "https://linear.app/acme/issue/ENG-1#comment", "createdAt": "2026-11-01T10:00:00.000Z",
	})
	if err != nil {
		t.Fatal(err)
	}
	return `{"data":{"commentCreate":{"success":true,"comment":` + string(comment) + `}}}`
}

// linearStub answers viewer, and everything else with answer.
func linearStub(answer func(n int, c apiCall) (int, string)) *apiStub {
	return &apiStub{answer: func(n int, c apiCall) (int, string) {
		if c.Op == "viewer" {
			return 200, viewerAnswer
		}
		return answer(n, c)
	}}
}

func issueThread(comment string) adapter.ThreadID {
	return Thread{IssueID: anIssue, CommentID: comment}.ID()
}

func TestPost(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	id := WriteID(ownOrg, ownBot, "k")
	message := func(parent, thread string) *adapter.Message {
		return &adapter.Message{
			ID: id, Thread: adapter.ThreadID(thread), ParentID: parent, Body: "hi", CreatedAt: at,
			URL:    "https://linear.app/acme/issue/ENG-1#comment",
			Author: adapter.User{ID: ownBot, Name: "bot", FullName: "The Bot", URL: "https://linear.app/acme/profiles/bot", Kind: adapter.UserSelf},
			Issue:  &adapter.Issue{ID: anIssue},
		}
	}
	for _, tc := range []struct {
		name      string
		workspace string
		thread    adapter.ThreadID
		input     string
		want      *adapter.Message
	}{
		{
			"reply", ownOrg, issueThread(aRoot),
			`{"input":{"id":"` + id + `","issueId":"` + anIssue + `","parentId":"` + aRoot + `","body":"hi"}}`,
			message(aRoot, "linear:"+anIssue+":c:"+aRoot),
		},
		{
			"new root comment", ownOrg, issueThread(""),
			`{"input":{"id":"` + id + `","issueId":"` + anIssue + `","body":"hi"}}`,
			message("", "linear:"+anIssue+":c:"+id),
		},
		{
			"the issue's short name", ownOrg, "linear:ENG-1",
			`{"input":{"id":"` + id + `","issueId":"ENG-1","body":"hi"}}`,
			message("", "linear:"+anIssue+":c:"+id),
		},
		{
			"the token's own workspace", "", issueThread(aRoot),
			`{"input":{"id":"` + id + `","issueId":"` + anIssue + `","parentId":"` + aRoot + `","body":"hi"}}`,
			message(aRoot, "linear:"+anIssue+":c:"+aRoot),
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := linearStub(func(_ int, c apiCall) (int, string) { return 200, created(t, c) })
			got, err := newAdapter(t, s).Post(t.Context(), &adapter.Post{Workspace: tc.workspace, Thread: tc.thread, Body: "hi", Key: "k"})
			if diff := cmp.Diff(tc.want, got); diff != "" || err != nil {
				t.Errorf("message, %v (-want +got):\n%s", err, diff)
			}
			if diff := cmp.Diff([]string{"viewer", "commentCreate"}, s.ops()); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
			if got := string(s.calls[1].Vars); got != tc.input {
				t.Errorf("input %s\nwant  %s", got, tc.input)
			}
		})
	}
}

func TestPostOnOtherParents(t *testing.T) {
	t.Parallel()
	for kind, field := range map[ParentKind]string{
		ParentProject: "projectId", ParentProjectUpdate: "projectUpdateId", ParentInitiative: "initiativeId",
		ParentInitiativeUpdate: "initiativeUpdateId", ParentDocument: "documentContentId",
	} {
		s := linearStub(func(_ int, c apiCall) (int, string) {
			return 200, `{"data":{"commentCreate":{"comment":{"id":"` + c.input(t, "id") + `","parentId":"` + aRoot + `"}}}}`
		})
		thread := Thread{Kind: kind, ParentID: "p-1", CommentID: aRoot}.ID()
		m, err := newAdapter(t, s).Post(t.Context(), &adapter.Post{Workspace: ownOrg, Thread: thread, Body: "hi", Key: "k"})
		if err != nil {
			t.Errorf("%v: %v", kind, err)
			continue
		}
		if m.Thread != thread || m.Issue != nil || m.Body != "hi" {
			t.Errorf("%v: message %+v", kind, m)
		}
		if c := s.calls[1]; c.input(t, field) != "p-1" || c.input(t, "issueId") != "" {
			t.Errorf("%v: input %s", kind, c.Vars)
		}
	}
}

func TestPostRefuses(t *testing.T) {
	t.Parallel()
	good := adapter.Post{Workspace: ownOrg, Thread: issueThread(aRoot), Body: "hi", Key: "k"}
	for name, tc := range map[string]struct {
		change func(*adapter.Post)
		code   adapter.Code
	}{
		"foreign thread": {func(p *adapter.Post) { p.Thread = "slack:x" }, adapter.CodeInvalid},
		"empty body":     {func(p *adapter.Post) { p.Body = "" }, adapter.CodeInvalid},
		"blank body":     {func(p *adapter.Post) { p.Body = " \n\t" }, adapter.CodeInvalid},
		"no key":         {func(p *adapter.Post) { p.Key = "" }, adapter.CodeInvalid},
		"workspace":      {func(p *adapter.Post) { p.Thread = Thread{Kind: ParentWorkspace, ParentID: ownOrg}.ID() }, adapter.CodeUnsupported},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := linearStub(func(int, apiCall) (int, string) { return 200, "{}" })
			p := good
			tc.change(&p)
			_, err := newAdapter(t, s).Post(t.Context(), &p)
			if adapter.CodeOf(err) != tc.code {
				t.Errorf("error %v, want code %v", err, tc.code)
			}
			if tc.code == adapter.CodeUnsupported && !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("error %v is not ErrUnsupported", err)
			}
			if got := s.ops(); len(got) != 0 {
				t.Errorf("requests %v, want none", got)
			}
		})
	}
}

func TestPostToAnotherWorkspace(t *testing.T) {
	t.Parallel()
	s := linearStub(func(_ int, c apiCall) (int, string) { return 200, created(t, c) })
	_, err := newAdapter(t, s).Post(t.Context(), &adapter.Post{Workspace: "org-2", Thread: issueThread(aRoot), Body: "hi", Key: "k"})
	if adapter.CodeOf(err) != adapter.CodeForbidden {
		t.Errorf("error %v, want Forbidden", err)
	}
	if diff := cmp.Diff([]string{"viewer"}, s.ops()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// TestPostConflict posts when the id is taken. Only the bot's own comment in
// that thread is the same post; anything else must not count as the reply.
func TestPostConflict(t *testing.T) {
	t.Parallel()
	id := WriteID(ownOrg, ownBot, "k")
	again := WriteID(ownOrg, ownBot, "k|again|1")
	standing := func(author, parent, issue string) string {
		return `{"data":{"comment":{"id":"` + id + `","body":"what Linear has","createdAt":"2026-11-01T10:00:00Z","url":"u"` + author + parent +
			`,"issueId":"` + issue + `","issue":{"id":"` + issue + `","identifier":"ENG-1","title":"T"}}}}`
	}
	bot, parent := `,"user":{"id":"`+ownBot+`"}`, `,"parent":{"id":"`+aRoot+`"}`
	ours := standing(bot, parent, anIssue)
	gone := `{"errors":[{"message":"Entity not found: Comment","extensions":{"code":"INPUT_ERROR"}}],"data":null}`
	noID := `{"errors":[{"message":"conflict on insert of Comment","extensions":{"code":"INPUT_ERROR"}}],"data":null}`
	const inThread, inIssue = aRoot, ""
	for _, tc := range []struct {
		name           string
		status         int
		conflict, read string
		thread         string
		code           adapter.Code
		id             string
		reads          int
	}{
		{"ours", 200, conflictWith(id), ours, inThread, 0, id, 1},
		{"ours, status 400", 400, conflictWith(id), ours, inThread, 0, id, 1},
		{"ours, a root comment", 200, conflictWith(id), standing(bot, "", anIssue), inIssue, 0, id, 1},
		{"no id, ours", 200, noID, ours, inThread, 0, id, 1},
		{"another's", 200, conflictWith(id), standing(`,"user":{"id":"mallory"}`, parent, anIssue), inThread, 0, again, 1},
		{"a synced person's", 200, conflictWith(id), standing(`,"externalUser":{"id":"x"}`, parent, anIssue), inThread, 0, again, 1},
		{"no one's", 200, conflictWith(id), standing("", parent, anIssue), inThread, 0, again, 1},
		{"gone", 200, conflictWith(id), gone, inThread, 0, again, looks},
		{"no id, gone", 200, noID, gone, inThread, 0, again, looks},
		{"unreadable", 200, conflictWith(id), `{"errors":[{"message":"no","extensions":{"code":"FORBIDDEN"}}]}`, inThread, adapter.CodeForbidden, "", 1},
		{"ours, in another thread", 200, conflictWith(id), standing(bot, `,"parent":{"id":"`+aReply+`"}`, anIssue), inThread, adapter.CodeConflict, "", 2},
		{"ours, a root comment in place of a reply", 200, conflictWith(id), standing(bot, "", anIssue), inThread, adapter.CodeConflict, "", 1},
		{"ours, on another issue", 200, conflictWith(id), standing(bot, "", "other"), inIssue, adapter.CodeConflict, "", 1},
		{"another id", 200, conflictWith(aReply), ours, inThread, adapter.CodeConflict, "", 0},
		{"another entity", 200, strings.ReplaceAll(conflictWith(id), "Comment", "Issue"), gone, inThread, 0, again, looks},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			reads := 0
			s := linearStub(func(_ int, c apiCall) (int, string) {
				switch {
				case c.Op == "comment":
					if reads++; strings.Contains(string(c.Vars), aRoot) {
						return 200, `{"data":{"comment":{"id":"` + aRoot + `"}}}`
					}
					return 200, tc.read
				case c.input(t, "id") == again:
					return 200, created(t, c)
				default:
					return tc.status, tc.conflict
				}
			})
			m, err := newAdapter(t, s).Post(t.Context(), &adapter.Post{Workspace: ownOrg, Thread: issueThread(tc.thread), Body: "hi", Key: "k"})
			if adapter.CodeOf(err) != tc.code || (err != nil) != (tc.code != 0) || reads != tc.reads {
				t.Fatalf("error %v after %d reads, want code %v after %d", err, reads, tc.code, tc.reads)
			}
			if err != nil {
				return
			}
			body := map[bool]string{true: "what Linear has", false: "hi"}[tc.id == id]
			if m.ID != tc.id || m.Body != body || m.Existed != (tc.id == id) || !m.Author.IsSelf() || tc.thread != "" && m.Thread != issueThread(aRoot) {
				t.Errorf("message %+v", m)
			}
		})
	}
}

// If all ids that a post tries are taken by others, it fails with an error that
// says so.
func TestPostAllTaken(t *testing.T) {
	t.Parallel()
	s := linearStub(func(_ int, c apiCall) (int, string) {
		if c.Op == "comment" {
			return 200, `{"data":{"comment":{"id":"x","user":{"id":"mallory"}}}}`
		}
		return 200, conflictWith(c.input(t, "id"))
	})
	_, err := newAdapter(t, s).Post(t.Context(), &adapter.Post{Workspace: ownOrg, Thread: issueThread(aRoot), Body: "hi", Key: "k"})
	if adapter.CodeOf(err) != adapter.CodeConflict {
		t.Errorf("error %v, want a conflict", err)
	}
}

// A write whose answer was lost is retried under the same id and finds the
// first attempt.
func TestPostAfterLostAnswer(t *testing.T) {
	t.Parallel()
	id := WriteID(ownOrg, ownBot, "k")
	s := linearStub(func(n int, c apiCall) (int, string) {
		switch {
		case c.Op == "comment":
			return 200, `{"data":{"comment":{"id":"` + id + `","body":"hi","user":{"id":"` + ownBot + `"},"parentId":"` + aRoot + `"}}}`
		case n == 1:
			return 502, "<html>"
		default:
			return 200, conflictWith(id)
		}
	})
	m, err := newAdapter(t, s).Post(t.Context(), &adapter.Post{Workspace: ownOrg, Thread: issueThread(aRoot), Body: "hi", Key: "k"})
	if err != nil || m.ID != id {
		t.Errorf("message %+v, %v", m, err)
	}
}

func TestPostUnderReply(t *testing.T) {
	t.Parallel()
	s := linearStub(func(_ int, c apiCall) (int, string) {
		switch {
		case c.Op == "comment":
			return 200, `{"data":{"comment":{"id":"` + aReply + `","parent":{"id":"` + aRoot + `"}}}}`
		case c.input(t, "parentId") == aReply:
			return 200, notTopLevel
		default:
			return 200, created(t, c)
		}
	})
	a := newAdapter(t, s)
	for i := range 3 {
		p := &adapter.Post{Workspace: ownOrg, Thread: issueThread(aReply), Body: "hi", Key: strconv.Itoa(i)}
		m, err := a.Post(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		if m.ParentID != aRoot || m.Thread != issueThread(aRoot) || m.ID != WriteID(ownOrg, ownBot, p.Key) {
			t.Errorf("message %+v", m)
		}
	}
	want := []string{"viewer", "commentCreate", "comment", "commentCreate", "commentCreate", "commentCreate"}
	if diff := cmp.Diff(want, s.ops()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestPostUnderReplyFails(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		read string
		code adapter.Code
		ops  int
	}{
		"comment is gone": {`{"errors":[{"message":"Entity not found: Comment"}]}`, adapter.CodeNotFound, 3},
		"it is a root":    {`{"data":{"comment":{"id":"` + aReply + `"}}}`, adapter.CodeInvalid, 3},
		"root is refused": {`{"data":{"comment":{"id":"` + aReply + `","parentId":"` + aRoot + `"}}}`, adapter.CodeInvalid, 4},
	} {
		s := linearStub(func(_ int, c apiCall) (int, string) {
			if c.Op == "comment" {
				return 200, tc.read
			}
			return 200, notTopLevel
		})
		_, err := newAdapter(t, s).Post(t.Context(), &adapter.Post{Workspace: ownOrg, Thread: issueThread(aReply), Body: "hi", Key: "k"})
		if adapter.CodeOf(err) != tc.code || len(s.ops()) != tc.ops {
			t.Errorf("%s: error %v after %v; want code %v after %d requests", name, err, s.ops(), tc.code, tc.ops)
		}
	}
}

func TestPostCanceled(t *testing.T) {
	t.Parallel()
	s := linearStub(func(_ int, c apiCall) (int, string) { return 200, created(t, c) })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := newAdapter(t, s).Post(ctx, &adapter.Post{Workspace: ownOrg, Thread: issueThread(aRoot), Body: "hi", Key: "k"})
	if adapter.CodeOf(err) != adapter.CodeCanceled || len(s.ops()) != 0 {
		t.Errorf("error %v after %v, want Canceled after nothing", err, s.ops())
	}
}

func TestRecentIsBounded(t *testing.T) {
	t.Parallel()
	const size = 10
	r := newRecent[commentKey, int](size)
	for i := range 3 * size {
		r.put(commentKey{"o", strconv.Itoa(i)}, -1)
		r.put(commentKey{"o", strconv.Itoa(i)}, i) // the newest wins
	}
	for i := range 3 * size {
		got, ok := r.get(commentKey{"o", strconv.Itoa(i)})
		if ok != (i >= 2*size) || ok && got != i {
			t.Errorf("%d: got %d, %v", i, got, ok)
		}
	}
	if _, ok := r.get(commentKey{"other", strconv.Itoa(3*size - 1)}); ok {
		t.Error("another workspace sees it")
	}
}

func TestPostInSession(t *testing.T) {
	t.Parallel()
	thread := Thread{IssueID: anIssue, SessionID: "s-1"}.ID()
	id := WriteID(ownOrg, ownBot, "k")
	for name, answer := range map[string]string{
		"new":   `{"data":{"agentActivityCreate":{"success":true,"agentActivity":{"id":"` + id + `"}}}}`,
		"again": `{"errors":[{"message":"conflict on insert of AgentActivity","extensions":{"code":"INPUT_ERROR","userPresentableMessage":"Entity AgentActivity with id ` + id + ` already exists."}}]}`,
	} {
		s := linearStub(func(_ int, c apiCall) (int, string) {
			if c.Op == "agentSessionActivities" {
				return 200, `{"data":{"agentSession":{"id":"s-1","activities":{"nodes":[{"id":"` + id + `","content":{"type":"response","body":"hello"},"user":{"id":"` + ownBot + `"}}],"pageInfo":{}}}}}`
			}
			return 200, answer
		})
		want := []string{"viewer", "agentActivityCreate"}
		if name == "again" {
			want = append(want, "agentSessionActivities")
		}
		m, err := newAdapter(t, s).Post(t.Context(), &adapter.Post{Workspace: ownOrg, Thread: thread, Body: "hi", Key: "k"})
		if err != nil || m.ID != id || m.Thread != thread || m.Session == nil || m.Session.ID != "s-1" || m.Existed != (name == "again") {
			t.Errorf("%s: message %+v, %v", name, m, err)
		}
		if diff := cmp.Diff(want, s.ops()); diff != "" {
			t.Errorf("%s: requests (-want +got):\n%s", name, diff)
		}
	}
}
