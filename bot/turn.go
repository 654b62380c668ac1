package bot

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/state"
)

// Turn is one run of the handlers for one event.
type Turn struct {
	bot     *Bot
	event   adapter.Event
	thread  *Thread
	message *Message
	self    *adapter.Identity
	attempt int
	// entry is the stored event.
	entry state.Queued
	// deadline is when the time of all handlers together is over.
	deadline time.Time

	// skipped are older messages that this turn answers for, and listened the
	// ones of them whose authors the bot listens to.
	skipped, listened []*Turn
	// passed are older messages of the lane that wait for a newer one, and
	// whose handlers the subscription decides.
	passed []*Turn
	// by names the handlers that may take the skipped messages. Nil means any.
	by []string
	// spoke says that one of them took the turn, so that the skipped messages
	// are done with it.
	spoke bool
	// aloof says that the handler that runs took the turn without a look at
	// the skipped messages.
	aloof bool

	// routed says that subscribed holds: whether the thread was subscribed
	// when the turn was routed.
	routed, subscribed bool
	// admitted says that Config.Access allows the turn.
	admitted bool
	// claimed says that the turn speaks for its act.
	claimed bool

	typing typing

	mu      sync.Mutex
	step    string
	ordinal map[string]int
}

// Event returns the event.
func (t *Turn) Event() adapter.Event { return t.event }

// Thread returns the thread of the event. It is nil for events that belong to
// none.
func (t *Turn) Thread() *Thread { return t.thread }

// Message returns the message of the event. It is nil for events that have
// none.
func (t *Turn) Message() *Message { return t.message }

// Self returns who the bot is in the event's workspace.
func (t *Turn) Self() *adapter.Identity { return t.self }

// Attempt counts the runs of the turn, from 1 on.
func (t *Turn) Attempt() int { return t.attempt }

// Handler returns the name of the handler that is running: its kind and its
// place in the order of registration, for example "mention/0", or the name that
// it was given, as in "mention/answer".
func (t *Turn) Handler() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.step
}

// enter begins the step of a handler.
func (t *Turn) enter(step string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.step = step
}

// nextKey returns the key of the next write: event, handler, step, ordinal.
// Writes outside a step have an empty one.
func (t *Turn) nextKey(step string) string {
	n := t.next("write\x00" + step)
	return t.event.Head().Key + "\x00" + t.Handler() + "\x00" + step + "\x00" + strconv.Itoa(n)
}

// nextFiles names the next files that are attached to something, like nextKey.
func (t *Turn) nextFiles(step string) string {
	n := t.next("files\x00" + step)
	return t.event.Head().Key + "\x00" + t.Handler() + "\x00" + step + "\x00" + strconv.Itoa(n)
}

// next counts the uses of a name within the handler that runs.
func (t *Turn) next(name string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ordinal == nil {
		t.ordinal = make(map[string]int)
	}
	name = t.step + "\x00" + name
	n := t.ordinal[name]
	t.ordinal[name] = n + 1
	return n
}

type turnKey struct{}

func withTurn(ctx context.Context, t *Turn) context.Context {
	return context.WithValue(ctx, turnKey{}, t)
}

func turnFrom(ctx context.Context) *Turn {
	t, ok := ctx.Value(turnKey{}).(*Turn)
	if !ok {
		return nil
	}
	return t
}

// stepName names the n-th handler of a kind.
func stepName(kind string, n int) string { return kind + "/" + strconv.Itoa(n) }
