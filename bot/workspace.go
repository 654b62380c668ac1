package bot

import (
	"context"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
)

// Workspace is a handle on one workspace. It is where everything begins that does
// not begin with a delivery, in a timer, a command line or an HTTP handler; in a
// turn, [Thread.Workspace] returns it. It holds only names, so it is cheap and
// safe for concurrent use.
//
// A post outside a turn lands as often as it is made: nothing tells the second run
// of a job from the first. [WorkspaceState] and [UserState] are the state of a
// workspace and of one of its users.
type Workspace struct {
	bot *Bot
	id  string
}

// Workspace returns a handle on the workspace with an organization id. An empty
// id means the workspace that the bot's own token belongs to. It does not check
// that the bot is installed there.
func (b *Bot) Workspace(id string) *Workspace { return &Workspace{bot: b, id: id} }

// ID returns the organization id.
func (w *Workspace) ID() string { return w.id }

// Thread returns a handle on a thread or an issue. It does not check that the
// thread exists. The error is an [*IDError].
func (w *Workspace) Thread(id adapter.ThreadID) (*Thread, error) {
	name, _, ok := strings.Cut(string(id), ":")
	if !ok || name == "" {
		return nil, &IDError{ID: string(id), Code: "invalid_thread_id"}
	}
	if name != w.bot.cfg.Adapter.Name() {
		return nil, &IDError{ID: string(id), Code: "adapter_not_found"}
	}
	if _, err := w.bot.cfg.Adapter.Channel(id); err != nil {
		return nil, &IDError{ID: string(id), Code: "invalid_thread_id", Err: err}
	}
	return &Thread{bot: w.bot, id: id, workspace: w.id}, nil
}

// User returns the user with an id, a handle or an email address. An error with code
// adapter.CodeNotFound says that the workspace has no such user.
func (w *Workspace) User(ctx context.Context, q adapter.UserQuery) (*adapter.User, error) {
	if w.bot.can.directory == nil {
		return nil, w.bot.cannot("user")
	}
	return w.bot.can.directory.User(ctx, w.id, q)
}

// Identity says who the bot is in the workspace. An error with code
// adapter.CodeForbidden says that it is not installed there.
func (w *Workspace) Identity(ctx context.Context) (*adapter.Identity, error) {
	return w.bot.cfg.Adapter.Identity(ctx, w.id)
}

// Transcript returns the transcript of a user. userKey is the user's id, or
// anything else that identifies the person.
func (w *Workspace) Transcript(userKey string) *Transcript {
	return &Transcript{value: w.bot.notes.Value(notes.Transcript, w.id, userKey)}
}

// StartSession starts an agent session of the bot's own on an issue or a comment,
// and returns its thread. Within a handler the same call of the same turn starts one
// session, as in a [Step]. The session is the bot's: it reaches no handler before a
// person writes in it.
func (w *Workspace) StartSession(ctx context.Context, s adapter.SessionStart) (*Thread, error) {
	b := w.bot
	if b.can.owner == nil {
		return nil, b.cannot("start session")
	}
	id, err := Step(ctx, "start session", func(ctx context.Context) (adapter.ThreadID, error) {
		if err := alive(ctx); err != nil {
			return "", err
		}
		return b.attends.Start(ctx, w.id, s)
	})
	if err != nil {
		return nil, err
	}
	return &Thread{bot: b, id: id, workspace: w.id, turn: turnFrom(ctx)}, nil
}
