package running

import (
	"context"
	"sync"
)

// Workspaces are the turns that run in this process by workspace, so that those of a
// workspace that removes the bot can be ended. The zero value is ready to use, and safe
// for concurrent use.
type Workspaces[T comparable] struct {
	mu    sync.Mutex
	turns map[T]member
	// era counts departures, and left holds the era that the last departure of a
	// workspace began. A turn of an earlier era that enters later has learned the
	// bot's identity before the workspace left.
	era  uint64
	left map[string]uint64
}

// member is a turn of a workspace.
type member struct {
	workspace string
	cancel    context.CancelCauseFunc
}

// maxLeft is how many workspaces that left are remembered before all are
// forgotten. One matters until the turns that were being opened have entered.
const maxLeft = 10_000

// Era returns the current era.
func (w *Workspaces[T]) Era() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.era
}

// Enter registers a turn of a workspace, whose context cancel ends, and reports whether
// the workspace has left since the era in which the turn began: then it is to end. Exit
// must be called when the turn is over.
func (w *Workspaces[T]) Enter(turn T, workspace string, era uint64, cancel context.CancelCauseFunc) (left bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.turns == nil {
		w.turns = make(map[T]member)
	}
	w.turns[turn] = member{workspace, cancel}
	return w.left[workspace] > era
}

// Exit forgets a turn. It may be called for one that has not entered.
func (w *Workspaces[T]) Exit(turn T) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.turns, turn)
}

// Leave ends the turns of a workspace with a cause, and those that began in this era
// and are yet to enter.
func (w *Workspaces[T]) Leave(workspace string, cause error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.left == nil || len(w.left) >= maxLeft {
		w.left = make(map[string]uint64)
	}
	w.era++
	w.left[workspace] = w.era
	for _, m := range w.turns {
		if m.workspace == workspace {
			m.cancel(cause)
		}
	}
}
