package bot_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/bottest"
)

// TestDeletedMessagesAreNotAnswered deletes a message before its turn, during it
// and while it waits for an answer, and the message that begins its thread.
//
//nolint:paralleltest,tparallel // the cases share what they saw
func TestDeletedMessagesAreNotAnswered(t *testing.T) {
	t.Parallel()
	var seen []string
	ask := func(ctx context.Context, th *bot.Thread, _ *bot.Message) error {
		a, err := bot.Ask(ctx, th, bot.Question{Text: "Sure?"})
		if err != nil {
			return err
		}
		_, err = th.Post(ctx, bot.Text("answered "+a.Value))
		return err
	}
	wait := func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
		select {
		case <-ctx.Done():
			seen = append(seen, context.Cause(ctx).Error())
		case <-time.After(time.Minute):
		}
		_, err := th.Post(ctx, bot.Text("done with "+m.Text()))
		return err
	}
	for _, c := range []struct {
		name    string
		handler bot.MessageHandler
		play    func(k *bottest.Kit, th *bottest.Thread)
		want    []string
		seen    []string
	}{
		{
			name: "waits for its turn", handler: wait, want: []string{"done with first"},
			play: func(k *bottest.Kit, th *bottest.Thread) {
				k.User("ada").Mention(th, "first")
				m := k.User("ada").Mention(th, "second")
				k.User("ada").Delete(m)
				k.Sleep(5 * time.Minute)
			},
		},
		{
			name: "is being handled", handler: wait, seen: []string{bot.ErrDeleted.Error()},
			play: func(k *bottest.Kit, th *bottest.Thread) {
				m := k.User("ada").Mention(th, "first")
				time.Sleep(5 * time.Second)
				k.User("ada").Delete(m)
				k.Sleep(5 * time.Minute)
			},
		},
		{
			name: "has asked a question", handler: ask, want: []string{"Sure?"},
			play: func(k *bottest.Kit, th *bottest.Thread) {
				m := k.User("ada").Mention(th, "first")
				k.Sleep(time.Second)
				k.User("ada").Delete(m)
				k.User("ada").Say(th, "yes")
				k.Sleep(5 * time.Minute)
			},
		},
		{
			name: "another one is deleted", handler: wait, want: []string{"done with first"},
			play: func(k *bottest.Kit, th *bottest.Thread) {
				k.User("ada").Mention(th, "first")
				k.User("bob").Delete(k.User("bob").Say(th, "hm"))
				k.Sleep(5 * time.Minute)
			},
		},
		{
			name: "stands in a thread whose first message is deleted", handler: wait, seen: []string{bot.ErrDeleted.Error()},
			play: func(k *bottest.Kit, th *bottest.Thread) {
				root := k.User("bob").Say(th, "hm")
				k.User("ada").Mention(th, "first")
				time.Sleep(5 * time.Second)
				k.User("bob").Delete(root)
				k.Sleep(5 * time.Minute)
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			seen = nil
			synctest.Test(t, func(t *testing.T) {
				k := bottest.New(t, bot.Config{}, func(b *bot.Bot) { b.OnNewMention(c.handler) })
				th := k.NewThread()
				c.play(k, th)
				th.ExpectExactly(c.want...)
			})
			if diff := cmp.Diff(c.seen, seen); diff != "" {
				t.Errorf("causes (-want +got):\n%s", diff)
			}
		})
	}
}
