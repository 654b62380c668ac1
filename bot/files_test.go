package bot_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/card"
)

// fileHost is an editable platform that takes files.
type fileHost struct {
	*editable

	// trouble lists the errors of uploads, in order. Nil is a success.
	trouble []error
	n       int
}

func (d *fileHost) Upload(_ context.Context, workspace string, f adapter.Upload) (string, error) {
	content, err := io.ReadAll(f.Content)
	if err != nil {
		return "", err
	}
	defer d.begin("upload %s %s %q %s", workspace, f.Name, f.Type, content)()
	if len(d.trouble) > 0 {
		err, d.trouble = d.trouble[0], d.trouble[1:]
		if err != nil {
			return "", err
		}
	}
	d.n++
	return fmt.Sprintf("https://files.test/%d", d.n), nil
}

func upload(name, kind, content string) adapter.Upload {
	return adapter.Upload{Name: name, Type: kind, Size: int64(len(content)), Content: strings.NewReader(content)}
}

func newFileHost() *fileHost { return &fileHost{editable: newEditable()} }

func TestFilesWithEveryContent(t *testing.T) {
	t.Parallel()
	const (
		stored = `upload W1 a.txt "text/plain" abc`
		link   = "[a.txt](https://files.test/1)"
	)
	file := func() adapter.Upload { return upload("a.txt", "text/plain", "abc") }
	post := func(c bot.Content) func(context.Context, *bot.Thread) error {
		return func(ctx context.Context, th *bot.Thread) error {
			_, err := th.Post(ctx, c)
			return err
		}
	}
	broken := func(yield func(string, error) bool) { _ = yield("half", nil) && yield("", errBoom) }
	for name, c := range map[string]struct {
		in   adapter.ThreadID
		do   func(context.Context, *bot.Thread) error
		want []string
		err  error
	}{
		"text":     {in: thread, do: post(bot.WithFiles(bot.Text("see \n\n"), file())), want: []string{stored, "post see\n\n" + link}},
		"markdown": {in: thread, do: post(bot.WithFiles(bot.Markdown("```\ncode"), file())), want: []string{stored, "post ```\ncode\n```\n\n" + link}},
		"card":     {in: thread, do: post(bot.WithFiles(card.Card{Title: "T"}, file())), want: []string{stored, "post **T**\n\n" + link}},
		"empty":    {in: thread, do: post(bot.WithFiles(bot.Text(" \n"), file())), want: []string{stored, "post " + link}},
		"nil":      {in: thread, do: post(bot.WithFiles(nil, file())), want: []string{stored, "post " + link}},
		"no files": {in: thread, do: post(bot.WithFiles(bot.Text("x"))), want: []string{"post x"}},
		"nothing":  {in: thread, do: post(bot.WithFiles(nil)), err: bot.ErrEmpty},
		"two, one within the other": {
			in: thread, do: post(bot.WithFiles(bot.WithFiles(bot.Text("x"), upload("b.png", "", "1")), upload("c", "", "2"))),
			want: []string{
				`upload W1 b.png "image/png" 1`, `upload W1 c "" 2`,
				"post x\n\n![b.png](https://files.test/1)\n\n[c](https://files.test/2)",
			},
		},
		"stream": {
			in: thread, do: post(bot.WithFiles(bot.Stream(texts(2*time.Second, "a", "b")), file())),
			want: []string{stored, "post a", "edit ab\n\n" + link},
		},
		"stream without text": {
			in: thread, do: post(bot.WithFiles(bot.StreamWith(texts(2*time.Second, " "), bot.StreamOptions{Placeholder: "…"}), file())),
			want: []string{stored, "post …", "edit " + link},
		},
		"stream that breaks": {
			in: thread, do: post(bot.WithFiles(bot.Stream(broken), file())), err: errBoom,
			want: []string{stored, "post half\n\n_The answer broke off here._"},
		},
		"stream in a session": {
			in: sessionThread, do: post(bot.WithFiles(bot.Stream(texts(0, "a", "b")), file())),
			want: []string{stored, "post ab\n\n" + link},
		},
		"stream in a session without text": {
			in: sessionThread, do: post(bot.WithFiles(bot.Stream(texts(0, "")), file())), want: []string{stored, "post " + link},
		},
		"plan": {
			in: thread, do: func(ctx context.Context, th *bot.Thread) error {
				p := bot.NewPlan("P")
				_, err := th.Post(ctx, bot.WithFiles(p, file()))
				_, err2 := p.Add(ctx, "a")
				return errors.Join(err, err2)
			}, want: []string{stored, "post 📋 P\n\n" + link, "edit 📋 P\n🔄 a\n\n" + link},
		},
		"plan in a session": {in: sessionThread, do: post(bot.WithFiles(bot.NewPlan("P"), file())), err: errors.ErrUnsupported},
		"edit": {
			in: thread, do: func(ctx context.Context, th *bot.Thread) error {
				_, err := th.Edit(ctx, "m1", bot.WithFiles(bot.Text("x"), file()))
				return err
			}, want: []string{stored, "edit x\n\n" + link},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := newFileHost()
				w := newTest(t, withPlatform(d, d.Fake), withSteadyBackoff())
				if err := c.do(t.Context(), w.handle(c.in)); !errors.Is(err, c.err) {
					t.Errorf("error %v, want %v", err, c.err)
				}
				checkLog(t, d.editable, c.want...)
			})
		})
	}
}

func TestFilesOfAStreamThatIsEdited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newFileHost()
		w := newTest(t, withPlatform(p, p.Fake), withSteadyBackoff())
		_, err := w.handle(thread).Edit(t.Context(), "m1", bot.WithFiles(bot.Stream(texts(0, "x")), upload("a", "", "b")))
		if err == nil || !strings.Contains(err.Error(), "stream") {
			t.Errorf("error %v, want one that says that streams are posted only", err)
		}
	})
}

// Files are an error where the platform has no place for them, and nothing is posted.
func TestFilesWithoutAPlaceForThem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		_, err := w.handle(thread).Post(t.Context(), bot.WithFiles(bot.Text("x"), upload("a", "", "b")))
		if !errors.Is(err, errors.ErrUnsupported) || w.fake.PostCalls() != 0 {
			t.Errorf("error %v after %d posts, want errors.ErrUnsupported and none", err, w.fake.PostCalls())
		}
	})
}

// TestFilesOfATurnThatRunsAgain uploads two files in a turn that fails at every
// place where it can, in different instances of the bot.
func TestFilesOfATurnThatRunsAgain(t *testing.T) {
	t.Parallel()
	down := &adapter.Error{Code: adapter.CodeUnavailable, Op: "upload"}
	synctest.Test(t, func(t *testing.T) {
		d := newFileHost()
		w := newTest(t, withPlatform(d, d.Fake), withSteadyBackoff())
		d.trouble = []error{nil, down} // the second file, once
		runs := 0
		handle := func(ctx context.Context, th *bot.Thread, _ *bot.Message) error {
			runs++
			for _, post := range []string{"first", "second"} {
				_, err := th.Post(ctx, bot.WithFiles(bot.Text(post), upload("a", "", "1"), upload("b", "", "2")))
				if err != nil {
					return err
				}
			}
			if runs < 4 {
				return errBoom
			}
			_, err := th.Edit(ctx, "post-0", bot.WithFiles(bot.Text("better"), upload("a", "", "1")))
			if err == nil && runs < 5 {
				return errBoom
			}
			return err
		}
		w.bot.OnNewMention(handle)
		w.say("ada", "@helper go")
		w.run(1500 * time.Millisecond) // two runs
		if runs != 2 {
			t.Fatalf("%d runs, want 2", runs)
		}
		again, err := bot.New(bot.Config{Adapter: d, Store: w.store, Backoff: func(int) time.Duration { return time.Second }})
		if err != nil {
			t.Fatal(err)
		}
		again.OnNewMention(handle)
		w.bot = again
		w.run(time.Minute)
		var uploads []string
		for _, l := range d.log {
			if strings.HasPrefix(l, "upload") {
				uploads = append(uploads, l)
			}
		}
		want := []string{
			`upload W1 a "" 1`, `upload W1 b "" 2`, // fails
			`upload W1 b "" 2`,                     // again, and a is there
			`upload W1 a "" 1`, `upload W1 b "" 2`, // of the second post
			`upload W1 a "" 1`, // of the edit
		}
		if diff := cmp.Diff(want, uploads); diff != "" {
			t.Errorf("uploads (-want +got):\n%s", diff)
		}
		posted := []string{
			"first\n\n[a](https://files.test/1)\n\n[b](https://files.test/2)",
			"second\n\n[a](https://files.test/3)\n\n[b](https://files.test/4)",
		}
		if diff := cmp.Diff(posted, w.fake.Posted(thread)); diff != "" || runs != 5 {
			t.Errorf("posted after %d runs (-want +got):\n%s", runs, diff)
		}
		if last := d.log[len(d.log)-1]; last != "edit better\n\n[a](https://files.test/5)" {
			t.Errorf("at last: %q", last)
		}
	})
}

// TestFilesThatChange: another run of the turn has other files.
func TestFilesThatChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newFileHost()
		w := newTest(t, withPlatform(d, d.Fake), withSteadyBackoff())
		runs := 0
		w.bot.OnNewMention(func(ctx context.Context, th *bot.Thread, _ *bot.Message) error {
			files := []adapter.Upload{upload("a", "", "1"), upload("b", "", "22"), upload("a", "", "1")}
			if runs++; runs == 2 {
				files = []adapter.Upload{upload("b", "", "22"), upload("a", "", "333"), upload("a", "", "1")}
			}
			_, err := bot.Step(ctx, "s", func(ctx context.Context) (bool, error) {
				if runs == 1 {
					_, _ = th.Post(ctx, bot.WithFiles(nil, upload("a", "", "1")))
				}
				return true, nil
			})
			if err != nil {
				return err
			}
			if runs == 1 {
				w.fake.FailPosts(errBoom)
			}
			_, err = th.Post(ctx, bot.WithFiles(bot.Text("x"), files...))
			return err
		})
		w.say("ada", "@helper go")
		w.run(time.Minute)
		posted := w.fake.Posted(thread)
		want := "x\n\n[b](https://files.test/3)\n\n[a](https://files.test/5)\n\n[a](https://files.test/2)"
		if len(posted) != 2 || posted[1] != want || d.n != 5 {
			t.Errorf("posted %q after %d uploads, want %q", posted, d.n, want)
		}
	})
}

var errGone = errors.New("gone")

// TestFilesThatCannotBeUploaded: what the handler posts instead is not taken for
// the post that failed.
func TestFilesThatCannotBeUploaded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newFileHost()
		w := newTest(t, withPlatform(d, d.Fake), withSteadyBackoff())
		d.trouble = []error{errBoom}
		w.bot.OnNewMention(func(ctx context.Context, th *bot.Thread, _ *bot.Message) error {
			_, err := th.Post(ctx, bot.WithFiles(bot.Text("report"), upload("a", "", "1")))
			if err != nil {
				_, err2 := th.Post(ctx, bot.Text("one moment"))
				return errors.Join(err, err2)
			}
			gone, cancel := context.WithCancelCause(ctx)
			cancel(errGone)
			if _, err := th.Post(gone, bot.WithFiles(nil, upload("a", "", "1"))); !errors.Is(err, errGone) {
				w.note("after the end: %v", err)
			}
			return nil
		})
		w.say("ada", "@helper go")
		w.run(time.Minute)
		if got := w.fake.Posted(thread); !slices.Equal(got, []string{"one moment", "report\n\n[a](https://files.test/1)"}) {
			t.Errorf("posted %q", got)
		}
		if got := w.notes(); len(got) != 0 || d.n != 1 {
			t.Errorf("%q, %d uploads", got, d.n)
		}
	})
}
