package bot

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/card"
	"github.com/linearbot/linearbot/bot/internal/links"
	"github.com/linearbot/linearbot/bot/internal/writes"
	"github.com/linearbot/linearbot/internal/content"
	"github.com/linearbot/linearbot/state"
)

// Thread is a handle on one conversation. It holds nothing but names, so it is
// cheap and safe for concurrent use.
//
// An issue is a thread too, without messages of its own: what is posted there begins
// a thread. The handle that a turn on an issue gets means, from the first post of the
// turn on, the thread that this post began. Subscribe, Unsubscribe, State, Ask,
// PostAt, Edit, Resolve and further posts follow; a subscription made before counts
// for both. To begin several threads, take a handle of [Workspace.Thread] for each.
//
// A method that takes a context blocks until the platform or the store has answered.
// Errors of the platform are *adapter.Error, and wrap errors.ErrUnsupported for what it
// cannot do; those of the store wrap one of package state. Once the turn is over, the
// error is the cause of its context.
type Thread struct {
	bot       *Bot
	id        adapter.ThreadID
	workspace string
	turn      *Turn // nil outside a turn
}

// ID returns the thread's id, for example "linear:{issueId}:c:{commentId}".
func (t *Thread) ID() adapter.ThreadID { return t.here().id }

// Workspace returns a handle on the workspace that the thread belongs to.
func (t *Thread) Workspace() *Workspace { return t.bot.Workspace(t.workspace) }

// Channel returns the id of what the thread is part of: for a comment thread
// or a session the issue.
func (t *Thread) Channel() (adapter.ThreadID, error) { return t.bot.cfg.Adapter.Channel(t.id) }

// Post writes content into the thread and returns the message as the platform
// has it. It blocks until the platform has answered. Within a handler the same
// post of the same turn lands once, however often the turn runs; see the
// package comment. A turn that runs again and posts another text edits the message;
// where messages cannot be changed, as in agent sessions, the first text stays, with
// a warning in the log. Posts that run at the same time in one handler take their
// numbers in the order in which they are called: put each into a [Step] of its own.
//
// Errors: ErrEmpty, or an *adapter.Error. If the message comes
// together with an error it was posted, but the bot could not remember which
// message its buttons stand in. How a [Stream] is posted, and with which errors,
// is told there.
//
// In an agent session a post is the answer, which ends the turn there until a person
// writes again; with [Progress] it is a thought, which does not.
// SessionConfig.PostsAreProgress turns that around.
func (t *Thread) Post(ctx context.Context, c Content) (*adapter.Message, error) {
	t = t.here()
	c, x := detach(c)
	files, err := t.attach(ctx, c, x)
	if err != nil {
		t.writeKey(ctx) // the next post is another one, whatever failed
		return nil, err
	}
	switch c := c.(type) {
	case streamContent:
		return t.postStream(ctx, c, files, x)
	case *Plan:
		return c.post(ctx, t, files, x)
	}
	key := t.writeKey(ctx)
	body, buttons, err := t.compose(ctx, c, files, key, time.Now(), x.silent)
	if err != nil {
		return nil, err
	}
	if err := alive(ctx); err != nil {
		return nil, err
	}
	said := body
	if buttons != nil { // whose links are new each time
		if said, err = render(c, content.Form{}, files); err != nil {
			return nil, err
		}
	}
	p := t.newPost(body, key, x)
	if p.Progress && t.inSession() {
		p.Key = writes.Variant(key, said)
	}
	m, err := t.send(ctx, p, said)
	if err != nil {
		return nil, err
	}
	return m, buttons.Keep(ctx, m)
}

// compose returns what is sent for c under a key, with the links to its files
// below it, and the links of its buttons, which are nil if there are none and live
// from at on. quiet keeps mentions out.
func (t *Thread) compose(ctx context.Context, c Content, files, key string, at time.Time, quiet bool) (string, *links.Set, error) {
	var form content.Form
	var buttons *links.Set
	if card, ok := c.(card.Card); ok && t.bot.links.On() {
		buttons = t.bot.links.Set(t.workspace, t.id, key, card.Title, at)
		form.Press = pressing(buttons)
	}
	body, err := render(c, form, files)
	if err != nil {
		return "", nil, err
	}
	if buttons != nil && buttons.Empty() {
		buttons = nil // the card has nothing to press
	}
	people := t.mentions(quiet)
	body, err = people.Replace(ctx, body)
	return body, buttons, err
}

// Subscribe makes every further message of the thread go to the handlers of
// OnSubscribedMessage, until Unsubscribe. Subscribing twice is a no-op. It blocks
// for a durable write.
func (t *Thread) Subscribe(ctx context.Context) error {
	if t.turn != nil && t.turn.thread == t {
		t.turn.early.Store(true)
	}
	t = t.here()
	if err := t.pin(ctx, true); err != nil {
		return err
	}
	if err := t.bot.notesOf(ctx, t.workspace, t.id).Subscribe(ctx, true); err != nil {
		return fmt.Errorf("bot: subscribe %s: %w", t.id, err)
	}
	return nil
}

// Unsubscribe ends the subscription. Unsubscribing twice is a no-op. It blocks
// for a durable write.
func (t *Thread) Unsubscribe(ctx context.Context) error {
	if t.turn != nil && t.turn.thread == t {
		t.turn.early.Store(false)
	}
	t = t.here()
	if err := t.pin(ctx, false); err != nil {
		return err
	}
	if err := t.bot.notesOf(ctx, t.workspace, t.id).Subscribe(ctx, false); err != nil {
		return fmt.Errorf("bot: unsubscribe %s: %w", t.id, err)
	}
	return nil
}

// Subscribed reports whether the thread is subscribed. Within a turn of the
// thread it answers without asking the store.
func (t *Thread) Subscribed(ctx context.Context) (bool, error) {
	t = t.here()
	ok, err := t.bot.notesOf(ctx, t.workspace, t.id).Subscribed(ctx)
	if err != nil {
		return false, fmt.Errorf("bot: subscription of %s: %w", t.id, err)
	}
	return ok, nil
}

func (t *Thread) key() state.Key { return laneKey(t.workspace, t.id) }

// laneKey names the lane, and the subscription, of a thread.
func laneKey(workspace string, id adapter.ThreadID) state.Key {
	return state.Key{Workspace: workspace, Kind: "thread", ID: string(id)}
}

// writeKey names the next write. Inside a turn it is computed, so that the
// same write of a repeated turn has the same name; outside it is new.
func (t *Thread) writeKey(ctx context.Context) string {
	turn := t.turnOf(ctx)
	if turn == nil {
		return "once/" + uuid.NewString()
	}
	return turn.nextKey(stepFrom(ctx))
}

// turnOf returns the turn that ctx or the handle belongs to, or nil.
func (t *Thread) turnOf(ctx context.Context) *Turn {
	if turn := turnFrom(ctx); turn != nil {
		return turn
	}
	return t.turn
}
