package bot

import (
	"context"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/missed"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/state"
)

// Accept stores a delivery in the lane of its thread and returns nil once it
// is safe. A duplicate delivery, or one that no handler could want, is a no-op.
// An error with code adapter.CodeInvalid means that the delivery can never be
// read; any other error means that the sender should retry.
//
// It blocks for one durable write. It works whether or not Run does.
func (b *Bot) Accept(ctx context.Context, d *adapter.Delivery) error {
	if f := missed.From(ctx); f != nil {
		return b.acceptMissed(ctx, d, f)
	}
	t := adapter.TraceOf(ctx)
	route, err := b.cfg.Adapter.Route(d)
	if err != nil {
		b.counts.add(countIgnored, reason.Unreadable)
		return err
	}
	b.traffic.note(route.Type, d.ReceivedAt)
	id := "" // a hash of the whole body: it is computed once, and not for what is ignored
	if t != nil {
		id = d.Key()
		noteRouted(t, id, &route)
	}
	if route.Ignore == "" {
		if route.Ignore, err = b.admitDelivery(ctx, d, &route); err != nil {
			noteStep(t, adapter.TraceStep{Code: storeReason(err)})
			return err
		}
	}
	if route.Ignore != "" {
		b.counts.add(countIgnored, route.Ignore)
		noteStep(t, adapter.TraceStep{Code: route.Ignore, Detail: route.Missing})
		if route.Missing != "" {
			b.warnMissing(route.Type, route.Action, route.Workspace, route.Missing)
			return nil
		}
		if line := b.log.Debug(); line.Enabled() {
			line.Str(keyDelivery, d.ID).
				Str(keyTrace, d.Key()).
				Str(keyType, route.Type+" "+route.Action).
				Str(keyWorkspace, route.Workspace).
				Str(keyReason, route.Ignore).
				Msg("delivery ignored")
		}
		return nil
	}
	if route.Deleted != "" {
		if err := b.noteDeletion(ctx, &route); err != nil {
			noteStep(t, adapter.TraceStep{Code: storeReason(err)})
			return &adapter.Error{Code: adapter.CodeUnavailable, Op: "store", Err: err}
		}
	}
	if id == "" {
		id = d.Key()
	}
	entry := b.entry(id, d, &route)
	receipt, err := b.cfg.Store.Enqueue(ctx, entry)
	if err != nil {
		noteStep(t, adapter.TraceStep{Code: storeReason(err)})
		return &adapter.Error{Code: adapter.CodeUnavailable, Op: "store", Err: err}
	}
	switch receipt.Outcome {
	case state.Added:
		b.counts.add(countAccepted, "")
		noteStep(t, adapter.TraceStep{Code: reason.Stored, Detail: entry.Lane.ID, N: int64(receipt.Depth)})
		if route.Message && b.cfg.Policy.takesOver() {
			b.takeOver(ctx, d, &route, entry.Lane)
		}
		b.stopAt(ctx, &route, receipt)
		b.greetLater(&route, &entry, receipt)
	case state.Duplicate:
		b.counts.add(countDuplicate, "")
		noteStep(t, adapter.TraceStep{Code: reason.Duplicate, Detail: "of " + route.Key})
	case state.Busy:
		b.counts.add(countIgnored, reason.Busy)
		noteStep(t, adapter.TraceStep{Code: reason.Busy})
	}
	b.log.Debug().
		Str(keyDelivery, d.ID).
		Str(keyTrace, entry.ID).
		Str(keyType, route.Type+" "+route.Action).
		Str(keyThread, string(route.Thread)).
		Str(keyEvent, route.Key).
		Int(keyDepth, receipt.Depth).
		Stringer("outcome", receipt.Outcome).
		Msg("delivery stored")
	return nil
}
