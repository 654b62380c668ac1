package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/bot/internal/transcript"
	"github.com/linearbot/linearbot/internal/notes"
)

// Transcript is what was said to and by a user, across threads, as far as handlers keep
// it: the bot adds nothing by itself.
type Transcript struct {
	value notes.Value
	// MaxEntries is the most entries that are kept; the oldest are dropped first.
	// Defaults to 200.
	MaxEntries int
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

// Append adds an entry, atomically among all instances. In a handler use its
// context: then the n-th Append of a turn adds one entry, however often the turn
// runs. The oldest entries are dropped
// when there are more than MaxEntries, or when the transcript would exceed 1 MiB. An
// entry that is larger than that is an error.
func (t *Transcript) Append(ctx context.Context, e TranscriptEntry) error {
	if e.At.IsZero() {
		e.At = time.Now()
	}
	if e.ID == "" {
		e.ID = transcriptID(ctx)
	}
	return t.log().Append(ctx, transcript.Entry(e))
}

func (t *Transcript) log() transcript.Log {
	return transcript.Log{Value: t.value, Keep: t.MaxEntries, Life: t.Retention}
}

// transcriptID names the next entry.
func transcriptID(ctx context.Context) string {
	turn := turnFrom(ctx)
	if turn == nil {
		return uuid.NewString()
	}
	sum := sha256.Sum256([]byte(turn.head().Key + "\x00" + turn.Handler() + "\x00" + strconv.Itoa(turn.writes.Count("transcript"))))
	return hex.EncodeToString(sum[:16])
}

// Merge adds entries that were kept elsewhere, in one write that is atomic among
// all instances: for an import, where [Transcript.Append] is for what is said now.
// Each entry needs an ID and a time, and goes to its place in time. Entries whose ID
// is there already change nothing. If there are more than MaxEntries, or the transcript
// would exceed 1 MiB, the oldest ones of all are dropped. Merge returns how many
// entries it added; merging the same entries again adds none and writes nothing.
func (t *Transcript) Merge(ctx context.Context, entries []TranscriptEntry) (added int, err error) {
	all := make([]transcript.Entry, len(entries))
	for i, e := range entries {
		all[i] = transcript.Entry(e)
	}
	return t.log().Merge(ctx, all)
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
	all, err := t.log().Entries(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]TranscriptEntry, len(all))
	for i, e := range all {
		out[i] = TranscriptEntry(e)
	}
	return out, nil
}

// Delete forgets everything.
func (t *Transcript) Delete(ctx context.Context) error { return t.log().Delete(ctx) }
