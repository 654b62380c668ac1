package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state"
)

// ask is the stored form of a question.
type ask struct {
	ID     string           `json:"id"`
	Thread adapter.ThreadID `json:"thread"`
	// Root is the thread that the question began on an issue; Thread is the issue
	// then. Empty for all others.
	Root      adapter.ThreadID `json:"root,omitempty"`
	MessageID string           `json:"message_id,omitempty"`
	Options   []adapter.Choice `json:"options,omitempty"`
	From      []string         `json:"from,omitempty"`
	// About is the message whose turn asks.
	About string `json:"about,omitempty"`
	// Handler is whose question it is: its Access decides who may answer.
	Handler string `json:"handler,omitempty"`
	// Asked is when the event of the turn was stored.
	Asked time.Time `json:"asked"`
	// Seq is its place among what was stored for the thread.
	Seq uint64 `json:"seq,omitempty"`
	// Deadline is zero until the question is known to be posed.
	Deadline time.Time `json:"deadline,omitzero"`
	// Lane and Delivery are what is enqueued to run the turn again.
	Lane     state.Key `json:"lane"`
	Delivery []byte    `json:"delivery"`
	// Answer is nil until there is one; Source names the event that gave it.
	// Taken says that the run of the turn that was enqueued for it has begun.
	Answer *Answer `json:"answer,omitempty"`
	Source string  `json:"source,omitempty"`
	Taken  bool    `json:"taken,omitempty"`

	kept []byte // the stored form, nil if there is none
}

func (a *ask) posed() bool { return !a.Deadline.IsZero() }

// askValue names what is kept of the question.
func (b *Bot) askValue(a *ask) notes.Value {
	return b.notes.Value(notes.Ask, a.Lane.Workspace, a.ID).For(max(time.Until(a.Deadline), 0) + notes.Ask.Life())
}

// recall fills a, of which lane and id are set, with what is kept of it, and
// reports whether that is anything.
func (b *Bot) recall(ctx context.Context, a *ask) (bool, error) {
	kept, err := b.askValue(a).Get(ctx)
	if err != nil {
		return false, fmt.Errorf("bot: question: %w", err)
	}
	if kept == nil {
		return false, nil
	}
	if err := json.Unmarshal(kept, a); err != nil {
		return false, Permanent(fmt.Errorf("bot: question was kept in another form: %w", err))
	}
	a.kept = kept
	return true, nil
}

// keep stores a question in place of what was kept of it. The error wraps
// state.ErrConflict if another run was faster.
func (b *Bot) keep(ctx context.Context, a *ask) error {
	if err := alive(ctx); err != nil {
		return err
	}
	data, err := json.Marshal(a)
	if err != nil {
		return Permanent(err)
	}
	if err := b.askValue(a).Swap(ctx, a.kept, data); err != nil {
		return fmt.Errorf("bot: question: %w", err)
	}
	a.kept = data
	return nil
}

// asking is what is kept of the questions of a thread.
type asking struct {
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

// loadAsking returns the questions of a thread as its notes have them, and their
// stored form.
func loadAsking(ctx context.Context, page *notes.Thread) (open asking, stored []byte, err error) {
	stored, err = page.Get(ctx, notes.Asking, "")
	if err != nil {
		return open, nil, fmt.Errorf("bot: questions of %s: %w", page.Key().ID, err)
	}
	if stored == nil {
		return open, nil, nil
	}
	if err := json.Unmarshal(stored, &open); err != nil {
		return asking{}, stored, nil //nolint:nilerr // written by another version: its questions are not known
	}
	return open, stored, nil
}

// changeAsking changes the questions of a thread.
func changeAsking(ctx context.Context, page *notes.Thread, change func(v *asking)) error {
	for {
		open, stored, err := loadAsking(ctx, page)
		if err != nil {
			return err
		}
		change(&open)
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

// notesOf returns the notes of a thread: those that a turn has brought along, if
// it is in that thread.
func (b *Bot) notesOf(ctx context.Context, workspace string, id adapter.ThreadID) *notes.Thread {
	k := laneKey(workspace, id)
	if turn := turnFrom(ctx); turn != nil && turn.notes.Key() == k {
		return turn.notes
	}
	return b.notes.Thread(k)
}

// threads are the threads in which a question can be answered.
func (a *ask) threads() []adapter.ThreadID {
	if a.Root != "" {
		return []adapter.ThreadID{a.Thread, a.Root}
	}
	return []adapter.ThreadID{a.Thread}
}

// list remembers that a thread has a question.
func (b *Bot) list(ctx context.Context, a *ask) error {
	return b.changeEach(ctx, a, func(v *asking) {
		if !slices.Contains(v.Waiting, a.ID) {
			v.Waiting = append(v.Waiting, a.ID)
		}
	})
}

// changeEach changes the questions of all threads of a question.
func (b *Bot) changeEach(ctx context.Context, a *ask, change func(v *asking)) error {
	for _, id := range a.threads() {
		if err := changeAsking(ctx, b.notesOf(ctx, a.Lane.Workspace, id), change); err != nil {
			return err
		}
	}
	return nil
}

// unlist forgets that a thread has a question, and remembers the key of the
// event that answered it, if it was one.
func (b *Bot) unlist(ctx context.Context, a *ask, source string) error {
	return b.changeEach(ctx, a, func(v *asking) {
		v.Waiting = slices.DeleteFunc(v.Waiting, func(id string) bool { return id == a.ID })
		if source != "" && !slices.Contains(v.Answers, source) {
			v.Answers = append(v.Answers, source)
			v.Answers = v.Answers[max(0, len(v.Answers)-maxAnswers):]
		}
	})
}

// closeQuestionsAbout ends the wait for answers to questions that were asked about
// a message that was deleted, or in the thread that it began.
func (b *Bot) closeQuestionsAbout(ctx context.Context, r *run, ev *adapter.DeleteEvent) error {
	if r.thread == nil || ev.Message == nil {
		return nil
	}
	root := ev.Message.ParentID == ""
	return r.thread.closeOpen(ctx, func(a *ask) bool { return root || a.About == ev.Message.ID })
}

// closeQuestions ends the wait for answers to the questions of turns whose
// events were stored before a stop. Nothing runs again for them.
func (t *Thread) closeQuestions(ctx context.Context, s stop) error {
	return t.closeOpen(ctx, func(a *ask) bool {
		if a.Seq == 0 || !t.sharesOrder(a.Lane) {
			return !a.Asked.After(s.at)
		}
		return s.endsEntry(a.Seq, a.Asked)
	})
}

// closeOpen closes those of the questions of a thread that which picks.
func (t *Thread) closeOpen(ctx context.Context, which func(a *ask) bool) error {
	b := t.bot
	// Read anew: what a turn has brought along may be as old as its lease.
	open, _, err := loadAsking(ctx, b.notes.Thread(t.key()))
	if err != nil {
		return err
	}
	for _, id := range open.Waiting {
		a := &ask{ID: id, Thread: t.id, Lane: state.Key{Workspace: t.workspace}}
		kept, err := b.recall(ctx, a)
		switch {
		case err != nil:
			return err
		case !kept, !which(a):
			continue
		}
		if a.Answer == nil {
			a.Answer = &Answer{}
			if err := b.keep(ctx, a); errors.Is(err, state.ErrConflict) {
				continue // a person has just answered
			} else if err != nil {
				return err
			}
		}
		if err := b.unlist(ctx, a, ""); err != nil {
			return err
		}
	}
	return nil
}

// aboutMessage is the id of the message that a turn handles, or "".
func (t *Turn) aboutMessage() string {
	if t.message == nil {
		return ""
	}
	return t.message.ID
}
