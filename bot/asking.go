package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/state"
)

// ask is the stored form of a question.
type ask struct {
	ID        string           `json:"id"`
	Thread    adapter.ThreadID `json:"thread"`
	MessageID string           `json:"message_id,omitempty"`
	Options   []adapter.Option `json:"options,omitempty"`
	From      []string         `json:"from,omitempty"`
	// Asked is when the event of the turn was stored.
	Asked time.Time `json:"asked"`
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

func (a *ask) key() state.Key {
	return state.Key{Workspace: a.Lane.Workspace, Kind: "ask", ID: a.ID}
}

// recall fills a, of which lane and id are set, with what is kept of it. It
// fails with state.ErrNotFound if that is nothing.
func (b *Bot) recall(ctx context.Context, a *ask) error {
	kept, err := b.cfg.Store.Get(ctx, a.key())
	if err != nil {
		return fmt.Errorf("bot: question: %w", err)
	}
	if err := json.Unmarshal(kept, a); err != nil {
		return Permanent(fmt.Errorf("bot: question was kept in another form: %w", err))
	}
	a.kept = kept
	return nil
}

// keep stores a question in place of what was kept of it. It fails if somebody
// was faster.
func (b *Bot) keep(ctx context.Context, a *ask) error {
	if err := alive(ctx); err != nil {
		return err
	}
	data, err := json.Marshal(a)
	if err != nil {
		return Permanent(err)
	}
	ttl := max(time.Until(a.Deadline), 0) + stepTTL
	if err := b.cfg.Store.CompareAndSet(ctx, a.key(), a.kept, data, ttl); err != nil {
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
	// process dies before it has settled such an event, the event comes again:
	// then it is no new message.
	Answers []string `json:"answers,omitempty"`
}

// maxAnswers is how many answers are remembered: more than a thread gets while
// a lease lapses.
const maxAnswers = 16

// asking are the questions of a thread.
func (b *Bot) asking(workspace string, id adapter.ThreadID) Cell[asking] {
	return Cell[asking]{
		store: b.cfg.Store, ttl: 0,
		key: state.Key{Workspace: workspace, Kind: "asking", ID: string(id)},
	}
}

// list remembers that a thread has a question.
func (b *Bot) list(ctx context.Context, a *ask) error {
	return b.asking(a.Lane.Workspace, a.Thread).Update(ctx, func(v *asking) error {
		if !slices.Contains(v.Waiting, a.ID) {
			v.Waiting = append(v.Waiting, a.ID)
		}
		return nil
	})
}

// unlist forgets that a thread has a question, and remembers the key of the
// event that answered it, if it was one.
func (b *Bot) unlist(ctx context.Context, a *ask, source string) error {
	return b.asking(a.Lane.Workspace, a.Thread).Update(ctx, func(v *asking) error {
		v.Waiting = slices.DeleteFunc(v.Waiting, func(id string) bool { return id == a.ID })
		if source != "" && !slices.Contains(v.Answers, source) {
			v.Answers = append(v.Answers, source)
			v.Answers = v.Answers[max(0, len(v.Answers)-maxAnswers):]
		}
		return nil
	})
}

// closeQuestions ends the wait for answers to the questions of turns whose
// events were stored at a time or before. Nothing runs again for them.
func (t *Thread) closeQuestions(ctx context.Context, at time.Time) error {
	b := t.bot
	here, err := b.asking(t.workspace, t.id).Get(ctx)
	if err != nil {
		return err
	}
	for _, id := range here.Waiting {
		a := &ask{ID: id, Lane: state.Key{Workspace: t.workspace}}
		err := b.recall(ctx, a)
		switch {
		case errors.Is(err, state.ErrNotFound):
			continue
		case err != nil:
			return err
		case a.Asked.After(at):
			continue
		}
		if a.Answer == nil {
			a.Answer = &Answer{}
			if err := b.keep(ctx, a); errors.Is(err, state.ErrConflict) {
				continue // somebody has just answered
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
