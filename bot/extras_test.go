package bot_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/adaptertest"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/card"
	"github.com/linearbot/linearbot/state/memstate"
)

// recording is a Platform that keeps the posts as they were asked for.
type recording struct {
	*adaptertest.Platform

	mu    sync.Mutex
	posts []adapter.Post
}

func (r *recording) Post(ctx context.Context, p *adapter.Post) (*adapter.Message, error) {
	r.mu.Lock()
	r.posts = append(r.posts, *p)
	r.mu.Unlock()
	return r.Platform.Post(ctx, p)
}

// newRecording returns a bot on a recording platform, and a thread. The test is in a
// bubble.
func newRecording(t *testing.T) (*bot.Bot, *bot.Thread, *recording) {
	t.Helper()
	store := memstate.New(memstate.Options{})
	t.Cleanup(func() { _ = store.Close() }) // nothing is lost with it
	r := &recording{Platform: adaptertest.NewPlatform("helper")}
	b, err := bot.New(bot.Config{Adapter: r, Store: store})
	if err != nil {
		t.Fatal(err)
	}
	th, err := b.Workspace("W1").Thread(thread)
	if err != nil {
		t.Fatal(err)
	}
	return b, th, r
}

func words(texts ...string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, text := range texts {
			if !yield(text, nil) {
				return
			}
		}
	}
}

func TestAsAndQuietReachEveryKindOfPost(t *testing.T) {
	t.Parallel()
	grace := adapter.Persona{Name: "Grace", AvatarURL: "https://example.com/g.png"}
	file := func() adapter.Upload { return upload("a.txt", "text/plain", "abc") }
	for name, test := range map[string]struct {
		content func() bot.Content
		as      adapter.Persona
		quiet   bool
	}{
		"plain":            {func() bot.Content { return bot.Text("x") }, adapter.Persona{}, false},
		"quiet":            {func() bot.Content { return bot.Quiet(bot.Text("x")) }, adapter.Persona{}, true},
		"as":               {func() bot.Content { return bot.As(bot.Text("x"), grace) }, grace, false},
		"quiet as":         {func() bot.Content { return bot.Quiet(bot.As(bot.Markdown("x"), grace)) }, grace, true},
		"as quiet":         {func() bot.Content { return bot.As(bot.Quiet(bot.Markdown("x")), grace) }, grace, true},
		"outermost counts": {func() bot.Content { return bot.As(bot.As(bot.Text("x"), adapter.Persona{Name: "Ada"}), grace) }, grace, false},
		"card":             {func() bot.Content { return bot.As(bot.Quiet(card.Card{Title: "x"}), grace) }, grace, true},
		"files inside":     {func() bot.Content { return bot.As(bot.WithFiles(bot.Text("x"), file()), grace) }, grace, false},
		"files outside":    {func() bot.Content { return bot.WithFiles(bot.Quiet(bot.As(bot.Text("x"), grace)), file()) }, grace, true},
		"files alone":      {func() bot.Content { return bot.As(bot.WithFiles(nil, file()), grace) }, grace, false},
		"stream":           {func() bot.Content { return bot.Quiet(bot.As(bot.Stream(words("x", "y")), grace)) }, grace, true},
		"plan":             {func() bot.Content { return bot.As(bot.Quiet(bot.NewPlan("x", "one")), grace) }, grace, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				_, th, r := newRecording(t)
				m, err := th.Post(t.Context(), test.content())
				if err != nil {
					t.Fatal(err)
				}
				if len(r.posts) != 1 || r.posts[0].As != test.as || r.posts[0].Quiet != test.quiet {
					t.Errorf("posts %+v, want one as %+v, quiet %v", r.posts, test.as, test.quiet)
				}
				if strings.HasPrefix(name, "files") && !strings.Contains(m.Body, "[a.txt](") {
					t.Errorf("the file is missing in %q", m.Body)
				}
				if test.as.Name != "" && (m.Author.FullName != "Grace" || !m.Author.IsSelf()) {
					t.Errorf("author %+v, want the bot as Grace", m.Author)
				}
			})
		})
	}
}

func TestScheduledPostKeepsPersonaAndQuiet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, th, r := newRecording(t)
		grace := adapter.Persona{Name: "Grace"}
		if _, err := th.PostAt(t.Context(), time.Now().Add(time.Hour), bot.Quiet(bot.As(bot.Text("later"), grace))); err != nil {
			t.Fatal(err)
		}
		if _, err := th.PostAt(t.Context(), time.Now().Add(2*time.Hour), bot.Text("own name")); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := b.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(3 * time.Hour)
		cancel()
		wg.Wait()
		if len(r.posts) != 2 || r.posts[0].As != grace || !r.posts[0].Quiet || r.posts[1].As != (adapter.Persona{}) || r.posts[1].Quiet {
			t.Errorf("posts %+v, want one as Grace, quiet, and one as the bot", r.posts)
		}
	})
}

func TestPersonaErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, th, r := newRecording(t)
		session, err := b.Workspace("W1").Thread("fake:room:session-1")
		if err != nil {
			t.Fatal(err)
		}
		post := func(th *bot.Thread, c bot.Content) error {
			_, err := th.Post(t.Context(), c)
			return err
		}
		grace := adapter.Persona{Name: "Grace"}
		for name, test := range map[string]struct {
			err  error
			want adapter.Code
		}{
			"no name":       {post(th, bot.As(bot.Text("x"), adapter.Persona{AvatarURL: "https://example.com/g.png"})), adapter.CodeInvalid},
			"blank name":    {post(th, bot.As(bot.Text("x"), adapter.Persona{Name: " \t"})), adapter.CodeInvalid},
			"long name":     {post(th, bot.As(bot.Text("x"), adapter.Persona{Name: strings.Repeat("ä", 101)})), adapter.CodeInvalid},
			"two lines":     {post(th, bot.As(bot.Text("x"), adapter.Persona{Name: "Grace\nHopper"})), adapter.CodeInvalid},
			"relative":      {post(th, bot.As(bot.Text("x"), adapter.Persona{Name: "Grace", AvatarURL: "/g.png"})), adapter.CodeInvalid},
			"script":        {post(th, bot.As(bot.Text("x"), adapter.Persona{Name: "Grace", AvatarURL: "javascript:alert(1)"})), adapter.CodeInvalid},
			"stream":        {post(th, bot.As(bot.Stream(words("x")), adapter.Persona{})), adapter.CodeInvalid},
			"session":       {post(session, bot.As(bot.Text("x"), grace)), adapter.CodeUnsupported},
			"session plan":  {post(session, bot.As(bot.NewPlan("x"), grace)), adapter.CodeUnsupported},
			"session flow":  {post(session, bot.As(bot.Stream(words("x")), grace)), adapter.CodeUnsupported},
			"session later": {scheduled(t, session, bot.As(bot.Text("x"), grace)), adapter.CodeUnsupported},
			"edit":          {edited(t, th, bot.As(bot.Text("x"), grace)), adapter.CodeUnsupported},
		} {
			if adapter.CodeOf(test.err) != test.want || errors.Is(test.err, errors.ErrUnsupported) != (test.want == adapter.CodeUnsupported) {
				t.Errorf("%s: %v, want code %v", name, test.err, test.want)
			}
		}
		if len(r.posts) != 0 {
			t.Errorf("posts %+v, want none", r.posts)
		}
		if err := post(th, bot.As(nil, grace)); !errors.Is(err, bot.ErrEmpty) {
			t.Errorf("a persona without content: %v, want ErrEmpty", err)
		}
		if err := post(th, bot.As(bot.Text("x"), adapter.Persona{Name: strings.Repeat("ä", 100)})); err != nil {
			t.Errorf("a name of 100 characters: %v", err)
		}
	})
}

func scheduled(t *testing.T, th *bot.Thread, c bot.Content) error {
	t.Helper()
	_, err := th.PostAt(t.Context(), time.Now().Add(time.Hour), c)
	return err
}

func edited(t *testing.T, th *bot.Thread, c bot.Content) error {
	t.Helper()
	_, err := th.Edit(t.Context(), "m1", c)
	return err
}

func TestQuietInASessionAndInAnEditIsANoOp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, th, _ := newRecording(t)
		m, err := th.Post(t.Context(), bot.Text("one"))
		if err != nil {
			t.Fatal(err)
		}
		if m, err = th.Edit(t.Context(), m.ID, bot.Quiet(bot.Text("two"))); err != nil || m.Body != "two" {
			t.Errorf("edit: %+v, %v", m, err)
		}
	})
}

func TestThreadsOfAnIssue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, _, r := newRecording(t)
		for i, in := range []adapter.ThreadID{"fake:room:t1", "fake:room:t2", "fake:other:t3", "fake:room:t1"} {
			r.Said(in, "m"+string(rune('1'+i)), "ada", "text "+string(rune('1'+i)))
			time.Sleep(time.Minute)
		}
		list := func(from adapter.ThreadID) []string {
			th, err := b.Workspace("W1").Thread(from)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for it, err := range th.Threads(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				line := string(it.Thread.ID()) + " " + it.Root.Body
				if !it.LastReplyAt.IsZero() {
					line += " answered"
				}
				if !it.ResolvedAt.IsZero() {
					line += " resolved"
				}
				got = append(got, line)
			}
			return got
		}
		want := []string{"fake:room:t2 text 2", "fake:room:t1 text 1 answered"}
		for _, from := range []adapter.ThreadID{"fake:room", "fake:room:t1"} {
			if diff := cmp.Diff(want, list(from)); diff != "" {
				t.Errorf("threads of %s (-want +got):\n%s", from, diff)
			}
		}
		// The handles work.
		th, err := b.Workspace("W1").Thread("fake:room")
		if err != nil {
			t.Fatal(err)
		}
		for it, err := range th.Threads(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if err := it.Thread.Resolve(t.Context()); err != nil {
				t.Fatal(err)
			}
			break // asks for no further thread
		}
		want[0] += " resolved"
		if diff := cmp.Diff(want, list("fake:room")); diff != "" {
			t.Errorf("threads after one was resolved (-want +got):\n%s", diff)
		}
		r.FailReads(&adapter.Error{Code: adapter.CodeForbidden, Op: "threads"})
		n := 0
		for it, err := range th.Threads(t.Context()) {
			if n++; it != nil || adapter.CodeOf(err) != adapter.CodeForbidden {
				t.Errorf("a failed read: %v, %v", it, err)
			}
		}
		if n != 1 {
			t.Errorf("a failed read ended after %d items, want 1", n)
		}
	})
}
