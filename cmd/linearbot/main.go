// Command linearbot runs a chat bot for Linear.
//
//	linearbot serve     the bot from the environment
//	linearbot demo      a conversation on this machine, without a Linear workspace
//	linearbot state     what a store holds; export and import
//	linearbot version   what was built
//
// It exits with 0 after a clean stop, 1 after a failure and 2 if it was called
// wrongly.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/redis/go-redis/v9"

	"github.com/linearbot/linearbot/state/stateurl"
)

func main() {
	// The store says what is wrong; the client's own lines would go past the log.
	redis.SetLogger(silence{})
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// silence is a logger of the Redis client that says nothing.
type silence struct{}

// Printf drops a line.
func (silence) Printf(context.Context, string, ...any) {}

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// commands is the command line.
type commands struct {
	Serve   serveCmd   `cmd:"" help:"Run the bot from the environment."`
	Demo    demoCmd    `cmd:"" help:"Play a conversation on this machine, without a Linear workspace."`
	State   stateCmd   `cmd:"" help:"Look into a store, or move its content."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// streams are where a command writes.
type streams struct {
	out, err io.Writer
}

// run is main without the process: it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var cli commands
	exited := -1
	parser, err := kong.New(&cli,
		kong.Name("linearbot"),
		kong.Description("A chat bot for Linear: mentions are answered in their thread, once, in order, and nothing is lost."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exited = code }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Vars{"state": stateurl.Default},
		kong.Bind(streams{out: stdout, err: stderr}),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, Summary: true}),
	)
	if err != nil {
		fmt.Fprintln(stderr, "linearbot:", err)
		return exitFailed
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 { // --help was printed
		return exited
	}
	if err != nil {
		fmt.Fprintln(stderr, "linearbot:", err)
		fmt.Fprintln(stderr, "Run \"linearbot --help\" for what it can do.")
		return exitUsage
	}
	err = parsed.Run(&cli.State)
	var usage *usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage):
		fmt.Fprintln(stderr, "linearbot: the configuration has problems:")
		fmt.Fprintln(stderr, usage.Error())
		return exitUsage
	default:
		fmt.Fprintln(stderr, "linearbot:", err)
		return exitFailed
	}
}

// usageError says that the command was called with a wrong configuration.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }
