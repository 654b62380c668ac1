package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state"
)

// A platform may tell of one act with several kinds of event: of a comment with
// the comment itself, a session and a notification. One turn answers. Which one
// is settled in three ways, the cheapest that will do:
//
//   - Where only one kind of event can reach a handler, there is nothing to do.
//   - Where a workspace sends no sessions, as far as is known, a comment leaves
//     word of its act in the notes of its thread, with the settle. It costs
//     nothing.
//   - Otherwise the first kind to get as far as a handler claims the act with a
//     durable write; events of other kinds that tell of it are left out,
//     in any order and on any instance.
//
// The first session of a workspace finds comments that have not claimed
// anything. It marks the comment's thread, so that comments from then on do, lets
// those that run finish, and looks for their word (afterComments).
//
// Events of the same kind are never left out: two of them are two acts that look
// alike.

// claimant is the stored form of a claim.
type claimant struct {
	Type string `json:"type"`
	Key  string `json:"key"`
}

// claim reports whether a turn speaks for its act, and sees to it that no other
// does.
func (b *Bot) claim(ctx context.Context, r *run) (bool, error) {
	head := r.head()
	if head.Act == "" || r.claimed || !b.hasRivals(r) || isResumed(&r.entry) {
		return true, nil // a turn that is resumed spoke for its act when it parked
	}
	if told, err := b.afterComments(ctx, r); err != nil || told {
		return !told, err
	}
	if ev, ok := r.event.(*adapter.MessageEvent); ok && ev.Message.Session == nil && len(b.on.notified)+len(b.on.event) == 0 {
		word, err := loadActs(ctx, r.notes)
		if err != nil {
			return false, err
		}
		expected, err := b.expectsSession(ctx, r)
		if err != nil {
			return false, err
		}
		if !expected || word.has(head.Act) { // in an earlier run
			r.claimed = true
			word.leave(r.notes, r.acts()...)
			return true, nil
		}
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
	for _, act := range r.acts()[1:] { // the messages that the turn stands for
		if _, err := b.notes.Value(notes.Act, head.Workspace, act).Claim(ctx, mine); err != nil {
			return false, fmt.Errorf("bot: claim of %s: %w", act, err)
		}
	}
	return true, nil
}

// acts returns the act of a turn, and those of the messages that it stands for.
func (r *run) acts() []string {
	acts := []string{r.head().Act}
	for _, s := range r.older {
		if act := s.head().Act; act != "" {
			acts = append(acts, act)
		}
	}
	return acts
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

// actsKept is how many acts a thread keeps word of: more than are handled while
// a session is under way.
const actsKept = 32

// acts are the acts that comments of a thread speak for, one a line, the oldest first.
type acts []byte

func loadActs(ctx context.Context, page *notes.Thread) (acts, error) {
	stored, err := page.Get(ctx, notes.Acts, "")
	if err != nil {
		return nil, fmt.Errorf("bot: acts of %s: %w", page.Key().ID, err)
	}
	return stored, nil
}

func (a acts) has(act string) bool {
	for rest := []byte(a); len(rest) > 0; {
		var one []byte
		one, rest, _ = bytes.Cut(rest, []byte{'\n'})
		if string(one) == act {
			return true
		}
	}
	return false
}

// leave notes, with the settle, that a comment speaks for further acts.
func (a acts) leave(page *notes.Thread, spoken ...string) {
	all := a
	for _, act := range spoken {
		if all.has(act) {
			continue
		}
		all = slices.Grow(slices.Clip(all), 1+len(act)) // a stays as it is
		if len(all) > 0 {
			all = append(all, '\n')
		}
		all = append(all, act...)
	}
	if len(all) == len(a) {
		return
	}
	for over := 1 + bytes.Count(all, []byte{'\n'}) - actsKept; over > 0; over-- {
		_, all, _ = bytes.Cut(all, []byte{'\n'})
	}
	page.Stage(notes.Acts, "", all)
}

// afterComments reports whether a comment has spoken for the act of a session,
// in a workspace that has just begun to send sessions. As long as a turn of the
// comment's thread may be under way it returns a *yieldError.
func (b *Bot) afterComments(ctx context.Context, r *run) (bool, error) {
	ev, ok := r.event.(*adapter.MessageEvent)
	if !ok || ev.Message.Session == nil || ev.Message.Session.CommentThread == "" {
		return false, nil
	}
	now, err := r.notes.Now(ctx)
	if err != nil {
		return false, err
	}
	if fresh, err := b.isFresh(ctx, ev.Workspace, now); err != nil || !fresh {
		return false, err // all instances know by now: comments claim
	}
	in := ev.Message.Session.CommentThread
	if err := b.yieldToTurns(ctx, r, b.laneOf(ev.Workspace, in), now); err != nil {
		return false, err
	}
	acts, err := loadActs(ctx, b.notes.Thread(laneKey(ev.Workspace, in)))
	return acts.has(ev.Act), err
}

// yieldToTurns returns a *yieldError as long as a turn may be under way in another
// lane than that of the run.
func (b *Bot) yieldToTurns(ctx context.Context, r *run, lane state.Key, now time.Time) error {
	if lane == r.entry.Lane.Thread() {
		return nil
	}
	probe, err := packOwn(&ownEvent{Probe: true})
	if err != nil {
		return err
	}
	id := fmt.Sprintf("probe\x00%s\x00%d", r.head().Key, now.UnixNano())
	idle, err := b.cfg.Store.Enqueue(ctx, state.Entry{ID: id, Lane: lane, Body: probe, IfIdle: true})
	if err != nil {
		return fmt.Errorf("bot: turns of %s: %w", lane.ID, err)
	}
	if idle.Outcome == state.Busy {
		// Most of these turns are over in a moment, and some last for minutes.
		wait := min(max(now.Sub(r.entry.EnqueuedAt), 50*time.Millisecond), time.Second)
		return &yieldError{wait: wait, why: "waiting for a comment that tells of the same message"}
	}
	return nil
}

// sessionGrace is how long a comment waits for the session event that tells of
// the same act. Linear sends both within a second or two; the session is the
// better place to answer, as it shows that the bot is at work.
const sessionGrace = 4 * time.Second

// Comments and sessions report the same acts. Without an order, the first to
// arrive would answer, at random. So once a workspace is known to send session
// events, a comment that mentions the bot, and any comment in a thread that shows
// a session, lets the session go first: it waits for sessionGrace, and runs
// only if no session has claimed its act by then.

// noteSession remembers that a workspace has sessions, and where this one shows.
func (b *Bot) noteSession(ctx context.Context, r *run) error {
	ev, ok := r.event.(*adapter.MessageEvent)
	if !ok || ev.Message.Session == nil {
		return nil
	}
	now, err := r.notes.Now(ctx)
	if err != nil {
		return err
	}
	known, err := b.sendsSessions(ctx, ev.Workspace)
	if err == nil && !known {
		_, err = b.notes.Value(notes.Sessions, ev.Workspace).Claim(ctx, strconv.AppendInt(nil, now.UnixMilli(), 10))
		if err == nil {
			b.sessions.learn(ev.Workspace, true)
			b.signal(ctx, state.Key{Workspace: ev.Workspace, Kind: "thread", ID: sessionsSignal})
		}
	}
	if in := ev.Message.Session.CommentThread; err == nil && in != "" {
		there := b.notes.Thread(laneKey(ev.Workspace, in))
		var seen []byte
		if seen, err = there.Get(ctx, notes.SessionHere, ""); err == nil && seen == nil { // a read is cheaper than a write
			err = there.Put(ctx, notes.SessionHere, "", []byte(ev.Message.Session.ID))
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
	if !ok || ev.Message.Session != nil || ev.Act == "" || r.claimed || r.Attempt() > 1 || isResumed(&r.entry) {
		return nil // what was begun has written already, perhaps
	}
	now, err := r.notes.Now(ctx)
	left := sessionGrace - now.Sub(r.entry.EnqueuedAt)
	if err != nil || left <= 0 {
		return err
	}
	expected, err := b.expectsSession(ctx, r)
	if err != nil || !expected {
		return err
	}
	fresh, err := b.isFresh(ctx, ev.Workspace, now)
	if err != nil {
		return err
	}
	// Later messages of the thread wait too, as they would for the turn. Not where the
	// session itself waits for the lane.
	inOrder := b.cfg.Lanes == LanePerThread && !fresh
	return &yieldError{wait: left, why: "waiting for the session that tells of the same message", inOrder: inOrder}
}

// isFresh reports whether some instances may not know yet that a workspace sends
// sessions.
func (b *Bot) isFresh(ctx context.Context, workspace string, now time.Time) (bool, error) {
	since, err := b.sessionsSince(ctx, workspace)
	return now.Sub(since) <= 3*sessionsTTL, err
}

// expectsSession reports whether a session may tell of the same act as a comment:
// one shows in its thread, or it mentions the bot in a workspace that sends
// sessions.
func (b *Bot) expectsSession(ctx context.Context, r *run) (bool, error) {
	here, err := r.notes.Get(ctx, notes.SessionHere, "")
	if err != nil || here != nil {
		return here != nil, err
	}
	if !r.message.Mentioned {
		return false, nil
	}
	if b.sessions.hasArrived(r.head().Workspace) {
		return true, nil
	}
	return b.sendsSessions(ctx, r.head().Workspace)
}

// sessionsSince returns when the first session of a workspace was seen, by the
// store's clock.
func (b *Bot) sessionsSince(ctx context.Context, workspace string) (time.Time, error) {
	data, err := b.notes.Value(notes.Sessions, workspace).Get(ctx)
	if err != nil {
		return time.Time{}, fmt.Errorf("bot: sessions of %s: %w", workspace, err)
	}
	ms, err := strconv.ParseInt(string(data), 10, 64)
	if err != nil {
		return time.Time{}, nil //nolint:nilerr // written by another version: long ago
	}
	return time.UnixMilli(ms), nil
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
	// arrived says that a session is stored that no turn has noted yet.
	arrived map[string]time.Time
}

// arrive remembers that a session of a workspace was stored, so that the comment that
// tells of the same act, if it comes later, lets it go first.
func (m *sessionMemory) arrive(workspace string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.arrived == nil || len(m.arrived) >= sessionsMost {
		m.arrived = make(map[string]time.Time)
	}
	m.arrived[workspace] = time.Now()
}

// hasArrived reports whether a session of a workspace was stored of late.
func (m *sessionMemory) hasArrived(workspace string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	at, ok := m.arrived[workspace]
	return ok && time.Since(at) < sessionsTTL
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
