package bot

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/attend"
	"github.com/linearbot/linearbot/bot/internal/events"
	"github.com/linearbot/linearbot/bot/internal/halt"
	"github.com/linearbot/linearbot/bot/internal/own"
	"github.com/linearbot/linearbot/bot/internal/questions"
	"github.com/linearbot/linearbot/bot/internal/synced"
	"github.com/linearbot/linearbot/bot/internal/verdict"
	"github.com/linearbot/linearbot/bot/internal/writes"
	"github.com/linearbot/linearbot/internal/envelope"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/state"
)

// Turn is one run of the handlers for one event. What it says does not change
// while handlers run.
type Turn struct {
	bot     *Bot
	event   adapter.Event
	thread  *Thread
	message *Message
	self    *adapter.Identity
	// entry is the stored event, and notes are those of its thread, or of its
	// lane if it has none.
	entry state.Queued
	notes *notes.Thread
	// opened is when the turn was opened, by this process's clock.
	opened time.Time
	// era is that of members before the bot's identity was looked up.
	era uint64
	// route is how the turn was routed. It is nil until that is decided.
	route *route
	// root is the thread that the turn has begun on its issue. Nil before, and
	// for all other turns. See root.go.
	root atomic.Pointer[Thread]
	// early says that the turn subscribed its issue before it began a thread.
	early atomic.Bool
	// olderBodies are the stored messages that the turn stands for.
	olderBodies [][]byte
	// ended returns the cause with which a person has ended the turn, for writes whose
	// context was detached. Nil before the turn runs.
	ended func() error
	// halted is what halts returned last.
	halted halt.Turn

	writes writes.Names
	sent   writes.Sent
	typing typing
	// session is the turn as its session has it. Nil outside sessions.
	session *attend.Turn
	// subject is the issue of the thread, asked for once in a run.
	subject struct {
		sync.Mutex

		issue *adapter.Issue
	}
}

// open makes a turn of an entry.
func (b *Bot) open(ctx context.Context, page *notes.Thread, e state.Queued) (*Turn, error) {
	if over, err := b.questions.Overdue(ctx, e.Lane.Workspace, e.ID); err != nil {
		return nil, readForm(err)
	} else if over {
		return nil, verdict.ErrNoTurn
	}
	decode, err := b.unpack(e)
	if err != nil {
		return nil, Permanent(err)
	}
	era := b.members.Era()
	self, err := b.cfg.Adapter.Identity(ctx, e.Lane.Workspace)
	if err != nil {
		if t, ok, left := b.openLeft(ctx, page, e, decode, err); ok {
			return t, left
		}
		return nil, verdict.Unready(err)
	}
	ev, err := decode(self)
	if err != nil {
		return nil, Permanent(err)
	}
	if b.can.completer != nil && ev.Head().Incomplete {
		err := b.can.completer.Complete(ctx, ev)
		switch {
		case adapter.CodeOf(err) == adapter.CodeNotFound && err != nil:
			ev = &adapter.OtherEvent{Meta: *ev.Head(), Reason: reason.Gone}
		case err != nil:
			return nil, err
		}
	}
	b.decisions.Opened(ctx, ev)
	t := &Turn{bot: b, event: ev, self: self, entry: e, notes: page, opened: time.Now(), era: era}
	if t.halted.Leased, err = page.Now(ctx); err != nil {
		return nil, err
	}
	if head := ev.Head(); head.Thread != "" {
		t.thread = &Thread{bot: b, id: head.Thread, workspace: head.Workspace, turn: t}
		if k := t.thread.key(); k != page.Key() {
			t.notes = b.notes.Thread(k)
		}
		t.session = t.attended()
	}
	return t, t.recallRoot(ctx)
}

// unpack reads the stored form of an event and returns what makes an event of it
// for the bot with an identity.
func (b *Bot) unpack(e state.Queued) (decode func(*adapter.Identity) (adapter.Event, error), err error) {
	ours, err := own.Unpack(e.Body)
	if err != nil {
		return nil, err
	}
	if ours != nil {
		ev := ours.Of(e.ID, e.Lane.Workspace)
		return func(*adapter.Identity) (adapter.Event, error) { return ev, nil }, nil
	}
	d, err := envelope.Unpack(e.Body)
	if err != nil {
		return nil, err
	}
	return func(self *adapter.Identity) (adapter.Event, error) { return decoded(b.cfg.Adapter, d, self) }, nil
}

// decoded has an adapter decode a delivery. What is stored must never end the
// process, or it ends that of each instance in turn: a panic is an error.
func decoded(a adapter.Adapter, d *adapter.Delivery, self *adapter.Identity) (ev adapter.Event, err error) {
	defer func() {
		if v := recover(); v != nil {
			ev, err = nil, &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return a.Decode(d, self)
}

// Event returns the event.
func (t *Turn) Event() adapter.Event { return t.event }

// Thread returns the thread of the event. It is nil for events that belong to
// none.
func (t *Turn) Thread() *Thread { return t.thread }

// Message returns the message of the event. It is nil for events that have
// none.
func (t *Turn) Message() *Message { return t.message }

// Self returns who the bot is in the event's workspace.
func (t *Turn) Self() *adapter.Identity { return t.self }

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
	with, known, err := synced.With(ctx, t.notes)
	if err != nil || known {
		return with, err
	}
	_, isNew := t.event.(*adapter.MessageEvent)
	if t.bot.can.historian == nil || isNew && t.message != nil && t.message.ParentID == "" {
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
	case len(page.Messages) == 0:
		return nil, nil
	}
	with, news, err := synced.Note(ctx, t.notes, page.Messages[0].SyncedWith)
	if news {
		t.warnSynced(with)
	}
	return with, err
}

// warnSynced warns that the thread of a turn is synced.
func (t *Turn) warnSynced(with []adapter.Sync) {
	services := make([]string, len(with))
	for i, s := range with {
		services[i] = cmp.Or(clipped(s.Service), "another service")
	}
	t.bot.log.Warn().Str(keyThread, string(t.thread.id)).Strs(keySynced, services).
		Msg("the thread is synced: what the bot writes there leaves the workspace. access.NotSynced refuses such threads")
}

// Attempt counts the runs of the turn, from 1 on.
func (t *Turn) Attempt() int { return t.entry.Attempt }

// Handler returns the name of the handler that is running: its kind and its
// place in the order of registration, for example "mention/0", or the name that
// it was given, as in "mention/answer".
func (t *Turn) Handler() string { return t.writes.Handler() }

// People returns who has a part in the event, at least one user: who acted and,
// if that is another user, who wrote the message. The one who acted comes first;
// it is the zero User if the event names none.
func (t *Turn) People() []adapter.User { return events.People(t.event) }

// User looks a user of the event's workspace up by id. It returns nil, and no
// error, if the workspace has no such user or users cannot be looked up.
func (t *Turn) User(ctx context.Context, id string) (*adapter.User, error) {
	found, err := t.bot.Workspace(t.event.Head().Workspace).User(ctx, adapter.UserQuery{ID: id})
	switch {
	case err != nil && absent(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("bot: user %s: %w", id, err)
	}
	return found, nil
}

// Team returns the team of the issue that the event belongs to, looked up if the
// event does not include it. It returns the zero Team and a nil error for an event
// outside of any issue, or if the issue cannot be looked up.
func (t *Turn) Team(ctx context.Context) (adapter.Team, error) {
	issue := events.Issue(t.event)
	if issue == nil && t.message != nil {
		issue = t.message.Issue
	}
	if issue != nil && issue.Team.Key != "" {
		return issue.Team, nil
	}
	if t.thread == nil {
		return adapter.Team{}, nil
	}
	found, err := t.thread.Subject(ctx)
	switch {
	case err != nil && absent(err):
		return adapter.Team{}, nil
	case err != nil:
		return adapter.Team{}, fmt.Errorf("bot: team of %s: %w", t.thread.id, err)
	case found == nil:
		return adapter.Team{}, nil
	}
	return found.Team, nil
}

func (t *Turn) head() *adapter.Meta { return t.event.Head() }

// now returns the store's time: that which came with the lease, and what has
// passed since.
func (t *Turn) now(ctx context.Context) (time.Time, error) {
	at, err := t.notes.Now(ctx)
	if err != nil {
		return time.Time{}, err
	}
	if t.opened.IsZero() {
		return at, nil
	}
	return at.Add(time.Since(t.opened)), nil
}

// nextKey returns the key of the next write: event, handler, step, ordinal.
// Writes outside a step have an empty one.
func (t *Turn) nextKey(step string) string { return t.writes.Next(t.head().Key, "write", step) }

// peekKey returns what nextKey returns next.
func (t *Turn) peekKey(step string) string { return t.writes.Peek(t.head().Key, "write", step) }

// nextFiles names the next files that are attached to something, like nextKey.
func (t *Turn) nextFiles(step string) string { return t.writes.Next(t.head().Key, "files", step) }

// nextStep names the next step of a name within the handler that runs.
func (t *Turn) nextStep(name string) string {
	return name + "#" + strconv.Itoa(t.writes.Count("step\x00"+name))
}

// aboutMessage is the id of the message that a turn handles, or "".
func (t *Turn) aboutMessage() string {
	if t.message == nil {
		return ""
	}
	return t.message.ID
}

// notesOf returns the notes of a thread: those that a turn has brought along, if
// it is in that thread.
func (b *Bot) notesOf(ctx context.Context, workspace string, id adapter.ThreadID) *notes.Thread {
	k := laneKey(workspace, id)
	if turn := turnFrom(ctx); turn != nil && turn.notes.Key() == k {
		return turn.notes
	}
	return b.notes.Thread(k)
}

// isResumed reports whether an entry runs a turn that had parked.
func isResumed(e *state.Queued) bool { return questions.Resumes(e.ID) }

type turnKey struct{}

func withTurn(ctx context.Context, t *Turn) context.Context {
	return context.WithValue(ctx, turnKey{}, t)
}

func turnFrom(ctx context.Context) *Turn {
	t, ok := ctx.Value(turnKey{}).(*Turn)
	if !ok {
		return nil
	}
	return t
}

// handlerName names the n-th handler of a kind.
func handlerName(kind string, n int) string { return kind + "/" + strconv.Itoa(n) }
