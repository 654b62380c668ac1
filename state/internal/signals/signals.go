// Package signals passes signals on to those in this process who listen.
package signals

import (
	"maps"
	"slices"
	"sync"

	"github.com/linearbot/linearbot/state"
)

// Hub passes signals on. The zero value is ready to use; it is safe for
// concurrent use.
type Hub struct {
	mu        sync.Mutex
	last      int
	listeners map[int]func(state.Key)
}

// Send calls all listeners.
func (h *Hub) Send(thread state.Key) {
	h.mu.Lock()
	all := slices.Collect(maps.Values(h.listeners))
	h.mu.Unlock()
	for _, f := range all {
		f(thread)
	}
}

// Listen adds a listener until stop is called.
func (h *Hub) Listen(f func(state.Key)) (stop func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.listeners == nil {
		h.listeners = make(map[int]func(state.Key))
	}
	h.last++
	n := h.last
	h.listeners[n] = f
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.listeners, n)
	}
}
