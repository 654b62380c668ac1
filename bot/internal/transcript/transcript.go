// Package transcript keeps what was said to and by one user as a bounded list in one
// value of the store. Every change replaces the whole list, atomically among all
// instances, so a list is never half of two.
package transcript

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state"
)

// Log is a transcript.
type Log struct {
	Value notes.Value
	// Keep is the most entries that are kept; the oldest go first. Defaults to 200.
	Keep int
	// Life is how long the log is kept after it was last written. Defaults to that
	// of its kind of notes.
	Life time.Duration
}

// Entry is one message of a transcript, as it is stored.
type Entry struct {
	ID        string    `json:"id,omitempty"`
	Role      string    `json:"role"`
	Text      string    `json:"text"`
	Thread    string    `json:"thread,omitempty"`
	MessageID string    `json:"message_id,omitempty"`
	At        time.Time `json:"at"`
}

const (
	// keepDefault is the default of [Log.Keep].
	keepDefault = 200
	// tries is how often a change meets another writer before it gives up.
	tries = 100
)

// Append adds an entry, in place of the one with its ID if there is one. The oldest
// entries go when there are more than Keep, or when the log would exceed
// [notes.MaxTranscript]. An entry that is larger than that is an error.
func (l Log) Append(ctx context.Context, e Entry) error {
	data, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("bot: transcript: %w", err)
	}
	if len(data)+3 > notes.MaxTranscript {
		return fmt.Errorf("bot: transcript: the entry has %d bytes, more than %d", len(data), notes.MaxTranscript)
	}
	return l.change(ctx, func(items []json.RawMessage) ([]json.RawMessage, error) {
		return l.bounded(with(items, e.ID, data)), nil
	})
}

// change replaces the stored entries by what f makes of them. Nil changes nothing.
func (l Log) change(ctx context.Context, f func(items []json.RawMessage) ([]json.RawMessage, error)) error {
	for range tries {
		items, old, err := l.read(ctx)
		if err != nil {
			return err
		}
		changed, err := f(items)
		if err != nil || changed == nil {
			return err
		}
		next, err := json.Marshal(changed)
		if err != nil {
			return fmt.Errorf("bot: transcript: %w", err)
		}
		err = l.Value.For(cmp.Or(l.Life, notes.Transcript.Life())).Swap(ctx, old, next)
		if err == nil {
			return nil
		}
		if !errors.Is(err, state.ErrConflict) {
			return fmt.Errorf("bot: transcript: %w", err)
		}
	}
	return fmt.Errorf("bot: transcript: %d writes in a row met another one: %w", tries, state.ErrConflict)
}

// with returns items with an entry at the end, or in place of the one with its id.
func with(items []json.RawMessage, id string, data json.RawMessage) []json.RawMessage {
	for i, item := range items {
		var old struct {
			ID string `json:"id"`
		}
		if json.Unmarshal(item, &old) == nil && old.ID == id {
			items[i] = data
			return items
		}
	}
	return append(items, data)
}

// bounded drops the oldest entries until the limits are kept.
func (l Log) bounded(items []json.RawMessage) []json.RawMessage {
	items = items[max(0, len(items)-cmp.Or(l.Keep, keepDefault)):]
	size := 2 // the brackets
	for i, item := range slices.Backward(items) {
		if size += len(item) + 1; size > notes.MaxTranscript {
			return items[i+1:]
		}
	}
	return items
}

// read returns the entries as JSON, and the stored form, which is nil if there
// is none.
func (l Log) read(ctx context.Context) (items []json.RawMessage, stored []byte, err error) {
	stored, err = l.Value.Get(ctx)
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("bot: transcript: %w", err)
	case stored == nil:
		return nil, nil, nil
	}
	if err := json.Unmarshal(stored, &items); err != nil {
		return nil, nil, fmt.Errorf("bot: transcript: %w", err)
	}
	return items, stored, nil
}

// Entries returns all entries, oldest first.
func (l Log) Entries(ctx context.Context) ([]Entry, error) {
	items, _, err := l.read(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Entry, 0, len(items))
	for _, item := range items {
		var e Entry
		if err := json.Unmarshal(item, &e); err != nil {
			return nil, fmt.Errorf("bot: transcript: %w", err)
		}
		out = append(out, e)
	}
	return out, nil
}

// Delete forgets everything.
func (l Log) Delete(ctx context.Context) error {
	if err := l.Value.Delete(ctx); err != nil {
		return fmt.Errorf("bot: transcript: %w", err)
	}
	return nil
}
