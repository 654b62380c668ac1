package stream_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/stream"
)

var errBroken = errors.New("broken")

func same(s string) string { return s }

func read(ctx context.Context, src stream.Source[string]) (string, error) {
	var got []string
	err := stream.Read(ctx, src(ctx), func(s string) { got = append(got, s) })
	return strings.Join(got, "|"), err
}

func TestSources(t *testing.T) {
	t.Parallel()
	ch := make(chan string, 3)
	ch <- "a"
	ch <- "b"
	close(ch)
	failing := func(yield func(string, error) bool) { _ = yield("a", nil) && yield("b", errBroken) && yield("c", nil) }
	for name, tt := range map[string]struct {
		src  stream.Source[string]
		want string
		err  error
	}{
		"a channel":                 {stream.Channel(ch, same), "a|b", nil},
		"a sequence":                {stream.Unfailing(slices.Values([]string{"a", "b"}), same), "a|b", nil},
		"a sequence that is mapped": {stream.Unfailing(slices.Values([]string{"a"}), strings.ToUpper), "A", nil},
		"one that fails":            {stream.Sequence(iter.Seq2[string, error](failing), same), "a|b", errBroken},
	} {
		if got, err := read(t.Context(), tt.src); got != tt.want || !errors.Is(err, tt.err) || (tt.err == nil) != (err == nil) {
			t.Errorf("%s: %q, %v, want %q, %v", name, got, err, tt.want, tt.err)
		}
	}
}

func TestSourcesEndWithTheirContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for name, src := range map[string]stream.Source[string]{
			"a channel that is never closed": stream.Channel(make(chan string), same),
			"an endless sequence": stream.Unfailing(func(yield func(string) bool) {
				for yield("") {
					time.Sleep(time.Second)
				}
			}, same),
		} {
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, errBroken)
			if _, err := read(ctx, src); !errors.Is(err, errBroken) {
				t.Errorf("%s: %v, want the cause", name, err)
			}
			cancel()
		}
	})
}

func TestFromReader(t *testing.T) {
	t.Parallel()
	const text = "größer 👍🏽 \xff"
	for name, r := range map[string]io.Reader{
		"at once":     strings.NewReader(text),
		"in bytes":    iotest.OneByteReader(strings.NewReader(text)),
		"with EOF":    iotest.DataErrReader(strings.NewReader(text)),
		"and fails":   io.MultiReader(strings.NewReader(text), iotest.ErrReader(errBroken)),
		"and nothing": strings.NewReader(""),
	} {
		var b strings.Builder
		for s, err := range stream.FromReader(r) {
			b.WriteString(s)
			if strings.ContainsRune(strings.TrimSuffix(s, "\xff"), '\uFFFD') {
				t.Errorf("%s: a character was torn: %q", name, s)
			}
			if err != nil && !errors.Is(err, errBroken) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if got := b.String(); got != text && name != "and nothing" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	var text stream.Text
	text.Step()
	for _, s := range []string{"a", "", "b"} {
		text.Add(s)
	}
	text.Step()
	text.Add("")
	text.Add("c")
	if got := text.String(); got != "ab\n\nc" {
		t.Errorf("%q", got)
	}
	for partial, want := range map[string]string{
		"**bold":              "**bold**",
		"gr\xc3":              "gr",
		"{{emoji:roc":         "",
		"so {{emoji:rocket}}": "so 🚀",
	} {
		if got := strings.TrimSpace(stream.Preview(partial)); got != want {
			t.Errorf("preview of %q: %q, want %q", partial, got, want)
		}
	}
	for text, want := range map[string]string{
		" \n":        "gone",
		"a \n":       "a\n\ngone",
		"```\ncode":  "```\ncode\n```\n\ngone",
		"+++ Log\nx": "+++ Log\nx\n+++\n\ngone",
	} {
		if got := stream.Broken(text, "gone"); got != want {
			t.Errorf("%q broke off as %q, want %q", text, got, want)
		}
	}
}

func TestPace(t *testing.T) {
	t.Parallel()
	limited := &adapter.Error{Code: adapter.CodeRateLimited, RetryAfter: 20 * time.Second}
	for name, tt := range map[string]struct {
		every time.Duration
		took  []time.Duration
		err   error
		want  time.Duration
	}{
		"quick":       {time.Second, []time.Duration{time.Second}, nil, time.Second},
		"slow":        {time.Second, []time.Duration{2 * time.Second, 3 * time.Second}, nil, 4 * time.Second},
		"very slow":   {20 * time.Second, []time.Duration{time.Minute}, nil, 30 * time.Second},
		"limited":     {time.Second, []time.Duration{0}, limited, 20 * time.Second},
		"slow anyway": {time.Minute, []time.Duration{0}, nil, time.Minute},
	} {
		p := stream.NewPace(tt.every)
		for _, took := range tt.took {
			p.Shown(took, tt.err)
		}
		if p.Every() != tt.want {
			t.Errorf("%s: %s, want %s", name, p.Every(), tt.want)
		}
	}
}

// page notes what is put on it, and when.
type page struct {
	start time.Time
	log   []string
	shown string
	fail  error
}

func (p *page) Put(_ context.Context, body string) error {
	p.log = append(p.log, time.Since(p.start).String()+" "+body)
	if p.fail == nil {
		p.shown = body
	}
	return p.fail
}

func (p *page) Shown() string { return p.shown }

func TestLive(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		placeholder string
		fail        error
		want        []string
	}{
		"text":                   {"", nil, []string{"1s one", "3.5s one two **three**"}},
		"a placeholder":          {"…", nil, []string{"0s …", "2.5s one two", "5s one two **three**"}},
		"a page that comes back": {"", &adapter.Error{Code: adapter.CodeUnavailable}, []string{"1s one", "3.5s one two **three**"}},
		"a page that is gone":    {"", &adapter.Error{Code: adapter.CodeNotFound}, []string{"1s one"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p, failed := &page{start: time.Now(), fail: tt.fail}, 0
				l := stream.NewLive(p, stream.LiveOptions{Every: 2500 * time.Millisecond, Placeholder: tt.placeholder, Failed: func(error) { failed++ }})
				err := l.While(t.Context(), func() error {
					for _, s := range []string{"one", " two", " **three"} {
						time.Sleep(time.Second)
						l.Add(s)
					}
					time.Sleep(2900 * time.Millisecond)
					return errBroken
				})
				if !errors.Is(err, errBroken) || l.Text() != "one two **three" {
					t.Errorf("%q, %v", l.Text(), err)
				}
				if diff := cmp.Diff(tt.want, p.log); diff != "" {
					t.Errorf("shown (-want +got):\n%s", diff)
				}
				if (failed > 0) != (tt.fail != nil) {
					t.Errorf("failures told: %d", failed)
				}
			})
		})
	}
}
