package bot

import (
	"context"
	"fmt"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/state"
)

// closingText is the last word of a turn whose handler had none.
func closingText(ev adapter.Event, why string, end *outcome) string {
	_, isStop := ev.(*adapter.StopEvent)
	switch {
	case isStop:
		return "Stopped."
	case why == reason.Deleted:
		return "The message was deleted, so I've stopped."
	case end != nil && end.ignored == reason.Access:
		return "I'm not allowed to help with this."
	case end != nil && end.ignored != "":
		return "I don't know how to help with this."
	default:
		return closingWords
	}
}

// closeSession writes the end of a turn into its session. If that cannot be done now,
// an event of the bot's own does it later.
func (b *Bot) closeSession(ctx context.Context, r *run, text string, kind adapter.ActivityKind) error {
	e := &sessionEnd{Thread: r.thread.id, Key: keeperKey(r.entry.ID, "end"), Kind: kind, Body: text}
	limited, cancel := context.WithTimeout(ctx, keeperPatience)
	defer cancel()
	r.keeper.gate.RLock()
	defer r.keeper.gate.RUnlock()
	return b.writeEnd(limited, ctx, r.thread.workspace, r.entry.Lane, e)
}

// cancelPlan cancels what is unfinished in the plan of a session whose turn was stopped
// or has failed: a person must not read of work that is not done. Another process may
// have made the plan. A failure is logged, as the end of the session is not to wait.
func (b *Bot) cancelPlan(ctx context.Context, t *Thread) {
	if b.can.planner == nil || b.cfg.Sessions.Unattended || t == nil || !t.inSession() || alive(ctx) != nil {
		return
	}
	limited, cancel := context.WithTimeout(ctx, keeperPatience)
	defer cancel()
	if err := b.can.planner.CancelPlan(limited, t.workspace, t.id); err != nil && ctx.Err() == nil {
		b.log.Warn().Err(err).Str(keyThread, string(t.id)).Msg("what is unfinished in the plan of a session could not be canceled")
	}
}

// writeEnd writes an end under ctx, or stores it under storing for later.
func (b *Bot) writeEnd(ctx, storing context.Context, workspace string, lane state.Key, e *sessionEnd) error {
	err := e.write(ctx, b, workspace)
	code := adapter.CodeOf(err)
	switch {
	case err == nil:
		return nil
	case !code.Retryable() && code != adapter.CodeCanceled:
		b.log.Warn().Err(err).Str(keyThread, string(e.Thread)).Msg("a session could not be ended")
		return nil
	case context.Cause(storing) != nil:
		return context.Cause(storing)
	}
	packed, packErr := packOwn(&ownEvent{End: e})
	if packErr != nil {
		return Permanent(packErr)
	}
	_, storeErr := b.cfg.Store.Enqueue(storing, state.Entry{ID: e.Key, Lane: lane, Body: packed, Delay: time.Second})
	if storeErr != nil {
		return fmt.Errorf("bot: end of session %s: %w", e.Thread, storeErr)
	}
	b.log.Warn().Err(err).Str(keyThread, string(e.Thread)).Msg("a session could not be ended yet: trying again")
	return nil
}

// sessionEnd is the stored form of the end of a turn in a session.
type sessionEnd struct {
	Thread adapter.ThreadID     `json:"thread"`
	Key    string               `json:"key"`
	Kind   adapter.ActivityKind `json:"kind"`
	Body   string               `json:"body"`
}

func (e *sessionEnd) write(ctx context.Context, b *Bot, workspace string) error {
	return b.can.agent.Activity(ctx, &adapter.Activity{
		Workspace: workspace, Thread: e.Thread, Key: e.Key, Kind: e.Kind, Body: e.Body,
	})
}

// endEvent says that the end of a turn in a session is still to be written.
type endEvent struct {
	adapter.Meta
	end *sessionEnd
}

// postEnd writes the end of a turn in a session, for which there was no time then.
func (b *Bot) postEnd(ctx context.Context, r *run, ev *endEvent) (*outcome, error) {
	if b.can.agent == nil || !b.can.agent.IsSession(ev.end.Thread) {
		return ignored(reason.NoSession), nil
	}
	return handled(), ev.end.write(r.limited(ctx), b, ev.Workspace)
}
