// Echo-subscribe listens to a thread after a mention and repeats everything that
// is said there, until somebody says stop. It is configured by the environment,
// like the linearbot command; see the README.
//
//	go run ./examples/echo-subscribe
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
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
	b.OnNewMention(listen)
	b.OnSubscribedMessage(echo)

	hooks := webhook.ConfigFromEnv()
	hooks.Acceptor, hooks.Logger, hooks.OnListen = b, log, listening
	srv, err := webhook.NewServer(hooks)
	if err != nil {
		return err
	}
	return srv.Run(ctx, b)
}

// listen begins with a mention.
func listen(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
	if err := t.Subscribe(ctx); err != nil {
		return err
	}
	_, err := t.Post(ctx, bot.Markdown("I am listening. Say **stop** to make me stop."))
	return err
}

// echo gets every message after that.
func echo(ctx context.Context, t *bot.Thread, m *bot.Message) error {
	text := strings.TrimSpace(m.Text())
	switch {
	case strings.EqualFold(text, "stop"):
		if _, err := t.Post(ctx, bot.Markdown("I stop listening.")); err != nil {
			return err
		}
		return t.Unsubscribe(ctx)
	case text == "":
		return nil
	}
	_, err := t.Post(ctx, bot.Markdown("> "+strings.ReplaceAll(text, "\n", "\n> ")))
	return err
}
