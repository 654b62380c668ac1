// Cards answers every mention with a card about the issue: its fields, its
// participants, a link, and, if LINEARBOT_PUBLIC_URL is set, a button that
// refreshes the card.
//
//	go run ./examples/cards demo
package main

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/linearbot/linearbot"
	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/card"
)

func main() { linearbot.Main(register) }

func register(b *bot.Bot) error {
	b.OnNewMention(show)
	b.OnAction(refresh, "refresh")
	return nil
}

// show posts the card. It ignores mentions in threads without an issue.
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

// refresh updates the card in place.
func refresh(ctx context.Context, t *bot.Thread, a *adapter.ActionEvent) error {
	c, err := issueCard(ctx, t)
	if err != nil {
		return err
	}
	_, err = t.Edit(ctx, a.MessageID, c)
	return err
}

// issueCard is a summary of the issue and its participants.
func issueCard(ctx context.Context, t *bot.Thread) (card.Card, error) {
	i, err := t.Subject(ctx)
	if err != nil {
		return card.Card{}, err
	}
	people, err := t.Participants(ctx)
	if err != nil {
		return card.Card{}, err
	}
	assignee := "no one"
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

func nameOf(u adapter.User) string { return cmp.Or(u.FullName, u.Name, "someone") }
