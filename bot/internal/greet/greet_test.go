package greet

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// running runs a greeter until the test ends.
func running(t *testing.T) *Greeter {
	t.Helper()
	g := &Greeter{}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); g.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	synctest.Wait()
	return g
}

// after returns a word that is said after a while, by sending its context.
func after(d time.Duration, entry string, said chan<- context.Context) Word {
	return Word{Entry: entry, Speak: func(ctx context.Context) bool {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(d):
			said <- ctx
			return true
		}
	}}
}

// TestFirstWordsHoldNothing: what was said holds no context, though its turn runs in
// another process and never says that it has begun. More of them than the greeter
// remembers keep no later one from its first word.
func TestFirstWordsHoldNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const many = 2*most + 10
		g, said := running(t), make(chan context.Context, many)
		for i := range many {
			g.Later(func() Word { return after(0, fmt.Sprint(i), said) })
			time.Sleep(time.Millisecond)
			synctest.Wait()
			select {
			case ctx := <-said:
				if ctx.Err() == nil {
					t.Fatalf("the context of first word %d is left", i)
				}
			default:
				t.Fatalf("first word %d is not said", i)
			}
		}
		if !g.Begun(fmt.Sprint(many-1), true) {
			t.Error("a turn does not learn that its first word was said")
		}
	})
}

// TestFirstWordsUnderWayStay: while as many as the greeter remembers are under way, it
// takes no more, and lets those end.
func TestFirstWordsUnderWayStay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, said := running(t), make(chan context.Context, 2*most)
		for i := range most + 10 {
			g.Later(func() Word { return after(time.Second, fmt.Sprint(i), said) })
			synctest.Wait()
		}
		time.Sleep(2 * time.Second)
		if len(said) != most {
			t.Errorf("%d first words were said, want %d", len(said), most)
		}
	})
}

// TestBegun: a turn that begins ends the wait for its word, or waits for the word that
// is being said. One that begins before the greeter knows of it speaks for itself.
func TestBegun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, said := running(t), make(chan context.Context, 10)
		g.Later(func() Word { return after(time.Minute, "waits", said) })
		synctest.Wait()
		if g.Begun("waits", true) || len(said) > 0 {
			t.Error("the word of a turn that has begun was said")
		}
		g.Later(func() Word {
			return Word{Entry: "speaks", Speak: func(context.Context) bool {
				time.Sleep(time.Second) // a request that is under way
				return true
			}}
		})
		synctest.Wait()
		if start := time.Now(); !g.Begun("speaks", true) || time.Since(start) != time.Second {
			t.Errorf("the turn began %s later, want when the word is said", time.Since(start))
		}
		for i := range 3 * most {
			g.Begun(fmt.Sprint(i), true)
		}
		if n := len(g.started); n != most || len(g.order) != most {
			t.Errorf("%d turns are remembered", n)
		}
		g.Later(func() Word { return after(0, fmt.Sprint(3*most-1), said) })
		time.Sleep(time.Second)
		if len(said) != 0 {
			t.Error("a first word came after the turn had begun")
		}
	})
}

func TestNoGreeterRuns(t *testing.T) {
	t.Parallel()
	var g Greeter
	g.Later(func() Word {
		t.Error("a word is made that no one says")
		return Word{}
	})
	if g.Begun("entry", true) {
		t.Error("a word was said")
	}
}
