package linear_test

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear"
)

// TestTwoWorkspaces checks that two bots on one server see nothing of each
// other's workspace, whatever ids they are given.
func TestTwoWorkspaces(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	acme, umbrella := newWorld(t, srv, "acme", nil), newWorld(t, srv, "umbrella", nil)
	ctx := t.Context()
	secret := umbrella.ada.Reply(umbrella.root, "umbrella only")
	address, err := umbrella.adapter.Upload(ctx, umbrella.ws.ID, adapter.Upload{Name: "a.txt", Size: 2, Content: strings.NewReader("hi")})
	if err != nil {
		t.Fatal(err)
	}
	// Both have an "ada" and an "ENG-1"; each bot has looked up its own.
	for _, w := range []*world{acme, umbrella} {
		u, err := w.adapter.User(ctx, w.ws.ID, adapter.UserQuery{Name: "ada"})
		if err != nil || u.ID != w.ada.ID {
			t.Fatalf("user %+v, %v", u, err)
		}
		issue, err := w.adapter.Subject(ctx, w.ws.ID, "linear:ENG-1")
		if err != nil || issue.ID != w.issue.ID {
			t.Fatalf("issue %+v, %v", issue, err)
		}
		page, err := w.adapter.Messages(ctx, adapter.PageRequest{Workspace: w.ws.ID, Thread: "linear:ENG-1"})
		if err != nil || slices.ContainsFunc(page.Messages, func(m *adapter.Message) bool { return m.Body == "umbrella only" }) != (w == umbrella) {
			t.Fatalf("page %+v, %v", page, err)
		}
	}
	for _, workspace := range []string{acme.ws.ID, umbrella.ws.ID} {
		want := adapter.CodeNotFound
		if workspace == umbrella.ws.ID {
			want = adapter.CodeForbidden
		}
		ref := adapter.Ref{Workspace: workspace, Thread: umbrella.thread, MessageID: secret.ID}
		a := acme.adapter
		for name, do := range map[string]func() error{
			"messages": func() error {
				_, err := a.Messages(ctx, adapter.PageRequest{Workspace: workspace, Thread: umbrella.thread})
				return err
			},
			"channel": func() error {
				_, err := a.Messages(ctx, adapter.PageRequest{Workspace: workspace, Thread: linear.Thread{IssueID: umbrella.issue.ID}.ID()})
				return err
			},
			"threads": func() error {
				_, err := a.Threads(ctx, adapter.PageRequest{Workspace: workspace, Thread: umbrella.thread})
				return err
			},
			"subject": func() error { _, err := a.Subject(ctx, workspace, umbrella.thread); return err },
			"user":    func() error { _, err := a.User(ctx, workspace, adapter.UserQuery{ID: umbrella.ada.ID}); return err },
			"email": func() error {
				_, err := a.User(ctx, workspace, adapter.UserQuery{Email: umbrella.ada.Email})
				return err
			},
			"edit":    func() error { _, err := a.Edit(ctx, ref, "x"); return err },
			"react":   func() error { return a.React(ctx, ref, "eyes") },
			"resolve": func() error { return a.SetResolved(ctx, workspace, umbrella.thread, true) },
			"post": func() error {
				_, err := a.Post(ctx, &adapter.Post{Workspace: workspace, Thread: umbrella.thread, Body: "x", Key: "k"})
				return err
			},
			"mention": func() error { _, err := a.MentionURL(ctx, workspace, umbrella.ada.ID); return err },
		} {
			if err := do(); adapter.CodeOf(err) != want {
				t.Errorf("%s in %s: %v, want %s", name, workspace, err, want)
			}
		}
	}
	if _, err := acme.adapter.Open(ctx, acme.ws.ID, address, 100); adapter.CodeOf(err) != adapter.CodeForbidden {
		t.Errorf("Open: %v, want Forbidden", err)
	}
	f, err := umbrella.adapter.Open(ctx, umbrella.ws.ID, address, 100)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if text, err := io.ReadAll(f); string(text) != "hi" || err != nil {
		t.Errorf("file %q, %v", text, err)
	}
	if texts := umbrella.texts(); len(texts) != 2 || !umbrella.root.ResolvedAt().IsZero() || secret.Body() != "umbrella only" {
		t.Errorf("the other workspace was changed: %q", texts)
	}
}

// TestPostAs checks persona and quietness, and that long posts stay one thread.
func TestPostAs(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	w := newWorld(t, srv, "acme", func(cfg *linear.Config) { cfg.MaxBody = 30 })
	post := &adapter.Post{
		Workspace: w.ws.ID, Thread: linear.Thread{IssueID: w.issue.ID}.ID(), Key: "k", Quiet: true,
		Body: "the first block of it\n\nthe second block of it\n\nthe third block of it",
		As:   adapter.Persona{Name: "Grace", AvatarURL: "https://example.com/g.png"},
	}
	var first *adapter.Message
	for range 2 { // the second time is a no-op
		m, err := w.adapter.Post(t.Context(), post)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = m
		}
		if m.ID != first.ID || m.Thread != first.Thread || m.Body != "the first block of it" || m.Author.FullName != "Grace" || !m.Author.IsSelf() {
			t.Errorf("message %+v", m)
		}
	}
	all := w.issue.Comments()[1:]
	if len(all) != 3 || all[0].ID != first.ID {
		t.Fatalf("%d comments, want 3", len(all))
	}
	for i, c := range all {
		if c.AsUser != "Grace" || (c.Parent != nil) != (i > 0) || i > 0 && c.Parent != all[0] {
			t.Errorf("comment %d: %+v", i, c)
		}
	}
	if texts := []string{all[0].Body(), all[1].Body(), all[2].Body()}; strings.Join(texts, "\n\n") != post.Body {
		t.Errorf("texts %q", texts)
	}
	for _, r := range srv.Requests() {
		in, ok := r.Variables["input"].(map[string]any)
		if r.OperationName == "commentCreate" && (!ok || in["doNotSubscribeToIssue"] != true || in["displayIconUrl"] != "https://example.com/g.png") {
			t.Errorf("input %v", in)
		}
	}

	session := w.ada.StartSession(w.app, w.issue, nil)
	post.Thread = linear.Thread{IssueID: w.issue.ID, SessionID: session.ID}.ID()
	if _, err := w.adapter.Post(t.Context(), post); adapter.CodeOf(err) != adapter.CodeUnsupported {
		t.Errorf("a persona in a session: %v, want Unsupported", err)
	}
	post.As = adapter.Persona{}
	if _, err := w.adapter.Post(t.Context(), post); err != nil {
		t.Fatal(err)
	}
	if got := session.ActivityTexts(); len(got) != 1 || got[0] != "response: "+post.Body {
		t.Errorf("activities %q, want the whole text", got)
	}

	person, err := linear.New(linear.Config{APIKey: w.ada.APIKey(), APIURL: srv.GraphQLURL()})
	if err != nil {
		t.Fatal(err)
	}
	post.Thread, post.As, post.Key = w.thread, adapter.Persona{Name: "Grace"}, "k2"
	if _, err := person.Post(t.Context(), post); adapter.CodeOf(err) != adapter.CodeUnsupported {
		t.Errorf("a persona with a person's key: %v, want Unsupported", err)
	}
}

// TestReactAsAPerson checks that a bot with a person's key leaves the person's
// own reactions alone.
func TestReactAsAPerson(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	w := newWorld(t, srv, "acme", nil)
	a, err := linear.New(linear.Config{APIKey: w.ada.APIKey(), APIURL: srv.GraphQLURL()})
	if err != nil {
		t.Fatal(err)
	}
	ref := adapter.Ref{Workspace: w.ws.ID, Thread: w.thread, MessageID: w.root.ID}
	w.ada.React(w.root, "eyes")
	if err := a.Unreact(t.Context(), ref, "eyes"); err != nil || len(w.root.Reactions()) != 1 {
		t.Errorf("%d reactions, %v, want the person's one", len(w.root.Reactions()), err)
	}
	for range 2 {
		if err := a.React(t.Context(), ref, "rocket"); err != nil {
			t.Fatal(err)
		}
		if err := a.Unreact(t.Context(), ref, "🚀"); err != nil || len(w.root.Reactions()) != 1 {
			t.Errorf("%d reactions, %v, want the person's one", len(w.root.Reactions()), err)
		}
	}
}

// TestResolveByReply resolves a thread whose id names a reply.
func TestResolveByReply(t *testing.T) {
	t.Parallel()
	w := newWorld(t, startServer(t), "acme", nil)
	reply := w.ada.Reply(w.root, "a reply")
	thread := linear.Thread{IssueID: w.issue.ID, CommentID: reply.ID}.ID()
	for want := range 2 {
		n := len(w.srv.Requests())
		if err := w.adapter.SetResolved(t.Context(), w.ws.ID, thread, want == 0); err != nil {
			t.Fatal(err)
		}
		if w.root.ResolvedAt().IsZero() != (want == 1) {
			t.Error("the thread was not changed")
		}
		if got := len(w.operations(n)); want == 1 && got != 1 {
			t.Errorf("%d requests, want 1: the root is remembered", got)
		}
	}
	session := w.ada.StartSession(w.app, w.issue, w.root)
	if err := w.adapter.SetResolved(t.Context(), w.ws.ID, linear.Thread{IssueID: w.issue.ID, SessionID: session.ID}.ID(), true); err != nil || w.root.ResolvedAt().IsZero() {
		t.Errorf("a session's thread: %v", err)
	}
	bare := w.ada.StartSession(w.app, w.issue, nil)
	if err := w.adapter.SetResolved(t.Context(), w.ws.ID, linear.Thread{IssueID: w.issue.ID, SessionID: bare.ID}.ID(), true); adapter.CodeOf(err) != adapter.CodeUnsupported {
		t.Errorf("a session without comments: %v, want Unsupported", err)
	}
}
