package bot

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
)

// toldAgent remembers under which contexts it was told something.
type toldAgent struct {
	adapter.Agent

	told chan context.Context
}

func (a toldAgent) Activity(ctx context.Context, _ *adapter.Activity) error {
	a.told <- ctx
	return nil
}

// TestFirstWordsHoldNothing: what was said holds no context, though its turn runs in
// another process and never says that it has begun. More of them than the greeter
// remembers keep no later one from its first word.
func TestFirstWordsHoldNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const many = 2*greetMost + 10
		agent := toldAgent{told: make(chan context.Context, many)}
		b := &Bot{log: zerolog.Nop()}
		b.can.agent = agent
		g := &b.greeter
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); g.run(ctx) }()
		synctest.Wait()
		for i := range many {
			entry := fmt.Sprint(i)
			wait, this := g.expect(ctx, entry)
			if this == nil {
				t.Fatalf("first word %d is not said", i)
			}
			n := awaited{entry: entry, ahead: 1, thread: &Thread{bot: b, id: "fake:1", workspace: "W1"}}
			g.say(wait, &n, this)
			if wait.Err() == nil {
				t.Fatalf("the context of first word %d is left", i)
			}
		}
		if len(agent.told) != many {
			t.Errorf("%d first words were said, want %d", len(agent.told), many)
		}
		if !g.begun(fmt.Sprint(many - 1), true) {
			t.Error("a turn does not learn that its first word was said")
		}
		cancel()
		<-ended
	})
}

// TestFirstWordsUnderWayStay: while as many as the greeter remembers are under way, it
// takes no more, and lets those end.
func TestFirstWordsUnderWayStay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		agent := toldAgent{told: make(chan context.Context, 2*greetMost)}
		b := &Bot{log: zerolog.Nop()}
		b.can.agent = agent
		g := &b.greeter
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); g.run(ctx) }()
		synctest.Wait()
		for i := range greetMost + 10 {
			g.work <- awaited{entry: fmt.Sprint(i), thread: &Thread{bot: b, id: "fake:1", workspace: "W1"}}
		}
		time.Sleep(2 * greetAfter)
		if len(agent.told) != greetMost {
			t.Errorf("%d first words were said, want %d", len(agent.told), greetMost)
		}
		cancel()
		<-ended
	})
}
