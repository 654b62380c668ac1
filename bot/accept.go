package bot

import (
	"context"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/state"
)

// Accept stores a delivery in the lane of its thread and returns nil once it
// is safe. A delivery that is known already, or that no handler could want, is
// no error. An error with code adapter.CodeInvalid means that the delivery can
// never be read; any other error means that the sender should try again.
//
// It blocks for one durable write. It works whether or not Run does.
func (b *Bot) Accept(ctx context.Context, d *adapter.Delivery) error {
	route, err := b.cfg.Adapter.Route(d)
	if err != nil {
		b.counts.add(CountIgnored, "unreadable")
		return err
	}
	if route.Ignore != "" {
		b.counts.add(CountIgnored, route.Ignore)
		if route.Missing != "" {
			b.warnMissing(route.Type, route.Action, route.Workspace, route.Missing)
			return nil
		}
		b.log.Debug().
			Str(LogKeyDelivery, d.ID).
			Str(LogKeyType, route.Type+" "+route.Action).
			Str(LogKeyWorkspace, route.Workspace).
			Str(LogKeyReason, route.Ignore).
			Msg("delivery ignored")
		return nil
	}
	receipt, err := b.cfg.Store.Enqueue(ctx, b.cfg.Policy.entry(d, &route))
	if err != nil {
		return &adapter.Error{Code: adapter.CodeUnavailable, Op: "store", Err: err}
	}
	switch receipt.Outcome {
	case state.Added:
		b.counts.add(CountAccepted, "")
	case state.Duplicate:
		b.counts.add(CountDuplicate, "")
	case state.Busy:
		b.counts.add(CountIgnored, "busy")
	}
	b.log.Debug().
		Str(LogKeyDelivery, d.ID).
		Str(LogKeyType, route.Type+" "+route.Action).
		Str(LogKeyThread, string(route.Thread)).
		Str(LogKeyEvent, route.Key).
		Int(LogKeyDepth, receipt.Depth).
		Stringer("outcome", receipt.Outcome).
		Msg("delivery stored")
	return nil
}
