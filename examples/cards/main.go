// Cards answers every mention with a card about the issue: its fields, who talks
// about it, a link, and a button that brings the card up to date where the
// environment says how people reach the bot. It is configured by the environment, like the linearbot
// command; see the README.
//
//	go run ./examples/cards
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/card"
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
	b.OnNewMention(show)
	b.OnAction(refresh, "refresh")

	hooks := webhook.ConfigFromEnv()
	hooks.Acceptor, hooks.Logger, hooks.OnListen = b, log, listening
	srv, err := webhook.NewServer(hooks)
	if err != nil {
		return err
	}
	return srv.Run(ctx, b)
}

// show posts the card. Mentions in threads that hang on no issue go without an
// answer.
func show(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
	c, err := issueCard(ctx, t)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = t.Post(ctx, c)
	return err
}

// refresh makes the card anew, in place.
func refresh(ctx context.Context, t *bot.Thread, a *bot.Action) error {
	c, err := issueCard(ctx, t)
	if err != nil {
		return err
	}
	_, err = t.Edit(ctx, a.MessageID, c)
	return err
}

// issueCard is the issue at a glance, and who talks about it.
func issueCard(ctx context.Context, t *bot.Thread) (card.Card, error) {
	i, err := t.Subject(ctx)
	if err != nil {
		return card.Card{}, err
	}
	people, err := t.Participants(ctx)
	if err != nil {
		return card.Card{}, err
	}
	assignee := "nobody"
	if i.Assignee != nil {
		assignee = nameOf(*i.Assignee)
	}
	rows := make([][]string, len(people))
	for n, p := range people {
		rows[n] = []string{strconv.Itoa(n + 1), card.Cell(nameOf(p))}
	}
	return card.Card{
		Title:    i.Identifier + " " + i.Title,
		Subtitle: i.Team.Name,
		Children: []card.Element{
			card.Fields{
				{Label: "State", Value: i.State.Name},
				{Label: "Assignee", Value: assignee},
				{Label: "Created", Value: i.CreatedAt.UTC().Format(time.DateOnly)},
			},
			card.Table{Headers: []string{"#", "In this thread"}, Rows: rows, Align: []card.Alignment{card.AlignRight}},
			card.Divider{},
			card.Actions{
				card.LinkButton{Label: "Open the issue", URL: i.URL},
				card.Button{ID: "refresh", Label: "Refresh"},
			},
		},
	}, nil
}

func nameOf(u adapter.User) string { return cmp.Or(u.FullName, u.Name, "somebody") }
