package main

import (
	"testing"

	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/bottest"
)

func TestEcho(t *testing.T) {
	t.Parallel()
	k := bottest.New(t, bot.Config{}, register)
	ada, th, other := k.User("ada"), k.NewThread(), k.NewThread()
	ada.Say(other, "a message without a mention")
	ada.Mention(th, "listen")
	ada.Say(th, "one\ntwo")
	ada.Say(th, "  Stop ")
	ada.Say(th, "still there?")
	ada.Mention(th, "and now?")
	th.ExpectExactly(
		"I'm listening. Say **stop** to make me stop.",
		"> one\n> two",
		"I've stopped listening.",
		"I'm listening. Say **stop** to make me stop.",
	)
	other.ExpectNone()
	if !th.Subscribed() || other.Subscribed() {
		t.Error("the bot does not listen where it was asked to")
	}
}
