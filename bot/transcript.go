package bot

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

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
	// ID tells entries apart: one with the ID of an entry that is kept replaces it.
	// Within a turn it defaults to the place of the Append in the turn, so that a turn
	// that runs again appends nothing twice; outside of turns to a random one.
	ID string `json:"id,omitempty"`
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
	// transcriptTries is how often Append meets another writer before it
	// gives up.
	transcriptTries = 100
)

// Append adds an entry, atomically among all instances. In a handler use its
// context: then the n-th Append of a turn adds one entry, however often the turn
// runs. The oldest entries go
// when there are more than Keep, or when the transcript would exceed 1 MiB. An
// entry that is larger than that is an error.
func (t *Transcript) Append(ctx context.Context, e TranscriptEntry) error {
	if e.At.IsZero() {
		e.At = time.Now()
	}
	if e.ID == "" {
		e.ID = transcriptID(ctx)
	}
	data, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("bot: transcript: %w", err)
	}
	if len(data)+3 > notes.MaxTranscript {
		return fmt.Errorf("bot: transcript: the entry has %d bytes, more than %d", len(data), notes.MaxTranscript)
	}
	for range transcriptTries {
		items, old, err := t.read(ctx)
		if err != nil {
			return err
		}
		next, err := json.Marshal(t.bounded(withEntry(items, e.ID, data)))
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

// transcriptID names the next entry.
func transcriptID(ctx context.Context) string {
	turn := turnFrom(ctx)
	if turn == nil {
		return uuid.NewString()
	}
	sum := sha256.Sum256([]byte(turn.head().Key + "\x00" + turn.Handler() + "\x00" + strconv.Itoa(turn.writes.count("transcript"))))
	return hex.EncodeToString(sum[:16])
}

// withEntry returns items with an entry at the end, or in place of the one with its
// id.
func withEntry(items []json.RawMessage, id string, data json.RawMessage) []json.RawMessage {
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
func (t *Transcript) bounded(items []json.RawMessage) []json.RawMessage {
	items = items[max(0, len(items)-cmp.Or(t.Keep, transcriptKeep)):]
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

// TranscriptQuery says which entries of a transcript are wanted. The zero value
// wants all of them.
type TranscriptQuery struct {
	// Limit is the most entries, the newest. 0 means all.
	Limit int
	// Thread, Roles and Since leave out what was said in other threads, in other
	// roles and before. The zero values leave out nothing.
	Thread string
	Roles  []string
	Since  time.Time
	// Keep leaves out the entries for which it returns false. Nil keeps all.
	Keep func(e TranscriptEntry) bool
}

func (q *TranscriptQuery) wants(e TranscriptEntry) bool {
	return (q.Thread == "" || e.Thread == q.Thread) &&
		(len(q.Roles) == 0 || slices.Contains(q.Roles, e.Role)) &&
		!e.At.Before(q.Since) &&
		(q.Keep == nil || q.Keep(e))
}

// Find returns the entries that q wants, oldest first.
func (t *Transcript) Find(ctx context.Context, q TranscriptQuery) ([]TranscriptEntry, error) {
	all, err := t.Entries(ctx)
	if err != nil {
		return nil, err
	}
	found := slices.DeleteFunc(all, func(e TranscriptEntry) bool { return !q.wants(e) })
	if q.Limit > 0 {
		found = found[max(0, len(found)-q.Limit):]
	}
	return found, nil
}

// Entries returns all entries, oldest first.
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
