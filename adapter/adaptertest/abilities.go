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

// Abilities connects what an adapter can do beyond the contract to the suite.
// An ability that the adapter does not have is skipped, and so is what needs a
// hook that is nil.
type Abilities struct {
	// Adapter, Workspace and Thread are those of [Harness]. The thread exists
	// and hangs on a subject; its first message is somebody else's.
	Adapter   adapter.Adapter
	Workspace string
	Thread    adapter.ThreadID
	// Say makes somebody else write text into Thread and returns the id of the
	// message. Required.
	Say func(t *testing.T, text string) string
	// Texts returns the texts that stand in Thread, oldest first. Required.
	Texts func(t *testing.T) []string
	// Reactions returns the names of the bot's reactions to a message, or to
	// the channel of Thread if the id is empty, as the platform has them.
	Reactions func(t *testing.T, messageID string) []string
	// Resolved reports whether Thread is resolved.
	Resolved func(t *testing.T) bool
	// Session is a thread in which the bot can show that it is at work, and
	// Shown what it shows there. Messages that the bot writes there cannot be
	// changed.
	Session adapter.ThreadID
	Shown   func(t *testing.T) string
	// Person is somebody in the workspace: id, handle and address.
	Person adapter.User
	// Stored returns what is stored at an address.
	Stored func(t *testing.T, url string) []byte
}

// RunAbilities runs the suite for abilities. The subtests share the hooks and
// run one after the other.
func RunAbilities(t *testing.T, h Abilities) {
	t.Helper()
	for _, c := range []struct {
		name string
		run  func(*testing.T, Abilities)
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
		{"directory", directory},
		{"files", files},
		{"ended contexts", ended},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, h) })
	}
}

// can returns the adapter as one of its abilities, or skips the test.
func can[T any](t *testing.T, h Abilities) T {
	t.Helper()
	v, ok := h.Adapter.(T)
	if !ok {
		t.Skipf("the adapter is no %T", *new(T))
	}
	return v
}

func need(t *testing.T, given bool, hook string) {
	t.Helper()
	if !given {
		t.Skip("no hook " + hook)
	}
}

func wantCode(t *testing.T, what string, err error, codes ...adapter.Code) {
	t.Helper()
	if err == nil || !slices.Contains(codes, adapter.CodeOf(err)) {
		t.Errorf("%s: error %v, want one with a code of %v", what, err, codes)
	}
}

func (h Abilities) post(t *testing.T, body string) *adapter.Message {
	t.Helper()
	m, err := h.Adapter.Post(t.Context(), &adapter.Post{
		Workspace: h.Workspace, Thread: h.Thread, Body: body, Key: t.Name() + "|" + body,
	})
	if err != nil {
		t.Fatalf("Post: %v", err)
	}
	return m
}

func (h Abilities) ref(id string) adapter.Ref {
	return adapter.Ref{Workspace: h.Workspace, Thread: h.Thread, MessageID: id}
}

// nobody is an id that nothing has.
const nobody = "3d7a0f8e-8f5c-4b7b-9d43-5b8a1f0c2e11"

func editor(t *testing.T, h Abilities) {
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
	wantCode(t, "Edit to nothing", err, adapter.Invalid)
	_, err = e.Edit(t.Context(), h.ref(""), "x")
	wantCode(t, "Edit without an id", err, adapter.Invalid)
	_, err = e.Edit(t.Context(), h.ref(nobody), "x")
	wantCode(t, "Edit of what does not exist", err, adapter.NotFound)
	for range 2 {
		if err := e.Delete(t.Context(), h.ref(posted.ID)); err != nil {
			t.Errorf("Delete: %v", err)
		}
	}
	if texts := h.Texts(t); !slices.Equal(texts, before) {
		t.Errorf("after Delete the thread holds %q, want %q", texts, before)
	}
	wantCode(t, "Delete without an id", e.Delete(t.Context(), h.ref("")), adapter.Invalid)
}

func appendOnly(t *testing.T, h Abilities) {
	e := can[adapter.Editor](t, h)
	need(t, h.Session != "", "Session")
	r := adapter.Ref{Workspace: h.Workspace, Thread: h.Session, MessageID: nobody}
	_, err := e.Edit(t.Context(), r, "x")
	wantCode(t, "Edit", err, adapter.AppendOnly)
	wantCode(t, "Delete", e.Delete(t.Context(), r), adapter.AppendOnly)
}

func reactor(t *testing.T, h Abilities) {
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
	wantCode(t, "no emoji", r.React(t.Context(), h.ref(message), " "), adapter.Invalid)
	wantCode(t, "no message", r.React(t.Context(), h.ref(nobody), "eyes"), adapter.NotFound)
}

func closer(t *testing.T, h Abilities) {
	c := can[adapter.Closer](t, h)
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
	wantCode(t, "a channel", c.SetResolved(t.Context(), h.Workspace, channel, true), adapter.Unsupported)
}

func typist(t *testing.T, h Abilities) {
	p := can[adapter.Typist](t, h)
	if err := p.Typing(t.Context(), h.Workspace, h.Thread, "busy"); err != nil && adapter.CodeOf(err) != adapter.Unsupported {
		t.Errorf("Typing: %v", err)
	}
	wantCode(t, "no thread", p.Typing(t.Context(), h.Workspace, "", "busy"), adapter.Invalid)
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

// readAll reads every page.
func readAll(t *testing.T, h Abilities, p adapter.Historian, r adapter.PageRequest) (all []*adapter.Message, pages int) {
	t.Helper()
	r.Workspace = h.Workspace
	for {
		page, err := p.Messages(t.Context(), r)
		if err != nil {
			t.Fatalf("Messages: %v", err)
		}
		if pages++; pages > 100 {
			t.Fatal("the pages do not end")
		}
		if len(page.Messages) > r.Limit {
			t.Errorf("a page of %d messages, the limit is %d", len(page.Messages), r.Limit)
		}
		all = append(all, page.Messages...)
		if page.Next == "" {
			return all, pages
		}
		r.Cursor = page.Next
	}
}

func bodies(all []*adapter.Message) []string {
	out := make([]string, 0, len(all))
	for _, m := range all {
		out = append(out, m.Body)
	}
	return out
}

func historyThread(t *testing.T, h Abilities) {
	p := can[adapter.Historian](t, h)
	for i := range 6 {
		h.Say(t, fmt.Sprintf("said %d", i))
	}
	h.post(t, "and the bot answers")
	texts := h.Texts(t)
	for limit := 1; limit <= len(texts)+1; limit++ {
		for _, oldest := range []bool{true, false} {
			want := slices.Clone(texts)
			if !oldest {
				slices.Reverse(want)
			}
			all, pages := readAll(t, h, p, adapter.PageRequest{Thread: h.Thread, OldestFirst: oldest, Limit: limit})
			if got := bodies(all); !slices.Equal(got, want) {
				t.Errorf("limit %d, oldest first %v:\n%q, want\n%q", limit, oldest, got, want)
			}
			if most := (len(texts) + limit - 1) / limit; pages > most+1 {
				t.Errorf("limit %d: %d pages for %d messages", limit, pages, len(texts))
			}
			checkMessages(t, h, all)
		}
	}
}

// checkMessages checks what messages of Thread have in common.
func checkMessages(t *testing.T, h Abilities, all []*adapter.Message) {
	t.Helper()
	roots, own := 0, 0
	for _, m := range all {
		if m.ID == "" || m.Thread != h.Thread || m.CreatedAt.IsZero() || m.Author.ID == "" || m.Author.Name == "" {
			t.Errorf("message %+v lacks something", m)
		}
		if m.ParentID == "" {
			roots++
		}
		if m.Author.IsSelf() {
			own++
		}
		if m.Author.IsSelf() != (m.Body == "and the bot answers") && strings.HasPrefix(m.Body, "said ") {
			t.Errorf("the author of %q is %+v", m.Body, m.Author)
		}
	}
	if roots != 1 || own == 0 {
		t.Errorf("%d first messages and %d of the bot's own, want one and some", roots, own)
	}
}

func historyChannel(t *testing.T, h Abilities) {
	p := can[adapter.Historian](t, h)
	channel, err := h.Adapter.Channel(h.Thread)
	if err != nil {
		t.Fatal(err)
	}
	mark := h.Say(t, "in the channel, too")
	for _, oldest := range []bool{true, false} {
		all, _ := readAll(t, h, p, adapter.PageRequest{Thread: channel, OldestFirst: oldest, Limit: 4})
		seen := map[string]bool{}
		var before *adapter.Message
		for _, m := range all {
			if seen[m.ID] {
				t.Errorf("message %s comes twice", m.ID)
			}
			seen[m.ID] = true
			if before != nil && before.CreatedAt.Compare(m.CreatedAt) != 0 && before.CreatedAt.Before(m.CreatedAt) != oldest {
				t.Errorf("oldest first %v: %v comes before %v", oldest, before.CreatedAt, m.CreatedAt)
			}
			before = m
			if m.ID == mark && m.Thread != h.Thread {
				t.Errorf("message %s has thread %q, want %q", m.ID, m.Thread, h.Thread)
			}
		}
		if !seen[mark] {
			t.Errorf("oldest first %v: the last message is missing", oldest)
		}
	}
}

func historyThreads(t *testing.T, h Abilities) {
	p := can[adapter.Historian](t, h)
	h.Say(t, "an answer")
	r := adapter.PageRequest{Workspace: h.Workspace, Thread: h.Thread, Limit: 1}
	found := false
	for range 100 {
		page, err := p.Threads(t.Context(), r)
		if err != nil {
			t.Fatalf("Threads: %v", err)
		}
		for _, info := range page.Threads {
			if info.Root == nil || info.Root.Thread != info.ID || info.Root.ParentID != "" {
				t.Errorf("thread %+v has no proper root", info)
			}
			if info.ID == h.Thread {
				found = true
				if info.LastReplyAt.IsZero() {
					t.Error("nobody has answered, it says")
				}
			}
		}
		if page.Next == "" {
			break
		}
		r.Cursor = page.Next
	}
	if !found {
		t.Errorf("thread %q is not among the threads", h.Thread)
	}
}

func cursors(t *testing.T, h Abilities) {
	p := can[adapter.Historian](t, h)
	h.Say(t, "one")
	h.Say(t, "two")
	r := adapter.PageRequest{Workspace: h.Workspace, Thread: h.Thread, Limit: 1}
	page, err := p.Messages(t.Context(), r)
	if err != nil || page.Next == "" {
		t.Fatalf("Messages = %+v, %v, want a next page", page, err)
	}
	for _, cursor := range []string{"x", "1.", "1.e30", page.Next + "A", page.Next[:len(page.Next)-1]} {
		r.Cursor = cursor
		_, err := p.Messages(t.Context(), r)
		wantCode(t, "cursor "+cursor, err, adapter.Invalid)
	}
	r.Cursor, r.OldestFirst = page.Next, true
	_, err = p.Messages(t.Context(), r)
	wantCode(t, "a cursor of the other order", err, adapter.Invalid)
	channel, err := h.Adapter.Channel(h.Thread)
	if err != nil {
		t.Fatal(err)
	}
	r.Thread, r.OldestFirst = channel, false
	_, err = p.Messages(t.Context(), r)
	wantCode(t, "a cursor of another thread", err, adapter.Invalid)
}

func subject(t *testing.T, h Abilities) {
	s := can[adapter.Subjecter](t, h)
	issue, err := s.Subject(t.Context(), h.Workspace, h.Thread)
	if err != nil {
		t.Fatalf("Subject: %v", err)
	}
	if issue.ID == "" || issue.Title == "" || issue.URL == "" || issue.State.Name == "" || issue.Team.ID == "" {
		t.Errorf("Subject = %+v lacks something", issue)
	}
	_, err = s.Subject(t.Context(), h.Workspace, "")
	wantCode(t, "no thread", err, adapter.Invalid)
}

func directory(t *testing.T, h Abilities) {
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
		if u.ID != h.Person.ID || u.Name != h.Person.Name || u.Email != h.Person.Email || u.IsBot() {
			t.Errorf("User(%+v) = %+v, want %+v", q, u, h.Person)
		}
	}
	for _, q := range []adapter.UserQuery{{ID: nobody}, {Name: "nobody-of-this-name"}, {Email: "nobody@example.com"}} {
		_, err := d.User(t.Context(), h.Workspace, q)
		wantCode(t, fmt.Sprintf("User(%+v)", q), err, adapter.NotFound)
	}
	for _, q := range []adapter.UserQuery{{}, {ID: "a", Name: "b"}} {
		_, err := d.User(t.Context(), h.Workspace, q)
		wantCode(t, fmt.Sprintf("User(%+v)", q), err, adapter.Invalid)
	}
}

func files(t *testing.T, h Abilities) {
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
		wantCode(t, name, err, adapter.Invalid)
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
	wantCode(t, "more than the limit", err, adapter.Invalid)
	for _, bad := range []string{"", "/etc/passwd", "https://example.com/x", "file:///etc/passwd", "http://127.0.0.1:1/x", "https://uploads.example.com@example.com/"} {
		_, err := down.Open(t.Context(), h.Workspace, bad, 100)
		wantCode(t, "Open "+bad, err, adapter.Invalid)
	}
}

func ended(t *testing.T, h Abilities) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for name, do := range map[string]func() error{
		"Edit": func() error {
			e, ok := h.Adapter.(adapter.Editor)
			if !ok {
				return context.Canceled
			}
			_, err := e.Edit(gone, h.ref(nobody), "x")
			return err
		},
		"React": func() error {
			r, ok := h.Adapter.(adapter.Reactor)
			if !ok {
				return context.Canceled
			}
			return r.React(gone, h.ref(nobody), "eyes")
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
			_, err := d.User(gone, h.Workspace, adapter.UserQuery{Name: "somebody-new"})
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
		wantCode(t, name, do(), adapter.Canceled)
	}
}
