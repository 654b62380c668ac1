package bot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/state"
)

// sessionGrace is how long a comment waits for the session event that tells of
// the same act. Linear sends both within a second or two; the session is the
// better place to answer, as it shows that the bot is at work.
const sessionGrace = 4 * time.Second

// sessionTTL is how long it is remembered where sessions were seen.
const sessionTTL = 30 * 24 * time.Hour

// Comments and sessions tell of the same acts, see claim.go. Whichever came
// first would answer, at random. So once a workspace is known to send session
// events, a comment that mentions the bot, and any comment in a thread that
// shows a session, lets the session go first: it waits for sessionGrace, aside,
// and runs only if no session has claimed its act by then.

// noteSession remembers that a workspace has sessions, and where this one
// shows.
func (b *Bot) noteSession(ctx context.Context, t *Turn) error {
	ev, ok := t.event.(*adapter.MessageEvent)
	if !ok || ev.Message.Session == nil {
		return nil
	}
	keys := []state.Key{sessionsKey(ev.Workspace, "")}
	if in := ev.Message.Session.CommentThread; in != "" {
		keys = append(keys, sessionsKey(ev.Workspace, in))
	}
	for _, k := range keys {
		if _, err := b.cfg.Store.Get(ctx, k); err == nil {
			continue // a read is cheaper than a write
		}
		if err := b.cfg.Store.Set(ctx, k, []byte(ev.Message.Session.ID), sessionTTL); err != nil {
			return fmt.Errorf("bot: session %s: %w", ev.Message.Session.ID, err)
		}
	}
	return nil
}

// yields returns how long a comment must still wait for a session.
func (b *Bot) yields(ctx context.Context, t *Turn) (time.Duration, error) {
	ev, ok := t.event.(*adapter.MessageEvent)
	if !ok || ev.Message.Session != nil || ev.Act == "" || t.claimed {
		return 0, nil
	}
	left := sessionGrace - time.Since(t.entry.EnqueuedAt)
	if left <= 0 {
		return 0, nil
	}
	k := sessionsKey(ev.Workspace, ev.Thread)
	if t.message.Mentioned {
		k = sessionsKey(ev.Workspace, "")
	}
	switch _, err := b.cfg.Store.Get(ctx, k); {
	case err == nil:
		return left, nil
	case errors.Is(err, state.ErrNotFound):
		return 0, nil
	default:
		return 0, fmt.Errorf("bot: sessions of %s: %w", ev.Workspace, err)
	}
}

// sessionsKey names what is remembered of a thread, or of the workspace if
// thread is empty.
func sessionsKey(workspace string, thread adapter.ThreadID) state.Key {
	if thread == "" {
		thread = "*"
	}
	return state.Key{Workspace: workspace, Kind: "sessions", ID: string(thread)}
}
