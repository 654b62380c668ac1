package attend

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

// A platform may tell the bot of a session that the bot itself has started, and
// before it has answered the request. So each start is announced first: an event of a
// session without a creator waits while any start of its workspace is under way, until
// it is known whether the session is the bot's.

// startingLife is how long a start is under way at most: longer than its request
// takes. It matters if the process ends during the start.
const startingLife = time.Minute

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
func (s *Sessions) changeStarts(ctx context.Context, workspace string, change func(starts)) error {
	value := s.book.Value(notes.Starting, workspace).For(startingLife)
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

// Start starts a session and remembers that it is the bot's.
func (s *Sessions) Start(ctx context.Context, workspace string, session adapter.SessionStart) (adapter.ThreadID, error) {
	this := uuid.NewString()
	begin := func(all starts) { all[this] = time.Now().Add(startingLife) }
	if err := s.changeStarts(ctx, workspace, begin); err != nil {
		return "", fmt.Errorf("bot: start session: %w", err)
	}
	id, err := s.Owner.StartSession(ctx, workspace, session)
	if err == nil {
		if err = s.book.Value(notes.OwnSession, workspace, string(id)).Set(ctx, []byte("1")); err != nil {
			err = fmt.Errorf("bot: session %s was started, but could not be remembered: %w", id, err)
		}
	}
	_ = s.changeStarts(ctx, workspace, func(all starts) { delete(all, this) }) // it expires soon
	return id, err
}

// Owner says who has started a session.
type Owner int

// Who may have started a session.
const (
	OwnerPerson Owner = iota
	OwnerBot
	// OwnerUnknown means that a start is under way: it is to be asked again.
	OwnerUnknown
)

// OwnerOf returns who has started the session that an event tells of.
func (s *Sessions) OwnerOf(ctx context.Context, t Thread, session *adapter.Session) (Owner, error) {
	if session == nil || !session.New || session.Creator != nil || s.Owner == nil {
		return OwnerPerson, nil
	}
	// Starts are read first: one that ends in between has remembered its session.
	starting, err := s.book.Value(notes.Starting, t.Workspace).Get(ctx)
	if err != nil {
		return OwnerUnknown, err
	}
	own, err := s.book.Value(notes.OwnSession, t.Workspace, string(t.ID)).Get(ctx)
	switch {
	case err != nil:
		return OwnerUnknown, err
	case own != nil:
		return OwnerBot, nil
	case readStarts(starting).underWay(time.Now()):
		return OwnerUnknown, nil
	default:
		return OwnerPerson, nil
	}
}
