package bot

import (
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/lanes"
	"github.com/linearbot/linearbot/internal/envelope"
	"github.com/linearbot/linearbot/state"
)

// LanePolicy says what happens to messages that arrive in a thread while an
// earlier one is being handled. It concerns new messages only; edits,
// reactions and other events always wait their turn. The zero value is
// [Serial].
//
// Under [Latest], [Debounce], [Burst] and [Takeover] a message can stand for those before
// it. They are done when a handler has taken it; if all handlers decline or refuse
// it, they are handled by themselves. A message
// whose handling has begun is handled to its end, retries and restarts
// included, except under Takeover: newer ones wait for it and do not take its place.
// Answers to
// questions are never skipped. At most 200 messages are taken together.
type LanePolicy struct{ p lanes.Policy }

// Serial handles every message of a thread, one after the other.
func Serial() LanePolicy { return LanePolicy{lanes.Policy{Kind: lanes.Serial}} }

// Latest handles the newest of the messages that wait and gives the others to
// its handler as [Message.Skipped].
func Latest() LanePolicy { return LanePolicy{lanes.Policy{Kind: lanes.Latest}} }

// Debounce is Latest after the thread was quiet for d: every message starts
// the wait anew.
func Debounce(d time.Duration) LanePolicy {
	return LanePolicy{lanes.Policy{Kind: lanes.Debounce, D: d}}
}

// Burst is Latest a fixed time d after the first message.
func Burst(d time.Duration) LanePolicy { return LanePolicy{lanes.Policy{Kind: lanes.Burst, D: d}} }

// Concurrent handles up to n messages of a thread at the same time, in no
// particular order. Which ones share a place is decided by chance.
func Concurrent(n int) LanePolicy { return LanePolicy{lanes.Policy{Kind: lanes.Concurrent, N: n}} }

// Drop handles a message only if its thread has nothing else to do, and
// forgets it otherwise.
func Drop() LanePolicy { return LanePolicy{lanes.Policy{Kind: lanes.Drop}} }

// Takeover is Latest whose newest message does not wait for the turn that runs: the
// context of that turn ends with the cause [ErrTakenOver], after which it writes
// nothing more, and the newer message stands for what it was to handle. Every
// message of an author to whom the bot listens takes over, whether or not it
// mentions the bot; a handler that has finished all the same is not run again. What
// the turn has posted stays. An answer to a question takes nothing over: it waits for
// the turn that runs, and then its own turn continues, which is handled to its end. It
// costs a durable write for each message.
func Takeover() LanePolicy { return LanePolicy{lanes.Policy{Kind: lanes.Takeover}} }

// String names the policy, as in "latest" or "debounce 2s".
func (p LanePolicy) String() string { return p.p.String() }

// LaneScope says what has a lane of its own.
type LaneScope uint8

// The scopes.
const (
	// LanePerThread handles the threads of an issue in parallel.
	LanePerThread LaneScope = iota
	// LanePerChannel handles the events of an issue one at a time, whichever of its
	// threads and agent sessions they belong to. Reactions, whose deliveries do not
	// name the issue, have lanes of their own. Messages are still taken together
	// by thread, and state and subscriptions are a thread's. Each turn in a thread
	// costs a further read of the store. Events that are under way when the scope
	// is changed may overtake each other.
	LanePerChannel
)

// laneOf returns the lane of a thread.
func (b *Bot) laneOf(workspace string, id adapter.ThreadID) state.Key {
	if b.cfg.Lanes == LanePerChannel {
		if channel, err := b.cfg.Adapter.Channel(id); err == nil {
			id = channel
		}
	}
	return laneKey(workspace, id)
}

// entry makes the entry of a delivery whose transport key is id.
func (b *Bot) entry(id string, d *adapter.Delivery, r *adapter.Route) state.Entry {
	kept := *d
	kept.Header = r.Header
	e := state.Entry{
		ID:   id,
		Lane: b.laneOf(r.Workspace, r.Thread),
		Keys: []string{r.Key},
		Head: envelope.Head(&kept),
		Body: d.Body,
	}
	if r.Urgent {
		e.Lane.Kind = "urgent"
	}
	if r.Message {
		b.cfg.Policy.p.Apply(&e, r.Key)
	}
	return e
}
