// Package linearbot turns a bot into a program. This is a complete one:
//
//	func main() { linearbot.Main(register) }
//
//	func register(b *bot.Bot) error {
//		b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
//			_, err := t.Post(ctx, bot.Markdown("Hello **from Linear**"))
//			return err
//		})
//		return nil
//	}
//
// [Main] gives it the commands of the linearbot binary over its own handlers:
// serve, doctor, init, dev, trigger, send, record, demo, sim, state, explain,
// deliveries, replay, dead, scheduled, tokens, workspaces, keys, migrate, version and
// help. [Run] is serve without a command line, for programs that have one of their
// own, and for tests. Package bot is the API
// for handlers, and package linearbottest simulates a whole Linear around a bot.
//
// # Configuration
//
// Both read the environment variables of the table in the README, which
// "serve --help" prints as well. A flag has precedence over its variable, a
// variable over what the program says in [Config], and that over the default of
// the table. All problems are reported together, by the names of the variables.
// A variable that begins with LINEAR_ or LINEARBOT_ but is not a known setting
// causes a warning.
//
// # Start and stop
//
// The server listens first and then asks Linear who the bot is. Until there is an
// answer it retries, stores deliveries for later, and reports the reason on
// /readyz. When it stops, it takes no new deliveries, lets running turns finish
// for LINEARBOT_DRAIN_TIMEOUT and hands back the rest.
package linearbot

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/internal/cli"
	"github.com/linearbot/linearbot/internal/serve"
	"github.com/linearbot/linearbot/internal/settings"
	"github.com/linearbot/linearbot/state/redisstate"
	"github.com/linearbot/linearbot/webhook"
)

// Config configures a bot in code. All fields are optional: the zero value is a
// bot without handlers that is configured by the environment.
type Config struct {
	// Register adds the handlers. An error stops the start and counts as a
	// problem of the configuration. Defaults to no handlers: deliveries are
	// accepted, and nothing answers.
	Register func(b *bot.Bot) error
	// Bot holds the options of the bot, such as Access and Policy. Adapter defaults
	// to Linear as the environment says, Store to the one that LINEARBOT_STATE
	// names; a store that is set here is not closed. Logger is replaced by the field
	// of this struct.
	Bot bot.Config
	// Linear holds the options of the Linear client. If the environment holds
	// credentials, they replace all credentials here. Ignored if Bot.Adapter is set.
	Linear linear.Config
	// Webhook holds the options of the server, such as Checks and OnListen.
	// Acceptor, Durable, Ready, Lag, Buttons and Logger are replaced by the bot's.
	Webhook webhook.Config
	// Environ is the environment, as "NAME=value". Defaults to [os.Environ].
	Environ []string
	// Logger gets the log. Defaults to lines on standard error from
	// LINEARBOT_LOG_LEVEL on: for people on a terminal, JSON elsewhere.
	Logger *zerolog.Logger
}

// Main is the main function of a bot: it runs the command that the arguments of
// the process name over the handlers that register adds, and ends the process.
// SIGINT and SIGTERM stop it cleanly; a second signal ends it at once, with exit
// code 1, and another process resumes the unfinished work.
//
// The exit code is 0 after a clean end, 1 after a failure and 2 if the command
// line or the configuration is wrong, in which case nothing was started. Doctor has
// two more: 3 if it has found warnings only, and 4 if the bot does not answer.
func Main(register func(b *bot.Bot) error) { Config{Register: register}.Main() }

// Main is the function [Main] for a program that configures more than its
// handlers.
func (c Config) Main() {
	redisstate.DisableClientLog() // its errors are the store's, and these go to the log
	ctx, stop := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	ends := &cli.Ends{}
	var watch sync.WaitGroup // it ends with the process
	watch.Go(func() {
		<-signals
		stop()
		<-signals
		ends.Run()
		os.Exit(cli.ExitFailed)
	})
	code := cli.Run(ctx, cli.Program{
		Name: name(os.Args), Config: c.serve(),
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Ends: ends,
	}, os.Args[min(1, len(os.Args)):])
	os.Exit(code)
}

// name returns the name of a program.
func name(args []string) string {
	if len(args) == 0 {
		return "linearbot"
	}
	base := filepath.Base(args[0])
	return strings.TrimSuffix(strings.TrimSuffix(base, ".exe"), ".test")
}

// Run serves and works until ctx ends, then drains, and returns nil after a
// clean stop. It blocks. If the configuration is wrong it starts nothing and
// returns a [*ConfigError]; other errors are failures: a store that another
// process holds, an address in use, a handler that did not return.
//
// Several calls may run at the same time if their addresses and stores differ.
func Run(ctx context.Context, cfg Config) error {
	err := serve.Run(ctx, cfg.serve())
	if bad, ok := errors.AsType[*settings.Error](err); ok {
		e := &ConfigError{}
		for _, p := range bad.Problems {
			e.Problems = append(e.Problems, p.String())
		}
		return e
	}
	return err
}

func (c Config) serve() serve.Config {
	return serve.Config{
		Register: c.Register, Bot: c.Bot, Linear: c.Linear, Webhook: c.Webhook, Environ: c.Environ, Logger: c.Logger,
	}
}

// ConfigError lists all problems of a configuration.
type ConfigError struct {
	// Problems has one sentence for each problem. If a variable caused it, the
	// sentence begins with its name. They contain no secrets.
	Problems []string
}

// Error returns one problem per line.
func (e *ConfigError) Error() string {
	return "linearbot: the configuration has problems:\n" + strings.Join(e.Problems, "\n")
}
