package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/internal/console/play"
	"github.com/linearbot/linearbot/internal/dev"
	"github.com/linearbot/linearbot/internal/listen"
	"github.com/linearbot/linearbot/internal/loopback"
	"github.com/linearbot/linearbot/internal/serve"
	"github.com/linearbot/linearbot/internal/settings"
	"github.com/linearbot/linearbot/ticketing"
)

// devAddr is where the playground is unless --addr says otherwise. If another one is
// there, it is at the next port that is free, the same one every time.
const (
	devHost  = "127.0.0.1"
	devPort  = 4010
	devPorts = 100
	devAddr  = "127.0.0.1:4010"
)

// devCmd opens the playground: the bot beside a simulated Linear, on a page.
type devCmd struct {
	Addr     string   `help:"Where the playground is, on this machine." placeholder:"${default_dev_addr}"`
	Open     *bool    `help:"Open the page in a browser. On a terminal it is, unless --no-open is given." negatable:""`
	Keep     string   `help:"Directory that keeps the world and the bot's state for the next time." placeholder:"DIR" type:"path"`
	SeedFile string   `name:"seed-file" help:"Workspaces to begin with, JSON or YAML." type:"existingfile"`
	Webhook  string   `help:"Where the bot receives webhooks, if it chooses its port itself." placeholder:"URL"`
	Tickets  bool     `name:"ticketing" help:"Serve the ticketing API as well, with a helpdesk on the page."`
	Watch    string   `help:"Directory whose changes restart the bot." placeholder:"." type:"existingdir"`
	LogLevel string   `help:"${help_log_level}" placeholder:"info"`
	Command  []string `arg:"" optional:"" passthrough:"" help:"Command that runs the bot, after \"--\". Without one it is this program."`
}

// Help says how to use it.
func (*devCmd) Help() string {
	return `Without a command, the playground runs this program with its own handlers:

  my-bot dev

With a command after "--" it runs any program, in any language, and starts it again when a file changes; the world stays as it is:

  linearbot dev -- go run .
  linearbot dev -- node bot.js

Name the directory with its code with --watch if it writes files where it runs. The program finds the variables that "linearbot sim" prints in its environment, and is to listen on PORT for POST /api/webhooks/linear. Everything is on this machine: no workspace, no tunnel, no internet.`
}

// Run serves the playground until ctx ends.
func (c *devCmd) Run(ctx context.Context, p *program) (err error) {
	if len(c.Command) > 0 && strings.HasPrefix(c.Command[0], "-") && c.Command[0] != "--" {
		return &usageError{fmt.Errorf("unknown flag %s: run %q to see the flags; the command that runs a bot comes after \"--\"", c.Command[0], p.name+" help dev")}
	}
	values, _ := settings.Read(p.environ(), nil)
	place, err := dev.NewPlace(c.Keep)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, place.Remove()) }()
	defer p.ends.Add(func() { _ = place.Remove() })() // the process ends
	dir := place.Dir
	ln, err := c.listen(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = ln.Close() }() // usually the server has closed it
	if err := place.Announce(ln.Addr()); err != nil {
		return err
	}
	wcfg := dev.WorldConfig{SeedFile: c.SeedFile, Handle: values.Name, WebhookURL: c.Webhook}
	if c.Keep != "" {
		wcfg.StateFile = filepath.Join(dir, "world.json")
	}
	world, err := dev.NewWorld(wcfg) //nolint:contextcheck // it ends by Close
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, world.Close()) }()
	env := world.Environ(p.environ(), dir)
	if c.Tickets {
		env = append(env, "LINEARBOT_TICKETING=true")
	}
	tickets, _ := strconv.ParseBool(values.Lookup("LINEARBOT_TICKETING")) // the start reports an error
	if (c.Tickets || tickets) && values.Lookup("LINEARBOT_HELPDESK_URL") == "" {
		env = append(env, "LINEARBOT_HELPDESK_URL=http://"+ln.Addr().String()+"/desk/{conversation}")
	}
	if c.LogLevel != "" {
		env = append(env, "LINEARBOT_LOG_LEVEL="+c.LogLevel)
	}
	runner, watched := c.runner(p, world, env)
	sup := dev.NewSupervisor(world, runner, p.err)
	desk, err := openDesk(ctx, world, env, dir)
	if err != nil {
		return err
	}
	bot := dev.NewAdmin(dir)
	page, err := play.New(play.Config{World: world.Linear, App: world.App, Bot: sup, Trace: bot.Decisions, Clock: bot.SetAhead, Desk: desk})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	srv := &http.Server{Handler: page, ReadHeaderTimeout: 10 * time.Second}
	var wg sync.WaitGroup
	var failed error
	wg.Go(func() {
		defer stop()
		_, failed = listen.Serve(ctx, srv, ln, 0) // streams never end by themselves
	})
	wg.Go(func() { _ = page.Run(ctx) }) // it returns nil
	wg.Go(func() { _ = sup.Run(ctx) })
	if watched != "" {
		wg.Go(func() { _ = dev.Watch(ctx, watched, sup.Changed) })
	}
	address := "http://" + ln.Addr().String() + "/"
	fmt.Fprintf(p.out, "Playground  %s\nBot         @%s: %s\n", address, world.App.User.DisplayName, runner)
	if c.Addr == "" && ln.Addr().String() != devAddr {
		fmt.Fprintf(p.out, "Not at      %s, where something else listens. For trigger and send: --playground %s\n", devAddr, strings.TrimSuffix(address, "/"))
	}
	if watched != "" {
		fmt.Fprintf(p.out, "Restarts    when a file in %s changes\n", watched)
	}
	fmt.Fprintf(p.out, "Linear      %s, simulated\n\nPress Ctrl-C to stop.\n", world.Linear.URL())
	if c.opens(p) {
		browse(ctx, address)
	}
	wg.Wait()
	return failed
}

// openDesk returns the helpdesk beside the bot, or nil if the environment does not
// turn on the ticketing API.
func openDesk(ctx context.Context, world *dev.World, env []string, dir string) (*play.Desk, error) {
	values, _ := settings.Read(env, nil)
	if !values.Ticketing {
		return nil, nil //nolint:nilnil // it is off
	}
	tokens, store, err := openTokens(ctx, "file:"+filepath.Join(dir, "tickets"))
	if err != nil {
		return nil, err
	}
	_, secret, err := tokens.Create(ctx, ticketing.Token{Name: deskAgent, Role: ticketing.RoleAdmin, ExpiresAt: time.Now().Add(devToken)})
	prefix := cmp.Or(values.Lookup("LINEARBOT_TICKETING_PREFIX"), "/ticketing")
	return &play.Desk{API: "http://" + world.Addr + strings.TrimRight(prefix, "/"), Token: secret, Agent: deskAgent}, errors.Join(err, store.Close())
}

// deskAgent is who answers customers in the helpdesk of the playground.
const deskAgent = "Ada Byron"

// devToken is how long the token of a playground's helpdesk works.
const devToken = 30 * 24 * time.Hour

// listen takes the address of the page, or the next one that is free if the usual
// one is taken.
func (c *devCmd) listen(ctx context.Context) (net.Listener, error) {
	addr := cmp.Or(c.Addr, devAddr)
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, &usageError{fmt.Errorf("--addr is %q: give host and port, such as %s", c.Addr, devAddr)}
	}
	if !loopback.Host(host) {
		return nil, &usageError{fmt.Errorf("--addr is %q: the playground has no login and stays on this machine, such as at %s", c.Addr, devAddr)}
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", addr)
	for port := devPort + 1; errors.Is(err, syscall.EADDRINUSE) && c.Addr == "" && port < devPort+devPorts; port++ {
		ln, err = lc.Listen(ctx, "tcp", net.JoinHostPort(devHost, strconv.Itoa(port)))
	}
	return ln, err
}

// runner returns what runs the bot, and the directory whose changes restart it.
func (c *devCmd) runner(p *program, world *dev.World, env []string) (dev.Runner, string) {
	args := c.Command
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	watched := cmp.Or(c.Watch, ".")
	if len(args) > 0 {
		return &dev.Command{Args: args, Environ: env, Clock: world.Clock, Addr: world.Addr, AtExit: p.ends.Add}, watched
	}
	if exe, pkg, ok := goRun(); ok {
		built := filepath.Join(filepath.Dir(exe), "linearbot-dev", filepath.Base(exe)) // its name is in what it prints
		return &dev.Command{
			Args: []string{built, "serve"}, Build: []string{"go", "build", "-o", built, pkg}, First: []string{exe, "serve"}, Environ: env, Clock: world.Clock, Addr: world.Addr,
			AtExit: p.ends.Add,
		}, watched
	}
	return &ownHandlers{p: p, env: env, clock: world.Clock}, ""
}

// goRun reports whether "go run" has started this program, and from which package.
// Its sources are then at hand.
func goRun() (exe, pkg string, ok bool) {
	exe, err := os.Executable()
	if err != nil || !strings.Contains(filepath.ToSlash(exe), "/go-build") || strings.HasSuffix(exe, ".test") {
		return "", "", false
	}
	info, found := debug.ReadBuildInfo()
	if !found || info.Path == "" || info.Path == "command-line-arguments" {
		return "", "", false
	}
	return exe, info.Path, true
}

// ownHandlers runs the program itself, in this process.
type ownHandlers struct {
	p     *program
	env   []string
	clock func() string
}

// String says what is run.
func (*ownHandlers) String() string { return "this program with its own handlers" }

// Run serves the bot until ctx ends.
func (o *ownHandlers) Run(ctx context.Context, out io.Writer, ready func()) error {
	cfg := o.p.cfg
	cfg.Environ, cfg.Flags = append(slices.Clip(o.env), o.clock()), nil
	// Where the program goes in production has nothing to do with the playground.
	cfg.Bot.Adapter, cfg.Bot.Store, cfg.Bot.Links = nil, nil, bot.LinkConfig{}
	told := cfg.Webhook.OnListen
	cfg.Webhook.Secrets, cfg.Webhook.Expiring, cfg.Webhook.Verify = nil, nil, nil
	cfg.Webhook.OnListen = func(a net.Addr) {
		if told != nil {
			told(a)
		}
		ready()
	}
	cfg.Webhook.ShutdownTimeout = cmp.Or(cfg.Webhook.ShutdownTimeout, time.Second)
	values, _ := settings.Read(o.env, nil)
	log := zerolog.New(out).Level(values.Level).With().Timestamp().Logger()
	cfg.Logger = &log
	return serve.Run(ctx, cfg)
}

// opens reports whether the page is to be opened.
func (c *devCmd) opens(p *program) bool {
	if c.Open != nil {
		return *c.Open
	}
	f, ok := p.out.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// browse opens an address in a browser, if this machine has one.
func browse(ctx context.Context, address string) {
	name, args := "xdg-open", []string{address}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", address}
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), name, args...) //nolint:gosec // an address of this process
	if cmd.Start() == nil {
		_ = cmd.Process.Release() // the browser outlives this program
	}
}
