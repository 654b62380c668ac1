package bot

import (
	"context"
	"errors"
	"slices"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/halt"
	"github.com/linearbot/linearbot/state"
)

// A person who deletes a message wants no answer to it. The deletion waits in the
// lane like any other event, but it is noted at intake: a turn of the message that
// still waits ends without a reply, and one that runs is ended with the cause
// ErrDeleted. A deleted message that begins a thread takes all of the thread with
// it.

// noteDeletion notes that a message was deleted, and ends what runs for it in
// this process.
func (b *Bot) noteDeletion(ctx context.Context, to *adapter.Route) error {
	k := laneKey(to.Workspace, to.Thread)
	err := halt.Delete(ctx, b.notes.Thread(k), to.Deleted)
	switch {
	case errors.Is(err, state.ErrInvalid):
		// The thread has no room for notes. The deletion is stored all the same.
		b.log.Warn().Err(err).Str(keyThread, string(to.Thread)).Msg("a message that is deleted may still be answered")
	case err != nil:
		return err
	}
	b.running.Tell(k)
	b.running.End(k, ErrDeleted, func(t *Turn) bool { return t.handles(to.Deleted) })
	b.signal(ctx, k)
	return nil
}

// isDeleted reports whether the message of a turn, or the one that begins its
// thread, is known to be deleted.
func (t *Turn) isDeleted(ctx context.Context) (bool, error) {
	ids, err := halt.Deleted(ctx, t.notes)
	return slices.ContainsFunc(ids, t.handles), err
}

// handles reports whether a turn is about a message with an id, or in the thread
// that begins with it.
func (t *Turn) handles(id string) bool {
	return slices.Contains(t.messageIDs(), id)
}

// messageIDs returns the ids of the message that a turn handles and of the one
// that begins its thread. Only new messages and edits are answered.
func (t *Turn) messageIDs() []string {
	var m *adapter.Message
	switch ev := t.event.(type) {
	case *adapter.MessageEvent:
		m = ev.Message
	case *adapter.EditEvent:
		m = ev.Message
	default:
	}
	if m == nil || m.ID == "" {
		return nil
	}
	if m.ParentID != "" && m.ParentID != m.ID {
		return []string{m.ID, m.ParentID}
	}
	return []string{m.ID}
}
