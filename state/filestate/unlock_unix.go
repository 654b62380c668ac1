//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package filestate

import (
	"os"
	"syscall"
)

// unlock gives back the lock on f. Closing f does not, as long as its pages are
// mapped.
func unlock(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_UN)
}
