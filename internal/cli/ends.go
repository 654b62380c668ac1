package cli

import (
	"slices"
	"sync"
)

// Ends holds functions to call if the process exits in the middle of a command: they kill
// the programs that it has started, for example. The zero value is ready to use, and a nil
// *Ends ignores what is added. It is safe for concurrent use.
type Ends struct {
	mu   sync.Mutex
	last []*func()
}

// Add registers f to be called by Run. remove unregisters it.
func (e *Ends) Add(f func()) (remove func()) {
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

// Run calls the registered functions, the last one first. The process must exit
// afterwards.
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
