package bot_test

import (
	"context"
	"fmt"
	"regexp"
	"sync"
	"time"

	"github.com/linearbot/linearbot/adapter/adaptertest"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/card"
	"github.com/linearbot/linearbot/state/memstate"
)

// play makes a bot called helper on a platform in memory, lets register set it
// up, has Ada say the texts one after the other, and prints what the bot posts.
func play(register func(b *bot.Bot), texts ...string) {
	fake := adaptertest.NewFake("helper")
	store := memstate.New(memstate.Options{})
	defer store.Close()
	b, err := bot.New(bot.Config{Adapter: fake, Store: store, NoApology: true, Backoff: func(int) time.Duration { return 0 }})
	if err != nil {
		fmt.Println(err)
		return
	}
	register(b)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := b.Run(ctx); err != nil {
			fmt.Println(err)
		}
	})
	for i, text := range texts {
		if err := b.Accept(ctx, fake.Said("fake:room:thread", fmt.Sprint("m", i), "ada", text)); err != nil {
			fmt.Println(err)
		}
		for { // until it is handled
			stats, err := store.Stats(ctx)
			if err != nil || stats.Entries == 0 {
				break
			}
			<-time.After(time.Millisecond)
		}
	}
	cancel()
	wg.Wait()
	for _, text := range fake.Posted("fake:room:thread") {
		fmt.Println(text)
	}
}

// A mention is answered, and the bot then listens to the thread.
func Example() {
	play(func(b *bot.Bot) {
		b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
			if err := t.Subscribe(ctx); err != nil {
				return err
			}
			_, err := t.Post(ctx, bot.Markdown("Hello **"+m.Author.ID+"**, you said: "+m.Text()))
			return err
		})
		b.OnSubscribedMessage(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
			_, err := t.Post(ctx, bot.Markdown("And then: "+m.Body))
			return err
		})
	}, "@helper good morning", "a nice day")
	// Output:
	// Hello **ada**, you said: good morning
	// And then: a nice day
}

// Messages that no one addressed to the bot can be matched by a pattern.
func ExampleBot_OnNewMessage() {
	play(func(b *bot.Bot) {
		deploy := regexp.MustCompile(`^deploy (\S+)`)
		b.OnNewMessage(deploy, func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
			_, err := t.Post(ctx, bot.Text("Deploying "+deploy.FindStringSubmatch(m.Body)[1]))
			return err
		})
	}, "lunch?", "deploy api now")
	// Output:
	// Deploying api
}

// A handler that asks a slow model gets more time than the others and is tried
// less often.
func ExampleRegistration_With() {
	play(func(b *bot.Bot) {
		b.OnNewMention(func(ctx context.Context, _ *bot.Thread, m *bot.Message) error {
			deadline, _ := ctx.Deadline()
			fmt.Println("attempt", m.Attempt, "with", time.Until(deadline).Round(time.Minute))
			return fmt.Errorf("the model is down")
		}).With(bot.HandlerOptions{Name: "answer", Timeout: time.Hour, MaxAttempts: 2})
	}, "@helper think hard")
	// Output:
	// attempt 1 with 1h0m0s
	// attempt 2 with 1h0m0s
}

// Of the questions that wait, the handler gets the newest with the others as
// context.
func ExampleLatest() {
	store := memstate.New(memstate.Options{})
	defer store.Close()
	fake := adaptertest.NewFake("helper")
	b, err := bot.New(bot.Config{Adapter: fake, Store: store, Policy: bot.Latest()})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	b.OnNewMention(func(_ context.Context, _ *bot.Thread, m *bot.Message) error {
		for _, s := range m.Skipped {
			fmt.Println("before:", s.Text())
		}
		fmt.Println("asked:", m.Text())
		cancel() // the end of the example
		return nil
	})

	for i, text := range []string{"@helper is it up?", "@helper hello?", "@helper and now?"} {
		if err := b.Accept(ctx, fake.Said("fake:room:thread", fmt.Sprint("m", i), "ada", text)); err != nil {
			fmt.Println(err)
		}
	}
	if err := b.Run(ctx); err != nil {
		fmt.Println(err)
	}
	// Output:
	// before: is it up?
	// before: hello?
	// asked: and now?
}

// The first middleware runs outermost.
func ExampleBot_Use() {
	wrap := func(name string) bot.Middleware {
		return func(next bot.Handler) bot.Handler {
			return func(ctx context.Context, t *bot.Turn) error {
				fmt.Println(name, "before", t.Handler())
				defer fmt.Println(name, "after")
				return next(ctx, t)
			}
		}
	}
	play(func(b *bot.Bot) {
		b.Use(wrap("outer"), wrap("inner"))
		b.OnNewMention(func(context.Context, *bot.Thread, *bot.Message) error { return nil })
	}, "@helper hi")
	// Output:
	// outer before mention/0
	// inner before mention/0
	// inner after
	// outer after
}

// A turn that fails runs again. What it posted before stands once, and what it
// paid for is not paid twice.
func ExampleStep() {
	play(func(b *bot.Bot) {
		b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
			if _, err := t.Post(ctx, bot.Text("Thinking")); err != nil {
				return err
			}
			answer, err := bot.Step(ctx, "model", func(context.Context) (int, error) {
				fmt.Println("the model is asked")
				return 42, nil
			})
			if err != nil {
				return err
			}
			if m.Attempt == 1 {
				return fmt.Errorf("the network is down")
			}
			_, err = t.Post(ctx, bot.Text(fmt.Sprint("It is ", answer)))
			return err
		})
	}, "@helper what is it?")
	// Output:
	// the model is asked
	// Thinking
	// It is 42
}

// A question parks the turn; the answer, minutes or days later, resumes it.
func ExampleAsk() {
	play(func(b *bot.Bot) {
		b.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
			a, err := bot.Ask(ctx, t, bot.Question{Text: "What shall I call it?"})
			if err != nil {
				return err
			}
			_, err = t.Post(ctx, bot.Text("Created "+a.Value+" for "+a.By.ID))
			return err
		})
	}, "@helper create an issue", "Login is slow")
	// Output:
	// What shall I call it?
	// Created Login is slow for ada
}

// A card is rendered as Markdown.
func ExampleCard() {
	play(func(b *bot.Bot) {
		b.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
			_, err := t.Post(ctx, card.Card{
				Title: "Build 512",
				Children: []card.Element{
					card.Fields{{Label: "Branch", Value: "main"}, {Label: "State", Value: "green {{emoji:check}}"}},
					card.Actions{card.LinkButton{Label: "Open", URL: "https://ci.example/512"}},
				},
			})
			return err
		})
	}, "@helper status")
	// Output:
	// **Build 512**
	//
	// **Branch:** main
	// **State:** green ✅
	//
	// [Open](https://ci.example/512)
}
