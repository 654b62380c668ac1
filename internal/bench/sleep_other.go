//go:build !linux

package main

import "time"

// sleepUntil waits for a time.
func sleepUntil(at time.Time) {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	<-timer.C
}
