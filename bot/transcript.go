package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/linearbot/linearbot/state"
)

// Transcript is what was said to and by a user, across threads, as far as the
// developer chooses to keep it. Nothing is kept by itself.
type Transcript struct {
	bot *Bot
	key state.Key
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

// Transcript returns the transcript of a user of a workspace. userKey is the
// user's id or whatever else identifies the person.
func (b *Bot) Transcript(workspace, userKey string) *Transcript {
	return &Transcript{bot: b, key: state.Key{Workspace: workspace, Kind: "transcript", ID: userKey}}
}

// Append adds an entry.
func (t *Transcript) Append(ctx context.Context, e TranscriptEntry) error {
	if e.At.IsZero() {
		e.At = time.Now()
	}
	data, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("bot: transcript: %w", err)
	}
	if err := t.bot.cfg.Store.Append(ctx, t.key, data, or(t.Keep, 200), or(t.Retention, cellTTL)); err != nil {
		return fmt.Errorf("bot: transcript: %w", err)
	}
	return nil
}

// Entries returns the entries, oldest first.
func (t *Transcript) Entries(ctx context.Context) ([]TranscriptEntry, error) {
	items, err := t.bot.cfg.Store.List(ctx, t.key)
	if err != nil {
		return nil, fmt.Errorf("bot: transcript: %w", err)
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
	if err := t.bot.cfg.Store.Delete(ctx, t.key); err != nil {
		return fmt.Errorf("bot: transcript: %w", err)
	}
	return nil
}
