package state

import "context"

// Signaler is a store that signals all processes that share it when notes of a thread
// have changed in a way that concerns the process that works on it now, such as a
// request to stop. It is optional: without it, users of the store poll the
// notes.
type Signaler interface {
	// Signal announces a change in a thread to all processes. It blocks for one call of
	// the store. Signals are best effort: write the note first, and send the signal
	// after it.
	Signal(ctx context.Context, thread Key) error
	// OnSignal registers f, which is called with the thread of every signal, this
	// process's own included, until stop is called. A zero key says that signals may
	// have been lost: look at everything. f must return at once, and be safe for
	// concurrent use.
	OnSignal(f func(thread Key)) (stop func())
}
