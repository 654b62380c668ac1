package main

import (
	"context"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
)

// register adds the stock handlers: they introduce the bot and show that it is
// listening. To write your own bot, start from a copy of this file.
func register(b *bot.Bot) error {
	b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
		if err := t.Subscribe(ctx); err != nil {
			return err
		}
		_, err := t.Post(ctx, bot.Markdown(hello(ctx, t, m)))
		return err
	})
	b.OnDelegated(tour)
	b.OnSubscribedMessage(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
		switch strings.ToLower(strings.Trim(strings.TrimSpace(m.PlainText()), "./!")) {
		case "stop", "quiet", "unsubscribe":
			if err := t.Unsubscribe(ctx); err != nil {
				return err
			}
			_, err := t.Post(ctx, bot.Markdown("I've stopped listening here. Mention me to call me back."))
			return err
		}
		_, err := t.Post(ctx, bot.Markdown("I'm here, and I've read: "+quote(m.PlainText())))
		return err
	})
	return nil
}

// tour shows, with an issue that was delegated, what an agent session can do: a plan,
// thoughts, actions and a question with buttons. It changes nothing.
func tour(ctx context.Context, t *bot.Thread, m *bot.Message) error {
	s := t.Session()
	plan := bot.NewPlan("", "Read the issue", "Ask what to do", "Answer")
	if _, err := t.Post(ctx, plan); err != nil {
		return err
	}
	if err := s.Act(ctx, bot.Action{Name: "Read", Parameter: "the issue", Result: quote(m.Text())}); err != nil {
		return err
	}
	a, err := bot.Ask(ctx, t, bot.Question{
		Text:    "I've read this. What shall I do with it?",
		Options: []adapter.Choice{{Value: "Nothing"}, {Value: "Something"}},
	})
	if err != nil {
		return err
	}
	if err := plan.Complete(ctx, ""); err != nil {
		return err
	}
	_, err = s.Finish(ctx, bot.Markdown("You chose "+quote(a.Value)+". That's all that I can do before someone writes handlers for me."))
	return err
}

// hello lists what the bot can do.
func hello(ctx context.Context, t *bot.Thread, m *bot.Message) string {
	name := "linearbot"
	if self, err := t.Workspace().Identity(ctx); err == nil {
		name = self.FullName
	}
	greeting := "Hello"
	if who := firstWord(m.Author.FullName); who != "" {
		greeting += ", " + bot.Escape(who)
	}
	return greeting + ". I'm **" + bot.Escape(name) + "**, and I work.\n\n" +
		"- Mention me in any comment and I'll answer in that thread, once.\n" +
		"- I'm listening to this thread now, so there's no need to mention me again. Say `stop` and I'll leave.\n" +
		"- Register handlers in Go to teach me more."
}

// quote returns the beginning of a text as one line of code.
func quote(s string) string {
	const most = 60
	s = strings.Join(strings.Fields(strings.ReplaceAll(s, "`", "'")), " ")
	if r := []rune(s); len(r) > most {
		s = string(r[:most-1]) + "…"
	}
	return "`" + s + "`"
}

func firstWord(s string) string {
	word, _, _ := strings.Cut(strings.TrimSpace(s), " ")
	return word
}
