// Package greet says a first word for turns that are long in coming, behind others or
// because no worker is free. It never delays what it is told of, and under overload
// leaves the first word to the turn.
package greet

import (
	"context"
	"maps"
	"sync"
)

// most is how many turns wait for their first word at a time, and of how many it is
// remembered that they have begun. Beyond, the first word is that of the turn.
const most = 512

// Word is the first word for a turn that has not begun.
type Word struct {
	// Entry names the turn.
	Entry string
	// Speak says the word when it is time, unless ctx ends before because the turn has
	// begun, and reports whether it has.
	Speak func(ctx context.Context) bool
}

// over reports whether it was said, or is not going to be.
func (f *firstWord) over() bool {
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}

// Greeter says first words for turns that wait. The zero value is ready to use, and
// greets while its Run runs.
type Greeter struct {
	mu      sync.Mutex
	work    chan Word // nil unless it runs
	waiting map[string]*firstWord
	// started are the newest entries of sessions whose turns have begun before the
	// greeter knew of them, and order is the order in which they did.
	started map[string]bool
	order   []string
}

// firstWord is the first word for a turn: still to be said, or said.
type firstWord struct {
	cancel context.CancelFunc
	done   chan struct{} // closed when it is over
	said   bool          // to be read when it is over
}

// Run greets until ctx ends.
func (g *Greeter) Run(ctx context.Context) {
	work := make(chan Word, most)
	g.mu.Lock()
	g.work, g.waiting, g.started, g.order = work, make(map[string]*firstWord), make(map[string]bool), nil
	g.mu.Unlock()
	var speaking sync.WaitGroup
	defer speaking.Wait()
	defer func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.work, g.waiting = nil, nil
	}()
	for {
		select {
		case <-ctx.Done():
			return
		case next := <-work:
			if wait, this := g.expect(ctx, next.Entry); this != nil {
				speaking.Go(func() { g.say(wait, &next, this) })
			}
		}
	}
}

// expect returns a context that ends when the turn of an entry begins.
func (g *Greeter) expect(ctx context.Context, entry string) (context.Context, *firstWord) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.waiting == nil || g.waiting[entry] != nil || g.started[entry] {
		return nil, nil
	}
	if len(g.waiting) >= most {
		// The turns of what was said run elsewhere, perhaps.
		maps.DeleteFunc(g.waiting, func(_ string, this *firstWord) bool { return this.over() })
		if len(g.waiting) >= most {
			return nil, nil
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	g.waiting[entry] = &firstWord{cancel: cancel, done: make(chan struct{})}
	return ctx, g.waiting[entry]
}

// say says a first word, unless wait ends before.
func (g *Greeter) say(wait context.Context, next *Word, this *firstWord) {
	defer this.cancel() // the turn may run elsewhere, and never says so
	this.said = next.Speak(wait)
	close(this.done)
	if !this.said {
		g.drop(next.Entry, this)
	}
}

// drop takes out an entry whose first word was not said, unless another one has taken
// its place.
func (g *Greeter) drop(entry string, this *firstWord) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.waiting[entry] == this {
		delete(g.waiting, entry)
	}
}

// take takes an entry out, and returns its first word.
func (g *Greeter) take(entry string) *firstWord {
	g.mu.Lock()
	defer g.mu.Unlock()
	this := g.waiting[entry]
	delete(g.waiting, entry)
	if this != nil {
		this.cancel()
	}
	return this
}

// Begun says that the turn of an entry has begun, and says its own first word. It waits
// for a first word that is being said, and reports whether one was. In a session the
// turn may be quicker than the greeter.
func (g *Greeter) Begun(entry string, session bool) bool {
	this := g.take(entry)
	if this == nil {
		if session {
			g.start(entry)
		}
		return false
	}
	<-this.done
	return this.said
}

// start remembers that the turn of an entry has begun.
func (g *Greeter) start(entry string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.started == nil || g.started[entry] {
		return
	}
	if len(g.order) >= most {
		delete(g.started, g.order[0])
		g.order = g.order[1:]
	}
	g.started[entry] = true
	g.order = append(g.order, entry)
}

// Later queues the first word that next returns. It does not block: next is not called
// unless Run runs, and the word is dropped if too many wait.
func (g *Greeter) Later(next func() Word) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.work == nil || len(g.work) == cap(g.work) {
		return // another process works, or the turn speaks
	}
	g.work <- next() // there is room, as others that send hold the lock
}
