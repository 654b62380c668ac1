package state

import (
	"context"
	"iter"
	"time"
)

// Values keeps small values under keys. A value is copied in and out: callers
// may change their slices afterwards. A ttl of zero means that the value never
// expires; an expired value is never returned. Every method blocks for one read
// or one durable write. Errors: ErrInvalid for an incomplete key or a negative
// ttl, ErrFull, ErrUnavailable, ErrClosed or the context's, and those named at
// the methods.
type Values interface {
	// Get returns the value of k, or ErrNotFound.
	Get(ctx context.Context, k Key) ([]byte, error)
	// Set stores v under k and replaces the old value and its ttl.
	Set(ctx context.Context, k Key, v []byte, ttl time.Duration) error
	// CompareAndSet stores next under k if the present value equals old, and
	// fails with ErrConflict if not. A nil old means that k must not exist;
	// a nil next deletes k. It is atomic between processes.
	CompareAndSet(ctx context.Context, k Key, old, next []byte, ttl time.Duration) error
	// Delete forgets k. Deleting an absent key is a no-op.
	Delete(ctx context.Context, k Key) error
}

// Subscriptions remembers which threads a bot listens to. A subscription does
// not expire.
type Subscriptions interface {
	// Subscribe adds thread. Adding it twice is a no-op.
	Subscribe(ctx context.Context, thread Key) error
	// Unsubscribe removes thread. Removing an absent thread is a no-op.
	Unsubscribe(ctx context.Context, thread Key) error
	// Subscribed reports whether thread is subscribed.
	Subscribed(ctx context.Context, thread Key) (bool, error)
	// Threads iterates over the subscribed threads of a workspace in no
	// particular order. Subscriptions made meanwhile may be missed. It ends
	// after the first error.
	Threads(ctx context.Context, workspace string) iter.Seq2[Key, error]
}
