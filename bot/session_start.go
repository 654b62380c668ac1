package bot

import (
	"context"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/attend"
	"github.com/linearbot/linearbot/internal/verdict"
)

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
