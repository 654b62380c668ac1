package bot

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/decisions"
	"github.com/linearbot/linearbot/bot/internal/tally"
	"github.com/linearbot/linearbot/internal/missed"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/internal/wording"
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
		b.counts.Add(tally.Ignored, reason.Unreadable)
		return err
	}
	b.traffic.Note(clipped(route.Type), d.ReceivedAt)
	id := "" // a hash of the whole body: it is computed once, and not for what is ignored
	if t != nil {
		id = d.Key()
		decisions.Routed(t, id, &route)
	}
	if route.Ignore == "" {
		if route.Ignore, err = b.admitDelivery(ctx, d, &route); err != nil {
			decisions.Add(t, adapter.TraceStep{Code: decisions.Refused(err)})
			return err
		}
	}
	if route.Ignore != "" {
		b.counts.Add(tally.Ignored, route.Ignore)
		decisions.Add(t, adapter.TraceStep{Code: route.Ignore, Detail: route.Missing})
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
			decisions.Add(t, adapter.TraceStep{Code: decisions.Refused(err)})
			return &adapter.Error{Code: adapter.CodeUnavailable, Op: "store", Err: err}
		}
	}
	if id == "" {
		id = d.Key()
	}
	entry := b.entry(id, d, &route)
	receipt, err := b.enqueue(ctx, &entry)
	if err != nil {
		decisions.Add(t, adapter.TraceStep{Code: decisions.Refused(err)})
		return &adapter.Error{Code: adapter.CodeUnavailable, Op: "store", Err: err}
	}
	switch receipt.Outcome {
	case state.OutcomeAdded:
		b.counts.Add(tally.Accepted, "")
		decisions.Add(t, adapter.TraceStep{Code: reason.Stored, Detail: entry.Lane.ID, N: int64(receipt.Depth)})
		if route.Message && b.cfg.Policy.p.TakesOver() {
			b.takeOver(ctx, d, &route, entry.Lane)
		}
		b.stopAt(ctx, &route, receipt)
		b.greetLater(&route, &entry, receipt)
	case state.OutcomeDuplicate:
		b.counts.Add(tally.Duplicate, "")
		decisions.Add(t, adapter.TraceStep{Code: reason.Duplicate, Detail: "of " + route.Key})
	case state.OutcomeBusy:
		b.counts.Add(tally.Ignored, reason.Busy)
		decisions.Add(t, adapter.TraceStep{Code: reason.Busy})
	}
	if line := b.log.Debug(); line.Enabled() {
		line.Str(keyDelivery, d.ID).
			Str(keyTrace, wording.ID(entry.ID)).
			Str(keyType, route.Type+" "+route.Action).
			Str(keyThread, string(route.Thread)).
			Str(keyEvent, wording.ID(route.Key)).
			Int(keyDepth, receipt.Depth).
			Stringer("outcome", receipt.Outcome).
			Msg("delivery stored")
	}
	return nil
}

// acceptMissed is Accept for a delivery whose webhook did not arrive; see package
// missed. One that is known already leaves no trace.
func (b *Bot) acceptMissed(ctx context.Context, d *adapter.Delivery, f *missed.Find) error {
	route, err := b.cfg.Adapter.Route(d)
	if err != nil || route.Ignore != "" {
		return err
	}
	e := b.entry(d.Key(), d, &route)
	receipt, err := b.cfg.Store.Enqueue(ctx, e)
	if err != nil {
		return &adapter.Error{Code: adapter.CodeUnavailable, Op: "store", Err: err}
	}
	if receipt.Outcome == state.OutcomeDuplicate {
		return nil
	}
	f.New = true
	b.counts.Add(tally.Missed, "")
	step := adapter.TraceStep{Code: reason.Stored, Detail: e.Lane.ID, N: int64(receipt.Depth)}
	if receipt.Outcome == state.OutcomeBusy {
		step = adapter.TraceStep{Code: reason.Busy}
	}
	b.decisions.Intake(e.ID, &route, adapter.TraceStep{Code: reason.Missed}, step)
	return nil
}

// replayPrefix begins the ids of entries that are handled again.
const replayPrefix = "replay\x00"

// replayed returns the id of the entry that an entry repeats, or that of the entry
// itself.
func replayed(entry string) string {
	if rest, ok := strings.CutPrefix(entry, replayPrefix); ok {
		entry, _, _ = strings.Cut(rest, "\x00")
	}
	return entry
}

// Replay stores a delivery to be handled, whether or not it was handled before.
// What its handlers write has the same ids as then, so that what stands is not
// written twice; steps whose results are kept do not run again. Other effects of
// handlers happen again. A delivery that no handler could want is an error with
// code adapter.CodeInvalid. It blocks for one durable write.
func (b *Bot) Replay(ctx context.Context, d *adapter.Delivery) error {
	route, err := b.cfg.Adapter.Route(d)
	if err != nil {
		return err
	}
	if route.Ignore != "" {
		return &adapter.Error{Code: adapter.CodeInvalid, Op: "replay", Message: "it is ignored: " + reason.Of(route.Ignore).Says}
	}
	e := b.entry(d.Key(), d, &route)
	e.ID, e.Keys, e.IfIdle = replayPrefix+e.ID+"\x00"+uuid.NewString(), nil, false
	if _, err := b.cfg.Store.Enqueue(ctx, e); err != nil {
		return &adapter.Error{Code: adapter.CodeUnavailable, Op: "store", Err: err}
	}
	b.counts.Add(tally.Accepted, "")
	b.decisions.Intake(e.ID, &route, adapter.TraceStep{Code: reason.Replayed}, adapter.TraceStep{Code: reason.Stored, Detail: e.Lane.ID})
	return nil
}

// enqueue stores an entry. If a worker is idle and nothing else waits, its turn begins
// at once, with a lease that comes with the receipt.
func (b *Bot) enqueue(ctx context.Context, e *state.Entry) (receipt state.Receipt, err error) {
	if e.Lease = b.runner.Reserve(); e.Lease != nil {
		defer func() { b.runner.Begin(receipt.Lease) }() //nolint:contextcheck // a turn does not end with its request
	}
	return b.cfg.Store.Enqueue(ctx, *e)
}
