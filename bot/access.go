package bot

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/wording"
)

// Access decides whether the people of an event may use the bot; package access
// has ready-made rules. It sees what happened, by
// [Turn.Event], and the message, if there is one, by [Turn.Message]. It is
// asked before the first handler that wants the event; events that no handler
// wants are not refused. It may be called for several turns at once.
//
// An error is the turn's: it is retried like one of a handler. No handler runs
// meanwhile. Access should not write anything itself; what it wants said is
// part of the [Decision].
type Access func(ctx context.Context, t *Turn) (Decision, error)

// Decision is what an [Access] decides. The zero Decision is a silent refusal.
type Decision struct {
	// Allowed says that the handlers may run. Then nothing else counts.
	Allowed bool
	// Reaction is an emoji that the bot reacts to the message with: a name
	// ("no_entry") or Unicode. It is ignored if there is no message or
	// the platform has no reactions.
	Reaction string
	// Reply is Markdown that the bot answers with. It is posted at most once
	// an hour for each thread and author, and not for events without a
	// thread.
	Reply string
}

// Allow lets the handlers run.
func Allow() Decision { return Decision{Allowed: true} }

// Deny refuses silently.
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

// admit asks Config.Access, once for a turn, and gives the sign of a refusal.
func (b *Bot) admit(ctx context.Context, r *run) (bool, error) {
	if r.access != nil {
		return r.access.Allowed, nil
	}
	d, err := r.decide(ctx, b.cfg.Access)
	if err != nil {
		return false, err
	}
	if !d.Allowed {
		if ev, ok := r.event.(*adapter.ActionEvent); ok && ev.Actor.ID == "" {
			r.log.Warn().Str(keyEvent, wording.ID(r.head().Key)).Msg("press refused by Config.Access: a press names no one")
		}
		if err := b.showRefusal(ctx, r, d); err != nil {
			return false, err
		}
	}
	r.access = &d
	return d.Allowed, nil
}

// admits is admit without a sign, so that a refusal can still be shown later.
func (b *Bot) admits(ctx context.Context, r *run) (bool, error) {
	if r.access != nil {
		return r.access.Allowed, nil
	}
	d, err := r.decide(ctx, b.cfg.Access)
	if err == nil && d.Allowed {
		r.access = &d
	}
	return d.Allowed, err
}

// admitted reports whether Config.Access was asked and allows the turn.
func (r *run) admitted() bool { return r.access != nil && r.access.Allowed }

// check asks an Access about a turn, and gives the sign of a refusal.
func (b *Bot) check(ctx context.Context, r *run, a Access) (bool, error) {
	d, err := r.decide(ctx, a)
	if err != nil || d.Allowed {
		return d.Allowed, err
	}
	return false, b.showRefusal(ctx, r, d)
}

// showRefusal gives the sign that goes with a refusal. An error that waiting
// does not heal is logged.
func (b *Bot) showRefusal(ctx context.Context, r *run, d Decision) error {
	err := b.refuse(ctx, r.Turn, d)
	if err == nil {
		return nil
	}
	if adapter.CodeOf(err).Retryable() || ctx.Err() != nil {
		return fmt.Errorf("access: %w", err)
	}
	r.log.Warn().Err(err).Msg("could not say that access was refused")
	return nil
}

// decide asks a about a turn. Stopping and removing the bot is always allowed, and
// a nil Access allows everything.
func (t *Turn) decide(ctx context.Context, a Access) (d Decision, err error) {
	if a == nil {
		return Allow(), nil
	}
	switch t.event.(type) {
	case *adapter.StopEvent, *adapter.UninstallEvent, *adapter.InstallEvent:
		return Allow(), nil
	default:
	}
	t.writes.Begin("access")
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
	first, err := t.firstRefusal(ctx)
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
func (t *Turn) firstRefusal(ctx context.Context) (bool, error) {
	who := t.People()[0]
	name := []string{string(t.thread.id), who.ID}
	if who.ID == "" {
		name = []string{string(t.thread.id), "", who.Kind.String(), who.Email, who.Name}
	}
	return t.claimRefusal(ctx, name...)
}

// claimRefusal reports whether the turn is the one that tells of a refusal with a name,
// which is done once.
func (t *Turn) claimRefusal(ctx context.Context, name ...string) (bool, error) {
	mine := t.head().Key
	told, err := t.bot.notes.Value(notes.Refused, t.thread.workspace, name...).Claim(ctx, []byte(mine))
	if err != nil {
		return false, fmt.Errorf("bot: refusal in %s: %w", t.thread.id, err)
	}
	return string(told) == mine, nil
}

// absent reports whether err says that there is nothing to find.
func absent(err error) bool {
	code := adapter.CodeOf(err)
	return code == adapter.CodeNotFound || code == adapter.CodeUnsupported
}
