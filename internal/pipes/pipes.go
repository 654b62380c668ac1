// Package pipes is a network in memory, for tests on virtual time: a server and its
// clients in one bubble of testing/synctest.
package pipes

import (
	"context"
	"net"
	"sync"
)

// Listener is a net.Listener whose connections are pipes. Make one with [Listen].
type Listener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

// Listen returns a listener.
func Listen() *Listener {
	return &Listener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

// Accept implements net.Listener.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Closed is closed with the listener.
func (l *Listener) Closed() <-chan struct{} { return l.closed }

// Addr implements net.Listener. It is the same for all.
func (*Listener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// Dial connects to the listener. It blocks until the connection is accepted, and fails
// if the listener is closed or ctx ends. Writes block until the other side reads.
func (l *Listener) Dial(ctx context.Context) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.conns <- far:
		return near, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
