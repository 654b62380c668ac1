package adaptertest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/linearbot/linearbot/adapter"
)

// AbilityHarness connects an adapter to the suite for optional abilities. Tests of an ability
// that the adapter lacks are skipped, and so are tests that need a hook that is nil.
type AbilityHarness struct {
	// Adapter, Workspace and Thread are those of [Harness]. The thread exists
	// and belongs to a subject; its first message is another user's.
	Adapter   adapter.Adapter
	Workspace string
	Thread    adapter.ThreadID
	// Say makes another user write text into Thread and returns the id of the
	// message. Required.
	Say func(t *testing.T, text string) string
	// Texts returns the texts of the messages in Thread, oldest first. Required.
	Texts func(t *testing.T) []string
	// Reactions returns the names of the bot's reactions to a message, or to
	// the channel of Thread if the id is empty, as the platform has them.
	Reactions func(t *testing.T, messageID string) []string
	// Resolved reports whether Thread is resolved.
	Resolved func(t *testing.T) bool
	// Session is a thread in which the bot can show that it is working, with messages
	// that cannot be changed: an agent session. Empty skips its tests.
	Session adapter.ThreadID
	// Shown returns what the bot shows in Session.
	Shown func(t *testing.T) string
	// Person is a user of the workspace, with id, handle and email address.
	Person adapter.User
	// Stored returns the content of the file at an address.
	Stored func(t *testing.T, url string) []byte
}

// RunAbilities runs the suite for abilities. The subtests share the hooks and
// run one after the other.
func RunAbilities(t *testing.T, h AbilityHarness) {
	t.Helper()
	for _, c := range []struct {
		name string
		run  func(*testing.T, AbilityHarness)
	}{
		{"edit and delete", editor},
		{"what is said in a session stays", appendOnly},
		{"react", reactor},
		{"resolve", closer},
		{"typing", typist},
		{"history of a thread", historyThread},
		{"history of a channel", historyChannel},
		{"threads of a channel", historyThreads},
		{"cursors", cursors},
		{"subject", subject},
		{"roots of threads", roots},
		{"directory", directory},
		{"files", files},
		{"ended contexts", ended},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, h) })
	}
}

// can returns the adapter as one of its abilities, or skips the test.
func can[T any](t *testing.T, h AbilityHarness) T {
	t.Helper()
	v, ok := h.Adapter.(T)
	if !ok {
		t.Skipf("the adapter does not implement %T", *new(T))
	}
	return v
}

func need(t *testing.T, given bool, hook string) {
	t.Helper()
	if !given {
		t.Skip("hook " + hook + " is missing")
	}
}

func wantCode(t *testing.T, what string, err error, codes ...adapter.Code) {
	t.Helper()
	if err == nil || !slices.Contains(codes, adapter.CodeOf(err)) {
		t.Errorf("%s: error %v, want one with a code of %v", what, err, codes)
	}
}

func (h AbilityHarness) post(t *testing.T, body string) *adapter.Message {
	t.Helper()
	m, err := h.Adapter.Post(t.Context(), &adapter.Post{
		Workspace: h.Workspace, Thread: h.Thread, Body: body, Key: t.Name() + "|" + body,
	})
	if err != nil {
		t.Fatalf("Post: %v", err)
	}
	return m
}

func (h AbilityHarness) ref(id string) adapter.Ref {
	return adapter.Ref{Workspace: h.Workspace, Thread: h.Thread, MessageID: id}
}

// absent is an id that does not exist.
const absent = "3d7a0f8e-8f5c-4b7b-9d43-5b8a1f0c2e11"

func editor(t *testing.T, h AbilityHarness) {
	e := can[adapter.Editor](t, h)
	before := h.Texts(t)
	posted := h.post(t, "first words")
	for range 2 {
		m, err := e.Edit(t.Context(), h.ref(posted.ID), "better words")
		if err != nil {
			t.Fatalf("Edit: %v", err)
		}
		if m.ID != posted.ID || m.Body != "better words" || m.Thread != h.Thread || !m.Author.IsSelf() || m.ParentID != posted.ParentID {
			t.Errorf("Edit = %+v, want the message with the new text", m)
		}
	}
	if texts := h.Texts(t); len(texts) != len(before)+1 || texts[len(texts)-1] != "better words" {
		t.Errorf("the thread holds %q", texts)
	}
	_, err := e.Edit(t.Context(), h.ref(posted.ID), " \n")
	wantCode(t, "Edit to nothing", err, adapter.CodeInvalid)
	_, err = e.Edit(t.Context(), h.ref(""), "x")
	wantCode(t, "Edit without an id", err, adapter.CodeInvalid)
	_, err = e.Edit(t.Context(), h.ref(absent), "x")
	wantCode(t, "Edit of what does not exist", err, adapter.CodeNotFound)
	for range 2 {
		if err := e.Delete(t.Context(), h.ref(posted.ID)); err != nil {
			t.Errorf("Delete: %v", err)
		}
	}
	if texts := h.Texts(t); !slices.Equal(texts, before) {
		t.Errorf("after Delete the thread holds %q, want %q", texts, before)
	}
	wantCode(t, "Delete without an id", e.Delete(t.Context(), h.ref("")), adapter.CodeInvalid)
}

func appendOnly(t *testing.T, h AbilityHarness) {
	e := can[adapter.Editor](t, h)
	need(t, h.Session != "", "Session")
	r := adapter.Ref{Workspace: h.Workspace, Thread: h.Session, MessageID: absent}
	_, err := e.Edit(t.Context(), r, "x")
	wantCode(t, "Edit", err, adapter.CodeAppendOnly)
	wantCode(t, "Delete", e.Delete(t.Context(), r), adapter.CodeAppendOnly)
}

func reactor(t *testing.T, h AbilityHarness) {
	r := can[adapter.Reactor](t, h)
	need(t, h.Reactions != nil, "Reactions")
	message := h.Say(t, "react to this")
	for _, id := range []string{message, ""} {
		for round, emoji := range []string{"eyes", "👀", "eyes"} {
			for range 2 {
				if err := r.React(t.Context(), h.ref(id), emoji); err != nil {
					t.Fatalf("React(%q, %q), round %d: %v", id, emoji, round, err)
				}
			}
			if got := h.Reactions(t, id); len(got) != 1 {
				t.Errorf("round %d: reactions %q, want one", round, got)
			}
			for range 2 {
				if err := r.Unreact(t.Context(), h.ref(id), emoji); err != nil {
					t.Fatalf("Unreact(%q, %q), round %d: %v", id, emoji, round, err)
				}
			}
			if got := h.Reactions(t, id); len(got) != 0 {
				t.Errorf("round %d: reactions %q, want none", round, got)
			}
		}
	}
	if err := r.React(t.Context(), h.ref(message), "thumbs_up"); err != nil {
		t.Fatal(err)
	}
	if err := r.React(t.Context(), h.ref(message), "rocket"); err != nil {
		t.Fatal(err)
	}
	if err := r.Unreact(t.Context(), h.ref(message), "thumbs_up"); err != nil {
		t.Fatal(err)
	}
	if got := h.Reactions(t, message); len(got) != 1 || !strings.Contains(got[0], "rocket") {
		t.Errorf("reactions %q, want the rocket only", got)
	}
	wantCode(t, "no emoji", r.React(t.Context(), h.ref(message), " "), adapter.CodeInvalid)
	wantCode(t, "no message", r.React(t.Context(), h.ref(absent), "eyes"), adapter.CodeNotFound)
}

func closer(t *testing.T, h AbilityHarness) {
	c := can[adapter.ThreadResolver](t, h)
	need(t, h.Resolved != nil, "Resolved")
	for _, resolved := range []bool{true, true, false, false} {
		if err := c.SetResolved(t.Context(), h.Workspace, h.Thread, resolved); err != nil {
			t.Fatalf("SetResolved(%v): %v", resolved, err)
		}
		if got := h.Resolved(t); got != resolved {
			t.Errorf("resolved = %v, want %v", got, resolved)
		}
	}
	channel, err := h.Adapter.Channel(h.Thread)
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, "a channel", c.SetResolved(t.Context(), h.Workspace, channel, true), adapter.CodeUnsupported)
}

func typist(t *testing.T, h AbilityHarness) {
	p := can[adapter.Typist](t, h)
	if err := p.Typing(t.Context(), h.Workspace, h.Thread, "busy"); err != nil && adapter.CodeOf(err) != adapter.CodeUnsupported {
		t.Errorf("Typing: %v", err)
	}
	wantCode(t, "no thread", p.Typing(t.Context(), h.Workspace, "", "busy"), adapter.CodeInvalid)
	need(t, h.Session != "" && h.Shown != nil, "Session and Shown")
	if err := p.Typing(t.Context(), h.Workspace, h.Session, "reading the logs"); err != nil {
		t.Fatal(err)
	}
	if got := h.Shown(t); got != "reading the logs" {
		t.Errorf("shown %q", got)
	}
	if err := p.Typing(t.Context(), h.Workspace, h.Session, ""); err != nil {
		t.Fatal(err)
	}
	if got := h.Shown(t); got == "" || got == "reading the logs" {
		t.Errorf("without a status %q is shown, want a default", got)
	}
}

func subject(t *testing.T, h AbilityHarness) {
	s := can[adapter.Subjecter](t, h)
	issue, err := s.Subject(t.Context(), h.Workspace, h.Thread)
	if err != nil {
		t.Fatalf("Subject: %v", err)
	}
	if issue.ID == "" || issue.Title == "" || issue.URL == "" || issue.State.Name == "" || issue.Team.ID == "" {
		t.Errorf("Subject = %+v lacks something", issue)
	}
	_, err = s.Subject(t.Context(), h.Workspace, "")
	wantCode(t, "no thread", err, adapter.CodeInvalid)
}

func directory(t *testing.T, h AbilityHarness) {
	d := can[adapter.Directory](t, h)
	need(t, h.Person.ID != "", "Person")
	for _, q := range []adapter.UserQuery{
		{ID: h.Person.ID}, {Name: h.Person.Name}, {Name: "@" + strings.ToUpper(h.Person.Name)}, {Email: strings.ToUpper(h.Person.Email)},
	} {
		u, err := d.User(t.Context(), h.Workspace, q)
		if err != nil {
			t.Errorf("User(%+v): %v", q, err)
			continue
		}
		if u.ID != h.Person.ID || u.Name != h.Person.Name || u.Email != h.Person.Email || !u.IsHuman() {
			t.Errorf("User(%+v) = %+v, want %+v", q, u, h.Person)
		}
	}
	for _, q := range []adapter.UserQuery{{ID: absent}, {Name: "no-such-handle"}, {Email: "absent@example.com"}} {
		_, err := d.User(t.Context(), h.Workspace, q)
		wantCode(t, fmt.Sprintf("User(%+v)", q), err, adapter.CodeNotFound)
	}
	for _, q := range []adapter.UserQuery{{}, {ID: "a", Name: "b"}} {
		_, err := d.User(t.Context(), h.Workspace, q)
		wantCode(t, fmt.Sprintf("User(%+v)", q), err, adapter.CodeInvalid)
	}
}

func files(t *testing.T, h AbilityHarness) {
	up := can[adapter.Uploader](t, h)
	content := bytes.Repeat([]byte("0123456789"), 1000)
	upload := func(size int64) (string, error) {
		return up.Upload(t.Context(), h.Workspace, adapter.Upload{
			Name: "numbers.txt", Type: "text/plain", Size: size, Content: io.MultiReader(bytes.NewReader(content)),
		})
	}
	url, err := upload(int64(len(content)))
	if err != nil {
		t.Fatalf("Upload: %v", err)
	}
	if h.Stored != nil && !bytes.Equal(h.Stored(t, url), content) {
		t.Error("what is stored is not what was uploaded")
	}
	for name, size := range map[string]int64{"too short": int64(len(content)) + 1, "too long": int64(len(content)) - 1, "no size": -1, "not empty": 0} {
		_, err := upload(size)
		wantCode(t, name, err, adapter.CodeInvalid)
	}
	down := can[adapter.Downloader](t, h)
	file, err := down.Open(t.Context(), h.Workspace, url, int64(len(content)))
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	got, err := io.ReadAll(file)
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("read %d bytes, %v, want the %d that were uploaded", len(got), err, len(content))
	}
	if err := file.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if file.Name != "numbers.txt" || file.Type != "text/plain" || file.Size != int64(len(content)) {
		t.Errorf("file = %q, %q, %d bytes", file.Name, file.Type, file.Size)
	}
	small, err := down.Open(t.Context(), h.Workspace, url, 100)
	if err == nil {
		_, err = io.ReadAll(small)
		_ = small.Close() // the error that counts is the other one
	}
	wantCode(t, "more than the limit", err, adapter.CodeInvalid)
	for _, bad := range []string{"", "/etc/passwd", "https://example.com/x", "file:///etc/passwd", "http://127.0.0.1:1/x", "https://uploads.example.com@example.com/"} {
		_, err := down.Open(t.Context(), h.Workspace, bad, 100)
		wantCode(t, "Open "+bad, err, adapter.CodeInvalid)
	}
}

func ended(t *testing.T, h AbilityHarness) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for name, do := range map[string]func() error{
		"Edit": func() error {
			e, ok := h.Adapter.(adapter.Editor)
			if !ok {
				return context.Canceled
			}
			_, err := e.Edit(gone, h.ref(absent), "x")
			return err
		},
		"React": func() error {
			r, ok := h.Adapter.(adapter.Reactor)
			if !ok {
				return context.Canceled
			}
			return r.React(gone, h.ref(absent), "eyes")
		},
		"Messages": func() error {
			p, ok := h.Adapter.(adapter.Historian)
			if !ok {
				return context.Canceled
			}
			_, err := p.Messages(gone, adapter.PageRequest{Workspace: h.Workspace, Thread: h.Thread})
			return err
		},
		"User": func() error {
			d, ok := h.Adapter.(adapter.Directory)
			if !ok {
				return context.Canceled
			}
			_, err := d.User(gone, h.Workspace, adapter.UserQuery{Name: "new-handle"})
			return err
		},
		"Subject": func() error {
			s, ok := h.Adapter.(adapter.Subjecter)
			if !ok {
				return context.Canceled
			}
			_, err := s.Subject(gone, h.Workspace, h.Thread)
			return err
		},
	} {
		wantCode(t, name, do(), adapter.CodeCanceled)
	}
}

// roots compares the thread that a post is said to begin with the one it begins.
func roots(t *testing.T, h AbilityHarness) {
	r := can[adapter.Rooter](t, h)
	channel, err := h.Adapter.Channel(h.Thread)
	if err != nil {
		t.Fatalf("Channel: %v", err)
	}
	posts := make([]*adapter.Post, 3)
	said := make([]adapter.ThreadID, len(posts))
	for i := range posts {
		posts[i] = &adapter.Post{Workspace: h.Workspace, Thread: channel, Body: "a beginning", Key: fmt.Sprint(t.Name(), "|", i)}
		if said[i], err = r.RootOf(t.Context(), posts[i]); err != nil {
			t.Fatalf("RootOf: %v", err)
		}
		if again, err := r.RootOf(t.Context(), posts[i]); again != said[i] || err != nil {
			t.Errorf("RootOf of the same post: %s and %s, %v", said[i], again, err)
		}
	}
	for _, i := range []int{2, 0, 1} { // in any order
		m, err := h.Adapter.Post(t.Context(), posts[i])
		if err != nil {
			t.Fatalf("Post: %v", err)
		}
		if m.Thread != said[i] {
			t.Errorf("post %d begins %s, and RootOf has said %s", i, m.Thread, said[i])
		}
		if after, err := r.RootOf(t.Context(), posts[i]); after != m.Thread || err != nil {
			t.Errorf("RootOf of a post that is there: %s, %v, want %s", after, err, m.Thread)
		}
	}
	if root, err := r.RootOf(t.Context(), &adapter.Post{Workspace: h.Workspace, Thread: h.Thread, Body: "x", Key: t.Name()}); adapter.CodeOf(err) != adapter.CodeUnsupported {
		t.Errorf("a post in a thread begins %s, %v, want that it begins none", root, err)
	}
}
