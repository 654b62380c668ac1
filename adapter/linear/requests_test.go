package linear_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear"
)

// operations returns the operations that were requested after the first n
// requests.
func (w *world) operations(n int) []string {
	var out []string
	for _, r := range w.srv.Requests()[n:] {
		out = append(out, r.OperationName)
	}
	return out
}

// TestRequests asserts how many requests each operation makes.
func TestRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t, startServer(t), "acme", func(cfg *linear.Config) { cfg.MaxBody = 100 })
	ctx, a := t.Context(), w.adapter
	if _, err := a.Identity(ctx, w.ws.ID); err != nil {
		t.Fatal(err)
	}
	for i := range 9 {
		w.ada.React(w.ada.Reply(w.root, strings.Repeat("x", i+1)), "eyes")
	}
	channel := linear.Thread{IssueID: w.issue.ID}.ID()
	session := w.ada.StartSession(w.app, w.issue, nil)
	threaded := w.ada.StartSession(w.app, w.issue, w.root)
	inSession := linear.Thread{IssueID: w.issue.ID, SessionID: session.ID}.ID()
	inThreaded := linear.Thread{IssueID: w.issue.ID, SessionID: threaded.ID}.ID()
	inQuiet := linear.Thread{IssueID: w.issue.ID, SessionID: w.ada.StartSession(w.app, w.issue, w.root).ID}.ID()
	w.ada.Prompt(session, "please")
	ref := func(id string) adapter.Ref { return adapter.Ref{Workspace: w.ws.ID, Thread: w.thread, MessageID: id} }
	var posted, file string
	post := func(thread adapter.ThreadID, key, body string) error {
		m, err := a.Post(ctx, &adapter.Post{Workspace: w.ws.ID, Thread: thread, Body: body, Key: key})
		if err == nil {
			posted = m.ID
		}
		return err
	}
	quiet := func() error {
		return a.Activity(ctx, &adapter.Activity{
			Workspace: w.ws.ID, Thread: inQuiet, Key: "q", Kind: adapter.ActivityResponse, Body: "elsewhere", WithoutComment: true,
		})
	}
	pages := func(thread adapter.ThreadID, oldest bool, limit int) func() error {
		return func() error {
			r := adapter.PageRequest{Workspace: w.ws.ID, Thread: thread, OldestFirst: oldest, Limit: limit}
			for {
				page, err := a.Messages(ctx, r)
				if err != nil || page.Next == "" {
					return err
				}
				r.Cursor = page.Next
			}
		}
	}
	old := w.app.User.React(w.root, "rocket")
	if old == nil {
		t.Fatal("no reaction")
	}
	for _, tc := range []struct {
		name string
		do   func() error
		want []string
	}{
		{"post", func() error { return post(w.thread, "a", "hi") }, []string{"commentCreate"}},
		{"edit", func() error { _, err := a.Edit(ctx, ref(posted), "hello"); return err }, []string{"commentUpdate"}},
		{"delete", func() error { return a.Delete(ctx, ref(posted)) }, []string{"commentDelete"}},
		{"post to an issue", func() error { return post(channel, "b", "hi") }, []string{"commentCreate"}},
		{"post again", func() error { return post(channel, "b", "hi") }, []string{"commentCreate", "comment"}},
		{"long post", func() error { return post(w.thread, "c", strings.Repeat("some words\n\n", 20)) }, []string{"commentCreate", "commentCreate", "commentCreate"}},
		{"post to a session", func() error { return post(inSession, "d", strings.Repeat("long ", 100)) }, []string{"agentActivityCreate"}},
		{"end a session without a comment", quiet, []string{"agentActivityCreate", "comment", "commentDelete"}},
		{"end it again", quiet, []string{"agentActivityCreate", "agentSessionActivities", "comment"}},
		{"react", func() error { return a.React(ctx, ref(w.root.ID), "eyes") }, []string{"reactionCreate"}},
		{"react again", func() error { return a.React(ctx, ref(w.root.ID), "eyes") }, []string{"reactionCreate", "commentReactions"}},
		{"unreact", func() error { return a.Unreact(ctx, ref(w.root.ID), "eyes") }, []string{"reactionDelete"}},
		{"unreact nothing", func() error { return a.Unreact(ctx, ref(w.root.ID), "eyes") }, []string{"reactionDelete", "commentReactions"}},
		{
			"react once more", func() error { return a.React(ctx, ref(w.root.ID), "eyes") },
			[]string{"reactionCreate", "commentReactions", "reactionCreate"},
		},
		{
			"unreact an older reaction", func() error { return a.Unreact(ctx, ref(w.root.ID), "rocket") },
			[]string{"reactionDelete", "commentReactions", "reactionDelete"},
		},
		{"react to the issue", func() error { return a.React(ctx, ref(""), "eyes") }, []string{"reactionCreate"}},
		{"unreact nothing on the issue", func() error { return a.Unreact(ctx, ref(""), "rocket") }, []string{"reactionDelete", "issueReactions"}},
		{"resolve", func() error { return a.SetResolved(ctx, w.ws.ID, w.thread, true) }, []string{"commentResolve"}},
		{"unresolve", func() error { return a.SetResolved(ctx, w.ws.ID, w.thread, false) }, []string{"commentUnresolve"}},
		{"typing in a thread", func() error { return a.Typing(ctx, w.ws.ID, w.thread, "") }, nil},
		{"typing in a session", func() error { return a.Typing(ctx, w.ws.ID, inSession, "") }, []string{"agentActivityCreate"}},
		{"history of a thread", pages(w.thread, true, 50), []string{"commentThread"}},
		{"history of a thread, 13 in 3 pages, oldest first", pages(w.thread, true, 5), []string{"commentThread", "commentThread", "commentThread"}},
		{"history of a thread, 13 in 3 pages, newest first", pages(w.thread, false, 5), []string{"commentThread", "commentThread", "commentThread"}},
		{"history of an issue, 14 in 2 pages", pages(channel, false, 10), []string{"issueComments", "issueComments"}},
		{"history of a session without comments", pages(inSession, true, 50), []string{"agentSessionMessages"}},
		{"history of a session, 2 in 2 pages", pages(inSession, false, 1), []string{"agentSessionMessages", "agentSessionActivities"}},
		{
			"history of a session with comments", pages(inThreaded, false, 7),
			[]string{"agentSessionMessages", "commentThread"},
		},
		{"history of a session whose comments are known", pages(inThreaded, true, 20), []string{"commentThread"}},
		{"threads", func() error {
			_, err := a.Threads(ctx, adapter.PageRequest{Workspace: w.ws.ID, Thread: channel})
			return err
		}, []string{"issueComments"}},
		{"subject", func() error { _, err := a.Subject(ctx, w.ws.ID, w.thread); return err }, []string{"issue"}},
		{"user by name", func() error { _, err := a.User(ctx, w.ws.ID, adapter.UserQuery{Name: "ada"}); return err }, []string{"users"}},
		{"user by name again", func() error { _, err := a.User(ctx, w.ws.ID, adapter.UserQuery{Name: "@Ada"}); return err }, nil},
		{"the same user by id", func() error { _, err := a.User(ctx, w.ws.ID, adapter.UserQuery{ID: w.ada.ID}); return err }, nil},
		{"mention of a known user", func() error { _, err := a.MentionURL(ctx, w.ws.ID, w.ada.ID); return err }, nil},
		{"mention of the bot", func() error { _, err := a.MentionURL(ctx, w.ws.ID, w.app.User.ID); return err }, nil},
		{"issue link by short name", func() error { _, err := a.IssueURL(ctx, w.ws.ID, "ENG-1"); return err }, nil},
		{"issue link by id", func() error { _, err := a.IssueURL(ctx, w.ws.ID, w.issue.ID); return err }, []string{"issue"}},
		{"upload", func() (err error) {
			file, err = a.Upload(ctx, w.ws.ID, adapter.Upload{Name: "a.txt", Size: 2, Content: strings.NewReader("hi")})
			return err
		}, []string{"fileUpload", "upload"}},
		{"open", func() error {
			f, err := a.Open(ctx, w.ws.ID, file, 100)
			if err != nil {
				return err
			}
			return f.Close()
		}, []string{"assets"}},
	} {
		n := len(w.srv.Requests())
		if err := tc.do(); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		if diff := cmp.Diff(tc.want, w.operations(n)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}
