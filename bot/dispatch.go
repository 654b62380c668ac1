package bot

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/mention"
	"github.com/linearbot/linearbot/state"
)

// unreadyError says that a turn could not begin because the bot cannot learn
// who it is. It is nobody's fault but the moment's, so no attempt is counted.
type unreadyError struct {
	wait time.Duration
	err  error
}

func (e *unreadyError) Error() string { return "identity: " + e.err.Error() }
func (e *unreadyError) Unwrap() error { return e.err }

// open turns an entry into a turn that can be run.
func (b *Bot) open(ctx context.Context, entry state.Queued) (*Turn, error) {
	if over, err := b.overdue(ctx, entry); err != nil || over {
		return nil, or(err, errNoTurn)
	}
	decode, err := b.unpack(entry)
	if err != nil {
		return nil, Permanent(err)
	}
	self, err := b.cfg.Adapter.Identity(ctx, entry.Lane.Workspace)
	if err != nil {
		return nil, b.unready(err)
	}
	ev, err := decode(self)
	if err != nil {
		return nil, Permanent(err)
	}
	if b.can.resolver != nil && ev.Head().Unresolved {
		err := b.can.resolver.Resolve(ctx, ev)
		switch {
		case adapter.CodeOf(err) == adapter.NotFound && err != nil:
			ev = &adapter.OtherEvent{Meta: *ev.Head(), Reason: "gone"}
		case err != nil:
			return nil, err
		}
	}
	head := ev.Head()
	t := &Turn{bot: b, event: ev, self: self, attempt: entry.Attempt, entry: entry}
	if head.Thread != "" {
		t.thread = &Thread{bot: b, id: head.Thread, workspace: head.Workspace, turn: t}
	}
	return t, nil
}

// run runs the handlers of a turn. Its error decides the entry's fate.
func (b *Bot) run(ctx context.Context, log *zerolog.Logger, t *Turn) error {
	with := log.With().Int(LogKeyAttempt, t.attempt).Logger()
	t.deadline = time.Now().Add(b.cfg.TurnTimeout)
	ctx, release, err := b.stoppable(ctx, t)
	if err != nil {
		return err
	}
	defer release()
	if !errors.Is(context.Cause(ctx), ErrStopped) {
		err = b.dispatch(withTurn(ctx, t), &with, t)
		b.endTyping(ctx, t)
	}
	switch {
	case errors.Is(context.Cause(ctx), ErrStopped):
		// Whatever became of it, it is not tried again.
		b.ignore(&with, t.event.Head(), "stopped")
		return nil
	case errors.Is(err, errTurnedAway):
		return nil
	default:
		return err
	}
}

// errNoTurn says that an entry needs no turn.
var errNoTurn = errors.New("bot: no turn is needed")

// yieldError says that a turn steps aside for something that goes first.
type yieldError struct {
	wait time.Duration
	why  string
}

func (e *yieldError) Error() string { return e.why }

// unready wraps a failure to learn the bot's identity. What will not change by
// itself spends attempts, so that it ends up where somebody looks.
func (b *Bot) unready(err error) error {
	wait := 2*time.Second + rand.N(time.Second) //nolint:gosec // spreading load needs no secret
	if api, ok := errors.AsType[*adapter.Error](err); ok {
		if !api.Code.Retryable() && api.Code != adapter.Canceled {
			return fmt.Errorf("identity: %w", err)
		}
		wait = max(wait, api.RetryAfter)
	}
	return &unreadyError{wait: wait, err: err}
}

// dispatch sends a turn to the handlers that its event is for.
func (b *Bot) dispatch(ctx context.Context, log *zerolog.Logger, t *Turn) error {
	switch ev := t.event.(type) {
	case *adapter.MessageEvent:
		return b.dispatchMessage(ctx, log, t, ev.Message)
	case *adapter.EditEvent:
		return b.dispatchOwn(ctx, log, t, ev.Message, b.on.updated)
	case *adapter.DeleteEvent:
		return b.dispatchOwn(ctx, log, t, ev.Message, b.on.deleted)
	case *adapter.StopEvent:
		return b.dispatchStop(ctx, log, t, ev.Message)
	case *adapter.ReactionEvent:
		if ev.User.IsSelf() {
			b.ignore(log, &ev.Meta, "self")
			return nil
		}
		limited, cancel := t.limited(ctx)
		defer cancel()
		if done, err := b.answers(limited, t); err != nil || done {
			return err
		}
		return b.dispatchGroups(ctx, log, t, b.on.reaction)
	case *adapter.ActionEvent:
		return b.dispatchAction(ctx, log, t, ev)
	case *postEvent:
		return b.dispatchPost(ctx, log, t, ev)
	case *adapter.IssueEvent:
		return b.dispatchIssue(ctx, log, t, ev)
	case *adapter.UninstallEvent:
		return b.dispatchGroups(ctx, log, t, b.on.uninstalled)
	case *adapter.OtherEvent:
		b.ignore(log, &ev.Meta, ev.Reason)
		return nil
	case *adapter.ResolveEvent:
		if ev.Actor.IsSelf() {
			b.ignore(log, &ev.Meta, "self")
			return nil
		}
		return b.dispatchGroups(ctx, log, t, b.on.resolved)
	case *adapter.NotificationEvent:
		return b.dispatchGroups(ctx, log, t, b.on.notified)
	case *adapter.AccessEvent, *adapter.AuthorizationEvent, *adapter.SLAEvent:
		return b.dispatchGroups(ctx, log, t)
	default:
		return b.dispatchGroups(ctx, log, t)
	}
}

// dispatchMessage routes a new message: command, then subscribed, then mention,
// then pattern.
func (b *Bot) dispatchMessage(ctx context.Context, log *zerolog.Logger, t *Turn, from *adapter.Message) error {
	head := t.event.Head()
	if from.Author.IsSelf() {
		b.ignore(log, head, "self")
		return errTurnedAway
	}
	if t.thread == nil {
		b.ignore(log, head, "no_thread")
		return nil
	}
	limited, cancel := t.limited(ctx)
	defer cancel()
	m := b.newMessage(from, t.self, head.Late, t.attempt)
	t.message = m
	if err := b.listen(limited, t); err != nil {
		return err
	}
	if reason := b.refuses(m); reason != "" {
		b.ignore(log, head, reason)
		return errTurnedAway
	}
	if done, err := b.answers(limited, t); err != nil || done {
		if done {
			log.Info().Str(LogKeyEvent, head.Key).Msg("question answered")
			b.counts.add(CountHandled, "")
		}
		return err
	}
	if stop, err := b.tripped(limited, log, t); err != nil || stop {
		if stop {
			b.ignore(log, head, "bot_loop")
		}
		return err
	}
	if len(b.on.subscribed) > 0 {
		var err error
		if t.subscribed, err = t.subscribedFor(limited, b); err != nil {
			return err
		}
	}
	t.routed = true
	if err := b.noteSession(limited, t); err != nil {
		return err
	}
	to := b.routeOf(t)
	return b.dispatchGroups(ctx, log, t, to.groups(t.subscribed)...)
}

// listen finds out which of the messages that a turn skips the bot listens to.
// If one of them mentions the bot, the turn counts as a mention.
func (b *Bot) listen(ctx context.Context, t *Turn) error {
	for _, s := range t.skipped {
		ev, ok := s.event.(*adapter.MessageEvent)
		if !ok || ev.Message.Author.IsSelf() {
			continue
		}
		m := b.newMessage(ev.Message, t.self, ev.Late, s.attempt)
		if b.refuses(m) != "" {
			continue
		}
		s.message = m
		if ok, err := b.allows(withTurn(ctx, s), s); err != nil {
			return err
		} else if !ok {
			continue
		}
		t.listened = append(t.listened, s)
		t.message.Skipped = append(t.message.Skipped, m)
		if m.Mentioned && !t.message.Mentioned {
			t.message.Mentioned, t.message.Rule = true, ruleSkipped
		}
	}
	return nil
}

// refuses names the reason why the bot does not listen to the author of m. It
// is empty if it does.
func (b *Bot) refuses(m *Message) string {
	if !m.Author.IsBot() || m.Author.Kind == adapter.Automation {
		return ""
	}
	switch b.cfg.Bots {
	case BotsAlways:
		return ""
	case BotsNever:
		return "other_bot"
	case BotsOnMention:
		if m.Mentioned {
			return ""
		}
		return "other_bot"
	default:
		return "other_bot"
	}
}

// dispatchOwn routes what happened to a message, unless the message or the act
// is the bot's own.
func (b *Bot) dispatchOwn(ctx context.Context, log *zerolog.Logger, t *Turn, m *adapter.Message, group []*handler) error {
	head := t.event.Head()
	if (m != nil && m.Author.IsSelf()) || head.Actor.IsSelf() {
		b.ignore(log, head, "self")
		return nil
	}
	if m != nil {
		t.message = b.newMessage(m, t.self, head.Late, t.attempt)
	}
	return b.dispatchGroups(ctx, log, t, group)
}

// dispatchIssue routes a change of an issue, and a new mention in its
// description to the handlers of mentions.
func (b *Bot) dispatchIssue(ctx context.Context, log *zerolog.Logger, t *Turn, ev *adapter.IssueEvent) error {
	if ev.Actor.IsSelf() {
		b.ignore(log, &ev.Meta, "self")
		return nil
	}
	ran, err := b.runGroup(ctx, log, t, b.on.issue)
	refused := t.admitted && errors.Is(err, errTurnedAway) // by its handlers, but not yet by those of mentions
	if err != nil && !refused {
		return err
	}
	if ev.Mention != nil && !ev.Mention.Author.IsSelf() {
		m := b.newMessage(ev.Mention, t.self, ev.Late, t.attempt)
		before := len(mention.Find(ev.PreviousText, b.names(t.self)))
		if m.Mentioned && len(m.mentions) > before && b.refuses(m) == "" {
			t.message = m
			var groups [][]*handler
			previous := b.newMessage(&adapter.Message{Body: ev.PreviousText}, t.self, false, 0)
			if mention.Leading(m.Body, m.mentions) > 0 && mention.Leading(previous.Body, previous.mentions) == 0 {
				groups, _ = b.commandGroups(t)
			}
			return b.dispatchGroups(ctx, log, t, append(groups, b.on.mention)...)
		}
	}
	switch {
	case refused:
		return nil
	case ran:
		b.counts.add(CountHandled, "")
		return nil
	default:
		return b.dispatchGroups(ctx, log, t)
	}
}

// ignore counts and logs that no handler gets an event.
func (b *Bot) ignore(log *zerolog.Logger, head *adapter.Meta, reason string) {
	b.counts.add(CountIgnored, reason)
	log.Debug().
		Str(LogKeyType, head.Type+" "+head.Action).
		Str(LogKeyWorkspace, head.Workspace).
		Str(LogKeyEvent, head.Key).
		Str(LogKeyReason, reason).
		Msg("event ignored")
}
