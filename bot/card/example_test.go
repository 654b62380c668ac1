package card_test

import (
	"context"
	"fmt"

	"github.com/linearbot/linearbot/adapter/adaptertest"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/card"
	"github.com/linearbot/linearbot/state/memstate"
)

// A card is posted like any other content. Linear, which has no cards, gets Markdown.
func Example() {
	store := memstate.New(memstate.Options{})
	defer store.Close()
	platform := adaptertest.NewFake("helper")
	b, err := bot.New(bot.Config{Adapter: platform, Store: store})
	if err != nil {
		fmt.Println(err)
		return
	}
	t, err := b.Workspace("W1").Thread("fake:room:thread")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = t.Post(context.Background(), card.Card{
		Title: "Deploy api 1.4.2",
		Children: []card.Element{
			card.Fields{{Label: "Environment", Value: "staging"}, {Label: "Commits", Value: "7"}},
			card.Table{
				Headers: []string{"check", "result"},
				Rows:    [][]string{{"tests", "passed"}, {card.Cell("lint_v2"), "passed"}},
			},
			card.Link{Label: "Open the log", URL: "https://ci.example.com/1"},
		},
	})
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println(platform.Posted("fake:room:thread")[0])
	// Output:
	// **Deploy api 1.4.2**
	//
	// **Environment:** staging
	// **Commits:** 7
	//
	// | check | result |
	// | --- | --- |
	// | tests | passed |
	// | lint&#95;v2 | passed |
	//
	// [Open the log](https://ci.example.com/1)
}
