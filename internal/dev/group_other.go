//go:build !unix

package dev

import "os/exec"

// group leaves a process as it is: it is killed alone.
func group(*exec.Cmd) {}

// kill ends a process at once.
func kill(cmd *exec.Cmd) { _ = cmd.Process.Kill() } // it may have ended

// reap is a no-op: there is no group.
func reap(*exec.Cmd) {}
