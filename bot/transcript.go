package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state"
)

// Transcript is what was said to and by a user, across threads, as far as the
// developer chooses to keep it: the bot adds nothing of its own.
type Transcript struct {
	value notes.Value
	// Keep is the most entries that are kept; the oldest go first. Defaults
	// to 200.
	Keep int
	// Retention is how long the transcript is kept after the last entry.
	// Defaults to 30 days.
	Retention time.Duration
}

// TranscriptEntry is one message of a transcript.
type TranscriptEntry struct {
	// Role is "user", "assistant" or "system".
	Role      string    `json:"role"`
	Text      string    `json:"text"`
	Thread    string    `json:"thread,omitempty"`
	MessageID string    `json:"message_id,omitempty"`
	At        time.Time `json:"at"`
}

const (
	// transcriptKeep is the default of [Transcript.Keep].
	transcriptKeep = 200
	// transcriptBytes bounds a stored transcript.
	transcriptBytes = 1 << 20
	// transcriptTries is how often Append meets another writer before it
	// gives up.
	transcriptTries = 100
)

// Append adds an entry, atomically among all instances. The oldest entries go
// when there are more than Keep, or when the transcript would exceed 1 MiB. An
// entry that is larger than that is an error.
func (t *Transcript) Append(ctx context.Context, e TranscriptEntry) error {
	if e.At.IsZero() {
		e.At = time.Now()
	}
	data, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("bot: transcript: %w", err)
	}
	if len(data)+3 > transcriptBytes {
		return fmt.Errorf("bot: transcript: the entry has %d bytes, more than %d", len(data), transcriptBytes)
	}
	for range transcriptTries {
		items, old, err := t.read(ctx)
		if err != nil {
			return err
		}
		next, err := json.Marshal(t.bounded(append(items, data)))
		if err != nil {
			return fmt.Errorf("bot: transcript: %w", err)
		}
		err = t.value.For(cmp.Or(t.Retention, notes.Transcript.Life())).Swap(ctx, old, next)
		if err == nil {
			return nil
		}
		if !errors.Is(err, state.ErrConflict) {
			return fmt.Errorf("bot: transcript: %w", err)
		}
	}
	return fmt.Errorf("bot: transcript: %d writes in a row met another one: %w", transcriptTries, state.ErrConflict)
}

// bounded drops the oldest entries until the limits are kept.
func (t *Transcript) bounded(items []json.RawMessage) []json.RawMessage {
	items = items[max(0, len(items)-cmp.Or(t.Keep, transcriptKeep)):]
	size := 2 // the brackets
	for i := len(items) - 1; i >= 0; i-- {
		if size += len(items[i]) + 1; size > transcriptBytes {
			return items[i+1:]
		}
	}
	return items
}

// read returns the entries as JSON, and the stored form, which is nil if there
// is none.
func (t *Transcript) read(ctx context.Context) (items []json.RawMessage, stored []byte, err error) {
	stored, err = t.value.Get(ctx)
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

// Entries returns the entries, oldest first.
func (t *Transcript) Entries(ctx context.Context) ([]TranscriptEntry, error) {
	items, _, err := t.read(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]TranscriptEntry, 0, len(items))
	for _, item := range items {
		var e TranscriptEntry
		if err := json.Unmarshal(item, &e); err != nil {
			return nil, fmt.Errorf("bot: transcript: %w", err)
		}
		out = append(out, e)
	}
	return out, nil
}

// Delete forgets everything.
func (t *Transcript) Delete(ctx context.Context) error {
	if err := t.value.Delete(ctx); err != nil {
		return fmt.Errorf("bot: transcript: %w", err)
	}
	return nil
}
