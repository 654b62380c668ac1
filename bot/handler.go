package bot

import (
	"context"
	"regexp"
	"slices"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/cmdline"
	"github.com/linearbot/linearbot/internal/emoji"
)

// MessageHandler handles a message. ctx ends when the turn must stop; its cause
// says why. What the returned error means is in the package comment.
type MessageHandler func(ctx context.Context, t *Thread, m *Message) error

// ReactionHandler handles a reaction that was added or removed.
type ReactionHandler func(ctx context.Context, t *Thread, r *adapter.ReactionEvent) error

// ResolveHandler handles a thread that was resolved or reopened.
type ResolveHandler func(ctx context.Context, t *Thread, r *adapter.ResolveEvent) error

// NotificationHandler handles what reached the inbox of the bot's user. The
// thread is nil if the notification belongs to none.
type NotificationHandler func(ctx context.Context, t *Thread, n *adapter.NotificationEvent) error

// UpdateHandler handles an edited message. previous is the text before, if the
// platform told it, and otherwise empty.
type UpdateHandler func(ctx context.Context, t *Thread, m *Message, previous string) error

// WorkspaceHandler handles what happens to a workspace as a whole.
type WorkspaceHandler func(ctx context.Context, w *Workspace) error

// Handler is the common form of all handlers, as middleware sees them.
type Handler func(ctx context.Context, t *Turn) error

// Middleware wraps a handler. It may act before and after, change the context,
// or return without calling next. It runs once for each handler of a turn.
type Middleware func(next Handler) Handler

// handler is a registered or a built-in handler.
type handler struct {
	// kind is empty for built-in handlers.
	kind string
	// name is the kind and the place in the order of registration, for
	// example "mention/0", or the name that was chosen. It is part of the key
	// of everything that the handler writes.
	name string
	run  Handler
	// match says whether the handler wants the turn. Nil means yes.
	match func(t *Turn) bool
	// access says who may run the handler, besides what options and Config
	// say. Nil means everyone.
	access  Access
	options HandlerOptions
}

// The kinds of handlers.
const (
	kindCommand     = "command"
	kindMention     = "mention"
	kindDelegated   = "delegated"
	kindSubscribed  = "subscribed"
	kindPattern     = "pattern"
	kindUpdated     = "updated"
	kindDeleted     = "deleted"
	kindReaction    = "reaction"
	kindAction      = "action"
	kindIssue       = "issue"
	kindStop        = "stop"
	kindUninstalled = "uninstalled"
	// The kinds of installs.go.
	kindInstalled     = "installed"
	kindAccessChanged = "access_changed"
	kindResolved      = "resolved"
	kindNotified      = "notification"
	kindEvent         = "event"
)

// allowed is the access of the handler itself. Nil means everyone.
func (h *handler) allowed() Access {
	switch {
	case h.access == nil:
		return h.options.Access
	case h.options.Access == nil:
		return h.access
	default:
		return allOf(h.access, h.options.Access)
	}
}

// handlers are all registered handlers by kind.
type handlers struct {
	// commands is how the commands are called, in the order of command.
	commands    cmdline.Set
	command     []*command
	mention     []*handler
	delegated   []*handler
	subscribed  []*handler
	pattern     []*handler
	updated     []*handler
	deleted     []*handler
	reaction    []*handler
	action      []*handler
	issue       []*handler
	stop        []*handler
	uninstalled []*handler
	installed   []*handler
	// accessChanged are those of OnAccessChanged.
	accessChanged []*handler
	resolved      []*handler
	notified      []*handler
	event         []*handler
	failed        []FailedHandler
}

// OnNewMention registers h for messages that mention the bot in a thread that
// is not subscribed, and for edits that add a mention to one. A nil h registers
// nothing. Register before Run.
func (b *Bot) OnNewMention(h MessageHandler) *Registration {
	return b.onMessage(&b.on.mention, kindMention, h, nil)
}

// OnDelegated registers h for issues that were delegated to the bot, each in the agent
// session that begins with it. What is asked for is the issue: [Message.Text] is its
// title and description, Message.Issue the rest that is known, and the author is who
// delegated it, or an automation. Without a handler for them, or if all decline,
// delegations go to those of OnNewMention.
func (b *Bot) OnDelegated(h MessageHandler) *Registration {
	return b.onMessage(&b.on.delegated, kindDelegated, h, nil)
}

// OnSubscribedMessage registers h for every message in a subscribed thread,
// mention or not.
func (b *Bot) OnSubscribedMessage(h MessageHandler) *Registration {
	return b.onMessage(&b.on.subscribed, kindSubscribed, h, nil)
}

// OnNewMessage registers h for messages in threads that are not subscribed,
// that do not mention the bot and whose text matches pattern. A nil pattern
// matches everything.
func (b *Bot) OnNewMessage(pattern *regexp.Regexp, h MessageHandler) *Registration {
	return b.onMessage(&b.on.pattern, kindPattern, h, func(t *Turn) bool {
		return pattern == nil || pattern.MatchString(t.message.Body)
	})
}

// OnMessageUpdated registers h for messages whose text was changed. Changes of
// reactions or of resolution do not count as edits.
func (b *Bot) OnMessageUpdated(h UpdateHandler) *Registration {
	if h == nil {
		return &Registration{}
	}
	return b.add(&b.on.updated, kindUpdated, nil, func(ctx context.Context, t *Turn) error {
		previous := ""
		if e, ok := t.event.(*adapter.EditEvent); ok {
			previous = e.Previous
		}
		return h(ctx, t.thread, t.message, previous)
	})
}

// OnMessageDeleted registers h for messages that were removed. The message is
// what is known of it; its ID is always set.
func (b *Bot) OnMessageDeleted(h MessageHandler) *Registration {
	return b.onMessage(&b.on.deleted, kindDeleted, h, nil)
}

// OnReaction registers h for reactions with one of the emoji, given by name
// ("thumbs_up"), in another common spelling ("+1") or as Unicode. With no
// emoji, h gets all reactions. Reactions of the bot itself are left out.
func (b *Bot) OnReaction(h ReactionHandler, spellings ...string) *Registration {
	if h == nil {
		return &Registration{}
	}
	wanted := make(map[string]bool, len(spellings))
	for _, s := range spellings {
		wanted[emoji.Key(s)] = true
	}
	match := func(t *Turn) bool {
		e, ok := t.event.(*adapter.ReactionEvent)
		return ok && (len(wanted) == 0 || wanted[emoji.Key(e.Emoji)] || e.RawEmoji != "" && wanted[emoji.Key(e.RawEmoji)])
	}
	return b.add(&b.on.reaction, kindReaction, match, func(ctx context.Context, t *Turn) error {
		e, ok := t.event.(*adapter.ReactionEvent)
		if !ok {
			return Next
		}
		return h(ctx, t.thread, new(*e))
	})
}

// OnStop registers h for the moment when a person asks the bot to stop in an
// agent session. Turns of what was said before it, running or waiting, are ended
// with the cause [ErrStopped] and write nothing more, with or without a handler;
// h confirms it. Without a handler the bot says that it has stopped.
func (b *Bot) OnStop(h MessageHandler) *Registration {
	return b.onMessage(&b.on.stop, kindStop, h, nil)
}

// OnUninstalled registers h for workspaces that removed the bot.
func (b *Bot) OnUninstalled(h WorkspaceHandler) *Registration {
	if h == nil {
		return &Registration{}
	}
	return b.add(&b.on.uninstalled, kindUninstalled, nil, func(ctx context.Context, t *Turn) error {
		return h(ctx, t.bot.Workspace(t.event.Head().Workspace))
	})
}

// OnResolved registers h for threads that were resolved or reopened;
// ResolveEvent.Resolved says which.
func (b *Bot) OnResolved(h ResolveHandler) *Registration {
	if h == nil {
		return &Registration{}
	}
	return b.add(&b.on.resolved, kindResolved, nil, func(ctx context.Context, t *Turn) error {
		e, ok := t.event.(*adapter.ResolveEvent)
		if !ok {
			return Next
		}
		return h(ctx, t.thread, new(*e))
	})
}

// OnNotification registers h for notifications of the given kinds, as Linear
// names them ("issueAssignedToYou"), or of all kinds. A notification of an act
// that another handler answers already is left out.
func (b *Bot) OnNotification(h NotificationHandler, kinds ...string) *Registration {
	if h == nil {
		return &Registration{}
	}
	match := func(t *Turn) bool {
		e, ok := t.event.(*adapter.NotificationEvent)
		return ok && (len(kinds) == 0 || slices.Contains(kinds, e.Kind))
	}
	return b.add(&b.on.notified, kindNotified, match, func(ctx context.Context, t *Turn) error {
		e, ok := t.event.(*adapter.NotificationEvent)
		if !ok {
			return Next
		}
		return h(ctx, t.thread, new(*e))
	})
}

// OnEvent registers h for events that no other handler took, whatever they
// are: changes of access, service levels, authorizations, and as *adapter.DataEvent
// everything else that the platform reports: projects, initiatives, their updates,
// customer needs, labels and kinds that do not exist yet.
func (b *Bot) OnEvent(h Handler) *Registration {
	if h == nil {
		return &Registration{}
	}
	return b.add(&b.on.event, kindEvent, nil, h)
}

// Use adds middleware around every handler. The first one added runs
// outermost.
func (b *Bot) Use(mw ...Middleware) { b.middleware = append(b.middleware, mw...) }

func (b *Bot) onMessage(to *[]*handler, kind string, h MessageHandler, match func(*Turn) bool) *Registration {
	if h == nil {
		return &Registration{}
	}
	return b.add(to, kind, match, func(ctx context.Context, t *Turn) error {
		return h(ctx, t.thread, t.message)
	})
}

func (b *Bot) add(to *[]*handler, kind string, match func(*Turn) bool, run Handler) *Registration {
	h := &handler{kind: kind, name: handlerName(kind, len(*to)), run: run, match: match}
	*to = append(*to, h)
	b.registry.add(h)
	return &Registration{bot: b, handler: h}
}
