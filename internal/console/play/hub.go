package play

import "sync"

// hub tells pages that something has changed.
type hub struct {
	mu     sync.Mutex
	next   chan struct{} // closed at the next change
	closed bool
}

func newHub() *hub { return &hub{next: make(chan struct{})} }

// changed returns a channel that is closed at the next change, and whether there
// will be any.
func (h *hub) changed() (<-chan struct{}, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.next, !h.closed
}

func (h *hub) tell() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		close(h.next)
		h.next = make(chan struct{})
	}
}

// close ends all streams.
func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		h.closed = true
		close(h.next)
	}
}
