package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/state"
)

// Question is what [Ask] asks.
type Question struct {
	// Text is the question, as Markdown. Required.
	Text string
	// Options are the answers to choose from. With none, any text is an
	// answer.
	Options []adapter.Option
	// From are the ids of the users who may answer. Defaults to every person.
	From []string
	// Timeout is how long to wait for an answer. Defaults to 7 days.
	Timeout time.Duration
}

// Answer is the answer to a question.
type Answer struct {
	// Value is the value of the chosen option, or the text.
	Value string `json:"value,omitempty"`
	// By is who answered.
	By adapter.User `json:"by,omitzero"`
	At time.Time    `json:"at,omitzero"`
	// TimedOut says that nobody answered in time; then the rest is empty.
	TimedOut bool `json:"timed_out,omitempty"`
}

// parkedError ends a turn that waits for an answer.
type parkedError struct{ id string }

func (e *parkedError) Error() string { return "bot: turn waits for an answer" }

// IsParked reports whether err says that a turn waits for the answer to a
// question. A handler returns such an error as it is.
func IsParked(err error) bool {
	_, ok := errors.AsType[*parkedError](err)
	return ok
}

// Ask asks a question in a thread and returns its answer. Until there is one it
// returns an error for which [IsParked] is true, and which the handler must
// return: the turn then ends without holding a worker, survives restarts and
// deploys, and runs again from the start when the answer is there. Ask then
// returns it at once. Put what must not be repeated into [Step].
//
// People answer by a message in the thread: the text or number of an option, or
// any text if there are none; for yes-or-no questions also by a reaction to the
// question. A message that is no answer is handled as any other. After
// Question.Timeout the turn runs with an Answer that says so.
//
// Questions of one turn are told apart by their order, so ask them in the same
// order each time.
func Ask(ctx context.Context, t *Thread, q Question) (*Answer, error) {
	turn := turnFrom(ctx)
	if turn == nil {
		return nil, Permanent(errors.New("bot: Ask needs a turn: call it from a handler, with the handler's context"))
	}
	if strings.TrimSpace(q.Text) == "" {
		return nil, Permanent(ErrEmpty)
	}
	b := t.bot
	n := strconv.Itoa(turn.next("ask"))
	id := turn.event.Head().Key + "\x00" + turn.Handler() + "\x00" + n
	k := state.Key{Workspace: turn.thread.workspace, Kind: "ask", ID: id}
	old, err := b.cfg.Store.Get(ctx, k)
	switch {
	case errors.Is(err, state.ErrNotFound):
		a := &ask{
			ID: id, Thread: t.id, Options: q.Options, From: q.From, Lane: turn.entry.Lane, Delivery: turn.entry.Body,
			Deadline: time.Now().Add(or(q.Timeout, 7*24*time.Hour)),
		}
		// The question is a step: a run that finds the answer does not pose
		// it, and the posts after it must have the same names all the same.
		posing := context.WithValue(ctx, stepKey{}, "ask#"+n)
		if a.MessageID, err = t.pose(posing, q); err != nil {
			return nil, err
		}
		return nil, b.park(ctx, turn, k, a)
	case err != nil:
		return nil, fmt.Errorf("bot: question: %w", err)
	}
	var a ask
	if err := json.Unmarshal(old, &a); err != nil {
		return nil, Permanent(fmt.Errorf("bot: question was kept in another form: %w", err))
	}
	switch {
	case a.Answer != nil:
		return a.Answer, nil
	case !time.Now().Before(a.Deadline):
		a.Answer = &Answer{TimedOut: true}
		if err := b.decide(ctx, k, old, &a); err != nil {
			return nil, err
		}
		return a.Answer, b.unlist(ctx, k.Workspace, &a)
	default:
		// The turn runs again for another reason, or died while it parked.
		return nil, b.park(ctx, turn, k, &a)
	}
}

// pose writes the question and returns the id of its message.
func (t *Thread) pose(ctx context.Context, q Question) (string, error) {
	if agent := t.bot.can.agent; agent != nil && agent.IsSession(t.id) {
		return "", agent.Activity(ctx, &adapter.Activity{
			Workspace: t.workspace, Thread: t.id, Key: t.writeKey(ctx),
			Kind: adapter.Elicitation, Body: q.Text, Options: q.Options,
		})
	}
	var text strings.Builder
	text.WriteString(q.Text)
	if len(q.Options) > 0 {
		text.WriteString("\n")
		for i, o := range q.Options {
			fmt.Fprintf(&text, "\n%d. %s", i+1, or(o.Label, o.Value))
		}
		text.WriteString("\n\nAnswer with one of these, or its number.")
	}
	m, err := t.Post(ctx, Markdown(text.String()))
	if err != nil {
		return "", err
	}
	return m.ID, nil
}

// ask is the stored form of a question.
type ask struct {
	ID        string           `json:"id"`
	Thread    adapter.ThreadID `json:"thread"`
	MessageID string           `json:"message_id,omitempty"`
	Options   []adapter.Option `json:"options,omitempty"`
	From      []string         `json:"from,omitempty"`
	Deadline  time.Time        `json:"deadline"`
	// Lane and Delivery are what is enqueued to run the turn again.
	Lane     state.Key `json:"lane"`
	Delivery []byte    `json:"delivery"`
	// Answer is nil until there is one; Source names the event that gave it.
	Answer *Answer `json:"answer,omitempty"`
	Source string  `json:"source,omitempty"`
}

// park stores a question, remembers that its thread has one, and makes sure
// that the turn runs again when its time is over. Each part may be done
// already.
func (b *Bot) park(ctx context.Context, turn *Turn, k state.Key, a *ask) error {
	if err := alive(ctx); err != nil {
		return err
	}
	data, err := json.Marshal(a)
	if err != nil {
		return Permanent(err)
	}
	keep := time.Until(a.Deadline) + stepTTL
	if err := b.keepSkipped(ctx, turn, keep); err != nil {
		return err
	}
	if err := b.cfg.Store.CompareAndSet(ctx, k, nil, data, keep); err != nil && !errors.Is(err, state.ErrConflict) {
		return fmt.Errorf("bot: question: %w", err)
	}
	pending := b.pending(k.Workspace, a.Thread)
	err = pending.Update(ctx, func(ids *[]string) error {
		if !slices.Contains(*ids, a.ID) {
			*ids = append(*ids, a.ID)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := b.resume(ctx, a, whyTimeout, max(time.Until(a.Deadline), 0)+time.Second); err != nil {
		return err
	}
	return &parkedError{a.ID}
}

// The reasons to run a parked turn again.
const (
	resumePrefix = "resume\x00"
	whyAnswer    = "answer"
	whyTimeout   = "timeout"
)

// isResumed reports whether an entry runs a turn that had parked.
func isResumed(e *state.Queued) bool { return strings.HasPrefix(e.ID, resumePrefix) }

// overdue reports whether an entry would run a turn because the time of its
// question is over although it was answered, or is long forgotten.
func (b *Bot) overdue(ctx context.Context, e state.Queued) (bool, error) {
	rest, ok := strings.CutPrefix(e.ID, resumePrefix)
	if !ok {
		return false, nil
	}
	id, ok := strings.CutSuffix(rest, "\x00"+whyTimeout)
	if !ok {
		return false, nil
	}
	data, err := b.cfg.Store.Get(ctx, state.Key{Workspace: e.Lane.Workspace, Kind: "ask", ID: id})
	if errors.Is(err, state.ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("bot: question: %w", err)
	}
	var a ask
	return json.Unmarshal(data, &a) == nil && a.Answer != nil && !a.Answer.TimedOut, nil
}

// resume has the turn of a question run again after d.
func (b *Bot) resume(ctx context.Context, a *ask, why string, d time.Duration) error {
	_, err := b.cfg.Store.Enqueue(ctx, state.Entry{
		ID: resumePrefix + a.ID + "\x00" + why, Lane: a.Lane, Body: a.Delivery, Delay: d,
	})
	if err != nil {
		return fmt.Errorf("bot: question: %w", err)
	}
	return nil
}

// decide stores the answer of a question, unless somebody was faster.
func (b *Bot) decide(ctx context.Context, k state.Key, old []byte, a *ask) error {
	data, err := json.Marshal(a)
	if err != nil {
		return Permanent(err)
	}
	if err := b.cfg.Store.CompareAndSet(ctx, k, old, data, stepTTL); err != nil {
		return fmt.Errorf("bot: question: %w", err)
	}
	return nil
}

// unlist forgets that a thread has a question.
func (b *Bot) unlist(ctx context.Context, workspace string, a *ask) error {
	return b.pending(workspace, a.Thread).Update(ctx, func(ids *[]string) error {
		*ids = slices.DeleteFunc(*ids, func(id string) bool { return id == a.ID })
		return nil
	})
}

// pending are the ids of the questions that wait in a thread.
func (b *Bot) pending(workspace string, id adapter.ThreadID) Cell[[]string] {
	return Cell[[]string]{
		store: b.cfg.Store, ttl: 0,
		key: state.Key{Workspace: workspace, Kind: "asking", ID: string(id)},
	}
}
