package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
)

// A platform may tell of one act with several kinds of event: of a comment with
// the comment itself, a session and a notification. The first kind to get as
// far as a handler claims the act; events of other kinds that tell of the same
// act are left out, whatever their order and on whichever instance. Events of
// the same kind are never left out: two of them are two acts that look alike.
//
// A claim is a durable write before the handler runs. Where only one kind of
// event can reach a handler, there is nothing to claim.

// claimant is the stored form of a claim.
type claimant struct {
	Type string `json:"type"`
	Key  string `json:"key"`
}

// claim claims the act of a turn, and reports whether the turn speaks for it.
func (b *Bot) claim(ctx context.Context, r *run) (bool, error) {
	head := r.head()
	if head.Act == "" || r.claimed {
		return true, nil
	}
	if !b.hasRivals(r) {
		return true, nil
	}
	mine, err := json.Marshal(claimant{Type: head.Type, Key: head.Key})
	if err != nil {
		return false, err
	}
	held, err := b.notes.Value(notes.Act, head.Workspace, head.Act).Claim(ctx, mine)
	if err != nil {
		return false, fmt.Errorf("bot: claim of %s: %w", head.Act, err)
	}
	var holder claimant
	if held != nil && json.Unmarshal(held, &holder) == nil && holder.Type != head.Type {
		return false, nil
	}
	r.claimed = true
	return true, nil
}

// hasRivals reports whether an event of another kind that tells of the same act
// could reach a handler.
func (b *Bot) hasRivals(r *run) bool {
	ev, ok := r.event.(*adapter.MessageEvent)
	if !ok || ev.Message.Session != nil || len(b.on.notified) > 0 || len(b.on.event) > 0 {
		return true
	}
	return b.can.agent != nil && r.self.Sessions != adapter.TernaryNo
}

// sessionGrace is how long a comment waits for the session event that tells of
// the same act. Linear sends both within a second or two; the session is the
// better place to answer, as it shows that the bot is at work.
const sessionGrace = 4 * time.Second

// Comments and sessions tell of the same acts. Whichever came first would
// answer, at random. So once a workspace is known to send session events, a
// comment that mentions the bot, and any comment in a thread that shows a
// session, lets the session go first: it waits for sessionGrace, aside, and runs
// only if no session has claimed its act by then.

// noteSession remembers that a workspace has sessions, and where this one shows.
func (b *Bot) noteSession(ctx context.Context, r *run) error {
	ev, ok := r.event.(*adapter.MessageEvent)
	if !ok || ev.Message.Session == nil {
		return nil
	}
	id := []byte(ev.Message.Session.ID)
	known, err := b.sendsSessions(ctx, ev.Workspace)
	if err == nil && !known {
		if err = b.notes.Value(notes.Sessions, ev.Workspace).Set(ctx, id); err == nil {
			b.sessions.learn(ev.Workspace, true)
		}
	}
	if in := ev.Message.Session.CommentThread; err == nil && in != "" {
		there := b.notes.Thread(laneKey(ev.Workspace, in))
		var seen []byte
		if seen, err = there.Get(ctx, notes.SessionHere, ""); err == nil && seen == nil { // a read is cheaper than a write
			err = there.Put(ctx, notes.SessionHere, "", id)
		}
	}
	if err != nil {
		return fmt.Errorf("bot: session %s: %w", ev.Message.Session.ID, err)
	}
	return nil
}

// yieldToSession returns a *yieldError as long as a comment must wait for a
// session.
func (b *Bot) yieldToSession(ctx context.Context, r *run) error {
	ev, ok := r.event.(*adapter.MessageEvent)
	if !ok || ev.Message.Session != nil || ev.Act == "" || r.claimed {
		return nil
	}
	now, err := r.notes.Now(ctx)
	left := sessionGrace - now.Sub(r.entry.EnqueuedAt)
	if err != nil || left <= 0 {
		return err
	}
	expected := false
	if r.message.Mentioned {
		expected, err = b.sendsSessions(ctx, ev.Workspace)
	} else {
		var here []byte
		here, err = r.notes.Get(ctx, notes.SessionHere, "")
		expected = here != nil
	}
	if err == nil && expected {
		err = &yieldError{left, "waiting for the session that tells of the same message"}
	}
	return err
}

// sendsSessions reports whether the platform was seen to send agent sessions for
// a workspace. The answer is at most sessionsTTL old.
func (b *Bot) sendsSessions(ctx context.Context, workspace string) (bool, error) {
	if b.can.agent == nil {
		return false, nil
	}
	if yes, known := b.sessions.known(workspace); known {
		return yes, nil
	}
	seen, err := b.notes.Value(notes.Sessions, workspace).Get(ctx)
	if err != nil {
		return false, fmt.Errorf("bot: sessions of %s: %w", workspace, err)
	}
	b.sessions.learn(workspace, seen != nil)
	return seen != nil, nil
}

const (
	// sessionsTTL is how long a process believes that a workspace sends no
	// sessions, or that it does, before it asks the store again.
	sessionsTTL = 10 * time.Second
	// sessionsMost bounds how many workspaces it remembers that of.
	sessionsMost = 4096
)

// sessionMemory is what a process knows about which workspaces send sessions, so
// that an ordinary turn does not ask the store. The zero value is ready to use.
type sessionMemory struct {
	mu sync.Mutex
	of map[string]sessionFact
}

type sessionFact struct {
	yes   bool
	until time.Time
}

func (m *sessionMemory) known(workspace string) (yes, known bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f, ok := m.of[workspace]
	return f.yes, ok && time.Now().Before(f.until)
}

func (m *sessionMemory) learn(workspace string, yes bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.of == nil || len(m.of) >= sessionsMost {
		m.of = make(map[string]sessionFact)
	}
	m.of[workspace] = sessionFact{yes, time.Now().Add(sessionsTTL)}
}
