package bot

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/state"
)

// Access decides whether the people of an event may use the bot; package access
// has ready-made rules. It sees what happened, by
// [Turn.Event], and the message, if there is one, by [Turn.Message]. It is
// asked before the first handler that wants the event; events that no handler
// wants are not refused. It may be called for several turns at once.
//
// An error is the turn's: it is tried again like one of a handler. Nothing runs
// meanwhile. Access should not write anything itself; what it wants said is
// part of the [Decision].
type Access func(ctx context.Context, t *Turn) (Decision, error)

// Decision is what an [Access] decides. The zero Decision is a silent refusal.
type Decision struct {
	// Allowed says that the handlers may run. Then nothing else counts.
	Allowed bool
	// Reaction is an emoji that the bot reacts to the message with: a name
	// ("no_entry") or Unicode. Nothing happens if there is no message or
	// reactions are not possible.
	Reaction string
	// Reply is Markdown that the bot answers with. It is posted at most once
	// an hour for each thread and author, and not for events without a
	// thread.
	Reply string
}

// Allow lets the handlers run.
func Allow() Decision { return Decision{Allowed: true} }

// Deny refuses without a sign.
func Deny() Decision { return Decision{} }

// DenyWithReaction refuses with a reaction to the message.
func DenyWithReaction(emoji string) Decision { return Decision{Reaction: emoji} }

// DenyWithReply refuses with an answer.
func DenyWithReply(markdown string) Decision { return Decision{Reply: markdown} }

// Else returns an Access that decides like a, but refuses like d: with its
// reaction and its reply.
func (a Access) Else(d Decision) Access {
	d.Allowed = false
	return func(ctx context.Context, t *Turn) (Decision, error) {
		got, err := a.ask(ctx, t)
		if err != nil || got.Allowed {
			return got, err
		}
		return d, nil
	}
}

// ask calls a. A nil Access in a combination refuses, and nothing is allowed
// together with an error.
func (a Access) ask(ctx context.Context, t *Turn) (Decision, error) {
	if a == nil {
		return Decision{}, nil
	}
	d, err := a(ctx, t)
	if err != nil {
		return Decision{}, err
	}
	return d, nil
}

// allOf allows what all of rules allow, and decides like the first that refuses.
func allOf(rules ...Access) Access {
	return func(ctx context.Context, t *Turn) (Decision, error) {
		for _, a := range rules {
			if d, err := a.ask(ctx, t); err != nil || !d.Allowed {
				return d, err
			}
		}
		return Allow(), nil
	}
}

// People returns who has a part in the event, at least one user: who acted and,
// if that is another user, who wrote the message. The one who acted comes first;
// it is the zero User if the event names none.
func (t *Turn) People() []adapter.User {
	actor := t.event.Head().Actor
	var author adapter.User
	switch ev := t.event.(type) {
	case *adapter.MessageEvent:
		return []adapter.User{ev.Message.Author}
	case *adapter.ReactionEvent:
		return []adapter.User{ev.User}
	case *adapter.EditEvent:
		author = ev.Message.Author
	default:
		return []adapter.User{actor}
	}
	if actor == (adapter.User{}) || actor.ID != "" && actor.ID == author.ID {
		return []adapter.User{author}
	}
	return []adapter.User{actor, author}
}

// errTurnedAway says that a turn was refused and that this was dealt with.
var errTurnedAway = errors.New("bot: turned away")

// refusalTTL is how often an author may be told in a thread that the bot does
// not listen.
const refusalTTL = time.Hour

// admit asks Config.Access, once for a turn, and the handler's own Access. The
// error is errTurnedAway if one of them refuses.
func (b *Bot) admit(ctx context.Context, log *zerolog.Logger, t *Turn, h *handler) error {
	if !t.admitted {
		if err := b.check(ctx, log, t, b.cfg.Access); err != nil {
			return err
		}
		t.admitted = true
	}
	return b.check(ctx, log, t, h.allowed())
}

func (b *Bot) check(ctx context.Context, log *zerolog.Logger, t *Turn, a Access) error {
	d, err := t.decide(ctx, a)
	if err != nil {
		return err
	}
	if d.Allowed {
		return nil
	}
	if err := b.refuse(ctx, t, d); err != nil {
		if adapter.CodeOf(err).Retryable() || ctx.Err() != nil {
			return fmt.Errorf("access: %w", err)
		}
		log.Warn().Err(err).Msg("could not say that access was refused")
	}
	b.ignore(log, t.event.Head(), "access")
	return errTurnedAway
}

// allows reports whether Config.Access allows a turn, and gives no sign if not.
func (b *Bot) allows(ctx context.Context, t *Turn) (bool, error) {
	if t.admitted {
		return true, nil
	}
	d, err := t.decide(ctx, b.cfg.Access)
	t.admitted = err == nil && d.Allowed
	return t.admitted, err
}

// decide asks a about a turn. Nobody is kept from stopping the bot or from
// removing it, and a nil Access allows everything.
func (t *Turn) decide(ctx context.Context, a Access) (d Decision, err error) {
	if a == nil {
		return Allow(), nil
	}
	switch t.event.(type) {
	case *adapter.StopEvent, *adapter.UninstallEvent:
		return Allow(), nil
	default:
	}
	t.enter("access")
	defer func() {
		if v := recover(); v != nil {
			d, err = Decision{}, &PanicError{Value: v, Stack: debug.Stack()}
		}
		if err != nil {
			err = fmt.Errorf("access: %w", err)
		}
	}()
	return a.ask(ctx, t)
}

// refuse gives the sign that goes with a refusal.
func (b *Bot) refuse(ctx context.Context, t *Turn, d Decision) error {
	if d.Reaction != "" && t.takesReaction() {
		if err := t.thread.React(ctx, t.message.ID, d.Reaction); err != nil && !absent(err) {
			return err
		}
	}
	if d.Reply == "" || t.thread == nil {
		return nil
	}
	first, err := b.firstRefusal(ctx, t)
	if err != nil || !first {
		return err
	}
	_, err = t.thread.Post(ctx, Markdown(d.Reply))
	if errors.Is(err, ErrEmpty) {
		return nil
	}
	return err
}

// firstRefusal reports whether the author has not been told yet. A turn that is
// repeated is told the same again: its reply has the same key.
func (b *Bot) firstRefusal(ctx context.Context, t *Turn) (bool, error) {
	who := t.People()[0]
	k := t.thread.key()
	k.Kind, k.ID = "refused", k.ID+"\x00"+strings.Join([]string{who.ID, who.Kind.String(), who.Email, who.Name}, "\x00")
	if who.ID != "" {
		k.ID = string(t.thread.id) + "\x00" + who.ID
	}
	mine := []byte(t.event.Head().Key)
	err := b.cfg.Store.CompareAndSet(ctx, k, nil, mine, refusalTTL)
	if err == nil {
		return true, nil
	}
	if errors.Is(err, state.ErrConflict) {
		var told []byte
		switch told, err = b.cfg.Store.Get(ctx, k); {
		case err == nil:
			return string(told) == string(mine), nil
		case errors.Is(err, state.ErrNotFound): // it has just expired
			return false, nil
		}
	}
	return false, fmt.Errorf("bot: refusal in %s: %w", t.thread.id, err)
}
