// Ping answers every mention with "pong" and the rest of the text.
//
//	go run ./examples/ping demo
package main

import (
	"context"

	"github.com/linearbot/linearbot"
	"github.com/linearbot/linearbot/bot"
)

func main() { linearbot.Main(register) }

func register(b *bot.Bot) error {
	b.OnNewMention(pong)
	return nil
}

// pong repeats the text exactly as written.
func pong(ctx context.Context, t *bot.Thread, m *bot.Message) error {
	_, err := t.Post(ctx, bot.Markdown("pong "+m.Text()))
	return err
}
