package cli

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/linearbot/linearbot/internal/serve"
	"github.com/linearbot/linearbot/internal/settings"
)

// serveCmd runs the bot that the environment configures. A flag has precedence
// over its variable; package settings reads both.
type serveCmd struct {
	Addr     string `help:"${help_addr}" placeholder:"${default_addr}"`
	Public   string `name:"public-url" help:"${help_public_url}" placeholder:"${default_public_url}"`
	Path     string `help:"${help_path}" placeholder:"${default_path}"`
	State    string `help:"${help_state}" placeholder:"${default_state}"`
	Name     string `help:"${help_name}" placeholder:"${default_name}"`
	Strict   *bool  `help:"${help_strict}"`
	Workers  string `help:"${help_workers}" placeholder:"${default_workers}"`
	Lease    string `help:"${help_lease}" placeholder:"${default_lease}"`
	Drain    string `help:"${help_drain}" placeholder:"${default_drain}"`
	Backlog  string `help:"${help_backlog}" placeholder:"${default_backlog}"`
	Metrics  string `name:"metrics-addr" help:"${help_metrics_addr}" placeholder:"${default_metrics_addr}"`
	LogLevel string `help:"${help_log_level}" placeholder:"${default_log_level}"`
}

// Help lists the variables after the flags.
func (*serveCmd) Help() string {
	return "Everything is read from the environment; a flag has precedence over its variable.\n\n" + settings.Text()
}

// flags returns the flags that were set, by name.
func (c *serveCmd) flags() map[string]string {
	flags := map[string]string{
		"addr": c.Addr, "public-url": c.Public, "path": c.Path, "state": c.State, "name": c.Name,
		"workers": c.Workers, "lease": c.Lease, "drain": c.Drain, "backlog": c.Backlog, "log-level": c.LogLevel, "metrics-addr": c.Metrics,
	}
	if c.Strict != nil {
		flags["strict"] = strconv.FormatBool(*c.Strict)
	}
	return flags
}

// Run serves until ctx ends.
func (c *serveCmd) Run(ctx context.Context, p *program) error {
	cfg := p.cfg
	cfg.Flags, cfg.Stderr = c.flags(), p.err
	values, _ := settings.Read(p.environ(), cfg.Flags) // serve reports their problems
	path := values.Path
	if cfg.Webhook.Path != "" && !values.IsSet("LINEARBOT_WEBHOOK_PATH") {
		path = cfg.Webhook.Path
	}
	told := cfg.Webhook.OnListen
	cfg.Webhook.OnListen = func(a net.Addr) {
		fmt.Fprintf(p.out, "%s is listening on %s, webhook path %s\n", cmp.Or(p.name, "linearbot"), a, path)
		if told != nil {
			told(a)
		}
	}
	// A collector of the log that dies must not take the bot along. Commands that print
	// for others end with them. The signal stays ignored, because the error that Run
	// returns is still to be written.
	signal.Ignore(syscall.SIGPIPE)
	return serve.Run(ctx, cfg)
}
