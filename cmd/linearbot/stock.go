package main

import (
	"context"
	"strings"

	"github.com/linearbot/linearbot/bot"
)

// registerStock registers the handlers of a bot that nobody has programmed: it
// says what it is, and shows that it listens.
func registerStock(b *bot.Bot) {
	b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
		if err := t.Subscribe(ctx); err != nil {
			return err
		}
		_, err := t.Post(ctx, bot.Markdown(hello(ctx, b, t, m)))
		return err
	})
	b.OnSubscribedMessage(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
		switch strings.ToLower(strings.Trim(strings.TrimSpace(m.PlainText()), "./!")) {
		case "stop", "quiet", "unsubscribe":
			if err := t.Unsubscribe(ctx); err != nil {
				return err
			}
			_, err := t.Post(ctx, bot.Markdown("I no longer listen here. Mention me to call me back."))
			return err
		}
		_, err := t.Post(ctx, bot.Markdown("I am here, and have read: "+quote(m.PlainText())))
		return err
	})
}

// hello says what the bot can do.
func hello(ctx context.Context, b *bot.Bot, t *bot.Thread, m *bot.Message) string {
	name := "linearbot"
	if self, err := b.Identity(ctx, t.Workspace()); err == nil {
		name = self.FullName
	}
	greeting := "Hello"
	if who := firstWord(m.Author.FullName); who != "" {
		greeting += ", " + bot.Escape(who)
	}
	return greeting + ". I am **" + bot.Escape(name) + "**, and I work.\n\n" +
		"- Mention me in any comment and I answer in that thread, once.\n" +
		"- I now listen to this thread: you need not mention me again. Say `stop` and I leave.\n" +
		"- Whoever runs me can teach me more by registering handlers."
}

// quote returns the beginning of a text as one line of code.
func quote(s string) string {
	s = strings.Join(strings.Fields(strings.ReplaceAll(s, "`", "'")), " ")
	return "`" + clip(s, 60) + "`"
}

func firstWord(s string) string {
	word, _, _ := strings.Cut(strings.TrimSpace(s), " ")
	return word
}
