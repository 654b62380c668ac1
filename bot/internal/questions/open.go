package questions

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state"
)

// Open is what the notes of a thread say of its questions.
type Open struct {
	// Waiting are the ids of the questions that have no answer yet, oldest
	// first. One is in it before it is posed.
	Waiting []string `json:"waiting,omitempty"`
	// Answers are the keys of the events that gave the last answers. If the
	// process dies before it has settled such an event, the event is retried and
	// must not count as a new message.
	Answers []string `json:"answers,omitempty"`
}

// maxAnswers is how many answers are remembered: more than a thread gets while
// a lease lapses.
const maxAnswers = 16

// Answered reports whether an event gave one of the last answers.
func (o *Open) Answered(event string) bool { return slices.Contains(o.Answers, event) }

// OpenIn returns the questions of a thread as its notes have them.
func OpenIn(ctx context.Context, page *notes.Thread) (Open, error) {
	open, _, err := load(ctx, page)
	return open, err
}

func load(ctx context.Context, page *notes.Thread) (open Open, stored []byte, err error) {
	stored, err = page.Get(ctx, notes.Asking, "")
	if err != nil {
		return open, nil, fmt.Errorf("bot: questions of %s: %w", page.Key().ID, err)
	}
	if stored == nil {
		return open, nil, nil
	}
	if err := json.Unmarshal(stored, &open); err != nil {
		return Open{}, stored, nil //nolint:nilerr // written by another version: its questions are not known
	}
	return open, stored, nil
}

// change changes the questions of a thread.
func change(ctx context.Context, page *notes.Thread, f func(o *Open)) error {
	for {
		open, stored, err := load(ctx, page)
		if err != nil {
			return err
		}
		f(&open)
		next, err := json.Marshal(open)
		if err != nil {
			return err
		}
		if bytes.Equal(next, stored) {
			return nil
		}
		if len(open.Waiting)+len(open.Answers) == 0 {
			next = nil
		}
		if err := alive(ctx); err != nil {
			return err
		}
		if err := page.Swap(ctx, notes.Asking, "", stored, next); !errors.Is(err, state.ErrConflict) {
			return err
		}
	}
}

// threads are the threads in which a question can be answered.
func (q *Question) threads() []adapter.ThreadID {
	if q.Root != "" {
		return []adapter.ThreadID{q.Thread, q.Root}
	}
	return []adapter.ThreadID{q.Thread}
}

// List remembers that the threads of a question have it. Listing it twice is a no-op.
func (b Book) List(ctx context.Context, q *Question) error {
	return b.changeEach(ctx, q, func(o *Open) {
		if !slices.Contains(o.Waiting, q.ID) {
			o.Waiting = append(o.Waiting, q.ID)
		}
	})
}

// Unlist forgets that the threads of a question have it, and remembers the key of the
// event that answered it, unless that is empty.
func (b Book) Unlist(ctx context.Context, q *Question, event string) error {
	return b.changeEach(ctx, q, func(o *Open) {
		o.Waiting = slices.DeleteFunc(o.Waiting, func(id string) bool { return id == q.ID })
		if event != "" && !slices.Contains(o.Answers, event) {
			o.Answers = append(o.Answers, event)
			o.Answers = o.Answers[max(0, len(o.Answers)-maxAnswers):]
		}
	})
}

func (b Book) changeEach(ctx context.Context, q *Question, f func(o *Open)) error {
	for _, id := range q.threads() {
		if err := change(ctx, b.page(ctx, q.Lane.Workspace, id), f); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the wait for answers to those of the questions of a thread that which
// picks. Nothing runs again for them.
func (b Book) Close(ctx context.Context, thread state.Key, which func(q *Question) bool) error {
	// Read anew: what a turn has brought along may be as old as its lease.
	open, err := OpenIn(ctx, b.notes.Thread(thread))
	if err != nil {
		return err
	}
	for _, id := range open.Waiting {
		q := Named(thread.Workspace, id)
		q.Thread = adapter.ThreadID(thread.ID)
		kept, err := b.Recall(ctx, q)
		switch {
		case err != nil:
			return err
		case !kept, !which(q):
			continue
		}
		if q.Answer == nil {
			q.Answer = &Answer{}
			if err := b.Keep(ctx, q); errors.Is(err, state.ErrConflict) {
				continue // a person has just answered
			} else if err != nil {
				return err
			}
		}
		if err := b.Unlist(ctx, q, ""); err != nil {
			return err
		}
	}
	return nil
}
