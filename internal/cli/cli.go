// Package cli is the command line of every program built with linearbot.Main:
//
//	serve     run the bot from the environment
//	doctor    examine the configuration, Linear, the webhook and the store
//	init      go from nothing to a checked .env
//	dev       open the playground: the bot beside a simulated Linear, on a page
//	trigger   have a person do something, in the playground or for any bot
//	send      post recorded deliveries to a bot
//	record    write real deliveries to files, without what is private
//	demo      play a conversation on this machine, without a Linear workspace
//	sim       run a simulated Linear for bots in any language
//	state     look into a store, or move its content
//	explain   say what became of a message, and why
//	deliveries  list deliveries and what became of them
//	replay    handle deliveries again
//	dead      look after the dead letters
//	scheduled look after scheduled posts
//	tokens    create, list and revoke tokens of the ticketing API
//	workspaces  look after the workspaces that have installed the app
//	keys      make and rotate the keys that encrypt tokens
//	migrate   take over what a bot on @chat-adapter/linear has stored
//	version   print the version
//	help      explain a command
//
// A command exits with [ExitOK], [ExitFailed] or [ExitConfig], doctor also with
// [ExitWarnings] or [ExitUnhealthy].
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/linearbot/linearbot/internal/admin"
	"github.com/linearbot/linearbot/internal/serve"
	"github.com/linearbot/linearbot/internal/settings"
	"github.com/linearbot/linearbot/state"
)

// The exit codes.
const (
	// ExitOK is a clean stop, also after a signal.
	ExitOK = 0
	// ExitFailed is a failure at run time.
	ExitFailed = 1
	// ExitConfig is an invalid configuration or command line. Nothing was started.
	ExitConfig = 2
	// ExitWarnings says that doctor has found warnings only, ExitUnhealthy that it
	// has found that the bot does not answer or loses something.
	ExitWarnings  = 3
	ExitUnhealthy = 4
)

// Program is a bot with a command line.
type Program struct {
	// Name is the name of the program.
	Name string
	// Config is its configuration in code.
	Config serve.Config
	// Stdin, Stdout and Stderr are its streams.
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Ends gets what must not outlive the process if that ends before Run returns.
	// Defaults to nothing.
	Ends *Ends
}

// commands is the command line. The names of flags and variables, their
// defaults and their help come from package settings.
type commands struct {
	Serve   serveCmd   `cmd:"" help:"Run the bot from the environment."`
	Doctor  doctorCmd  `cmd:"" help:"Examine the configuration, Linear, the webhook and the store."`
	Init    initCmd    `cmd:"" help:"Go from nothing to a checked .env."`
	Dev     devCmd     `cmd:"" help:"Open the playground: the bot beside a simulated Linear, on a page."`
	Trigger triggerCmd `cmd:"" help:"Have a person do something, in the playground or for any bot."`
	Send    sendCmd    `cmd:"" help:"Send recorded deliveries to a bot."`
	Record  recordCmd  `cmd:"" help:"Write real deliveries to files, without what is private."`
	Demo    demoCmd    `cmd:"" help:"Play a conversation on this machine, without a Linear workspace."`
	Sim     simCmd     `cmd:"" help:"Run a simulated Linear for bots in any language."`
	State   stateCmd   `cmd:"" help:"Look into a store, or move its content."`

	Explain    explainCmd    `cmd:"" help:"Say what became of a comment, a session or a delivery, and why."`
	Deliveries deliveriesCmd `cmd:"" help:"List deliveries and what became of them."`
	Replay     replayCmd     `cmd:"" help:"Handle deliveries again. Nothing is posted twice."`
	Dead       deadCmd       `cmd:"" help:"Look after the dead letters: messages that could not be handled."`
	Scheduled  scheduledCmd  `cmd:"" help:"Look after scheduled posts."`

	Tokens tokensCmd `cmd:"" help:"Create, list and revoke tokens of the ticketing API."`

	Workspaces workspacesCmd `cmd:"" help:"Look after the workspaces that have installed the app."`
	Keys       keysCmd       `cmd:"" help:"Make and rotate the keys that encrypt tokens."`
	Migrate    migrateCmd    `cmd:"" help:"Take over what a bot on @chat-adapter/linear has stored."`

	Version versionCmd `cmd:"" help:"Print the version."`
	Help    helpCmd    `cmd:"" help:"Explain a command."`

	Flag kong.VersionFlag `name:"version" help:"Print the version."`
}

// program is the context of a command.
type program struct {
	name     string
	cfg      serve.Config
	in       io.Reader
	out, err io.Writer
	ends     *Ends
}

// environ returns the environment.
func (p *program) environ() []string {
	if p.cfg.Environ != nil {
		return p.cfg.Environ
	}
	return os.Environ()
}

// Run runs a command until it is done or ctx ends, and returns the exit code.
// args are the arguments without the program's name; without any it prints the
// help.
func Run(ctx context.Context, prog Program, args []string) int {
	p := &program{name: prog.Name, cfg: prog.Config, in: prog.Stdin, out: prog.Stdout, err: prog.Stderr, ends: prog.Ends}
	fail := func(code int, lines ...string) int {
		for _, line := range lines {
			fmt.Fprintln(p.err, p.name+": "+line)
		}
		return code
	}
	exited := -1
	parser, cli, err := newParser(ctx, p, &exited)
	if err != nil {
		return fail(ExitFailed, err.Error())
	}
	parsed, err := parser.Parse(helped(args, p.environ()))
	if exited >= 0 { // help or version was printed
		return exited
	}
	if err != nil {
		lines := []string{err.Error()}
		if strings.HasPrefix(err.Error(), "unknown flag") && len(args) > 2 && args[0] == "trigger" {
			lines = append(lines, fmt.Sprintf("if it belongs to what is written, put that in quotation marks: %s trigger %s \"create --priority=2\"", p.name, args[1]))
		}
		return fail(ExitConfig, append(lines, fmt.Sprintf("run %q to see what it can do", p.name+" help"+commandOf(err)))...)
	}
	switch command, _, _ := strings.Cut(parsed.Command(), " "); command {
	case "serve", "dev", "doctor", "init": // they say so themselves
	case "sim", "version", "help": // they read none
	default:
		for _, u := range settings.FindUnknown(p.environ()) {
			fail(0, u.String())
		}
	}
	err = parsed.Run(&cli.State, &cli.Workspaces, &cli.Dead, &cli.Scheduled)
	if err == nil {
		return ExitOK
	}
	if code, ok := errors.AsType[exitError](err); ok {
		return int(code)
	}
	if bad, ok := errors.AsType[*settings.Error](err); ok {
		fail(ExitConfig, "the configuration has problems:")
		for _, problem := range bad.Problems {
			fmt.Fprintln(p.err, "  "+problem.String())
		}
		return fail(ExitConfig, fmt.Sprintf("run %q to see all variables", p.name+" help serve"))
	}
	if _, ok := errors.AsType[*usageError](err); ok {
		return fail(ExitConfig, err.Error())
	}
	if of, ok := errors.AsType[*admin.Error](err); errors.Is(err, state.ErrUnavailable) || ok && of.Status == http.StatusServiceUnavailable {
		return fail(ExitFailed, err.Error(), "check LINEARBOT_STATE, and the Redis server or the disk behind it")
	}
	return fail(ExitFailed, err.Error())
}

// commandOf returns the command whose arguments are wrong, such as " state stats". Empty if
// the error is about no command.
func commandOf(err error) string {
	wrong, ok := errors.AsType[*kong.ParseError](err)
	if !ok || wrong.Context == nil {
		return ""
	}
	words := ""
	for n := wrong.Context.Selected(); n != nil; n = n.Parent {
		if n.Type == kong.CommandNode {
			words = " " + n.Name + words
		}
	}
	return words
}

// newParser returns the parser of the command line and what it fills in. After the
// help or the version is printed, exited is the exit code.
func newParser(ctx context.Context, p *program, exited *int) (*kong.Kong, *commands, error) {
	vars := kong.Vars{"version": version(p.name), "default_dev_addr": devAddr, "statuses": statuses()}
	maps.Copy(vars, settings.Vars())
	cli := &commands{}
	parser, err := kong.New(cli,
		kong.Name(p.name),
		kong.Description("A chat bot for Linear: mentions are answered in their thread, once, in order, and nothing is lost."),
		kong.Writers(p.out, p.err),
		kong.Exit(func(code int) { *exited = code }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(p),
		vars,
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, Summary: true}),
	)
	return parser, cli, err
}

// helped turns "help serve" into "serve --help", and nothing into the command that
// LINEARBOT_COMMAND names or "--help".
func helped(args, environ []string) []string {
	switch {
	case len(args) == 0:
		for _, kv := range environ {
			if name, ok := strings.CutPrefix(kv, "LINEARBOT_COMMAND="); ok && name != "" {
				return []string{name}
			}
		}
		return []string{"--help"}
	case args[0] != "help":
		return args
	}
	var to []string
	for _, arg := range args[1:] {
		if !strings.HasPrefix(arg, "-") {
			to = append(to, arg)
		}
	}
	return append(to, "--help")
}

// helpCmd lists help among the commands; helped replaces it before it runs.
type helpCmd struct {
	Command []string `arg:"" optional:"" help:"The command to explain."`
}

// Run is a no-op.
func (helpCmd) Run() error { return nil }

// usageError says that a command line is invalid.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }
