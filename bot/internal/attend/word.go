package attend

import (
	"context"
	"fmt"
	"time"

	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/pause"
)

// A platform shows an agent as unresponsive that says nothing within seconds. The
// keeper of a turn speaks first, but a turn may be long in coming: behind others of
// its session, or because no worker is free. Then the intake speaks for it.
//
// The turn may run, and end, on another instance than the intake. Two things see to it
// that nothing is said in a session whose turn has begun or ended:
//
//   - The first word has one id, from the intake and from the turn. A turn that reaches
//     a handler has said it by then, so what the intake says later is not written.
//   - A turn that ends without a keeper (no handler took it, access was refused,
//     another event tells of the same act …) claims the word, and so does the intake
//     before it speaks. If the intake was first, the turn says the word itself before
//     it writes or ends, so that nothing comes after that.

const (
	// GreetAfter is how long the intake leaves the first word to the turn.
	GreetAfter = 2 * time.Second
	// soonText is the first word for a turn that is next.
	soonText = "I'll start as soon as I can."
	// nameFirst is the name of the first activity, for Key.
	nameFirst = "first"
)

// The claimants of a first word.
const (
	wordOfIntake = "intake"
	wordOfTurn   = "turn"
)

// word is the claimant of the first word for an entry.
func (s *Sessions) word(t Thread, entry string) notes.Value {
	return s.book.Value(notes.FirstWord, t.Workspace, entry)
}

// Announced reports whether the intake has said the first word, on any instance.
func (s *Sessions) Announced(ctx context.Context, t Thread, entry string) bool {
	held, err := s.word(t, entry).Get(ctx)
	return err == nil && string(held) == wordOfIntake
}

// Settle sees to it that the intake, on every instance, says nothing more for an entry,
// and reports whether it has spoken. greeted says that it has on this one.
func (s *Sessions) Settle(ctx context.Context, t Thread, entry string, greeted bool) bool {
	if s.Unattended {
		return false
	}
	// Also if the turn was stopped.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), Patience)
	defer cancel()
	if !greeted {
		held, err := s.word(t, entry).Claim(ctx, []byte(wordOfTurn))
		if err != nil {
			s.Log.Warn().Err(err).Str(keyThread, string(t.ID)).Msg("a session may be told that a turn is to begin which is over")
			return false
		}
		if string(held) != wordOfIntake {
			return false
		}
	}
	// The intake has said it or is about to. Once it stands, it is not written again.
	s.Tell(ctx, t, Key(entry, nameFirst), s.First)
	return true
}

// Greeting is the first word of the intake, for a message whose turn has not begun.
type Greeting struct {
	Thread Thread
	Entry  string
	// Ahead is how many others of the session come before.
	Ahead int
	// Stopped reports whether the turn was stopped before it began, or may have been.
	Stopped func(ctx context.Context) bool
}

// Greet says the first word, unless ctx ends before it is time, and reports whether
// it has. A turn that has claimed the word speaks for itself.
func (s *Sessions) Greet(ctx context.Context, g *Greeting) bool {
	text := soonText
	if g.Ahead > 0 {
		text = queuedText(g.Ahead)
	} else if pause.For(ctx, GreetAfter) != nil {
		return false
	}
	// The keeper of the turn speaks under the same name, so this is a no-op if the
	// turn has begun elsewhere, and cannot come after its answer.
	return s.mayGreet(ctx, g) && s.Tell(ctx, g.Thread, Key(g.Entry, nameFirst), text)
}

// mayGreet claims the first word for the intake and reports whether it may say it: no
// turn has claimed it, on any instance, and no stop has ended the turn before it began.
func (s *Sessions) mayGreet(ctx context.Context, g *Greeting) bool {
	if g.Stopped(ctx) {
		return false
	}
	held, err := s.word(g.Thread, g.Entry).Claim(ctx, []byte(wordOfIntake))
	if err != nil || string(held) != wordOfIntake {
		return false // without the store no turn begins either
	}
	return !g.Stopped(ctx) // in between
}

// Excuse says the first word for a turn that gives way to something else, before any
// handler. It is said once, though the turn gives way several times.
func (s *Sessions) Excuse(ctx context.Context, t Thread, entry string) {
	if s.word(t, entry).Swap(ctx, nil, []byte(wordOfIntake)) == nil {
		s.Tell(ctx, t, Key(entry, nameFirst), soonText)
	}
}

func queuedText(ahead int) string {
	if ahead == 1 {
		return "Queued behind 1 other."
	}
	return fmt.Sprintf("Queued behind %d others.", ahead)
}
