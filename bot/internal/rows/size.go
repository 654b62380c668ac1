package rows

import (
	"sync/atomic"
	"time"
)

const (
	// narrow is how many entries of a lane are leased: more than wait in nearly all
	// threads, and little to read again where a lane is long and nothing in it is
	// taken together.
	narrow = 8
	// Most is the most entries that are taken together. That many are leased when
	// narrow has turned out to be too few, and for wideFor afterwards, which is long
	// enough to meet the lane again.
	Most    = 200
	wideFor = 10 * time.Second
	// wideBytes bounds what a lease of many entries may hold.
	wideBytes = 1 << 20
)

// Size is how much of a lane is leased at once. The zero value is ready to use. It is
// safe for concurrent use.
type Size struct {
	// wide is until when leases take many entries of a lane, in nanoseconds.
	wide atomic.Int64
}

// Lease returns the most entries and bytes of the next lease.
func (s *Size) Lease() (entries, bytes int) {
	if time.Now().UnixNano() < s.wide.Load() {
		return Most, wideBytes
	}
	return narrow, wideBytes
}

// Widen makes the next leases large; see [Pick.More].
func (s *Size) Widen() { s.wide.Store(time.Now().Add(wideFor).UnixNano()) }
