package bot

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state"
)

// On a platform whose messages have no buttons, a button is a signed link to a
// page of the bot's server. Opening the page changes nothing, as programs open
// links too; the button on it does: it appends an action to the lane of the
// thread. A link can be used once, until it expires. It says nothing about who
// uses it.

// ActionHandler handles the press of a button, or a choice from a list, of a
// [card.Card] that the bot posted.
type ActionHandler func(ctx context.Context, t *Thread, a *adapter.ActionEvent) error

// OnAction registers h for buttons and lists with one of the ids, or for all if
// there are none. In messages without buttons, as Linear's, they are links, see
// [Config.Links]; then the Actor is the zero User, and [Config.Access] must
// allow a user without an id.
func (b *Bot) OnAction(h ActionHandler, ids ...string) *Registration {
	if h == nil {
		return &Registration{}
	}
	wanted := make(map[string]bool, len(ids))
	for _, id := range ids {
		wanted[id] = true
	}
	match := func(t *Turn) bool {
		e, ok := t.event.(*adapter.ActionEvent)
		return ok && (len(wanted) == 0 || wanted[e.ActionID])
	}
	return b.add(&b.on.action, kindAction, match, func(ctx context.Context, t *Turn) error {
		e, ok := t.event.(*adapter.ActionEvent)
		if !ok {
			return Next
		}
		return h(ctx, t.thread, new(*e))
	})
}

// askAction begins the action id of an answer to a question.
const askAction = "ask\x00"

// Button says what the link with a token stands for. It changes nothing. The
// error has code adapter.CodeNotFound if the token is not one of the bot's.
func (b *Bot) Button(ctx context.Context, token string) (*adapter.ButtonPage, error) {
	k, err := b.readLink(token)
	if err != nil {
		return nil, err
	}
	return b.buttonOf(ctx, k)
}

// buttonOf says what a link stands for.
func (b *Bot) buttonOf(ctx context.Context, k *link) (*adapter.ButtonPage, error) {
	used, err := b.linkUsed(ctx, k)
	if err != nil {
		return nil, err
	}
	in, err := b.linkMessage(ctx, k.workspace, k.name())
	if err != nil {
		return nil, err
	}
	page := &adapter.ButtonPage{Label: k.label, Title: k.title, URL: in.URL, Expires: k.expires}
	switch {
	case used:
		page.State = adapter.ButtonUsed
	case !time.Now().Before(k.expires):
		page.State = adapter.ButtonExpired
	}
	return page, nil
}

// Press stores that the button of a link was pressed, and returns it in
// the state in which it was before: nothing is stored unless that is
// adapter.ButtonOpen. It blocks for a durable write. Errors are those of
// [Bot.Button].
func (b *Bot) Press(ctx context.Context, token string) (*adapter.ButtonPage, error) {
	k, err := b.readLink(token)
	if err != nil {
		return nil, err
	}
	page, err := b.buttonOf(ctx, k)
	if err != nil || page.State != adapter.ButtonOpen {
		return page, err
	}
	body, err := packOwn(&ownEvent{Press: &press{
		Thread: k.thread, ID: k.id, Value: k.value, Label: k.label, Name: k.name(), At: time.Now(),
	}})
	if err != nil {
		return nil, err
	}
	// The id of the entry keeps a second press out, for a day; the mark that
	// the turn sets does so until the link has expired.
	receipt, err := b.cfg.Store.Enqueue(ctx, state.Entry{
		ID: pressPrefix + k.name(), Lane: b.laneOf(k.workspace, k.thread), Body: body,
	})
	if err != nil {
		return nil, &adapter.Error{Code: adapter.CodeUnavailable, Op: "store", Err: err}
	}
	if receipt.Outcome == state.Duplicate {
		page.State = adapter.ButtonUsed
		return page, nil
	}
	b.counts.add(countAccepted, "")
	if err := b.markLink(ctx, k.workspace, k.name()); err != nil {
		b.log.Debug().Err(err).Msg("link not marked yet: its turn will do it")
	}
	return page, nil
}

func (b *Bot) readLink(token string) (*link, error) {
	if !b.links.on() {
		return nil, errLink
	}
	return b.links.read(token)
}

// linkUsed reports whether a link was used, or its question closed.
func (b *Bot) linkUsed(ctx context.Context, k *link) (bool, error) {
	mark, err := b.notes.Value(notes.Link, k.workspace, k.name()).Get(ctx)
	switch {
	case err != nil:
		return false, &adapter.Error{Code: adapter.CodeUnavailable, Op: "store", Err: err}
	case mark != nil:
		return true, nil
	}
	id, ok := strings.CutPrefix(k.id, askAction)
	if !ok {
		return false, nil
	}
	// A question may have been answered otherwise, or be forgotten.
	a := ask{ID: id, Lane: state.Key{Workspace: k.workspace}}
	kept, err := b.recall(ctx, &a)
	if err != nil {
		return false, &adapter.Error{Code: adapter.CodeUnavailable, Op: "store", Err: err}
	}
	return !kept || a.Answer != nil, nil
}

// markLink remembers that a link was used, for as long as it could be again.
func (b *Bot) markLink(ctx context.Context, workspace, name string) error {
	v := b.notes.Value(notes.Link, workspace, name).For(b.links.ttl + notes.Link.Life())
	if err := v.Set(ctx, []byte("used")); err != nil {
		return fmt.Errorf("bot: link: %w", err)
	}
	return nil
}

// linkedMessage is what is remembered of a message with links.
type linkedMessage struct {
	ID     string           `json:"id"`
	URL    string           `json:"url,omitempty"`
	Thread adapter.ThreadID `json:"thread,omitempty"`
}

// keep remembers which message the links stand in. Without links it does
// nothing.
func (s *linkSet) keep(ctx context.Context, m *adapter.Message) error {
	if s == nil {
		return nil
	}
	data, err := json.Marshal(linkedMessage{ID: m.ID, URL: m.URL, Thread: m.Thread})
	if err != nil {
		return fmt.Errorf("bot: link: %w", err)
	}
	b := s.thread.bot
	v := b.notes.Value(notes.Link, s.thread.workspace, hex.EncodeToString(s.name[:])).For(max(time.Until(s.expires), 0) + notes.Link.Life())
	if err := v.Set(ctx, data); err != nil {
		return fmt.Errorf("bot: link: %w", err)
	}
	return nil
}

// linkMessage returns the message that the link with a name stands in, as far
// as it is known.
func (b *Bot) linkMessage(ctx context.Context, workspace, name string) (in linkedMessage, err error) {
	set, _, _ := strings.Cut(name, "-")
	data, err := b.notes.Value(notes.Link, workspace, set).Get(ctx)
	switch {
	case err != nil:
		return in, &adapter.Error{Code: adapter.CodeUnavailable, Op: "store", Err: err}
	case data == nil:
		return in, nil
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return linkedMessage{}, nil //nolint:nilerr // written by another version: the press counts without it
	}
	return in, nil
}

// readPress fills in what is known of the message that a pressed button stands
// in.
func (b *Bot) readPress(ctx context.Context, r *run, ev *adapter.ActionEvent) error {
	name, ok := strings.CutPrefix(ev.Key, pressPrefix)
	if !ok {
		return nil
	}
	if err := b.markLink(ctx, ev.Workspace, name); err != nil {
		return err
	}
	// Not when it was pressed: the turn that posted the message may still have
	// been about to remember it. Now that turn is over.
	in, err := b.linkMessage(ctx, ev.Workspace, name)
	ev.MessageID, ev.URL = in.ID, in.URL
	if in.Thread != "" { // the card may have begun the thread that it is in
		r.continueIn(in.Thread)
	}
	return err
}
