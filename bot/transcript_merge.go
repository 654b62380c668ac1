package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state"
)

// Merge adds entries that were kept elsewhere, in one write that is atomic among
// all instances: for an import, where [Transcript.Append] is for what is said now.
// Each entry needs an ID and a time, and goes to its place in time. Entries whose ID
// is there already change nothing. If there are more than Keep, or the transcript
// would exceed 1 MiB, the oldest ones of all are dropped. Merge returns how many
// entries it added; merging the same entries again adds none and writes nothing.
func (t *Transcript) Merge(ctx context.Context, entries []TranscriptEntry) (added int, err error) {
	for _, e := range entries {
		if e.ID == "" || e.At.IsZero() {
			return 0, errors.New("bot: transcript: an entry to merge needs an ID and a time")
		}
	}
	for range transcriptTries {
		items, old, err := t.read(ctx)
		if err != nil {
			return 0, err
		}
		all := make([]mergeItem, 0, len(items)+len(entries))
		seen := map[string]bool{}
		for _, item := range items {
			var e TranscriptEntry
			if err := json.Unmarshal(item, &e); err != nil {
				return 0, fmt.Errorf("bot: transcript: %w", err)
			}
			seen[e.ID] = true
			all = append(all, mergeItem{TranscriptEntry: e, data: item})
		}
		for _, e := range entries {
			if seen[e.ID] {
				continue
			}
			seen[e.ID] = true
			data, err := json.Marshal(e)
			if err != nil {
				return 0, fmt.Errorf("bot: transcript: %w", err)
			}
			all = append(all, mergeItem{e, data, true})
		}
		slices.SortStableFunc(all, func(a, b mergeItem) int { return a.At.Compare(b.At) })
		merged := make([]json.RawMessage, len(all))
		for i, item := range all {
			merged[i] = item.data
		}
		left := t.bounded(merged)
		added := 0
		for _, item := range all[len(all)-len(left):] {
			if item.fresh {
				added++
			}
		}
		if added == 0 {
			return 0, nil
		}
		next, err := json.Marshal(left)
		if err != nil {
			return 0, fmt.Errorf("bot: transcript: %w", err)
		}
		err = t.value.For(cmp.Or(t.Retention, notes.Transcript.Life())).Swap(ctx, old, next)
		if err == nil {
			return added, nil
		}
		if !errors.Is(err, state.ErrConflict) {
			return 0, fmt.Errorf("bot: transcript: %w", err)
		}
	}
	return 0, fmt.Errorf("bot: transcript: %d writes in a row met another one: %w", transcriptTries, state.ErrConflict)
}

// mergeItem is an entry with its stored form.
type mergeItem struct {
	TranscriptEntry

	data json.RawMessage
	// fresh says that the entry is not stored yet.
	fresh bool
}
