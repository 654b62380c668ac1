// Triage manages issues with commands: create, search, assign, label and status.
// Each replies with a card. "@bot help" lists them.
//
//	go run ./examples/triage demo --say '@helper-bot create Login is slow --priority 2' --say '@helper-bot search login'
package main

import (
	"fmt"

	"github.com/linearbot/linearbot"
	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/bot"
)

func main() { linearbot.Main(register) }

// register uses features that only Linear has, so it takes the adapter.
func register(b *bot.Bot) error {
	lin, ok := b.Adapter().(*linear.Adapter)
	if !ok {
		return fmt.Errorf("triage works with Linear, not with %s", b.Adapter().Name())
	}
	(&triage{lin: lin}).register(b)
	return nil
}
