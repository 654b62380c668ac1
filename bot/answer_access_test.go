package bot_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/access"
	"github.com/linearbot/linearbot/bot/bottest"
)

// TestAnswersPassTheAccessOfTheirHandler: the Access of the handler that asks
// decides who may answer, and such questions offer no links.
func TestAnswersPassTheAccessOfTheirHandler(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := bottest.New(t, bot.Config{Links: withLinks()}, func(b *bot.Bot) {
			b.OnNewMention(func(ctx context.Context, th *bot.Thread, _ *bot.Message) error {
				a, err := bot.RequestApproval(ctx, th, bot.ApprovalRequest{Title: "Deploy?", ApproveLabel: "Ship it"})
				if err != nil {
					return err
				}
				_, err = th.Post(ctx, bot.Text("approved by "+a.By.ID))
				return err
			}).With(bot.HandlerOptions{Access: access.Users("ada").Else(bot.DenyWithReply("only ada"))})
		})
		th := k.NewThread()
		k.User("ada").Mention(th, "deploy")
		k.Sleep(time.Second)
		if diff := cmp.Diff([]string{"**Deploy?**\n\n1. Ship it\n2. Deny\n\nAnswer with one of these, or react with 👍 or 👎."}, th.Posts()); diff != "" {
			t.Fatalf("the question (-want +got):\n%s", diff)
		}
		k.User("eve").Say(th, "approve")
		k.Sleep(time.Second)
		k.User("ada").Say(th, "ship it")
		k.Sleep(time.Second)
		want := []string{"**Deploy?**\n\n_Approved by ada._", "only ada", "approved by ada"}
		if diff := cmp.Diff(want, th.Posts()); diff != "" {
			t.Errorf("posts (-want +got):\n%s", diff)
		}
	})
}
