package own

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/state"
)

// Enqueuer is a store with lanes.
type Enqueuer interface {
	Enqueue(ctx context.Context, e state.Entry) (state.Receipt, error)
}

// Busy reports whether a turn may be under way in a lane. event is the key of the event
// whose turn asks. It blocks for a call of the store.
func Busy(ctx context.Context, in Enqueuer, lane state.Key, event string) (bool, error) {
	probe, err := (&Event{Probe: true}).Pack()
	if err != nil {
		return false, err
	}
	id := fmt.Sprintf("probe\x00%s\x00%d", event, time.Now().UnixNano())
	receipt, err := in.Enqueue(ctx, state.Entry{ID: id, Lane: lane, Body: probe, IfIdle: true})
	return receipt.Outcome == state.OutcomeBusy, err
}

// Place takes a place in the order of a lane: after all that is stored there by now. It
// blocks for a durable write.
func Place(ctx context.Context, in Enqueuer, lane state.Key) (uint64, error) {
	probe, err := (&Event{Probe: true}).Pack()
	if err != nil {
		return 0, err
	}
	receipt, err := in.Enqueue(ctx, state.Entry{ID: "stop\x00" + uuid.NewString(), Lane: lane, Body: probe})
	return receipt.Seq, err
}
