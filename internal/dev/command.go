package dev

import (
	"context"
	"errors"
	"io"
	"net"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

// grace is how long a program may take to stop.
const grace = 10 * time.Second

// Command is a program of its own, in any language.
type Command struct {
	// Args are the program and its arguments.
	Args []string
	// Build is run before each start, unless it is empty.
	Build []string
	// First is run at the first start in place of Build and Args, unless it is
	// empty: what is built already.
	First []string
	// Environ is its environment.
	Environ []string
	// Clock returns the variable that sets the clock of a program that starts now.
	// Nil if there is none.
	Clock func() string
	// Dir is where it runs. Defaults to the directory of this process.
	Dir string
	// Addr is where it is to listen.
	Addr string
	// AtExit registers kill, which kills the program and all that it has started, to be
	// called if this process exits before Run returns. remove unregisters it. If AtExit
	// is nil, the program keeps running then.
	AtExit func(kill func()) (remove func())

	started bool
}

// BuildError says that a program could not be built.
type BuildError struct {
	// Command is the command line that was to build it.
	Command string
	Err     error
}

func (e *BuildError) Error() string { return e.Command + ": " + e.Err.Error() }
func (e *BuildError) Unwrap() error { return e.Err }

// String returns the command line.
func (c *Command) String() string { return strings.Join(c.Args, " ") }

// Run builds and runs the program until ctx ends or it ends.
func (c *Command) Run(ctx context.Context, out io.Writer, ready func()) error {
	args := c.Args
	switch {
	case !c.started && len(c.First) > 0:
		args = c.First
	case len(c.Build) > 0:
		if err := c.wait(c.start(ctx, c.Build, out), nil); err != nil {
			if ctx.Err() != nil {
				return nil // it was told to stop
			}
			return &BuildError{Command: strings.Join(c.Build, " "), Err: err}
		}
	}
	c.started = true
	probing, stop := context.WithCancel(ctx)
	defer stop()
	var wg sync.WaitGroup
	err := c.wait(c.start(ctx, args, out), func() {
		wg.Go(func() {
			if listens(probing, c.Addr) {
				ready()
			}
		})
	})
	stop()
	wg.Wait()
	if ctx.Err() != nil {
		return nil // it was told to stop
	}
	return err
}

// wait starts a process, calls started unless that is nil, and waits until the process and all
// that it has started has ended.
func (c *Command) wait(cmd *exec.Cmd, started func()) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	if c.AtExit != nil {
		defer c.AtExit(func() { kill(cmd) })()
	}
	if started != nil {
		started()
	}
	err := cmd.Wait()
	reap(cmd)
	return err
}

// start prepares a process that ends with everything that it has started.
func (c *Command) start(ctx context.Context, args []string, out io.Writer) *exec.Cmd {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...) //nolint:gosec // the developer's own command
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = c.Environ, c.Dir, out, out
	cmd.WaitDelay = grace
	if c.Clock != nil {
		cmd.Env = append(slices.Clip(cmd.Env), c.Clock())
	}
	group(cmd)
	return cmd
}

// listens waits until something listens at an address. It returns false if ctx ends
// before.
func listens(ctx context.Context, addr string) bool {
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	var d net.Dialer
	for {
		conn, err := d.DialContext(ctx, "tcp", addr)
		if err == nil {
			return errors.Join(conn.Close(), ctx.Err()) == nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false
		}
	}
}
