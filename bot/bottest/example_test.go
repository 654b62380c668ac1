package bottest_test

import (
	"context"
	"fmt"

	"github.com/linearbot/linearbot/adapter"

	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/bottest"
)

// exampleT stands for the *testing.T that a test has.
type exampleT struct{ cleanups []func() }

func (*exampleT) Helper()                           {}
func (*exampleT) Log(args ...any)                   { fmt.Println(args...) }
func (*exampleT) Logf(format string, args ...any)   { fmt.Printf(format+"\n", args...) }
func (*exampleT) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }
func (*exampleT) Fatalf(format string, args ...any) { fmt.Printf(format+"\n", args...) }
func (t *exampleT) Cleanup(f func())                { t.cleanups = append(t.cleanups, f) }
func (*exampleT) Context() context.Context          { return context.Background() }

func (t *exampleT) end() {
	for i := range t.cleanups {
		t.cleanups[len(t.cleanups)-1-i]()
	}
}

// todo is a bot that keeps one note in a thread: a mention begins it, an edit of
// the mention changes it, a reaction to it ends it.
func todo(b *bot.Bot) {
	b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
		if err := t.React(ctx, m.ID, "eyes"); err != nil {
			return err
		}
		note, err := t.Post(ctx, bot.Text("To do: "+m.Text()))
		if err != nil {
			return err
		}
		return bot.State[string](t).Set(ctx, note.ID)
	})
	b.OnMessageUpdated(func(ctx context.Context, t *bot.Thread, m *bot.Message, _ string) error {
		note, err := bot.State[string](t).Get(ctx)
		if err != nil || note == "" {
			return err
		}
		_, err = t.Edit(ctx, note, bot.Text("To do: "+m.Text()))
		return err
	})
	b.OnReaction(func(ctx context.Context, t *bot.Thread, r *adapter.ReactionEvent) error {
		if err := t.Delete(ctx, r.MessageID); err != nil {
			return err
		}
		_, err := t.Post(ctx, bot.Text("Done, says "+r.User.Name))
		return err
	}, "check")
}

// In a test, t is its *testing.T, and the end comes by itself.
func Example() {
	t := &exampleT{}
	defer t.end()

	k := bottest.New(t, bot.Config{}, todo)
	ada, bob, th := k.User("ada"), k.User("bob"), k.NewThread()

	request := ada.Mention(th, "buy milk")
	k.Duplicate()
	th.ExpectExactly("To do: buy milk")
	th.ExpectReactions(request, "eyes")

	ada.Edit(request, "@helper buy oat milk")
	note := th.Post(0)
	th.ExpectVersions(note.ID, "To do: buy milk", "To do: buy oat milk")

	bob.React(note.ID, "✅")
	th.ExpectExactly("Done, says bob")

	for _, m := range th.Messages() {
		fmt.Printf("%s: %s\n", m.Author.Name, m.Body)
	}
	// Output:
	// ada: @helper buy oat milk
	// helper: Done, says bob
}
