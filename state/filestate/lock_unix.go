//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package filestate

import (
	"errors"
	"os"
	"syscall"
)

// unlock gives back the lock on f. Closing f does not, as long as its pages are
// mapped.
func unlock(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_UN)
}

// onlyRead reports whether all who have a lock on a file only read it.
func onlyRead(path string) bool {
	f, err := os.Open(path) //nolint:gosec // the file of the store
	if err != nil {
		return false
	}
	defer f.Close() //nolint:errcheck // nothing was written; gives the lock back
	return syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) == nil
}

// alive reports whether there is a process with this id, as far as it can be seen
// from here: that of another container cannot.
func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}
