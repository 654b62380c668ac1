//go:build unix

package cli

import (
	"os/exec"
	"syscall"
)

// group lets "go run" and the program that it starts be told to stop together, as
// Ctrl-C does.
func group(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func interrupt(cmd *exec.Cmd) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
