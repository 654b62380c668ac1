package main

import (
	"syscall"
	"time"
)

// sleepUntil waits for a time. The kernel does it to within a tenth of a millisecond;
// timers of an idle Go program are up to a millisecond late, which would count as
// latency of what is measured.
func sleepUntil(at time.Time) {
	for {
		left := time.Until(at)
		if left <= 0 {
			return
		}
		t := syscall.NsecToTimespec(int64(left))
		_ = syscall.Nanosleep(&t, nil) // a signal ends it early
	}
}
