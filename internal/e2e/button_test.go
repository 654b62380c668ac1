package e2e

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/linearbot/linearbot/adapter"

	"github.com/chromedp/chromedp"

	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/card"
)

// A person asks for a deploy in a comment, opens the link behind the button,
// presses it, and the bot continues in the thread. Just opening the link changes
// nothing, and the button works once.
func TestButton(t *testing.T) {
	t.Parallel()
	tab := browser(t)
	s := newStage(t, func(b *bot.Bot) {
		b.OnNewMention(func(ctx context.Context, th *bot.Thread, _ *bot.Message) error {
			_, err := th.Post(ctx, card.Card{Title: "Deploy api?", Children: []card.Element{
				card.Actions{card.Button{ID: "deploy", Label: "Deploy", Value: "api"}},
			}})
			return err
		})
		b.OnAction(func(ctx context.Context, th *bot.Thread, a *adapter.ActionEvent) error {
			if _, err := th.Edit(ctx, a.MessageID, card.Card{Title: "Deploying " + a.Value}); err != nil {
				return err
			}
			_, err := th.Post(ctx, bot.Text("deployed "+a.Value))
			return err
		}, "deploy")
	})
	root := s.ada.Comment(s.issue, "@helper-bot deploy api")
	card := s.replies(root, func(bodies []string) bool { return len(bodies) == 1 })[0]
	found := regexp.MustCompile(`\[Deploy\]\((\S+)\)`).FindStringSubmatch(card)
	if found == nil {
		t.Fatalf("no link in %q", card)
	}

	open := func() string {
		t.Helper()
		if err := chromedp.Do(tab, chromedp.Navigate(found[1]), chromedp.WaitVisible(chromedp.CSS("main"))); err != nil {
			t.Fatal(err)
		}
		return text(t, tab)
	}
	if page := open(); !strings.Contains(page, "Deploy api?") || !strings.Contains(page, "This works once") {
		t.Errorf("the page says %q", page)
	}
	shot(t, tab, "open")
	if page := open(); !strings.Contains(page, "This works once") {
		t.Errorf("opened twice, the page says %q", page)
	}
	if err := chromedp.Do(tab, chromedp.Click(chromedp.CSS("button")), chromedp.WaitVisible(chromedp.CSS("[role=status]"))); err != nil {
		t.Fatal(err)
	}
	if page := text(t, tab); !strings.Contains(page, "Done. The bot continues in the conversation.") {
		t.Errorf("pressed, the page says %q", page)
	}
	shot(t, tab, "pressed")
	got := s.replies(root, func(bodies []string) bool { return len(bodies) == 2 })
	if got[0] != "**Deploying api**" || got[1] != "deployed api" {
		t.Errorf("the thread holds %q", got)
	}
	if page := open(); !strings.Contains(page, "was used before") || strings.Contains(page, "This works once") {
		t.Errorf("opened after the press, the page says %q", page)
	}
	back, err := chromedp.Run(tab, chromedp.AttributeValue(chromedp.CSS("a"), "href"))
	if err != nil || !strings.Contains(back.Value, "/issue/ENG-1") {
		t.Errorf("the way back is %q, %v", back.Value, err)
	}
}

// text returns the visible text of the page.
func text(t *testing.T, tab context.Context) string { //nolint:revive // the tab is where, not the call's own context
	t.Helper()
	s, err := chromedp.Run(tab, chromedp.Text(chromedp.CSS("main")))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// shot saves a screenshot of the page if E2E_SHOTS names a directory.
func shot(t *testing.T, tab context.Context, name string) { //nolint:revive // see text
	t.Helper()
	dir := os.Getenv("E2E_SHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(tab, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(dir+"/"+name+".png", png, 0o600)
	}
	if err != nil {
		t.Error(err)
	}
}
