package bottest_test

import (
	"context"
	"fmt"

	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/bottest"
)

// exampleT stands for the *testing.T that a test has.
type exampleT struct{ cleanups []func() }

func (*exampleT) Helper()                           {}
func (*exampleT) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }
func (*exampleT) Fatalf(format string, args ...any) { fmt.Printf(format+"\n", args...) }
func (t *exampleT) Cleanup(f func())                { t.cleanups = append(t.cleanups, f) }
func (*exampleT) Context() context.Context          { return context.Background() }

func (t *exampleT) end() {
	for i := range t.cleanups {
		t.cleanups[len(t.cleanups)-1-i]()
	}
}

// In a test, t is its *testing.T, and the end comes by itself.
func Example() {
	t := &exampleT{}
	defer t.end()

	k := bottest.New(t, bot.Config{}, func(b *bot.Bot) {
		b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
			_, err := t.Post(ctx, bot.Text("Hello "+m.Author.ID))
			return err
		})
	})
	th := k.NewThread()
	k.User("ada").Say(th, "@helper good morning")
	k.Duplicate()
	k.Wait()
	th.ExpectExactly("Hello ada")
	for _, text := range th.Posts() {
		fmt.Println(text)
	}
	// Output: Hello ada
}
