package state

import (
	"fmt"
	"slices"
	"time"
)

// MaxBody is the largest body of an entry, in bytes, with its head.
const MaxBody = 8 << 20

// MinLease is the shortest lifetime of a lease.
const MinLease = 10 * time.Millisecond

// Validate returns an error that is [ErrInvalid] and says what is wrong with
// an entry that no store takes.
func (e *Entry) Validate() error {
	switch {
	case e.ID == "":
		return invalid("entry without an id")
	case e.Lane.Kind == "" || e.Lane.ID == "":
		return invalid("entry %q has no full lane key", e.ID)
	case slices.Contains(e.Keys, ""):
		return invalid("entry %q has an empty dedup key", e.ID)
	case len(e.Head)+len(e.Body) > MaxBody:
		return invalid("entry %q has a body of %d bytes, more than %d", e.ID, len(e.Head)+len(e.Body), MaxBody)
	case e.Delay < 0 || e.Hold < 0:
		return invalid("entry %q has a negative wait", e.ID)
	case e.Lease != nil && e.Lease.TTL < MinLease:
		return invalid("entry %q asks for a lease of %v, shorter than %v", e.ID, e.Lease.TTL, MinLease)
	case e.HoldMode > HoldReset:
		return invalid("entry %q has hold mode %d", e.ID, e.HoldMode)
	}
	return nil
}

// Validate returns an error that is [ErrInvalid] and says what is wrong with a request
// that no store grants.
func (r LeaseRequest) Validate() error {
	switch {
	case r.TTL < MinLease:
		return invalid("a lease of %v is shorter than %v", r.TTL, MinLease)
	case r.Lanes < 0 || r.Entries < 0 || r.Bytes < 0:
		return invalid("a lease of %d lanes with %d entries of %d bytes", r.Lanes, r.Entries, r.Bytes)
	}
	return nil
}

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}
