package bot

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state/memstate"
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
		store := memstate.New(memstate.Options{})
		defer store.Close()
		b := &Bot{log: zerolog.Nop(), notes: notes.New(store)}
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
			n := awaited{entry: entry, ahead: 1, thread: &Thread{bot: b, id: "fake:1", workspace: "W1"}, at: time.Now()}
			g.say(wait, &n, this)
			if wait.Err() == nil {
				t.Fatalf("the context of first word %d is left", i)
			}
		}
		if len(agent.told) != many {
			t.Errorf("%d first words were said, want %d", len(agent.told), many)
		}
		if !g.begun(fmt.Sprint(many-1), true) {
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
		store := memstate.New(memstate.Options{})
		defer store.Close()
		b := &Bot{log: zerolog.Nop(), notes: notes.New(store)}
		b.can.agent = agent
		g := &b.greeter
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); g.run(ctx) }()
		synctest.Wait()
		for i := range greetMost + 10 {
			g.work <- awaited{entry: fmt.Sprint(i), thread: &Thread{bot: b, id: "fake:1", workspace: "W1"}, at: time.Now()}
		}
		time.Sleep(2 * greetAfter)
		if len(agent.told) != greetMost {
			t.Errorf("%d first words were said, want %d", len(agent.told), greetMost)
		}
		cancel()
		<-ended
	})
}

// TestAQuickTurnIsNotGreeted: a turn that begins before the greeter knows of it speaks
// for itself.
func TestAQuickTurnIsNotGreeted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		agent := toldAgent{told: make(chan context.Context, 10)}
		store := memstate.New(memstate.Options{})
		defer store.Close()
		b := &Bot{log: zerolog.Nop(), notes: notes.New(store)}
		b.can.agent = agent
		g := &b.greeter
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); g.run(ctx) }()
		synctest.Wait()
		for i := range 3 * greetMost {
			g.begun(fmt.Sprint(i), true)
		}
		if n := len(g.started); n != greetMost || len(g.order) != greetMost {
			t.Errorf("%d turns are remembered", n)
		}
		g.work <- awaited{entry: fmt.Sprint(3*greetMost - 1), thread: &Thread{bot: b, id: "fake:1", workspace: "W1"}, at: time.Now()}
		time.Sleep(2 * greetAfter)
		if len(agent.told) != 0 {
			t.Error("a first word came after the turn had begun")
		}
		cancel()
		<-ended
	})
}

// TestReplayed: the writes of the keeper have the same keys when a message is handled
// again.
func TestReplayed(t *testing.T) {
	t.Parallel()
	for entry, want := range map[string]string{
		"0f":                        "0f",
		"replay\x000f\x00some-uuid": "0f",
		"resume\x00a\x00b":          "resume\x00a\x00b",
	} {
		if got := replayed(entry); got != want {
			t.Errorf("%q repeats %q, want %q", entry, got, want)
		}
	}
}
