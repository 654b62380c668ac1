package main

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// alarm waits for times to within a tenth of a millisecond. The timers of an idle Go
// program are up to a millisecond late, which would count as latency of what is
// measured.
type alarm struct{ f *os.File }

func newAlarm() (alarm, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return alarm{}, fmt.Errorf("timer: %w", err)
	}
	return alarm{os.NewFile(uintptr(fd), "timer")}, nil
}

func (a alarm) close() { _ = a.f.Close() } // it holds nothing

// until returns at a time.
func (a alarm) until(at time.Time) error {
	left := time.Until(at)
	if left <= 0 {
		return nil
	}
	fd, err := a.f.SyscallConn()
	if err != nil {
		return err
	}
	var set error
	if err := fd.Control(func(fd uintptr) {
		set = unix.TimerfdSettime(int(fd), 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(int64(left))}, nil)
	}); err != nil {
		return err
	}
	if set != nil {
		return fmt.Errorf("timer: %w", set)
	}
	var rings [8]byte
	_, err = a.f.Read(rings[:])
	return err
}
