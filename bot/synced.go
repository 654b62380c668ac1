package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
)

// Threads may be synced with Slack, GitHub, mail and the like: what the bot writes
// there reaches people outside of the workspace, customers among them. Deliveries
// say so of some messages of a thread only, most often of the first. So it is noted
// for the thread when it is said.

// noteSynced remembers what the message of a turn says about its thread, and tells
// the message what is remembered.
func (b *Bot) noteSynced(ctx context.Context, r *run) error {
	m := r.message
	if m == nil || r.thread == nil {
		return nil
	}
	known, err := r.notes.Get(ctx, notes.Synced, "")
	if err != nil {
		return fmt.Errorf("bot: sync of %s: %w", r.thread.id, err)
	}
	if len(m.SyncedWith) == 0 {
		if known != nil && json.Unmarshal(known, &m.SyncedWith) != nil {
			m.SyncedWith = []adapter.Sync{{}} // written by another version
		}
		return nil
	}
	if known != nil {
		return nil
	}
	return r.rememberSync(ctx, m.SyncedWith)
}

// rememberSync notes that the thread of a turn is synced, and warns of it.
func (t *Turn) rememberSync(ctx context.Context, with []adapter.Sync) error {
	data, err := json.Marshal(with)
	if err != nil {
		return err
	}
	if err := t.notes.Put(ctx, notes.Synced, "", data); err != nil {
		return fmt.Errorf("bot: sync of %s: %w", t.thread.id, err)
	}
	services := make([]string, len(with))
	for i, s := range with {
		services[i] = cmp.Or(clipped(s.Service), "another service")
	}
	t.bot.log.Warn().Str(keyThread, string(t.thread.id)).Strs(keySynced, services).
		Msg("the thread is synced: what the bot writes there leaves the workspace. access.NotSynced refuses such threads")
	return nil
}

// SyncedWith returns the services outside of the workspace that the thread of the
// turn is synced with: none as far as is known, and none for events without a
// thread. What no event has said so far is looked up in the first message of the
// thread, where the platform has a history. It blocks for that.
func (t *Turn) SyncedWith(ctx context.Context) ([]adapter.Sync, error) {
	if t.message != nil && len(t.message.SyncedWith) > 0 {
		return t.message.SyncedWith, nil
	}
	if t.thread == nil {
		return nil, nil
	}
	known, err := t.notes.Get(ctx, notes.Synced, "")
	if err != nil {
		return nil, fmt.Errorf("bot: sync of %s: %w", t.thread.id, err)
	}
	if known != nil {
		var with []adapter.Sync
		if json.Unmarshal(known, &with) != nil {
			with = []adapter.Sync{{}}
		}
		return with, nil
	}
	if t.bot.can.historian == nil || t.message != nil && t.message.ParentID == "" && t.isNewMessage() {
		return nil, nil // it is the first message itself
	}
	page, err := t.bot.can.historian.Messages(ctx, adapter.PageRequest{
		Workspace: t.thread.workspace, Thread: t.thread.id, OldestFirst: true, Limit: 1,
	})
	switch {
	case err != nil && absent(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("bot: sync of %s: %w", t.thread.id, err)
	case len(page.Messages) == 0 || len(page.Messages[0].SyncedWith) == 0:
		return nil, nil
	}
	with := page.Messages[0].SyncedWith
	return with, t.rememberSync(ctx, with)
}

func (t *Turn) isNewMessage() bool {
	_, ok := t.event.(*adapter.MessageEvent)
	return ok
}
