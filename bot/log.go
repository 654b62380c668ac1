package bot

import (
	"sync/atomic"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
)

// The keys of this package's log lines.
const (
	// LogKeyThread is the thread id.
	LogKeyThread = "thread"
	// LogKeyWorkspace is the organization id.
	LogKeyWorkspace = "workspace"
	// LogKeyEvent is the event key.
	LogKeyEvent = "event_key"
	// LogKeyType is the platform's type and action of the event.
	LogKeyType = "type"
	// LogKeyDelivery is the platform's name for the request.
	LogKeyDelivery = "delivery"
	// LogKeyReason says why something was ignored.
	LogKeyReason = "reason"
	// LogKeyMissing names what a delivery lacks.
	LogKeyMissing = "missing"
	// LogKeySynced are the services that a thread is synced with.
	LogKeySynced = "synced_with"
	// LogKeyRule is the rule by which a message counts as a mention.
	LogKeyRule = "mention_rule"
	// LogKeyHandler is the handler that ran.
	LogKeyHandler = "handler"
	// LogKeyAttempt counts the runs of a turn.
	LogKeyAttempt = "attempt"
	// LogKeyWait is how long a turn waits for its next try, in
	// milliseconds.
	LogKeyWait = "wait"
	// LogKeyDepth is the number of entries in the lane.
	LogKeyDepth = "depth"
	// LogKeyTook is how long a turn took, in milliseconds.
	LogKeyTook = "took"
)

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
