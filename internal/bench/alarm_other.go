//go:build !linux

package main

import "time"

// alarm waits for times.
type alarm struct{}

func newAlarm() (alarm, error) { return alarm{}, nil }

func (alarm) close() {}

// until returns at a time.
func (alarm) until(at time.Time) error {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	<-timer.C
	return nil
}
