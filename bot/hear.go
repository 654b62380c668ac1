package bot

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/attend"
	"github.com/linearbot/linearbot/bot/internal/breaker"
	"github.com/linearbot/linearbot/bot/internal/decisions"
	"github.com/linearbot/linearbot/bot/internal/events"
	"github.com/linearbot/linearbot/bot/internal/questions"
	"github.com/linearbot/linearbot/bot/internal/synced"
	"github.com/linearbot/linearbot/bot/internal/verdict"
	"github.com/linearbot/linearbot/internal/reason"
)

// hear reads what the event says to the bot, together with the messages that
// the turn stands for. It ends the turn if the bot does not listen to the
// author, itself first of all.
func (b *Bot) hear(ctx context.Context, r *run) (*outcome, error) {
	if events.IsOwn(r.event) {
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
		if s := ev.Message.Session; s != nil && !s.New {
			choice, err := questions.Choose(ctx, r.notes, r.message.Text)
			if err != nil {
				return nil, err
			}
			r.message.Choice = choice
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

// noteHeard tells the trace what the message of a turn says to the bot.
func (b *Bot) noteHeard(ctx context.Context, r *run) {
	if b.cfg.Tracer != nil {
		b.decisions.Heard(ctx, &decisions.Heard{
			Message: &r.message.Message, Rule: r.message.Rule, Policy: b.cfg.Policy.String(), Older: len(r.older),
		})
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

// noteSynced remembers what the message of a turn says about its thread, and tells
// the message what is remembered.
func (b *Bot) noteSynced(ctx context.Context, r *run) error {
	with, news, err := synced.Note(ctx, r.notes, r.message.SyncedWith)
	r.message.SyncedWith = with
	if news {
		r.warnSynced(with)
	}
	return err
}

// breaker ends the turn if its message is one program's message too many in its
// thread; see package breaker.
func (b *Bot) breaker(ctx context.Context, r *run) (*outcome, error) {
	if _, ok := r.event.(*adapter.MessageEvent); !ok || b.cfg.BotTurns == math.MaxInt && !r.message.Author.IsHuman() {
		return nil, nil
	}
	ctx = r.limited(ctx)
	m := breaker.Message{Event: r.head().Key, Human: r.message.Author.IsHuman(), Mentioned: r.message.Mentioned}
	decision, err := breaker.Count(ctx, r.notes, m, b.cfg.BotTurns)
	if err != nil {
		return nil, fmt.Errorf("bot: loop breaker of %s: %w", r.thread.id, err)
	}
	if decision == breaker.Answer {
		return nil, nil
	}
	if decision == breaker.Leave {
		r.writes.Begin("breaker")
		if _, err := r.thread.Post(ctx, Text(breaker.Farewell)); err != nil {
			r.log.Warn().Err(err).Msg("could not say that programs are no longer answered here")
		}
	}
	return ignored(reason.BotLoop), nil
}

// startingPoll is how often an event of a session looks whether a start that is under
// way has begun it.
const startingPoll = time.Second

// isOwnSession reports whether the bot itself has started the session that an event
// tells of.
func (b *Bot) isOwnSession(ctx context.Context, r *run) (bool, error) {
	ev, ok := r.event.(*adapter.MessageEvent)
	if !ok {
		return false, nil
	}
	owner, err := b.attends.OwnerOf(ctx, r.thread.session(), ev.Message.Session)
	if err == nil && owner == attend.OwnerUnknown {
		err = &verdict.YieldError{Wait: startingPoll, Why: "waiting until it is known whether the session is the bot's own", InOrder: true}
	}
	return err == nil && owner == attend.OwnerBot, err
}
