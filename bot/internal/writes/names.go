// Package writes names what a turn writes, and remembers what it wrote.
//
// A write has a key, so that a turn that runs again writes nothing twice. Keys name
// writes by event, handler, step and order ([Names]). Posts of one handler that run at
// the same time take their keys in the order in which they come, which may be another
// one in the next run: give each a step of its own.
//
// A turn that runs again may write something else, though: a model rarely says the same
// again. Then what stands there has to follow. So a turn that is to run again leaves
// behind, with its verdict, a hash of what it sent under each key ([Sent]).
package writes

import (
	"strconv"
	"strings"
	"sync"
)

// Names names what a turn writes, so that the same write has the same name in each run
// of the turn. It is safe for concurrent use. The zero value is ready to use.
type Names struct {
	mu       sync.Mutex
	running  string // the handler
	ordinals map[string]int
}

// Begin says that what follows is written by a handler.
func (n *Names) Begin(handler string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.running = handler
}

// Handler returns the handler that Begin was called with last.
func (n *Names) Handler() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.running
}

// Next names the next write of a sort, within a step. Outside of steps that is empty.
func (n *Names) Next(event, sort, step string) string {
	return n.named(event, step, n.Count(sort+"\x00"+step))
}

// Peek returns what Next returns next.
func (n *Names) Peek(event, sort, step string) string {
	n.mu.Lock()
	ordinal := n.ordinals[n.running+"\x00"+sort+"\x00"+step]
	n.mu.Unlock()
	return n.named(event, step, ordinal)
}

func (n *Names) named(event, step string, ordinal int) string {
	return event + "\x00" + n.Handler() + "\x00" + step + "\x00" + strconv.Itoa(ordinal)
}

// Count counts the uses of a name within the handler that runs, from 0 on.
func (n *Names) Count(name string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ordinals == nil {
		n.ordinals = make(map[string]int)
	}
	name = n.running + "\x00" + name
	ordinal := n.ordinals[name]
	n.ordinals[name] = ordinal + 1
	return ordinal
}

// Variant is the key of one wording of a write that may be made besides another one.
func Variant(key string, words ...string) string {
	return key + "\x00" + Hash(strings.Join(words, "\x00"))
}
