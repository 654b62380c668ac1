package bottest_test

import (
	"context"
	"strings"
	"testing"

	"github.com/linearbot/linearbot/adapter"

	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/bottest"
	"github.com/linearbot/linearbot/bot/card"
)

// counter posts a card with a button that counts its presses.
func counter(b *bot.Bot) {
	card := func(n string) card.Card {
		return card.Card{Title: n, Children: []card.Element{card.Actions{card.Button{ID: "more", Label: "More", Value: n + "I"}}}}
	}
	b.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
		_, err := t.Post(ctx, card("I"))
		return err
	})
	b.OnAction(func(ctx context.Context, t *bot.Thread, a *adapter.ActionEvent) error {
		_, err := t.Edit(ctx, a.MessageID, card(a.Value))
		return err
	}, "more")
}

func TestPress(t *testing.T) {
	t.Parallel()
	r := &recorder{T: t}
	k := bottest.New(r, bot.Config{Links: bot.LinkConfig{BaseURL: "https://bot.test/", Secrets: []string{"s"}}}, counter)
	th := k.NewThread()
	k.User("ada").Mention(th, "count")
	k.Press(th, "More")
	k.Restart()
	k.Press(th, "More")
	k.Wait()
	if posts := th.Posts(); len(posts) != 1 || !strings.Contains(posts[0], "**III**") {
		t.Errorf("posts %q", posts)
	}
	if len(r.log) != 0 {
		t.Errorf("failures %q", r.log)
	}
	k.Press(th, "Less")
	if len(r.log) != 1 || !strings.Contains(r.log[0], `no post has a button "Less". The posts are`) {
		t.Errorf("failures %q", r.log)
	}
}

// Without links there is nothing to press, and the failure says why.
func TestPressOfALabel(t *testing.T) {
	t.Parallel()
	r := &recorder{T: t}
	k := bottest.New(r, bot.Config{}, counter)
	th := k.NewThread()
	k.User("ada").Mention(th, "count")
	r.check(t, "a label", func() { k.Press(th, "More") }, "with Config.Links unset, buttons are labels")
}
