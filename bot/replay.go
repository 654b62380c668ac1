package bot

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/state"
)

// Unpack reads the stored form of a delivery, that of [state.Entry.Body] in lanes,
// for tools that look into a store. Events that the bot made itself have another
// form, and an error.
func Unpack(stored []byte) (*adapter.Delivery, error) { return unpackDelivery(stored) }

// AcceptMissed stores a delivery whose webhook did not arrive, and reports whether
// it was new. It is Accept for those who look for such deliveries: what is known
// already leaves no trace. It blocks for one durable write.
func (b *Bot) AcceptMissed(ctx context.Context, d *adapter.Delivery) (added bool, err error) {
	route, err := b.cfg.Adapter.Route(d)
	if err != nil || route.Ignore != "" {
		return false, err
	}
	e := b.entry(d, &route)
	receipt, err := b.cfg.Store.Enqueue(ctx, e)
	if err != nil {
		return false, &adapter.Error{Code: adapter.CodeUnavailable, Op: "store", Err: err}
	}
	if receipt.Outcome == state.Duplicate {
		return false, nil
	}
	b.counts.add(countMissed, "")
	step := adapter.TraceStep{Code: reason.Stored, Detail: e.Lane.ID, N: int64(receipt.Depth)}
	if receipt.Outcome == state.Busy {
		step = adapter.TraceStep{Code: reason.Busy}
	}
	b.traceIntake(e.ID, &route, adapter.TraceStep{Code: reason.Missed}, step)
	return true, nil
}

// traceIntake records how a delivery arrived that no request brought.
func (b *Bot) traceIntake(id string, route *adapter.Route, steps ...adapter.TraceStep) {
	if b.cfg.Tracer == nil {
		return
	}
	t := b.cfg.Tracer.Begin(adapter.TraceIntake)
	noteRouted(t, id, route)
	for _, s := range steps {
		t.Step(s)
	}
	t.End()
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
	e := b.entry(d, &route)
	e.ID, e.Keys, e.IfIdle = replayPrefix+e.ID+"\x00"+uuid.NewString(), nil, false
	if _, err := b.cfg.Store.Enqueue(ctx, e); err != nil {
		return &adapter.Error{Code: adapter.CodeUnavailable, Op: "store", Err: err}
	}
	b.counts.add(countAccepted, "")
	b.traceIntake(e.ID, &route, adapter.TraceStep{Code: reason.Replayed}, adapter.TraceStep{Code: reason.Stored, Detail: e.Lane.ID})
	return nil
}
