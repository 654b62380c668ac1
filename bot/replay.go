package bot

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/missed"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/state"
)

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
	if receipt.Outcome == state.Duplicate {
		return nil
	}
	f.New = true
	b.counts.add(countMissed, "")
	step := adapter.TraceStep{Code: reason.Stored, Detail: e.Lane.ID, N: int64(receipt.Depth)}
	if receipt.Outcome == state.Busy {
		step = adapter.TraceStep{Code: reason.Busy}
	}
	b.traceIntake(e.ID, &route, adapter.TraceStep{Code: reason.Missed}, step)
	return nil
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
	e := b.entry(d.Key(), d, &route)
	e.ID, e.Keys, e.IfIdle = replayPrefix+e.ID+"\x00"+uuid.NewString(), nil, false
	if _, err := b.cfg.Store.Enqueue(ctx, e); err != nil {
		return &adapter.Error{Code: adapter.CodeUnavailable, Op: "store", Err: err}
	}
	b.counts.add(countAccepted, "")
	b.traceIntake(e.ID, &route, adapter.TraceStep{Code: reason.Replayed}, adapter.TraceStep{Code: reason.Stored, Detail: e.Lane.ID})
	return nil
}
