//go:build !unix

package dev

import "os/exec"

// group leaves a process as it is: it is killed alone.
func group(*exec.Cmd) {}

// reap is a no-op: there is no group.
func reap(*exec.Cmd) {}
