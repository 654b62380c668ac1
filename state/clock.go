package state

import "time"

// MovableClock is a store whose clock can be moved ahead, so that a developer need
// not wait for what is due in an hour. It is optional and not for production: the
// times of what is stored are those of the store's clock.
type MovableClock interface {
	// SetAhead sets how far the clock of the store is ahead of this machine's, and
	// lets happen what is due by then. Leases are not shortened. The clock never
	// goes back: less than it is ahead already is a no-op. It does not block for
	// the store's medium.
	SetAhead(d time.Duration)
}
