package workspaces

import (
	"context"
	"time"

	"github.com/linearbot/linearbot/state"
)

// An app may be removed by a delivery to one instance, or by a command, while
// another instance works for the workspace. The record is written first, then a
// signal makes the others read it.

// signalID stands for the thread in a signal about an installation. Ids of threads
// begin with the name of a platform and a colon.
const signalID = "installation"

// signalTimeout bounds the sending of a signal.
const signalTimeout = 2 * time.Second

// signal tells other instances to look at a workspace. They do so later by
// themselves, so a failure is logged only.
func (r *Registry) signal(ctx context.Context, org string) {
	if r.cfg.Signals == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), signalTimeout)
	defer cancel()
	if err := r.cfg.Signals.Signal(ctx, state.Key{Workspace: org, Kind: "thread", ID: signalID}); err != nil {
		r.log.Warn().Err(err).Str(keyWorkspace, org).Msg("other instances could not be told that the app was removed: they see it within minutes")
	}
}

// listen has Run look at the workspaces that signals are about, until stop is
// called.
func (r *Registry) listen() (stop func()) {
	if r.cfg.Signals == nil {
		return func() {}
	}
	return r.cfg.Signals.OnSignal(func(k state.Key) {
		switch {
		case k.IsZero():
			r.miss()
		case k.ID == signalID:
			r.poke(k.Workspace)
		}
	})
}

// miss makes Run look at all workspaces soon.
func (r *Registry) miss() {
	select {
	case r.missed <- struct{}{}:
	default: // it will
	}
}
