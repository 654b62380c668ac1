package bot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/own"
	"github.com/linearbot/linearbot/bot/internal/tally"
	"github.com/linearbot/linearbot/bot/internal/verdict"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/state"
)

// ErrUninstalled is the cause with which the contexts of turns end when their
// workspace removes the bot. It wraps [ErrStopped].
var ErrUninstalled = fmt.Errorf("bot: the workspace removed the bot: %w", ErrStopped)

// OnInstalled registers h for workspaces that installed the bot, or installed it
// again. It needs an adapter that serves many workspaces.
func (b *Bot) OnInstalled(h WorkspaceHandler) *Registration {
	if h == nil {
		return &Registration{}
	}
	return b.add(&b.on.installed, kindInstalled, nil, func(ctx context.Context, t *Turn) error {
		return h(ctx, b.Workspace(t.event.Head().Workspace))
	})
}

// AccessHandler handles a change of the teams that the bot can see in a
// workspace.
type AccessHandler func(ctx context.Context, w *Workspace, change *adapter.AccessEvent) error

// OnAccessChanged registers h for changes of the teams that the bot can see.
func (b *Bot) OnAccessChanged(h AccessHandler) *Registration {
	if h == nil {
		return &Registration{}
	}
	return b.add(&b.on.accessChanged, kindAccessChanged, nil, func(ctx context.Context, t *Turn) error {
		e, ok := t.event.(*adapter.AccessEvent)
		if !ok {
			return Next
		}
		return h(ctx, b.Workspace(e.Workspace), e)
	})
}

// Installed tells the handlers of [Bot.OnInstalled], in a turn, that a workspace
// has installed the bot. installation names this installation: told twice of the
// same one, they run once. It blocks for one durable write.
func (b *Bot) Installed(ctx context.Context, workspace, installation string) error {
	return b.member(ctx, workspace, own.Membership{Installed: true, Installation: installation, At: time.Now()})
}

// Uninstalled tells the handlers of [Bot.OnUninstalled] that a workspace was
// disconnected from this side. What the platform says itself comes as a
// delivery. It blocks for one durable write.
func (b *Bot) Uninstalled(ctx context.Context, workspace, installation string) error {
	return b.member(ctx, workspace, own.Membership{Installation: installation, At: time.Now()})
}

func (b *Bot) member(ctx context.Context, workspace string, m own.Membership) error {
	packed, err := (&own.Event{Member: &m}).Pack()
	if err != nil {
		return err
	}
	id := "uninstalled\x00" + m.Installation
	if m.Installed {
		id = "installed\x00" + m.Installation
	}
	_, err = b.cfg.Store.Enqueue(ctx, state.Entry{
		ID: id, Body: packed,
		Lane: laneKey(workspace, adapter.ThreadID(b.cfg.Adapter.Name()+":workspace/"+workspace)),
	})
	if err != nil {
		return &adapter.Error{Code: adapter.CodeUnavailable, Op: "store", Err: err}
	}
	return nil
}

// WorkspaceRemoved ends the turns of a workspace that run in this process, because
// the workspace removed the bot: their contexts end with the cause
// [ErrUninstalled], and they are not retried. Handlers of
// [Bot.OnUninstalled] keep running. It does not wait.
func (b *Bot) WorkspaceRemoved(workspace string) { b.members.Leave(workspace, ErrUninstalled) }

// enters registers a turn, whose context cancel ends, to be ended when its workspace
// leaves. The turn that tells of that continues.
func (b *Bot) enters(t *Turn, cancel context.CancelCauseFunc) {
	if _, leaves := t.event.(*adapter.UninstallEvent); leaves {
		return
	}
	if b.members.Enter(t, t.head().Workspace, t.era, cancel) {
		cancel(ErrUninstalled)
	}
}

// admitDelivery asks the adapter whether a delivery is to be stored.
func (b *Bot) admitDelivery(ctx context.Context, d *adapter.Delivery, r *adapter.Route) (ignore string, err error) {
	if b.can.admitter == nil {
		return "", nil
	}
	return b.can.admitter.Admit(ctx, d, r)
}

// openLeft opens an entry although the bot cannot learn who it is. That a
// workspace removed the bot is for its handlers all the same; everything else that
// waits for a workspace that has left is dropped. ok is false for an entry that has
// to wait or to fail.
func (b *Bot) openLeft(ctx context.Context, page *notes.Thread, entry state.Queued, decode func(*adapter.Identity) (adapter.Event, error), why error) (_ *Turn, ok bool, _ error) {
	self := &adapter.Identity{Workspace: entry.Lane.Workspace}
	ev, err := decode(self)
	if err == nil {
		if _, leaves := ev.(*adapter.UninstallEvent); leaves {
			return &Turn{bot: b, event: ev, self: self, entry: entry, notes: page}, true, nil
		}
	}
	code, detail, level := "", "", zerolog.InfoLevel
	switch {
	case errors.Is(why, adapter.ErrNotInstalled):
		code = reason.NotInstalled
	case errors.Is(why, adapter.ErrOtherWorkspace): // no waiting makes it the bot's
		code, detail, level = reason.OtherWorkspace, why.Error(), b.foreign.level(why)
		if api, ok := errors.AsType[*adapter.Error](why); ok {
			detail = api.Message
		}
	default:
		return nil, false, nil
	}
	b.counts.Add(tally.Ignored, code)
	b.decisions.Add(ctx, adapter.TraceStep{Code: code, Detail: detail})
	b.log.WithLevel(level).Str(keyWorkspace, entry.Lane.Workspace).Str(keyReason, code).Msg("event dropped")
	return nil, true, verdict.ErrNoTurn
}
