package bot

import (
	"context"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/reason"
)

// hear reads what the event says to the bot, together with the messages that
// the turn stands for. It ends the turn if the bot does not listen to the
// author, itself first of all.
func (b *Bot) hear(ctx context.Context, r *run) (*outcome, error) {
	if b.isOwn(r.event) {
		return ignored(reason.Self), nil
	}
	switch ev := r.event.(type) {
	case *adapter.MessageEvent:
		if r.thread == nil {
			return ignored(reason.NoThread), nil
		}
		r.message = b.newMessage(ev.Message, r.self, ev.Late, r.Attempt())
		if err := b.noteSynced(ctx, r); err != nil {
			return nil, err
		}
		if err := b.hearOlder(ctx, r); err != nil {
			return nil, err
		}
		b.noteHeard(ctx, r)
		if why := b.refuses(r.message); why != "" {
			return ignored(why), nil
		}
		if own, err := b.isOwnSession(ctx, r); err != nil {
			return nil, err
		} else if own {
			return ignored(reason.OwnSession), nil
		}
		if err := b.choose(ctx, r); err != nil {
			return nil, err
		}
	case *adapter.EditEvent:
		r.hearAbout(ev.Message)
	case *adapter.DeleteEvent:
		r.hearAbout(ev.Message)
	case *adapter.StopEvent:
		r.hearAbout(ev.Message)
	default: // says nothing
	}
	return nil, nil
}

// hearAbout reads a message that something happened to.
func (r *run) hearAbout(m *adapter.Message) {
	if m != nil {
		r.message = r.bot.newMessage(m, r.self, r.head().Late, r.Attempt())
	}
}

// isOwn reports whether the bot itself did what an event tells of. A stop is
// obeyed from everyone.
func (b *Bot) isOwn(ev adapter.Event) bool {
	own := func(m *adapter.Message) bool { return m != nil && m.Author.IsSelf() }
	switch ev := ev.(type) {
	case *adapter.MessageEvent:
		return own(ev.Message)
	case *adapter.EditEvent:
		return own(ev.Message) || ev.Actor.IsSelf()
	case *adapter.DeleteEvent:
		return own(ev.Message) || ev.Actor.IsSelf()
	case *adapter.ReactionEvent:
		return ev.User.IsSelf()
	case *adapter.IssueEvent:
		return ev.Actor.IsSelf()
	case *adapter.ResolveEvent:
		return ev.Actor.IsSelf()
	case *adapter.DataEvent:
		return ev.Actor.IsSelf()
	default:
		return false
	}
}

// hearOlder finds out which of the messages that a turn stands for the bot
// listens to. If one of them mentions the bot, the turn counts as a mention.
func (b *Bot) hearOlder(ctx context.Context, r *run) error {
	ctx = r.limited(ctx)
	for _, s := range r.older {
		ev, ok := s.event.(*adapter.MessageEvent)
		if !ok || ev.Message.Author.IsSelf() {
			continue
		}
		m := b.newMessage(ev.Message, r.self, ev.Late, s.Attempt())
		if b.refuses(m) != "" {
			continue
		}
		s.message = m
		if d, err := s.decide(withTurn(ctx, s), b.cfg.Access); err != nil {
			return err
		} else if !d.Allowed {
			continue
		}
		r.heard = append(r.heard, s)
		r.message.Skipped = append(r.message.Skipped, m)
		if m.Mentioned && !r.message.Mentioned {
			r.message.Mentioned, r.message.Rule = true, ruleSkipped
		}
	}
	return nil
}

// refuses names the reason why the bot does not listen to the author of m. It
// is empty if it does.
func (b *Bot) refuses(m *Message) string {
	if m.Author.IsHuman() || m.Author.Kind == adapter.UserAutomation || b.cfg.Bots == BotsAlways ||
		b.cfg.Bots == BotsOnMention && m.Mentioned {
		return ""
	}
	return reason.OtherBot
}
