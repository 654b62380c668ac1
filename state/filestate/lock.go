package filestate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/linearbot/linearbot/state"
)

const (
	// pidName holds the id of the process that has the directory.
	pidName = "linearbot.pid"
	// lockPatience is how long an open waits for the lock. Opening takes it
	// twice.
	lockPatience = 400 * time.Millisecond
	// readPatience is how long an open for writing waits for those who only read:
	// commands that look at the store are done soon.
	readPatience = 5 * time.Second
)

// lockedError is a [state.ErrLocked] that says who has the directory.
type lockedError struct {
	dir, who string
	read     bool // it is only read
}

func (e *lockedError) Error() string { return "filestate: " + e.dir + " is in use by " + e.who }
func (*lockedError) Unwrap() error   { return state.ErrLocked }

// isRead reports whether err is that of a store which others only read.
func isRead(err error) bool {
	var l *lockedError
	return errors.As(err, &l) && l.read
}

// locked returns the error for a directory that another process has. The id that
// stands there may be that of a process which was killed.
func locked(dir string, read bool) error {
	if read {
		return &lockedError{dir, "a command that reads it", true}
	}
	who := "another process"
	if b, err := os.ReadFile(filepath.Join(dir, pidName)); err == nil { //nolint:gosec // beside the file of the store
		if pid, err := strconv.Atoi(strings.TrimSpace(string(b))); err == nil && alive(pid) {
			who = fmt.Sprintf("process %d", pid)
			if pid == os.Getpid() {
				who += " (this one)"
			}
		}
	}
	return &lockedError{dir, who, false}
}

// patiently opens the store for writing, and waits a while for those who only read
// it, unless ctx ends.
func (s *Store) patiently(ctx context.Context) error {
	began := time.Now()
	for {
		err := s.openLocked(ctx) // it waits for lockPatience
		if !isRead(err) || time.Since(began) >= s.opts.readPatience {
			return err
		}
	}
}
