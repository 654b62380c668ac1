package bot_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/card"
)

// TestNoMentions posts all kinds of content that mention a user, with mentions
// switched off.
func TestNoMentions(t *testing.T) {
	t.Parallel()
	const text = "<@ada> " + adaURL + " [Ada](" + adaURL + ") <" + adaURL + ">"
	const quiet = `\<@ada> https\://x.test/profiles/ada Ada https\://x.test/profiles/ada`
	words := func(yield func(string, error) bool) {
		for _, s := range strings.SplitAfter(text, " ") {
			if !yield(s, nil) {
				return
			}
		}
	}
	for name, c := range map[string]bot.Content{
		"markdown":    bot.NoMentions(bot.Markdown(text)),
		"twice":       bot.NoMentions(bot.NoMentions(bot.Markdown(text))),
		"files":       bot.WithFiles(bot.NoMentions(bot.Markdown(text))),
		"of files":    bot.NoMentions(bot.WithFiles(bot.Markdown(text))),
		"card":        bot.NoMentions(card.Card{Children: []card.Element{card.Text{Content: text}}}),
		"stream":      bot.NoMentions(bot.Stream(words)),
		"plan":        bot.NoMentions(bot.NewPlan(text)),
		"nothing":     bot.NoMentions(bot.Markdown("")),
		"no content":  bot.NoMentions(nil),
		"other links": bot.NoMentions(bot.Markdown("https://x.test/a [b](https://x.test/c) `<@ada>`")),
	} {
		want := quiet
		switch name {
		case "plan":
			want = "📋 " + quiet
		case "nothing", "no content":
			want = ""
		case "other links":
			want = "https://x.test/a [b](https://x.test/c) `<@ada>`"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newDirectory()
				w := newTest(t, withPlatform(o, o.Fake))
				m, err := w.handle(thread).Post(t.Context(), c)
				if want == "" {
					if err == nil {
						t.Error("nothing was posted")
					}
					return
				}
				if err != nil || m.Body != want {
					t.Errorf("posted %q, %v, want %q", bodyOf(m), err, want)
				}
				if len(o.asked) > 0 {
					t.Errorf("looked up %v", o.asked)
				}
			})
		})
	}
}

func bodyOf(m *adapter.Message) string {
	if m == nil {
		return ""
	}
	return m.Body
}
