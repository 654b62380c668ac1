package cli

import (
	"slices"
	"sync"
)

// Ends holds what must not outlive the process, even if it ends in the middle of a
// command: programs that it has started, for example. The zero value is ready to use, and
// nil holds nothing. It is safe for concurrent use.
type Ends struct {
	mu   sync.Mutex
	last []*func()
}

// Add has f called by Run, unless it is taken out before.
func (e *Ends) Add(f func()) (takeOut func()) {
	if e == nil {
		return func() {}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.last = append(e.last, &f)
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.last = slices.DeleteFunc(e.last, func(other *func()) bool { return other == &f })
	}
}

// Run calls what was added, the last first. The process must end then.
func (e *Ends) Run() {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, f := range slices.Backward(e.last) {
		(*f)()
	}
}
