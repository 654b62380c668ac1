package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
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
	page := b.notes.Thread(k)
	for {
		ids, stored, err := loadDeleted(ctx, page)
		if err != nil {
			return err
		}
		if slices.Contains(ids, to.Deleted) {
			break
		}
		ids = append(ids, to.Deleted)
		next := strings.Join(ids[max(0, len(ids)-deletedKept):], "\n")
		err = page.Swap(ctx, notes.Deleted, "", stored, []byte(next))
		if errors.Is(err, state.ErrConflict) {
			continue
		}
		if errors.Is(err, state.ErrInvalid) {
			// The thread has no room for notes. The deletion is stored all the same.
			b.log.Warn().Err(err).Str(keyThread, string(to.Thread)).Msg("a message that is deleted may still be answered")
			break
		}
		if err != nil {
			return fmt.Errorf("bot: deletion in %s: %w", to.Thread, err)
		}
		break
	}
	b.running.Tell(k)
	b.running.End(k, ErrDeleted, func(t *Turn) bool { return t.handles(to.Deleted) })
	b.signal(ctx, k)
	return nil
}

// deletedKept is how many deletions are remembered of a thread: more than there
// are messages that wait for a turn in nearly all threads.
const deletedKept = 512

// loadDeleted returns the ids of the deleted messages of a thread, and their
// stored form.
func loadDeleted(ctx context.Context, page *notes.Thread) (ids []string, stored []byte, err error) {
	stored, err = page.Get(ctx, notes.Deleted, "")
	if err != nil {
		return nil, nil, fmt.Errorf("bot: deletions in %s: %w", page.Key().ID, err)
	}
	if stored != nil {
		ids = strings.Split(string(stored), "\n")
	}
	return ids, stored, nil
}

// isDeleted reports whether the message of a turn, or the one that begins its
// thread, is known to be deleted.
func (t *Turn) isDeleted(ctx context.Context) (bool, error) {
	ids, _, err := loadDeleted(ctx, t.notes)
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
