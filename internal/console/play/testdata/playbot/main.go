// Playbot is a bot that does a bit of everything, for the test of the playground.
package main

import (
	"context"
	"strings"

	"github.com/linearbot/linearbot"
	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
)

func main() { linearbot.Main(register) }

func register(b *bot.Bot) error {
	b.OnNewMention(answer)
	b.OnSubscribedMessage(answer)
	b.OnMessageUpdated(func(ctx context.Context, t *bot.Thread, m *bot.Message, _ string) error {
		_, err := t.Post(ctx, bot.Markdown("You changed it to: "+m.PlainText()))
		return err
	})
	b.OnReaction(func(ctx context.Context, t *bot.Thread, r *adapter.ReactionEvent) error {
		_, err := t.Post(ctx, bot.Text("Thanks for the "+bot.EmojiName(r.Emoji)))
		return err
	})
	return nil
}

func answer(ctx context.Context, t *bot.Thread, m *bot.Message) error {
	if err := t.Subscribe(ctx); err != nil {
		return err
	}
	text := strings.ToLower(m.PlainText())
	switch {
	case strings.Contains(text, "deploy"):
		a, err := bot.Ask(ctx, t, bot.Question{
			Text: "Where should it go?", Options: []adapter.Choice{{Label: "Staging", Value: "staging"}, {Label: "Production", Value: "production"}},
		})
		if err != nil {
			return err
		}
		_, err = t.Post(ctx, bot.Markdown("Deployed to **"+a.Value+"**."))
		return err
	case strings.Contains(text, "long"):
		plan := bot.NewPlan("Looking into it", "Read the logs", "Find the cause", "Write a fix")
		if _, err := t.Post(ctx, plan); err != nil {
			return err
		}
		if err := t.Typing(ctx, "Reading the logs of the payment service…"); err != nil {
			return err
		}
		if err := plan.Update(ctx, bot.PlanUpdate{ID: "1", Status: bot.TaskComplete}); err != nil {
			return err
		}
		<-ctx.Done() // until a person presses stop
		return ctx.Err()
	case strings.Contains(text, "hello"):
		_, err := t.Post(ctx, bot.Markdown("Hello **from Linear**. A few things that I know:\n\n- `deploy` asks where to\n- `long` takes a while\n\n| retry | answer |\n| --- | --- |\n| first | 200 |\n| second | 409 |"))
		return err
	}
	_, err := t.Post(ctx, bot.Markdown("I've read: "+m.PlainText()))
	return err
}
