package state

import (
	"context"
	"iter"
	"time"
)

// Values keeps small values under keys. A value is copied in and out: callers
// may change their slices afterwards. A ttl of zero means for ever; a store
// forgets an expired value no later than its next read.
type Values interface {
	// Get returns the value of k, or ErrNotFound.
	Get(ctx context.Context, k Key) ([]byte, error)
	// Set stores v under k and replaces the old value and its ttl.
	Set(ctx context.Context, k Key, v []byte, ttl time.Duration) error
	// CompareAndSet stores next under k if the present value equals old, and
	// fails with ErrConflict if not. A nil old means that k must not exist;
	// a nil next deletes k. It is atomic between processes.
	CompareAndSet(ctx context.Context, k Key, old, next []byte, ttl time.Duration) error
	// Delete forgets k, value or list. Deleting what does not exist is no
	// error.
	Delete(ctx context.Context, k Key) error
	// Append adds item to the list under k, keeps only the newest limit
	// items (all, if limit is 0) and restarts the ttl of the list. It is
	// atomic between processes. Lists and values have names of their own:
	// the same k may be both.
	Append(ctx context.Context, k Key, item []byte, limit int, ttl time.Duration) error
	// List returns the items under k, oldest first; none is no error.
	List(ctx context.Context, k Key) ([][]byte, error)
}

// Subscriptions remembers which threads a bot listens to. A subscription does
// not expire.
type Subscriptions interface {
	// Subscribe adds thread. Doing it twice is no error.
	Subscribe(ctx context.Context, thread Key) error
	// Unsubscribe removes thread. Removing what is not there is no error.
	Unsubscribe(ctx context.Context, thread Key) error
	// Subscribed reports whether thread is subscribed.
	Subscribed(ctx context.Context, thread Key) (bool, error)
	// Threads iterates over the subscribed threads of a workspace in no
	// particular order. Subscriptions made meanwhile may be missed. It ends
	// after the first error.
	Threads(ctx context.Context, workspace string) iter.Seq2[Key, error]
}
