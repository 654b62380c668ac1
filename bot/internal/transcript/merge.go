package transcript

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Merge adds entries that were kept elsewhere, each at its place in time, and returns
// how many it added. Each needs an ID and a time. Entries whose ID is there already
// change nothing; if there are too many, the oldest ones of all are dropped. Merging
// the same entries again adds none and writes nothing.
func (l Log) Merge(ctx context.Context, entries []Entry) (added int, err error) {
	for _, e := range entries {
		if e.ID == "" || e.At.IsZero() {
			return 0, errors.New("bot: transcript: an entry to merge needs an ID and a time")
		}
	}
	err = l.change(ctx, func(items []json.RawMessage) ([]json.RawMessage, error) {
		added = 0
		all, err := merged(items, entries)
		if err != nil {
			return nil, err
		}
		raw := make([]json.RawMessage, len(all))
		for i, item := range all {
			raw[i] = item.data
		}
		left := l.bounded(raw)
		for _, item := range all[len(all)-len(left):] {
			if item.fresh {
				added++
			}
		}
		if added == 0 {
			return nil, nil
		}
		return left, nil
	})
	if err != nil {
		return 0, err
	}
	return added, nil
}

// merged returns the stored entries and those that are new, by their time.
func merged(items []json.RawMessage, entries []Entry) ([]mergeItem, error) {
	all := make([]mergeItem, 0, len(items)+len(entries))
	seen := map[string]bool{}
	for _, item := range items {
		var e Entry
		if err := json.Unmarshal(item, &e); err != nil {
			return nil, fmt.Errorf("bot: transcript: %w", err)
		}
		seen[e.ID] = true
		all = append(all, mergeItem{Entry: e, data: item})
	}
	for _, e := range entries {
		if seen[e.ID] {
			continue
		}
		seen[e.ID] = true
		data, err := json.Marshal(e)
		if err != nil {
			return nil, fmt.Errorf("bot: transcript: %w", err)
		}
		all = append(all, mergeItem{e, data, true})
	}
	slices.SortStableFunc(all, func(a, b mergeItem) int { return a.At.Compare(b.At) })
	return all, nil
}

// mergeItem is an entry with its stored form.
type mergeItem struct {
	Entry

	data json.RawMessage
	// fresh says that the entry is not stored yet.
	fresh bool
}
