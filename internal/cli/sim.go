package cli

import (
	"context"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
)

// simCmd runs the simulator alone, for bots in any language.
type simCmd struct {
	Addr            string          `help:"Address to listen on. The simulator has no login: keep it on this machine." default:"127.0.0.1:4010"`
	Webhook         string          `help:"Where the built-in app sends its events." placeholder:"URL"`
	SeedFile        string          `name:"seed-file" help:"Workspaces to begin with, JSON or YAML." type:"existingfile"`
	StateFile       string          `name:"state" help:"State to begin with, if the file exists; the state is written to it at the end." placeholder:"FILE"`
	Seed            uint64          `help:"Make every id and secret follow from this number." default:"0"`
	VirtualClock    bool            `name:"virtual-clock" help:"Time moves only by requests to /sim/clock."`
	RetryAfter      []time.Duration `name:"retry-after" help:"Waits before the retries of a webhook." default:"1m,1h,6h"`
	Restamp         bool            `help:"Give every retry a new timestamp and signature."`
	NewDeliveryIDs  bool            `name:"new-delivery-ids" help:"Give every attempt a Linear-Delivery of its own."`
	EventOrder      []string        `name:"event-order" help:"Order in which the events of one act are sent, by type." placeholder:"TYPE,..."`
	DisableAfter    int             `name:"disable-after" help:"Disable a webhook after so many deliveries were given up." default:"0"`
	RewriteMarkdown bool            `name:"rewrite-markdown" help:"Store Markdown as Linear's editor writes it."`
	AnyScope        bool            `name:"any-scope" help:"Do not enforce scopes."`
	JSON            bool            `name:"json" help:"Print one JSON object with addresses, credentials and environments."`
}

// Run serves until the process is told to stop.
func (c *simCmd) Run(ctx context.Context, p *program) error {
	return linearsim.Serve(ctx, linearsim.ServeConfig{
		Config: linearsim.Config{
			Addr: c.Addr, Seed: c.Seed, RetryAfter: c.RetryAfter, RestampRetries: c.Restamp, DisableAfter: c.DisableAfter,
			NewDeliveryIDs: c.NewDeliveryIDs, EventOrder: c.EventOrder,
			RewriteMarkdown: c.RewriteMarkdown, AnyScope: c.AnyScope,
		},
		SeedFile: c.SeedFile, StateFile: c.StateFile, WebhookURL: c.Webhook, VirtualClock: c.VirtualClock, JSON: c.JSON,
	}, p.out)
}
