// Package breaker stops conversations in which programs answer each other. The notes of
// a thread count the messages of programs that the bot has handled since a person
// mentioned it; beyond a limit the bot says so, once, and listens no more until a person
// mentions it again.
package breaker

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state"
)

// Farewell is what the bot says when it stops answering programs.
const Farewell = "I'll stop answering here: another program and I have been writing to each other. " +
	"Mention me to bring me back."

// Message is a message as the breaker sees it.
type Message struct {
	// Event is the key of its event: the same in each run of its turn.
	Event string
	// Human says that a person wrote it, Mentioned that it mentions the bot.
	Human, Mentioned bool
}

// Decision is what becomes of a message.
type Decision int

// What may become of a message.
const (
	// Answer is that the bot listens to it.
	Answer Decision = iota
	// Leave is that the bot says [Farewell] and does not answer it.
	Leave
	// Ignore is that it is not answered.
	Ignore
)

// Count counts a message in the notes of its thread, once, and decides what becomes of
// it. Up to limit messages of programs are answered. A person's mention starts the count
// anew; what people write otherwise does not matter.
func Count(ctx context.Context, page *notes.Thread, m Message, limit int) (Decision, error) {
	if m.Human {
		if m.Mentioned {
			return Answer, forget(ctx, page)
		}
		return Answer, nil
	}
	n, err := count(ctx, page, m.Event)
	switch {
	case err != nil || n <= limit:
		return Answer, err
	case n == limit+1:
		return Leave, nil
	default:
		return Ignore, nil
	}
}

// talk counts the messages of programs that a thread's bot has handled.
type talk struct {
	N int `json:"n"`
	// Last is the event that was counted last, so that a repeated turn is
	// counted once.
	Last string `json:"last"`
}

func forget(ctx context.Context, page *notes.Thread) error {
	old, err := page.Get(ctx, notes.Talk, "")
	if err == nil && old != nil {
		err = page.Put(ctx, notes.Talk, "", nil)
	}
	return err
}

// count counts the message of an event, once, and returns how many there are. Repeats
// of the message that passed the limit count as it does.
func count(ctx context.Context, page *notes.Thread, event string) (int, error) {
	for {
		old, err := page.Get(ctx, notes.Talk, "")
		if err != nil {
			return 0, err
		}
		var so talk
		if old != nil && json.Unmarshal(old, &so) != nil {
			so = talk{} // written by another version: counted anew
		}
		if so.Last == event {
			return max(so.N, 1), nil
		}
		so = talk{N: so.N + 1, Last: event}
		next, err := json.Marshal(so)
		if err != nil {
			return 0, err
		}
		if err := page.Swap(ctx, notes.Talk, "", old, next); !errors.Is(err, state.ErrConflict) {
			return so.N, err
		}
	}
}
