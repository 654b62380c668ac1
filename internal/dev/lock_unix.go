//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package dev

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// lock locks f until it is closed or the process ends. Programs that the process starts
// do not inherit the lock: Go closes files in them.
func lock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// holder looks whether another open file has the lock on f. Looking takes a shared lock,
// which does not disturb others that look.
func holder(f *os.File) life {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
		switch {
		case err == nil:
			return ended
		case errors.Is(err, syscall.EWOULDBLOCK):
			return runs
		case !errors.Is(err, syscall.EINTR):
			return unknown
		}
	}
}

// own reports whether a file is this user's.
func own(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
