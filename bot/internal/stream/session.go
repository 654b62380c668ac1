package stream

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/heal"
)

// Board is where a stream is written in an agent session.
type Board interface {
	// Write writes an activity, of which the kind and the texts are set, at a place in
	// the stream. What is written again at a place with the same words is written once.
	Write(ctx context.Context, place int, a *adapter.Activity) error
	// Plan shows what the whole is about.
	Plan(ctx context.Context, title string) error
}

// Session writes a stream into an agent session, where nothing can be taken back. Make
// one with [NewSession].
//
// Text is only written where its meaning is settled: whole paragraphs, lists and
// tables. What came before a task becomes a thought, which stays; the rest becomes
// the response, and is shown before that from time to time in thoughts that disappear.
type Session struct {
	board  Board
	failed func(err error)

	text Text
	// told is how much of the text has become thoughts.
	told int
	// places counts the activities, wrote says that anything was written.
	places int
	wrote  bool

	// glimpsed is how much of the text was shown, at the time of looked. blind says
	// that nothing more can be shown before the end.
	glimpsed int
	looked   time.Time
	pace     Pace
	blind    bool
}

// NewSession returns a Session that shows its text at most as often as every says.
// failed hears of parts that could not be shown.
func NewSession(board Board, every time.Duration, failed func(err error)) *Session {
	return &Session{board: board, failed: failed, looked: time.Now(), pace: NewPace(every)}
}

// Tell writes what a piece says, or keeps it for later. A failure does not end the
// stream, so that the answer is not lost with it.
func (s *Session) Tell(ctx context.Context, p Piece) {
	switch p.Kind {
	case KindText:
		s.text.Add(p.Text)
		s.glimpse(ctx)
	case KindStep:
		s.text.Step()
	case KindTask:
		s.think(ctx)
		s.task(ctx, p.Task)
	case KindTitle:
		s.plan(ctx, p.Text)
	case KindNone:
	}
}

// Rest returns the text that has not become a thought.
func (s *Session) Rest() string { return s.text.String()[s.told:] }

// Wrote reports whether anything was written that stays.
func (s *Session) Wrote() bool { return s.wrote }

// BreakOff ends the session's turn with what is left of the text, and a mark.
func (s *Session) BreakOff(ctx context.Context, mark string) {
	s.write(ctx, &adapter.Activity{Kind: adapter.ActivityFailure, Body: Broken(s.Rest(), mark)})
}

// glimpse shows what of the text is settled, in a thought that the next activity
// replaces, if it is time for it. It slows down as a stream in comments does.
func (s *Session) glimpse(ctx context.Context) {
	if s.blind || time.Since(s.looked) < s.pace.Every() {
		return
	}
	text := s.text.String()
	end := heal.Settled(text)
	if end <= max(s.told, s.glimpsed) || Blank(text[s.told:end]) {
		return
	}
	start := time.Now()
	s.places++
	err := s.board.Write(adapter.WithPriority(ctx, adapter.PriorityRefreshing), s.places, &adapter.Activity{
		Kind: adapter.ActivityThought, Body: strings.TrimSpace(text[s.told:end]), Ephemeral: true,
	})
	s.looked = time.Now()
	s.pace.Shown(s.looked.Sub(start), err)
	switch {
	case err == nil:
		s.glimpsed = end
	case !adapter.CodeOf(err).Retryable():
		s.blind = true
	}
}

// think makes a thought of the text that is settled. If that fails, the text
// stays for later.
func (s *Session) think(ctx context.Context) {
	text := s.text.String()
	end := heal.Settled(text)
	if end <= s.told || Blank(text[s.told:end]) {
		return
	}
	if s.write(ctx, &adapter.Activity{Kind: adapter.ActivityThought, Body: strings.TrimSpace(text[s.told:end])}) {
		s.told = end
	}
}

func (s *Session) task(ctx context.Context, t Task) {
	if Blank(t.Title) { // an action has a name
		t.Title = cmp.Or(t.ID, "Task")
	}
	if t.Failed {
		var parts []string
		for _, part := range []string{t.Title, t.Details, t.Output} {
			if !Blank(part) {
				parts = append(parts, part)
			}
		}
		s.write(ctx, &adapter.Activity{Kind: adapter.ActivityFailure, Body: strings.Join(parts, "\n")})
		return
	}
	s.write(ctx, &adapter.Activity{
		Kind: adapter.ActivityAction, Name: t.Title, Parameter: t.Details, Result: t.Output, Ephemeral: !t.Complete,
	})
}

func (s *Session) plan(ctx context.Context, title string) {
	if err := s.board.Plan(ctx, title); err != nil {
		s.failed(err)
		return
	}
	s.wrote = true
}

// write writes an activity at the next place, and reports whether it is written.
func (s *Session) write(ctx context.Context, a *adapter.Activity) bool {
	s.places++
	if err := s.board.Write(ctx, s.places, a); err != nil {
		s.failed(err)
		return false
	}
	s.wrote = true
	return true
}
