package webhook

import (
	"container/list"
	"net"
	"net/http"
	"sync"
)

// conns are the connections of a server, up to the limit most. A further one
// replaces the one that has waited longest for a request, and is closed if all
// are busy.
type conns struct {
	most int

	mu      sync.Mutex
	all     map[net.Conn]*list.Element // an element of waiting, or nil while busy
	waiting list.List                  // of *waiter, the longest wait first
	closed  bool                       // the server stops
}

// waiter is a connection that waits for a request: fresh if for its first.
type waiter struct {
	conn  net.Conn
	fresh bool
}

func newConns(most int) *conns {
	return &conns{most: most, all: make(map[net.Conn]*list.Element)}
}

// track follows the state of a connection; it is for http.Server.ConnState.
func (c *conns) track(conn net.Conn, s http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.all[conn]; e != nil {
		c.waiting.Remove(e)
	}
	switch s {
	case http.StateNew:
		c.enter(conn)
	case http.StateIdle:
		c.all[conn] = c.waiting.PushBack(&waiter{conn: conn})
	case http.StateActive:
		c.all[conn] = nil
	case http.StateClosed, http.StateHijacked:
		delete(c.all, conn)
	}
}

// enter takes in a new connection.
func (c *conns) enter(conn net.Conn) {
	if c.closed {
		_ = conn.Close() // the server is stopping
		return
	}
	if len(c.all) >= c.most {
		front := c.waiting.Front()
		if front == nil {
			_ = conn.Close() // all are busy
			return
		}
		if w, ok := c.waiting.Remove(front).(*waiter); ok {
			delete(c.all, w.conn)
			_ = w.conn.Close() // its place is needed
		}
	}
	c.all[conn] = c.waiting.PushBack(&waiter{conn: conn, fresh: true})
}

// closeFresh closes the connections that have not sent a request yet, for which
// Shutdown would wait some seconds each, and all future connections.
func (c *conns) closeFresh() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for e := c.waiting.Front(); e != nil; e = e.Next() {
		if w, ok := e.Value.(*waiter); ok && w.fresh {
			_ = w.conn.Close() // nothing was read from it
		}
	}
}
