package bot_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
)

// TestAnswersInOwnWords answers questions the way people write.
func TestAnswersInOwnWords(t *testing.T) {
	t.Parallel()
	approval := []adapter.Choice{{Value: "approve", Label: "Approve"}, {Value: "deny", Label: "Deny"}}
	for _, c := range []struct {
		options []adapter.Choice
		text    string
		want    string
	}{
		{nil, "> Which branch?\n\nmain", "main"},
		{nil, "@helper main", "main"},
		{nil, "> Which branch?\n\n@helper [install.rs](<http://install.rs>)", "install.rs"},
		{nil, "> Which branch?", ""},
		{nil, "`main`", "`main`"},
		{approval, "> yes or no\n\nyes", "approve"},
		{approval, "> approve\n\nno, thanks", "deny"},
		{approval, "lgtm 👍🏽", "approve"},
		{approval, "1)", "approve"},
		{approval, "not yet", ""},
		{approval, "yes or no?", ""},
		{[]adapter.Choice{{Label: "The first"}, {Label: "The second"}}, "#2", "The second"},
		{[]adapter.Choice{{Label: "The first"}, {Label: "The second"}}, "the first", "The first"},
	} {
		t.Run(c.text, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newTest(t)
				w.bot.OnNewMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
					if strings.Contains(m.Body, "go") {
						a, err := bot.Ask(ctx, th, bot.Question{Text: "Which?", Options: c.options})
						if err == nil && !a.TimedOut {
							w.note("%s", a.Value)
						}
						return err
					}
					return nil
				})
				w.say("ada", "@helper go")
				w.run(time.Minute)
				w.say("ada", c.text)
				w.run(time.Minute)
				if got := strings.Join(w.notes(), " "); got != c.want {
					t.Errorf("answered %q, want %q", got, c.want)
				}
			})
		})
	}
}
