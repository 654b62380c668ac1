package bot

import (
	"context"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/links"
	"github.com/linearbot/linearbot/bot/internal/own"
	"github.com/linearbot/linearbot/bot/internal/questions"
	"github.com/linearbot/linearbot/bot/internal/tally"
	"github.com/linearbot/linearbot/state"
)

// On a platform whose messages have no buttons, a button is a signed link to a
// page of the bot's server. Opening the page changes nothing, as programs open
// links too; the button on it does: it appends an action to the lane of the
// thread. A link can be used once, until it expires. It says nothing about who
// uses it.

// LinkConfig says how the buttons of cards become links, for platforms whose
// messages have no buttons. The zero value leaves them labels.
type LinkConfig struct {
	// BaseURL is where people reach the bot's server, for example
	// "https://bot.example.com". Links begin with it and
	// [adapter.ButtonPath], which package webhook serves.
	BaseURL string
	// Secrets sign the links: the first signs, all are accepted, so that they
	// can be replaced one by one. Required with BaseURL. They may be the
	// signing secrets of the webhook: what signs links is derived from them.
	Secrets []string
	// TTL is how long a link can be used. Defaults to 7 days.
	TTL time.Duration
}

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

// Button says what the link with a token stands for. It changes nothing. The
// error has code adapter.CodeNotFound if the token is not one of the bot's.
func (b *Bot) Button(ctx context.Context, token string) (*adapter.ButtonPage, error) {
	k, err := b.links.Read(token)
	if err != nil {
		return nil, err
	}
	return b.buttonOf(ctx, k)
}

// buttonOf says what a link stands for.
func (b *Bot) buttonOf(ctx context.Context, k *links.Link) (*adapter.ButtonPage, error) {
	used, err := b.linkUsed(ctx, k)
	if err != nil {
		return nil, err
	}
	in, err := b.links.MessageOf(ctx, k.Workspace, k.Name())
	if err != nil {
		return nil, err
	}
	page := &adapter.ButtonPage{Label: k.Label, Title: k.Title, URL: in.URL, Expires: k.Expires}
	switch {
	case used:
		page.State = adapter.ButtonUsed
	case !time.Now().Before(k.Expires):
		page.State = adapter.ButtonExpired
	}
	return page, nil
}

// Press stores that the button of a link was pressed, and returns it in
// the state in which it was before: nothing is stored unless that is
// adapter.ButtonOpen. It blocks for a durable write. Errors are those of
// [Bot.Button].
func (b *Bot) Press(ctx context.Context, token string) (*adapter.ButtonPage, error) {
	k, err := b.links.Read(token)
	if err != nil {
		return nil, err
	}
	page, err := b.buttonOf(ctx, k)
	if err != nil || page.State != adapter.ButtonOpen {
		return page, err
	}
	body, err := (&own.Event{Press: &own.Press{
		Thread: k.Thread, ID: k.ID, Value: k.Value, Label: k.Label, Name: k.Name(), At: time.Now(),
	}}).Pack()
	if err != nil {
		return nil, err
	}
	// The id of the entry keeps a second press out, for a day; the mark that
	// the turn sets does so until the link has expired.
	receipt, err := b.cfg.Store.Enqueue(ctx, state.Entry{
		ID: own.PressPrefix + k.Name(), Lane: b.laneOf(k.Workspace, k.Thread), Body: body,
	})
	if err != nil {
		return nil, &adapter.Error{Code: adapter.CodeUnavailable, Op: "store", Err: err}
	}
	if receipt.Outcome == state.OutcomeDuplicate {
		page.State = adapter.ButtonUsed
		return page, nil
	}
	b.counts.Add(tally.Accepted, "")
	if err := b.links.MarkUsed(ctx, k.Workspace, k.Name()); err != nil {
		b.log.Debug().Err(err).Msg("link not marked yet: its turn will do it")
	}
	return page, nil
}

// linkUsed reports whether a link was used, or its question closed.
func (b *Bot) linkUsed(ctx context.Context, k *links.Link) (bool, error) {
	if used, err := b.links.Used(ctx, k.Workspace, k.Name()); used || err != nil {
		return used, err
	}
	id, ok := strings.CutPrefix(k.ID, questions.ActionPrefix)
	if !ok {
		return false, nil
	}
	// A question may have been answered otherwise, or be forgotten.
	a := questions.Named(k.Workspace, id)
	kept, err := b.questions.Recall(ctx, a)
	if err != nil {
		return false, &adapter.Error{Code: adapter.CodeUnavailable, Op: "store", Err: err}
	}
	return !kept || a.Answer != nil, nil
}

// pressing returns what makes the buttons of a message links of a set. A button that
// fits into none cannot be posted.
func pressing(set *links.Set) func(id, value, label string) (string, error) {
	return func(id, value, label string) (string, error) {
		url, err := set.Link(id, value, label)
		if err != nil {
			return "", Permanent(err)
		}
		return url, nil
	}
}

// readPress fills in what is known of the message that a pressed button stands
// in.
func (b *Bot) readPress(ctx context.Context, r *run, ev *adapter.ActionEvent) error {
	name, ok := strings.CutPrefix(ev.Key, own.PressPrefix)
	if !ok {
		return nil
	}
	if err := b.links.MarkUsed(ctx, ev.Workspace, name); err != nil {
		return err
	}
	// Not when it was pressed: the turn that posted the message may still have
	// been about to remember it. Now that turn is over.
	in, err := b.links.MessageOf(ctx, ev.Workspace, name)
	ev.MessageID, ev.URL = in.ID, in.URL
	if in.Thread != "" { // the card may have begun the thread that it is in
		r.continueIn(in.Thread)
	}
	return err
}
