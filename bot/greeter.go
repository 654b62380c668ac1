package bot

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/state"
)

// A platform shows an agent as unresponsive that says nothing within seconds. The
// keeper of a turn speaks first, but a turn may be long in coming: behind others of
// its session, or because no worker is free. Then the intake speaks for it. It never
// delays a delivery. It costs calls of the store only if the turn has not begun by then
// (first_word.go).

const (
	// greetAfter is how long the intake leaves the first word to the turn.
	greetAfter = 2 * time.Second
	// greetMost is how many deliveries wait for their first word at a time. Beyond,
	// the first word is that of the turn.
	greetMost = 512
	// soonText is the first word for a turn that is next.
	soonText = "I'll start as soon as I can."
)

// awaited is a message to a session whose turn has not begun.
type awaited struct {
	entry  string
	thread *Thread
	// seq is its place among what was stored for the thread, and at about when.
	seq uint64
	at  time.Time
	// ahead is how many others of the session come before.
	ahead int
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

// greeter sends first words for turns that wait. The zero value is ready to use, and
// greets while its run runs.
type greeter struct {
	mu      sync.Mutex
	work    chan awaited // nil unless it runs
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

// run greets until ctx ends.
func (g *greeter) run(ctx context.Context) {
	work := make(chan awaited, greetMost)
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
			if wait, this := g.expect(ctx, next.entry); this != nil {
				speaking.Go(func() { g.say(wait, &next, this) })
			}
		}
	}
}

// expect returns a context that ends when the turn of an entry begins.
func (g *greeter) expect(ctx context.Context, entry string) (context.Context, *firstWord) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.waiting == nil || g.waiting[entry] != nil || g.started[entry] {
		return nil, nil
	}
	if len(g.waiting) >= greetMost {
		// The turns of what was said run elsewhere, perhaps.
		maps.DeleteFunc(g.waiting, func(_ string, this *firstWord) bool { return this.over() })
		if len(g.waiting) >= greetMost {
			return nil, nil
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	g.waiting[entry] = &firstWord{cancel: cancel, done: make(chan struct{})}
	return ctx, g.waiting[entry]
}

// say says a first word, unless wait ends before.
func (g *greeter) say(wait context.Context, next *awaited, this *firstWord) {
	defer this.cancel() // the turn may run elsewhere, and never says so
	this.said = next.speak(wait)
	close(this.done)
	if !this.said {
		g.drop(next.entry, this)
	}
}

// drop takes out an entry whose first word was not said, unless another one has taken
// its place.
func (g *greeter) drop(entry string, this *firstWord) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.waiting[entry] == this {
		delete(g.waiting, entry)
	}
}

// take takes an entry out, and returns its first word.
func (g *greeter) take(entry string) *firstWord {
	g.mu.Lock()
	defer g.mu.Unlock()
	this := g.waiting[entry]
	delete(g.waiting, entry)
	if this != nil {
		this.cancel()
	}
	return this
}

// begun says that the turn of an entry has begun, and says its own first word. It waits
// for a first word that is being said, and reports whether one was. In a session the
// turn may be quicker than the greeter.
func (g *greeter) begun(entry string, session bool) bool {
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
func (g *greeter) start(entry string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.started == nil || g.started[entry] {
		return
	}
	if len(g.order) >= greetMost {
		delete(g.started, g.order[0])
		g.order = g.order[1:]
	}
	g.started[entry] = true
	g.order = append(g.order, entry)
}

// greetLater queues the first word for a delivery that was stored, if it is a message to
// a session. It does not block.
func (b *Bot) greetLater(r *adapter.Route, e *state.Entry, receipt state.Receipt) {
	if !r.Message || b.can.agent == nil || !b.can.agent.IsSession(r.Thread) {
		return
	}
	b.sessions.arrive(r.Workspace)
	if b.cfg.Sessions.Unattended {
		return
	}
	g := &b.greeter
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.work == nil {
		return // another process works
	}
	select {
	case g.work <- awaited{
		entry: e.ID, thread: &Thread{bot: b, id: r.Thread, workspace: r.Workspace}, seq: receipt.Seq, at: time.Now(), ahead: receipt.Depth - 1,
	}:
	default: // overload: the turn speaks
	}
}

// speak says the first word, unless ctx ends before it is time, and reports whether
// it has.
func (n *awaited) speak(ctx context.Context) bool {
	text := soonText
	if n.ahead > 0 {
		text = queuedText(n.ahead)
	} else if !pause(ctx, greetAfter) {
		return false
	}
	// The keeper of the turn speaks under the same name, so this is a no-op if the
	// turn has begun elsewhere, and cannot come after its answer.
	return n.mayGreet(ctx) && n.thread.tell(ctx, keeperKey(n.entry, nameFirst), text)
}

func queuedText(ahead int) string {
	if ahead == 1 {
		return "Queued behind 1 other."
	}
	return fmt.Sprintf("Queued behind %d others.", ahead)
}
