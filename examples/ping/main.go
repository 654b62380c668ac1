// Ping answers every mention with "pong" and the rest of the text. It is
// configured by the environment, like the linearbot command; see the README.
//
//	go run ./examples/ping
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

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
	b.OnNewMention(pong)

	hooks := webhook.ConfigFromEnv()
	hooks.Acceptor, hooks.Logger, hooks.OnListen = b, log, listening
	srv, err := webhook.NewServer(hooks)
	if err != nil {
		return err
	}
	return srv.Run(ctx, b)
}

// pong is the whole bot.
func pong(ctx context.Context, t *bot.Thread, m *bot.Message) error {
	_, err := t.Post(ctx, bot.Markdown("pong "+m.Text()))
	return err
}
