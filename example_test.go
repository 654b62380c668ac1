package linearbot_test

import (
	"context"
	"fmt"
	"net"
	"sync"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/webhook"
)

// hello answers mentions.
func hello(b *bot.Bot) error {
	b.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
		_, err := t.Post(ctx, bot.Markdown("Hello **from Linear**"))
		return err
	})
	return nil
}

// Run is Main without a command line. Here it runs a bot on a simulated Linear, in
// which a person mentions it.
func ExampleRun() {
	sim, err := linearsim.Start(linearsim.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sim.Close()
	ws := sim.AddWorkspace("Acme", "acme")
	ada := ws.AddUser("Ada Byron", "ada")
	issue := ws.AddTeam("ENG", "Engineering").AddIssue(ada, "Checkout fails on retry", "")
	app := ws.InstallApp(linearsim.App{Name: "Helper Bot", ClientCredentials: true})

	ctx, stop := context.WithCancel(context.Background())
	listening := make(chan net.Addr, 1)
	log := zerolog.Nop()
	var wg sync.WaitGroup
	wg.Go(func() {
		err := linearbot.Run(ctx, linearbot.Config{
			Register: hello,
			Webhook:  webhook.Config{OnListen: func(a net.Addr) { listening <- a }},
			Environ:  append(app.Env(), "LINEAR_WEBHOOK_SECRET=example", "LINEARBOT_STATE=memory", "LINEARBOT_ADDR=127.0.0.1:0"),
			Logger:   &log,
		})
		fmt.Println("stopped:", err)
	})
	app.SetWebhook(linearsim.Webhook{URL: "http://" + (<-listening).String() + "/api/webhooks/linear", Secret: "example"})

	root := ada.Comment(issue, "@helper-bot hello")
	if err := sim.Wait(ctx, func() bool { return len(root.Replies()) > 0 }); err != nil {
		fmt.Println(err)
	}
	fmt.Println(root.Replies()[0].Body())
	stop()
	wg.Wait()
	// Output:
	// Hello **from Linear**
	// stopped: <nil>
}
