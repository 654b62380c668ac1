package linear_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
)

// again returns an adapter of the same installation with empty caches.
func (w *world) again(t *testing.T, change func(*linear.Config)) *linear.Adapter {
	t.Helper()
	cfg := linear.Config{ClientID: w.app.ClientID, ClientSecret: w.app.ClientSecret, APIURL: w.srv.GraphQLURL(), UploadsURL: w.srv.URL()}
	change(&cfg)
	a, err := linear.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	a.UseSecret(sharedSecret)
	return a
}

// blocks is a text of n blocks that fill a comment of 100 characters each.
func blocks(n int, word string) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("%d %s", i, strings.TrimSpace(strings.Repeat(word+" ", 80/(len(word)+1))))
	}
	return strings.Join(all, "\n\n")
}

// TestPut lengthens and shortens a message, with the adapter that posted it and
// with another one. The thread holds exactly the text, in order.
func TestPut(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	limit := func(cfg *linear.Config) { cfg.MaxBody = 100 }
	steps := []int{1, 3, 4, 2, 5, 1, 1, 3}
	for i, forget := range []bool{false, true} {
		for j, inChannel := range []bool{false, true} {
			t.Run(fmt.Sprintf("forgets %t, channel %t", forget, inChannel), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, srv, fmt.Sprintf("acme%d%d", i, j), limit)
				w.adapter.UseSecret(sharedSecret)
				in := w.thread
				if inChannel {
					in = linear.Thread{IssueID: w.issue.ID}.ID()
				}
				var m *adapter.Message
				for n, size := range steps {
					a := w.adapter
					if forget {
						a = w.again(t, limit)
					}
					body := blocks(size, fmt.Sprintf("w%d", n))
					var err error
					if m == nil {
						m, err = a.Post(t.Context(), &adapter.Post{Workspace: w.ws.ID, Thread: in, Body: body, Key: "k"})
					} else {
						_, err = a.Edit(t.Context(), adapter.Ref{Workspace: w.ws.ID, Thread: in, MessageID: m.ID}, body)
					}
					if err != nil {
						t.Fatalf("step %d: %v", n, err)
					}
					got := w.said(m.ID)
					if strings.Join(got, "\n\n") != strings.TrimSpace(body) && normal(strings.Join(got, " ")) != normal(body) {
						t.Fatalf("step %d, %d blocks: the thread says %q", n, size, got)
					}
					if len(got) != size {
						t.Errorf("step %d: %d comments, want %d", n, len(got), size)
					}
				}
				a := w.adapter
				if forget {
					a = w.again(t, limit)
				}
				if err := a.Delete(t.Context(), adapter.Ref{Workspace: w.ws.ID, Thread: in, MessageID: m.ID}); err != nil {
					t.Fatal(err)
				}
				if got := w.said(m.ID); len(got) != 0 {
					t.Errorf("after Delete the thread says %q", got)
				}
			})
		}
	}
}

// said returns what the bot's comments say, oldest first.
func (w *world) said(string) []string {
	var out []string
	for _, c := range w.issue.Comments() {
		if c.Author == w.app.User {
			out = append(out, strings.TrimSpace(c.Body()))
		}
	}
	return out
}

func normal(s string) string { return strings.Join(strings.Fields(s), " ") }

// TestPutRequests counts the requests for a growing text: only changes are
// written.
func TestPutRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t, startServer(t), "acme", func(cfg *linear.Config) { cfg.MaxBody = 100 })
	post := &adapter.Post{Workspace: w.ws.ID, Thread: w.thread, Body: blocks(2, "a"), Key: "k"}
	m, err := w.adapter.Post(t.Context(), post)
	if err != nil {
		t.Fatal(err)
	}
	ref := adapter.Ref{Workspace: w.ws.ID, Thread: w.thread, MessageID: m.ID}
	edit := func(body string) func() error {
		return func() error { _, err := w.adapter.Edit(t.Context(), ref, body); return err }
	}
	for _, tc := range []struct {
		name string
		do   func() error
		want []string
	}{
		{"one more block", edit(blocks(3, "a")), []string{"commentCreate"}},
		{"a longer last block", edit(blocks(3, "a") + "x"), []string{"commentUpdate"}},
		{"the same", edit(blocks(3, "a") + "x"), nil},
		{"another first block", edit("1" + blocks(3, "a") + "x"), []string{"commentUpdate"}},
		{"shorter", edit("short"), []string{"commentUpdate", "commentDelete", "commentDelete"}},
		{"the same short text", edit("short"), []string{"commentUpdate"}},
		{"posted again", func() error { _, err := w.adapter.Post(t.Context(), post); return err }, []string{"commentCreate", "comment", "commentCreate"}},
		{"deleted", func() error { return w.adapter.Delete(t.Context(), ref) }, []string{"commentDelete", "commentDelete"}},
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

// TestPutAfterLoss has a person remove a continuation, and the process exit in
// the middle of a post.
func TestPutAfterLoss(t *testing.T) {
	t.Parallel()
	limit := func(cfg *linear.Config) { cfg.MaxBody = 100 }
	w := newWorld(t, startServer(t), "acme", limit)
	w.adapter.UseSecret(sharedSecret)
	post := &adapter.Post{Workspace: w.ws.ID, Thread: w.thread, Body: blocks(4, "a"), Key: "k"}
	m, err := w.adapter.Post(t.Context(), post)
	if err != nil {
		t.Fatal(err)
	}
	own := func() (all []*linearsim.Comment) {
		for _, c := range w.root.Replies() {
			if c.Author == w.app.User {
				all = append(all, c)
			}
		}
		return all
	}
	w.ada.Delete(own()[3]) // as if it had not been posted yet
	w.ada.Delete(own()[1])
	for _, a := range []*linear.Adapter{w.adapter, w.again(t, limit)} {
		body := blocks(4, "b")
		if _, err := a.Edit(t.Context(), adapter.Ref{Workspace: w.ws.ID, Thread: w.thread, MessageID: m.ID}, body); err != nil {
			t.Fatal(err)
		}
		if got := w.said(m.ID); len(got) != 4 || normal(strings.Join(got, " ")) != normal(body) {
			t.Errorf("the thread says %q", got)
		}
		w.ada.Delete(own()[2])
	}
	again, err := w.again(t, limit).Post(t.Context(), post)
	if err != nil || again.ID != m.ID || !again.Existed {
		t.Errorf("posted again: %+v, %v", again, err)
	}
	if got := w.said(m.ID); len(got) != 4 {
		t.Errorf("%d comments after a repeated post, want 4: %q", len(got), got)
	}
}

// TestPutAnything posts and edits random Markdown. The text survives, comments
// exceed the limit only by the lines that close and reopen blocks, and every
// code block and section is closed at the end of a comment.
func TestPutAnything(t *testing.T) {
	t.Parallel()
	const limit = 200
	w := newWorld(t, startServer(t), "acme", func(cfg *linear.Config) { cfg.MaxBody = limit })
	pieces := []string{"word ", "another word ", "\n", "\n\n", "- item\n", "```go\n", "code()\n", "```\n", "+++ More\n", "+++\n", "> quote\n", "| a | b |\n|---|---|\n| 1 | 2 |\n\n", "**bold** "}
	random := rand.New(rand.NewPCG(1, 2))
	text := func() string {
		var b strings.Builder
		b.WriteString("start ")
		for range 20 + random.IntN(150) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		return b.String()
	}
	m, err := w.adapter.Post(t.Context(), &adapter.Post{Workspace: w.ws.ID, Thread: w.thread, Body: text(), Key: "k"})
	if err != nil {
		t.Fatal(err)
	}
	for range 60 {
		body := text()
		if _, err := w.adapter.Edit(t.Context(), adapter.Ref{Workspace: w.ws.ID, Thread: w.thread, MessageID: m.ID}, body); err != nil {
			t.Fatal(err)
		}
		for _, part := range w.said(m.ID) {
			if n := utf8.RuneCountInString(part); n > limit+20 {
				t.Errorf("a comment of %d characters", n)
			}
		}
		if got, want := strings.Count(strings.Join(w.said(m.ID), ""), "word"), strings.Count(body, "word"); got != want {
			t.Errorf("%d words, want %d", got, want)
		}
	}
}
