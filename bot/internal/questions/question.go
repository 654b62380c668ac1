package questions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state"
)

// Question is the stored form of a question.
type Question struct {
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

// Answer is the answer to a question. Its zero value closes one that
// has become pointless.
type Answer struct {
	// Value is the value of the chosen option, or the text.
	Value string `json:"value,omitempty"`
	// By is who answered.
	By adapter.User `json:"by,omitzero"`
	At time.Time    `json:"at,omitzero"`
	// TimedOut says that the time passed without an answer; then the rest is empty.
	TimedOut bool `json:"timed_out,omitempty"`
}

// Named returns a question of which only its name is known, for [Book.Recall].
func Named(workspace, id string) *Question {
	return &Question{ID: id, Lane: state.Key{Workspace: workspace}}
}

// Posed reports whether the question is known to be posed.
func (q *Question) Posed() bool { return !q.Deadline.IsZero() }

// Why is the reason to run a parked turn again.
type Why string

// The reasons.
const (
	WhyAnswer  Why = "answer"
	WhyTimeout Why = "timeout"
)

// Why is the reason to run the turn again with the answer.
func (a *Answer) Why() Why {
	if a.TimedOut {
		return WhyTimeout
	}
	return WhyAnswer
}

// EntryID names the entry that runs the turn of a question again.
func (q *Question) EntryID(w Why) string { return notes.ResumePrefix + q.ID + "\x00" + string(w) }

// Resumes reports whether the entry with an id runs a turn that had parked.
func Resumes(entry string) bool { return strings.HasPrefix(entry, notes.ResumePrefix) }

// TimesOut returns the id of the question whose time is over when the entry with an
// id is due.
func TimesOut(entry string) (question string, ok bool) {
	rest, resumes := strings.CutPrefix(entry, notes.ResumePrefix)
	id, timeout := strings.CutSuffix(rest, "\x00"+string(WhyTimeout))
	return id, resumes && timeout
}

// ErrForm says that a question was kept by a version that this one does not
// understand.
var ErrForm = errors.New("bot: question was kept in another form")

func (b Book) value(q *Question) notes.Value {
	return b.notes.Value(notes.Ask, q.Lane.Workspace, q.ID).For(max(time.Until(q.Deadline), 0) + notes.Ask.Life())
}

// Recall fills q, of which lane and id are set, with what is kept of it, and reports
// whether that is anything. Errors: [ErrForm], and those of the store.
func (b Book) Recall(ctx context.Context, q *Question) (bool, error) {
	kept, err := b.value(q).Get(ctx)
	if err != nil {
		return false, fmt.Errorf("bot: question: %w", err)
	}
	if kept == nil {
		return false, nil
	}
	if err := json.Unmarshal(kept, q); err != nil {
		return false, fmt.Errorf("%w: %w", ErrForm, err)
	}
	q.kept = kept
	return true, nil
}

// Keep stores a question in place of what was kept of it. The error wraps
// state.ErrConflict if another run was faster.
func (b Book) Keep(ctx context.Context, q *Question) error {
	if err := alive(ctx); err != nil {
		return err
	}
	data, err := json.Marshal(q)
	if err != nil {
		return fmt.Errorf("bot: question: %w", err)
	}
	if err := b.value(q).Swap(ctx, q.kept, data); err != nil {
		return fmt.Errorf("bot: question: %w", err)
	}
	q.kept = data
	return nil
}

// Begin fills a question with what is kept of it, or keeps it, for a run of the turn that
// asks, under an entry. If the run was enqueued for the answer, the question is taken, and
// taken says that it was not before. Errors: [ErrForm], and those of the store.
func (b Book) Begin(ctx context.Context, q *Question, entry string) (taken bool, err error) {
	kept, err := b.Recall(ctx, q)
	if err != nil {
		return false, err
	}
	if !kept {
		if err := b.Keep(ctx, q); err != nil {
			return false, err
		}
	}
	if q.Answer == nil && entry == q.EntryID(WhyTimeout) {
		q.Answer = &Answer{TimedOut: true}
	}
	if q.Answer == nil || q.Taken || entry != q.EntryID(q.Answer.Why()) {
		return false, nil
	}
	q.Taken = true
	return true, b.Keep(ctx, q)
}

// Overdue reports whether an entry of a workspace would run a turn because the time of its
// question is over although it was answered, or is long forgotten.
func (b Book) Overdue(ctx context.Context, workspace, entry string) (bool, error) {
	id, ok := TimesOut(entry)
	if !ok {
		return false, nil
	}
	q := Named(workspace, id)
	kept, err := b.Recall(ctx, q)
	return err == nil && (!kept || q.Answer != nil && !q.Answer.TimedOut), err
}

// A turn that parks is done as far as its lane is concerned, and so are the messages
// that it stands for. They are kept for when it continues.

// KeepSkipped keeps the bodies of what the turn of an event stands for, for d and
// then some.
func (b Book) KeepSkipped(ctx context.Context, workspace, event string, bodies [][]byte, d time.Duration) error {
	if len(bodies) == 0 {
		return nil
	}
	data, err := json.Marshal(bodies)
	if err != nil {
		return fmt.Errorf("bot: skipped messages: %w", err)
	}
	if err := b.notes.Value(notes.Skipped, workspace, event).For(d+notes.Skipped.Life()).Set(ctx, data); err != nil {
		return fmt.Errorf("bot: skipped messages: %w", err)
	}
	return nil
}

// Skipped returns what KeepSkipped kept.
func (b Book) Skipped(ctx context.Context, workspace, event string) ([][]byte, error) {
	stored, err := b.notes.Value(notes.Skipped, workspace, event).Get(ctx)
	if err != nil {
		return nil, fmt.Errorf("bot: skipped messages: %w", err)
	}
	var bodies [][]byte
	if stored != nil && json.Unmarshal(stored, &bodies) != nil {
		return nil, nil //nolint:nilerr // kept by another version: the turn continues without them
	}
	return bodies, nil
}
