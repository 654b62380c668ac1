package bot

import (
	"sync/atomic"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/envelope"
	"github.com/linearbot/linearbot/internal/wording"
	"github.com/linearbot/linearbot/state"
)

// The keys of this package's log lines.
const (
	// keyThread is the thread id.
	keyThread = "thread"
	// keyWorkspace is the organization id.
	keyWorkspace = "workspace"
	// keyEvent is the event key.
	keyEvent = "event_key"
	// keyType is the platform's type and action of the event.
	keyType = "type"
	// keyDelivery is the platform's name for the request.
	keyDelivery = "delivery"
	// keyTrace is the id of the delivery's trace, and of its entry in the store.
	keyTrace = "trace"
	// keyReason says why something was ignored.
	keyReason = "reason"
	// keyMissing names what a delivery lacks.
	keyMissing = "missing"
	// keySynced are the services that a thread is synced with.
	keySynced = "synced_with"
	// keyRule is the rule by which a message counts as a mention.
	keyRule = "mention_rule"
	// keyHandler is the handler that ran.
	keyHandler = "handler"
	// keyAttempt counts the runs of a turn.
	keyAttempt = "attempt"
	// keyWait is how long a turn waits for its next try, in
	// milliseconds.
	keyWait = "wait_ms"
	// keyDepth is the number of entries in the lane.
	keyDepth = "depth"
	// keyTook is how long a turn took, in milliseconds.
	keyTook = "took_ms"
)

// named adds the names of an entry to what a logger writes: of its trace, and of
// its request.
func named(to zerolog.Context, e *state.Queued) zerolog.Context {
	to = to.Str(keyTrace, wording.ID(e.ID))
	if id := envelope.ID(e.Body); len(id) > 0 {
		to = to.Bytes(keyDelivery, id)
	}
	return to
}

// loggedCause is the cause of a failure that strikes every lane again and again:
// it is worth one warning. The zero value is ready to use.
type loggedCause struct{ code atomic.Pointer[adapter.Code] }

// level returns the level for err: a warning if its code is new.
func (c *loggedCause) level(err error) zerolog.Level {
	code := adapter.CodeOf(err)
	if before := c.code.Swap(&code); before != nil && *before == code {
		return zerolog.DebugLevel
	}
	return zerolog.WarnLevel
}
