package bottest_test

import (
	"context"
	"testing"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/bottest"
)

// What a turn on an issue posts first begins a thread there, as on Linear: the
// question, its answer, the subscription, the state and later posts are in that
// thread, also after a restart.
func TestTurnOnAnIssueBeginsAThread(t *testing.T) {
	t.Parallel()
	k := bottest.New(t, bot.Config{}, func(b *bot.Bot) {
		b.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
			if err := t.Subscribe(ctx); err != nil {
				return err
			}
			answer, err := bot.Ask(ctx, t, bot.Question{Text: "Which one?"})
			if err != nil {
				return err
			}
			_, err = t.Post(ctx, bot.Text("You say "+answer.Value))
			return err
		})
		b.OnSubscribedMessage(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
			_, err := t.Post(ctx, bot.Text("again "+m.Text()))
			return err
		})
	})
	ada := k.User("ada")
	issue := ada.CreateIssue(adapter.Issue{Title: "Checkout fails", Description: "@helper help"})
	question := issue.Post(0)
	if question.Thread == issue.ID() {
		t.Fatalf("the question is in %s, want a thread of the issue", question.Thread)
	}
	th := k.Thread(question.Thread)
	k.Restart()
	ada.Say(th, "the second")
	k.Wait()
	ada.Say(th, "more")
	th.Expect("Which one?", "You say the second", "again more")
	if posts := issue.Posts(); len(posts) != 3 {
		t.Errorf("the issue has the posts %q", posts)
	}
}
