package stream_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/stream"
)

// board writes down what is written, one line each, or fails.
type board struct {
	lines []string
	err   error
}

func (b *board) Write(_ context.Context, place int, a *adapter.Activity) error {
	if b.err != nil {
		return b.err
	}
	line := fmt.Sprintf("%d %s %s%s", place, a.Kind, a.Body, a.Name)
	for _, more := range []string{a.Parameter, a.Result} {
		if more != "" {
			line += "/" + more
		}
	}
	if a.Ephemeral {
		line += " (passes)"
	}
	b.lines = append(b.lines, line)
	return nil
}

func (b *board) Plan(_ context.Context, title string) error {
	b.lines = append(b.lines, "plan "+title)
	return b.err
}

func text(s string) stream.Piece { return stream.Piece{Kind: stream.KindText, Text: s} }

func task(t stream.Task) stream.Piece { return stream.Piece{Kind: stream.KindTask, Task: t} }

// TestSession tells a session pieces, a second apart, and looks at what is written of
// them and what is left for the response.
func TestSession(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		pieces []stream.Piece
		err    error // of the board
		want   []string
		rest   string
		wrote  bool
	}{
		"nothing": {},
		"text is the rest": {
			pieces: []stream.Piece{text("One"), text(" two.")},
			rest:   "One two.",
		},
		"steps are paragraphs": {
			pieces: []stream.Piece{text("One."), {Kind: stream.KindStep}, text("Two.")},
			rest:   "One.\n\nTwo.",
		},
		"what is settled before a task is a thought": {
			pieces: []stream.Piece{text("Let me look.\n\nIt is in `"), task(stream.Task{Title: "Search", Details: "flaky"}), text("ci`.")},
			want:   []string{"1 thought Let me look.", "2 action Search/flaky (passes)"},
			rest:   "It is in `ci`.", wrote: true,
		},
		"a task and its result": {
			pieces: []stream.Piece{task(stream.Task{ID: "t1", Output: "3 runs", Complete: true})},
			want:   []string{"1 action t1/3 runs"}, wrote: true,
		},
		"a task that failed": {
			pieces: []stream.Piece{task(stream.Task{Details: "flaky", Failed: true})},
			want:   []string{"1 error Task\nflaky"}, wrote: true,
		},
		"a title": {
			pieces: []stream.Piece{{Kind: stream.KindTitle, Text: "Find it"}, {}},
			want:   []string{"plan Find it"}, wrote: true,
		},
		"the board fails": {
			pieces: []stream.Piece{text("Let me look.\n\n"), task(stream.Task{Title: "Search"})},
			err:    errBroken, rest: "Let me look.\n\n",
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			b, failures := &board{err: c.err}, 0
			s := stream.NewSession(b, time.Hour, func(err error) {
				if failures++; !errors.Is(err, c.err) {
					t.Errorf("%s: failed with %v", name, err)
				}
			})
			for _, p := range c.pieces {
				time.Sleep(time.Second)
				s.Tell(t.Context(), p)
			}
			if !slices.Equal(b.lines, c.want) || s.Rest() != c.rest || s.Wrote() != c.wrote || (failures > 0) != (c.err != nil) {
				t.Errorf("%s: %q, rest %q, wrote %t, %d failures; want %q, %q, %t", name, b.lines, s.Rest(), s.Wrote(), failures, c.want, c.rest, c.wrote)
			}
		})
	}
}

// TestSessionGlimpses: what is settled of a long text is shown from time to time, once,
// and not any more on a board that refuses.
func TestSessionGlimpses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &board{}
		s := stream.NewSession(b, 3*time.Second, func(err error) { t.Error(err) })
		tell := func(texts ...string) {
			for _, one := range texts {
				time.Sleep(2 * time.Second)
				s.Tell(t.Context(), text(one))
			}
		}
		tell("One.\n\n", "Tw", "o", ".\n\n", "Th")
		want := []string{"1 thought One. (passes)", "2 thought One.\n\nTwo. (passes)"}
		if !slices.Equal(b.lines, want) || s.Wrote() {
			t.Errorf("%q, wrote %t; want %q", b.lines, s.Wrote(), want)
		}
		b.err = &adapter.Error{Code: adapter.CodeForbidden}
		tell("ree.\n\n", "Four.\n\n")
		b.err = nil
		tell("Five.\n\n", "Six.\n\n")
		if len(b.lines) != 2 {
			t.Errorf("after the board refused: %q", b.lines[2:])
		}
		s.BreakOff(t.Context(), "_Broken._")
		if got := b.lines[2:]; len(got) != 1 || got[0] != "4 error One.\n\nTwo.\n\nThree.\n\nFour.\n\nFive.\n\nSix.\n\n_Broken._" {
			t.Errorf("broken off: %q", got)
		}
	})
}
