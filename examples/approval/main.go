// Approval asks before it deploys: "@bot deploy api" is put to a vote in the
// thread, anybody may approve or deny by a reply or a reaction, and the bot says
// what came of it. The question waits for a day and survives restarts. The
// example is configured by the environment, like the linearbot command; see the
// README.
//
//	go run ./examples/approval
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state/stateurl"
	"github.com/linearbot/linearbot/webhook"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:gocritic // stop only releases the signal handler
	}
}

// run runs the bot until ctx ends. listening, if any, is told the address.
func run(ctx context.Context, listening func(net.Addr)) (err error) {
	log := zerolog.New(os.Stderr).With().Timestamp().Logger()
	lin, err := linear.New(linear.ConfigFromEnv())
	if err != nil {
		return err
	}
	store, err := stateurl.FromEnv()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()

	cfg := bot.ConfigFromEnv()
	cfg.Adapter, cfg.Store, cfg.Logger = lin, store, log
	b, err := bot.New(cfg)
	if err != nil {
		return err
	}
	b.OnCommand(bot.Command{
		Name: "deploy",
		Help: "Deploys a service once somebody has approved.",
		Args: []bot.Arg{{Name: "service"}},
	}, deploy)

	hooks := webhook.ConfigFromEnv()
	hooks.Acceptor, hooks.Logger, hooks.OnListen = b, log, listening
	srv, err := webhook.NewServer(hooks)
	if err != nil {
		return err
	}
	return srv.Run(ctx, b)
}

// deploy runs twice: up to the question, and from the start again when there is
// an answer.
func deploy(ctx context.Context, t *bot.Thread, c *bot.Invocation) error {
	service := c.Arg(0)
	a, err := bot.RequestApproval(ctx, t, bot.ApprovalRequest{
		Title:   "Deploy " + bot.Escape(service) + "?",
		Details: "A reaction with 👍 or 👎 does as well.",
		Timeout: 24 * time.Hour,
	})
	if err != nil {
		return err
	}
	switch {
	case a.TimedOut:
		_, err = t.Post(ctx, bot.Text("Nobody approved in time: "+service+" stays as it is."))
		return err
	case !a.Approved:
		_, err = t.Post(ctx, bot.Text("Denied by "+nameOf(a)+": "+service+" stays as it is."))
		return err
	}
	// A step runs once, whatever happens after it.
	release, err := bot.Step(ctx, "release", func(ctx context.Context) (string, error) {
		return release(ctx, service)
	})
	if err != nil {
		return err
	}
	_, err = t.Post(ctx, bot.Text("Approved by "+nameOf(a)+": deployed "+release+"."))
	return err
}

// release stands for what really deploys.
func release(_ context.Context, service string) (string, error) { return service, nil }

func nameOf(a *bot.Approval) string { return cmp.Or(a.By.FullName, a.By.Name, "somebody") }
