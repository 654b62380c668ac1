package bot_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/bottest"
)

// TestLogsShowReadableIDs: the log of a turn that continues after a question has no
// control characters.
func TestLogsShowReadableIDs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		k := bottest.New(t, bot.Config{Logger: zerolog.New(zerolog.SyncWriter(&log))}, func(b *bot.Bot) {
			b.OnNewMention(func(ctx context.Context, th *bot.Thread, _ *bot.Message) error {
				a, err := bot.Ask(ctx, th, bot.Question{Text: "Which?"})
				if err == nil {
					_, err = th.Post(ctx, bot.Text(a.Value))
				}
				return err
			})
		})
		s := k.NewSession()
		k.User("ada").Say(s, "go")
		synctest.Wait()
		k.User("ada").Say(s, "blue")
		s.ExpectExactly("Which?", "blue")
		if got := log.String(); strings.Contains(got, `\u0000`) || !strings.Contains(got, `"trace":"resume:`) {
			t.Errorf("the log is\n%s", got)
		}
	})
}
