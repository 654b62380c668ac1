package main

import (
	"context"

	"github.com/linearbot/linearbot"
	"github.com/linearbot/linearbot/bot"
)

func main() { linearbot.Main(register) }

func register(b *bot.Bot) error {
	b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
		_, err := t.Post(ctx, bot.Markdown("Hello **from Linear**"))
		return err
	})
	return nil
}
