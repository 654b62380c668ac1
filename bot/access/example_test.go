package access_test

import (
	"context"
	"fmt"

	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/access"
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

// Only Ada may deploy. Others are told so.
func Example() {
	t := &exampleT{}
	defer t.end()
	cfg := bot.Config{Access: access.Users("ada").Else(bot.DenyWithReply("Please ask Ada."))}
	k := bottest.New(t, cfg, func(b *bot.Bot) {
		b.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
			_, err := t.Post(ctx, bot.Text("Deploying"))
			return err
		})
	})
	th := k.NewThread()
	for _, who := range []string{"ada", "bob"} {
		k.User(who).Mention(th, "deploy")
		k.Wait()
	}
	for _, text := range th.Posts() {
		fmt.Println(text)
	}
	// Output:
	// Deploying
	// Please ask Ada.
}
