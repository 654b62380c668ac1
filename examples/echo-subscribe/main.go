// Echo-subscribe subscribes to a thread after a mention and repeats every message
// there, until someone says stop.
//
//	go run ./examples/echo-subscribe demo --say '@helper-bot listen' --say hello --say stop
package main

import (
	"context"
	"strings"

	"github.com/linearbot/linearbot"
	"github.com/linearbot/linearbot/bot"
)

func main() { linearbot.Main(register) }

func register(b *bot.Bot) error {
	b.OnNewMention(listen)
	b.OnSubscribedMessage(echo)
	return nil
}

// listen subscribes after a mention.
func listen(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
	if err := t.Subscribe(ctx); err != nil {
		return err
	}
	_, err := t.Post(ctx, bot.Markdown("I'm listening. Say **stop** to make me stop."))
	return err
}

// echo receives every later message.
func echo(ctx context.Context, t *bot.Thread, m *bot.Message) error {
	text := strings.TrimSpace(m.Text())
	switch {
	case strings.EqualFold(text, "stop"):
		if _, err := t.Post(ctx, bot.Markdown("I've stopped listening.")); err != nil {
			return err
		}
		return t.Unsubscribe(ctx)
	case text == "":
		return nil
	}
	_, err := t.Post(ctx, bot.Markdown("> "+strings.ReplaceAll(text, "\n", "\n> ")))
	return err
}
