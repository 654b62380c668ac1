package bot

import (
	"context"
	"fmt"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/greet"
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
	b.greeter.Later(func() greet.Word {
		n := &awaited{
			entry: e.ID, thread: &Thread{bot: b, id: r.Thread, workspace: r.Workspace}, seq: receipt.Seq, at: time.Now(), ahead: receipt.Depth - 1,
		}
		return greet.Word{Entry: n.entry, Speak: n.speak}
	})
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
