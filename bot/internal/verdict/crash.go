package verdict

import (
	"context"
	"fmt"
	"time"

	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/state"
)

// A turn that fails is buried when it fails. So an entry that has used up its
// attempts before it is opened has ended the process each time, and would again.
//
// Where messages are taken together, a lease holds several, and one that ends the
// process costs the others an attempt each time. Those that were there when it was
// buried get these back.

// CrashCause is why an entry is buried that ended the process during each attempt.
func CrashCause() state.Cause {
	return state.Cause{
		Code:    reason.Crashed,
		Message: "the process ended during each attempt, or lost the thread to another one",
	}
}

// MarkCrash notes, with the settle, that an entry of a lane is buried at a time
// because it ends the process.
func MarkCrash(page *notes.Thread, e *state.Queued, now time.Time) {
	page.Stage(notes.Crashed, "", fmt.Appendf(nil, "%d %d", e.Attempt, now.UnixNano()))
}

// Spared returns how many attempts of an entry do not count, because another one
// ended the process.
func Spared(ctx context.Context, page *notes.Thread, e *state.Queued) int {
	data, err := page.Get(ctx, notes.Crashed, "")
	if err != nil || data == nil {
		return 0
	}
	var attempts int
	var at int64
	if _, err := fmt.Sscanf(string(data), "%d %d", &attempts, &at); err != nil || e.EnqueuedAt.After(time.Unix(0, at)) {
		return 0
	}
	return attempts
}
