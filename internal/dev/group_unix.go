//go:build unix

package dev

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// group makes a process the head of a group, and has the whole group end with it:
// "go run" and shells start programs of their own.
func group(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		err := syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		if errors.Is(err, syscall.ESRCH) {
			return os.ErrProcessDone
		}
		return err
	}
}

// kill ends a group at once.
func kill(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // it may have ended

// reap ends what is left of a group, which usually is nothing.
func reap(cmd *exec.Cmd) { kill(cmd) }
