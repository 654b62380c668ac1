package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/linearbot/linearbot/internal/dev"
	"github.com/linearbot/linearbot/internal/doctor"
	"github.com/linearbot/linearbot/internal/serve"
	"github.com/linearbot/linearbot/internal/settings"
	"github.com/linearbot/linearbot/internal/status"
)

// doctorCmd examines the configuration, Linear, the webhook and the store.
type doctorCmd struct {
	Addr   string `help:"${help_addr}" placeholder:"${default_addr}"`
	Public string `name:"public-url" help:"${help_public_url}" placeholder:"${default_public_url}"`
	Path   string `help:"${help_path}" placeholder:"${default_path}"`
	State  string `help:"${help_state}" placeholder:"${default_state}"`
	Name   string `help:"${help_name}" placeholder:"${default_name}"`
	JSON   bool   `name:"json" help:"One JSON object."`
}

// Help says what the exit code means.
func (*doctorCmd) Help() string {
	return "Run it beside the server, with the same variables. The exit code is 0 if all is well, 3 with warnings only, " +
		"4 if the bot does not answer or loses something, and 2 if the configuration is wrong."
}

// Run examines and reports.
func (c *doctorCmd) Run(ctx context.Context, p *program) (err error) {
	cfg := p.cfg
	cfg.Flags = map[string]string{"addr": c.Addr, "public-url": c.Public, "path": c.Path, "state": c.State, "name": c.Name}
	values, _ := settings.Read(p.environ(), cfg.Flags) // the examination reports their problems
	hintPlayground(p, c.State)
	exam, done := serve.Doctor(ctx, cfg, func(ctx context.Context) (*status.Status, error) { return process(ctx, values) })
	report := doctor.Examine(ctx, exam)
	if err := done(); err != nil {
		return err
	}
	if c.JSON {
		enc := json.NewEncoder(p.out)
		enc.SetIndent("", "  ")
		err = enc.Encode(report)
	} else {
		err = report.Write(p.out)
	}
	switch worst := report.Worst(); {
	case err != nil:
		return err
	case report.Misconfigured:
		return exitError(ExitConfig)
	case worst == doctor.Error:
		return exitError(ExitUnhealthy)
	case worst == doctor.Warning:
		return exitError(ExitWarnings)
	default:
		return nil
	}
}

// hintPlayground says that a bot in a playground is not what is examined.
func hintPlayground(p *program, chosen string) {
	all := dev.Playgrounds()
	if chosen != "" || len(all) == 0 {
		return
	}
	fmt.Fprintf(p.err, "This examines the bot that the environment configures, not that of the playground at %s: \"%s state stats --state file:%s\" looks at that one.\n",
		all[0].URL, p.name, all[0].State)
}

// process asks the bot that runs with the same settings for its status.
func process(ctx context.Context, v *settings.Values) (*status.Status, error) {
	var c *adminClient
	switch path := serve.AdminSocket(v.State); {
	case path != "":
		if c = local(ctx, path); c == nil {
			return nil, errors.New("no bot answers at the admin socket of " + v.State)
		}
	case v.AdminAddr != "" && v.AdminAddr != "off":
		c = remote("http://"+reachable(v.AdminAddr), v.AdminToken, nil)
	default:
		return nil, errors.New("that takes LINEARBOT_ADMIN_ADDR and LINEARBOT_ADMIN_TOKEN, for the bot and for doctor")
	}
	var s status.Status
	if _, err := c.Get(ctx, "status", nil, &s); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return &s, c.close()
}

// exitError is the error of a command that has said everything itself.
type exitError int

func (exitError) Error() string { return "see above" }
