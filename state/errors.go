package state

import "errors"

// The errors that a caller branches on. Stores wrap them, so test with
// errors.Is.
var (
	// ErrNotFound says that the key or the dead entry does not exist.
	ErrNotFound = errors.New("state: not found")
	// ErrConflict says that a compare-and-set or the check of a note met
	// another value. Nothing was written. Read again and decide anew.
	ErrConflict = errors.New("state: value changed meanwhile")
	// ErrLeaseLost says that the lease was settled before, or that it lapsed
	// and its lane was leased again. Nothing was changed.
	ErrLeaseLost = errors.New("state: lease lost")
	// ErrInvalid says that an argument can never be stored. Do not retry.
	ErrInvalid = errors.New("state: invalid argument")
	// ErrFull says that the store's backlog limit is reached or its disk or
	// memory is full. Retry later.
	ErrFull = errors.New("state: store is full")
	// ErrUnavailable says that the store cannot be reached or cannot write at
	// the moment. Retry with a backoff.
	ErrUnavailable = errors.New("state: store is unavailable")
	// ErrLocked says that another process holds a store that only one process
	// may open.
	ErrLocked = errors.New("state: store is in use by another process")
	// ErrClosed says that the store was closed.
	ErrClosed = errors.New("state: store is closed")
)
