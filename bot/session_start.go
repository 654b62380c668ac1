package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state"
)

// StartSession starts an agent session of the bot's own on an issue or a comment,
// and returns its thread. Within a handler the same call of the same turn starts one
// session, as in a [Step]. The session is the bot's: it reaches no handler before a
// person writes in it.
func (w *Workspace) StartSession(ctx context.Context, s adapter.SessionStart) (*Thread, error) {
	b := w.bot
	if b.can.owner == nil {
		return nil, b.cannot("start session")
	}
	id, err := Step(ctx, "start session", func(ctx context.Context) (adapter.ThreadID, error) {
		if err := alive(ctx); err != nil {
			return "", err
		}
		return b.startSession(ctx, w.id, s)
	})
	if err != nil {
		return nil, err
	}
	return &Thread{bot: b, id: id, workspace: w.id, turn: turnFrom(ctx)}, nil
}

// A platform may tell the bot of a session that the bot itself has started, and
// before it has answered the request. So each start is announced first: an event of a
// session without a creator waits while any start of its workspace is under way, until
// it is known whether the session is the bot's.

const (
	// startingPoll is how often such an event looks.
	startingPoll = time.Second
	// startingLife is how long a start is under way at most: longer than its request
	// takes. It matters if the process ends during the start.
	startingLife = time.Minute
)

// starts are the starts that are under way in a workspace, by an id of each, with
// the time until which each counts.
type starts map[string]time.Time

func readStarts(stored []byte) starts {
	var s starts
	if json.Unmarshal(stored, &s) != nil || s == nil {
		return starts{} // nothing is stored, or another version wrote it
	}
	return s
}

// underWay reports whether one of the starts has not ended.
func (s starts) underWay(now time.Time) bool {
	for _, until := range s {
		if now.Before(until) {
			return true
		}
	}
	return false
}

// changeStarts changes the starts of a workspace, of which several processes may
// begin and end some at the same time.
func (b *Bot) changeStarts(ctx context.Context, workspace string, change func(starts)) error {
	value := b.notes.Value(notes.Starting, workspace).For(startingLife)
	for {
		stored, err := value.Get(ctx)
		if err != nil {
			return err
		}
		all, now := readStarts(stored), time.Now()
		maps.DeleteFunc(all, func(_ string, until time.Time) bool { return !now.Before(until) })
		change(all)
		var next []byte // removes the value
		if len(all) > 0 {
			if next, err = json.Marshal(all); err != nil {
				return err
			}
		}
		if stored == nil && next == nil {
			return nil
		}
		// A conflict means that another start has got ahead, so this ends.
		if err := value.Swap(ctx, stored, next); !errors.Is(err, state.ErrConflict) {
			return err
		}
	}
}

// startSession starts a session and remembers that it is the bot's.
func (b *Bot) startSession(ctx context.Context, workspace string, s adapter.SessionStart) (adapter.ThreadID, error) {
	this := uuid.NewString()
	begin := func(all starts) { all[this] = time.Now().Add(startingLife) }
	if err := b.changeStarts(ctx, workspace, begin); err != nil {
		return "", fmt.Errorf("bot: start session: %w", err)
	}
	id, err := b.can.owner.StartSession(ctx, workspace, s)
	if err == nil {
		if err = b.notes.Value(notes.OwnSession, workspace, string(id)).Set(ctx, []byte("1")); err != nil {
			err = fmt.Errorf("bot: session %s was started, but could not be remembered: %w", id, err)
		}
	}
	_ = b.changeStarts(ctx, workspace, func(all starts) { delete(all, this) }) // it expires soon
	return id, err
}

// isOwnSession reports whether the bot itself has started the session that an event
// tells of.
func (b *Bot) isOwnSession(ctx context.Context, r *run) (bool, error) {
	ev, ok := r.event.(*adapter.MessageEvent)
	if !ok || ev.Message.Session == nil || !ev.Message.Session.New || ev.Message.Session.Creator != nil || b.can.owner == nil {
		return false, nil
	}
	// Starts are read first: one that ends in between has remembered its session.
	starting, err := b.notes.Value(notes.Starting, r.thread.workspace).Get(ctx)
	if err != nil {
		return false, err
	}
	own, err := b.notes.Value(notes.OwnSession, r.thread.workspace, string(r.thread.id)).Get(ctx)
	if err != nil || own != nil {
		return own != nil, err
	}
	if readStarts(starting).underWay(time.Now()) {
		return false, &yieldError{wait: startingPoll, why: "waiting until it is known whether the session is the bot's own", inOrder: true}
	}
	return false, nil
}
