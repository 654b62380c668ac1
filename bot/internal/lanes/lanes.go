// Package lanes says what happens to messages that arrive while an earlier one of their
// thread is being handled: which policies there are, how each has a message stored, and
// when messages are due.
package lanes

import (
	"hash/fnv"
	"strconv"
	"time"

	"github.com/linearbot/linearbot/state"
)

// Policy is what happens to the messages of a lane. The zero value is Serial.
type Policy struct {
	Kind Kind
	// D is the time of Debounce and Burst, N the number of Concurrent.
	D time.Duration
	N int
}

// Kind tells the policies apart.
type Kind uint8

// The kinds. None is Serial that was not chosen.
const (
	None Kind = iota
	Serial
	Latest
	Debounce
	Burst
	Concurrent
	Drop
	Takeover
)

// String names the policy, as in "latest" or "debounce 2s".
func (p Policy) String() string {
	switch p.Kind {
	case Latest:
		return "latest"
	case Debounce:
		return "debounce " + p.D.String()
	case Burst:
		return "burst " + p.D.String()
	case Concurrent:
		return "concurrent " + strconv.Itoa(p.N)
	case Drop:
		return "drop"
	case Takeover:
		return "takeover"
	case None, Serial:
		return "serial"
	default:
		return "serial"
	}
}

// Valid reports whether the policy can be carried out.
func (p Policy) Valid() bool {
	switch p.Kind {
	case Debounce, Burst:
		return p.D > 0
	case Concurrent:
		return p.N > 0
	case None, Serial, Latest, Drop, Takeover:
		return true
	default:
		return false
	}
}

// Coalesces reports whether the messages of a lane are taken together.
func (p Policy) Coalesces() bool {
	return p.Kind == Latest || p.Kind == Takeover || p.Kind == Debounce || p.Kind == Burst
}

// TakesOver reports whether a newer message ends the turn that runs.
func (p Policy) TakesOver() bool { return p.Kind == Takeover }

// Due returns when messages are to be handled of which the first and the newest arrived
// at these times. The zero time is at once.
func (p Policy) Due(first, newest time.Time) time.Time {
	switch p.Kind {
	case Debounce:
		return newest.Add(p.D)
	case Burst:
		return first.Add(p.D)
	case None, Serial, Latest, Concurrent, Drop, Takeover:
		return time.Time{}
	default:
		return time.Time{}
	}
}

// Apply has the entry of a new message stored as the policy wants it. event is the key
// of its event.
func (p Policy) Apply(e *state.Entry, event string) {
	switch p.Kind {
	case Debounce:
		e.Hold, e.HoldMode = p.D, state.HoldReset
	case Burst:
		e.Hold, e.HoldMode = p.D, state.HoldIdle
	case Drop:
		e.IfIdle = true
	case Concurrent:
		// The place follows from the event, so that a repeat meets the keys of the
		// first.
		h := fnv.New32a()
		_, _ = h.Write([]byte(event))                                            // never fails
		e.Lane.ID += "#" + strconv.FormatUint(uint64(h.Sum32())%uint64(p.N), 10) //nolint:gosec // N is positive
	case None, Serial, Latest, Takeover:
	}
}
