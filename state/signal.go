package state

import "context"

// Signaler is a store that tells all processes that share it when notes of a
// thread have changed in a way that concerns the process that works on it now, such
// as a request to stop. It is optional: without it, users of the store poll the
// notes.
type Signaler interface {
	// Signal tells of a thread. It blocks for one call of the store. Signals are
	// best effort: write the note first, and send the signal after it.
	Signal(ctx context.Context, thread Key) error
	// OnSignal has f called for every thread of which a signal arrives, this
	// process's own included, until stop is called. A zero key says that signals
	// may have been lost: look at everything. f must return at once. It may be
	// called by several goroutines.
	OnSignal(f func(thread Key)) (stop func())
}
