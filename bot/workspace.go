package bot

import (
	"context"

	"github.com/linearbot/linearbot/adapter"
)

// Workspace is a handle on one workspace, for what a bot does by itself: in a
// timer, a command line, a handler of something that is no chat. Within a turn
// the [Thread] is all that is needed. A Workspace holds nothing but names, so it
// is cheap and safe for concurrent use.
//
// Posts outside a turn happen as often as they are made; nothing knows that a
// job runs a second time. The state of a workspace is [WorkspaceState], that of
// one of its users [UserState], with [Workspace.ID].
type Workspace struct {
	bot *Bot
	id  string
}

// Workspace returns a handle on the workspace with an organization id. It does
// not check that the bot is installed there.
func (b *Bot) Workspace(id string) *Workspace { return &Workspace{bot: b, id: id} }

// ID returns the organization id.
func (w *Workspace) ID() string { return w.id }

// Thread returns a handle on a thread, like [Bot.Thread]. The error is an
// *IDError.
func (w *Workspace) Thread(id adapter.ThreadID) (*Thread, error) { return w.bot.Thread(w.id, id) }

// User returns the user with an id, a handle or an email address, like
// [Bot.User].
func (w *Workspace) User(ctx context.Context, q adapter.UserQuery) (*adapter.User, error) {
	return w.bot.User(ctx, w.id, q)
}

// Identity says who the bot is in the workspace. An error with code
// adapter.CodeForbidden says that it is not installed there.
func (w *Workspace) Identity(ctx context.Context) (*adapter.Identity, error) {
	return w.bot.Identity(ctx, w.id)
}

// Transcript returns the transcript of a user, like [Bot.Transcript].
func (w *Workspace) Transcript(userKey string) *Transcript { return w.bot.Transcript(w.id, userKey) }
