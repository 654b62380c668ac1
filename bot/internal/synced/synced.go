// Package synced remembers which threads are synced with Slack, GitHub, mail and the
// like: what is written there reaches people outside of the workspace, customers among
// them. Deliveries say so of some messages of a thread only, most often of the first. So
// it is noted for the thread when it is said.
package synced

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
)

// With returns what a thread is synced with as far as is known. known is false if no
// event has said anything.
func With(ctx context.Context, page *notes.Thread) (with []adapter.Sync, known bool, err error) {
	data, err := page.Get(ctx, notes.Synced, "")
	if err != nil {
		return nil, false, fmt.Errorf("bot: sync of %s: %w", page.Key().ID, err)
	}
	if data == nil {
		return nil, false, nil
	}
	var read []adapter.Sync
	if json.Unmarshal(data, &read) != nil {
		read = []adapter.Sync{{}} // written by another version
	}
	return read, true, nil
}

// Note notes what a message says of its thread, which may be nothing, and returns what
// is known then. news says that nothing was known before. It blocks for a durable write
// if there are news.
func Note(ctx context.Context, page *notes.Thread, said []adapter.Sync) (with []adapter.Sync, news bool, err error) {
	with, known, err := With(ctx, page)
	if err != nil || len(said) == 0 {
		return with, false, err
	}
	if known {
		return said, false, nil
	}
	data, err := json.Marshal(said)
	if err != nil {
		return nil, false, err
	}
	if err := page.Put(ctx, notes.Synced, "", data); err != nil {
		return nil, false, fmt.Errorf("bot: sync of %s: %w", page.Key().ID, err)
	}
	return said, true, nil
}
