package stream_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/stream"
)

// paper writes down what is done with one message.
type paper struct {
	lines   []string
	existed bool
	err     error
}

func (p *paper) note(line string) error {
	if p.err == nil {
		p.lines = append(p.lines, line)
	}
	return p.err
}

func (p *paper) Sent(_ context.Context, body string) (string, error) {
	return strings.ReplaceAll(body, "@ada", "Ada"), nil
}

func (p *paper) Post(_ context.Context, sent string) (*adapter.Message, error) {
	return &adapter.Message{ID: "m1", Body: sent, Existed: p.existed}, p.note("post " + sent)
}

func (p *paper) Edit(_ context.Context, id, sent string) (*adapter.Message, error) {
	return &adapter.Message{ID: id, Body: sent}, p.note("edit " + sent)
}

func (p *paper) Delete(context.Context, string) error { return p.note("delete") }

// slowly is a source of texts, a second apart, which may end with an error.
func slowly(err error, texts ...string) stream.Source[stream.Piece] {
	return stream.Sequence(func(yield func(string, error) bool) {
		for _, s := range texts {
			if !yield(s, nil) {
				return
			}
			time.Sleep(time.Second)
		}
		if err != nil {
			yield("", err)
		}
	}, text)
}

func options(editable bool) stream.Options {
	return stream.Options{
		LiveOptions: stream.LiveOptions{Every: time.Millisecond, Failed: func(error) {}},
		Editable:    editable, Broken: "_broken_", Done: "Done.",
		LastWord: func(cause error) bool { return !errors.Is(cause, context.Canceled) }, Unmarked: func(error) {},
	}
}

// TestWrite posts streams where messages can be edited, and where they cannot.
func TestWrite(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		texts             []string
		fails             error
		fixed             bool // nothing can be edited
		existed           bool
		placeholder, link string
		want              []string
		err               error
		none              bool // no message is returned
	}{
		"two pieces":                {texts: []string{"a", " b"}, want: []string{"post a", "edit a b"}},
		"a mention":                 {texts: []string{"hi @ada"}, want: []string{"post hi Ada"}},
		"nothing can be edited":     {texts: []string{"a", " b"}, fixed: true, want: []string{"post a b"}},
		"links below":               {texts: []string{"a"}, link: "[f](u)", want: []string{"post a", "edit a\n\n[f](u)"}},
		"a placeholder":             {texts: []string{"", "a"}, placeholder: "…", want: []string{"post …", "edit a"}},
		"a placeholder of nothing":  {texts: []string{""}, placeholder: "…", want: []string{"post …", "delete"}, err: stream.ErrEmpty, none: true},
		"nothing":                   {texts: []string{" "}, err: stream.ErrEmpty, none: true},
		"an earlier run":            {texts: []string{"a"}, existed: true, want: []string{"post a", "edit a"}},
		"an earlier run that stays": {texts: []string{"a"}, existed: true, fixed: true, want: []string{"post a"}},
		"it breaks off":             {texts: []string{"a"}, fails: errBroken, want: []string{"post a", "edit a\n\n_broken_"}, err: errBroken},
		"it breaks off, and says so elsewhere": {
			texts: []string{"a"}, fails: context.Canceled, want: []string{"post a"}, err: context.Canceled,
		},
		"it breaks off before the first text": {fails: errBroken, err: errBroken, none: true},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := &paper{existed: c.existed}
			o := options(!c.fixed)
			o.Placeholder, o.Links = c.placeholder, c.link
			m, err := stream.Write(t.Context(), p, slowly(c.fails, c.texts...), o)
			if !errors.Is(err, c.err) || (c.err == nil) != (err == nil) || (m == nil) != c.none {
				t.Errorf("%s: %v, %v; want %v", name, m, err, c.err)
			}
			if !slices.Equal(p.lines, c.want) {
				t.Errorf("%s: %q, want %q", name, p.lines, c.want)
			}
		})
	}
}

// TestUnmarked: that a text could not be marked as broken off does not hide why it broke.
func TestUnmarked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o, full := options(true), errors.New("full")
		var unmarked error
		o.Unmarked = func(err error) { unmarked = err }
		p := &paper{err: full}
		if _, err := stream.Write(t.Context(), p, slowly(errBroken, "a"), o); !errors.Is(err, errBroken) || !errors.Is(unmarked, full) {
			t.Errorf("%v, unmarked %v", err, unmarked)
		}
	})
}

// TestTold tells a session whole streams, and looks at what is left for the response.
func TestTold(t *testing.T) {
	t.Parallel()
	done := task(stream.Task{Title: "Search", Complete: true})
	for name, c := range map[string]struct {
		pieces []stream.Piece
		fails  error
		link   string
		want   string
		last   string // the last line on the board
		err    error
	}{
		"text":            {pieces: []stream.Piece{text("a")}, want: "a"},
		"text with links": {pieces: []stream.Piece{text("a")}, link: "[f](u)", want: "a\n\n[f](u)"},
		"only tasks":      {pieces: []stream.Piece{done}, want: "Done.", last: "1 action Search"},
		"nothing":         {err: stream.ErrEmpty},
		"it breaks off":   {pieces: []stream.Piece{text("a")}, fails: errBroken, last: "1 error a\n\n_broken_", err: errBroken},
		"it is canceled":  {pieces: []stream.Piece{text("a")}, fails: context.Canceled, err: context.Canceled},
	} {
		b := &board{}
		o := options(true)
		o.Every, o.Links = time.Hour, c.link
		src := func(context.Context) iter.Seq2[stream.Piece, error] {
			return func(yield func(stream.Piece, error) bool) {
				for _, p := range c.pieces {
					if !yield(p, nil) {
						return
					}
				}
				if c.fails != nil {
					yield(stream.Piece{}, c.fails)
				}
			}
		}
		rest, err := stream.Told(t.Context(), b, src, o)
		if rest != c.want || !errors.Is(err, c.err) || (c.err == nil) != (err == nil) {
			t.Errorf("%s: %q, %v; want %q, %v", name, rest, err, c.want, c.err)
		}
		if last := append([]string{""}, b.lines...)[len(b.lines)]; last != c.last {
			t.Errorf("%s: the board ends with %q, want %q", name, last, c.last)
		}
	}
}
