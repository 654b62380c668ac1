package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/stateurl"
	"github.com/linearbot/linearbot/webhook"
)

// serveCmd is the bot from the environment. What concerns Linear is read by
// package linear.
type serveCmd struct {
	Addr     string        `help:"Address to listen on." env:"LINEARBOT_ADDR" placeholder:":3000"`
	Port     string        `help:"Port to listen on if there is no address." env:"PORT" hidden:""`
	State    string        `help:"Store: memory, file:DIR or redis://host:port/db." env:"LINEARBOT_STATE" default:"${state}"`
	Name     string        `help:"A further handle that counts as a mention." env:"LINEAR_BOT_USERNAME"`
	Secret   string        `help:"Signing secrets of the webhook, separated by commas." env:"LINEAR_WEBHOOK_SECRET" hidden:""`
	Path     string        `help:"Path of the webhook." env:"LINEARBOT_WEBHOOK_PATH" default:"/api/webhooks/linear"`
	Public   string        `name:"public-url" help:"Address under which people reach the server, for the links of buttons." env:"LINEARBOT_PUBLIC_URL" placeholder:"https://bot.example.com"`
	Strict   bool          `help:"Refuse deliveries older than five minutes, Linear's later retries among them." env:"LINEARBOT_STRICT"`
	Workers  int           `help:"Most turns that run at once." env:"LINEARBOT_WORKERS" default:"64"`
	Drain    time.Duration `help:"How long running turns may finish after a stop." env:"LINEARBOT_DRAIN_TIMEOUT" default:"25s"`
	Lease    time.Duration `help:"How long a thread stays reserved for a process that died." env:"LINEARBOT_LEASE_TTL" default:"15s"`
	Backlog  int           `help:"Entries in the store from which deliveries are refused, so that Linear keeps them; 0 means no limit." env:"LINEARBOT_MAX_BACKLOG" default:"1000000"`
	LogLevel string        `help:"trace, debug, info, warn or error." env:"LINEARBOT_LOG_LEVEL" default:"info"`
}

// Run serves until the context ends.
func (c *serveCmd) Run(ctx context.Context, s streams) (err error) {
	// All that can be wrong is said at once.
	log, logErr := newLogger(s.err, c.LogLevel)
	lin, linErr := linear.New(linear.ConfigFromEnv())
	secrets := webhook.SplitSecrets(c.Secret)
	var secretErr error
	if len(secrets) == 0 {
		_, secretErr = webhook.NewVerifier()
	}
	if err := errors.Join(linErr, secretErr, logErr); err != nil {
		return &usageError{err}
	}
	store, err := stateurl.OpenOptions(c.State, stateurl.Options{MaxEntries: c.Backlog})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if !store.Durable() {
		log.Warn().Msg("LINEARBOT_STATE is memory: what was accepted is lost with the process")
	}

	var links bot.LinkConfig
	if c.Public != "" {
		links = bot.LinkConfig{BaseURL: c.Public, Secrets: secrets}
	}
	b, err := bot.New(bot.Config{
		Name: c.Name, Links: links, Adapter: lin, Store: store, Logger: log,
		Workers: c.Workers, DrainTimeout: c.Drain, LeaseTTL: c.Lease,
	})
	if err != nil {
		return &usageError{err}
	}
	registerStock(b)
	srv, err := webhook.NewServer(webhook.Config{
		Secrets: secrets, Acceptor: b, Addr: c.addr(), Path: c.Path, Strict: c.Strict, Logger: log,
		OnListen: func(a net.Addr) {
			fmt.Fprintf(s.out, "linearbot is listening on %s, webhook path %s\n", a, c.Path)
		},
	})
	if err != nil {
		return &usageError{err}
	}
	return srv.Run(ctx, b, storeCheck{store, log})
}

// storeCheck says how a store is set up so that it can lose what it has
// acknowledged. It runs beside the server, which need not wait for it, and that
// a store cannot be asked is no reason not to serve.
type storeCheck struct {
	store state.Store
	log   zerolog.Logger
}

// Run checks once and then waits for the end.
func (c storeCheck) Run(ctx context.Context) error {
	checker, ok := c.store.(interface {
		Check(ctx context.Context) ([]string, error)
	})
	if ok {
		ask, cancel := context.WithTimeout(ctx, 10*time.Second)
		warnings, err := checker.Check(ask)
		cancel()
		if err != nil && ctx.Err() == nil {
			c.log.Warn().Err(err).Msg("store cannot be checked now")
		}
		for _, w := range warnings {
			c.log.Warn().Msg("store may lose what it has acknowledged: " + w)
		}
	}
	<-ctx.Done()
	return nil
}

func (c *serveCmd) addr() string {
	if c.Addr == "" && c.Port != "" {
		return ":" + strings.TrimPrefix(c.Port, ":")
	}
	return c.Addr
}
