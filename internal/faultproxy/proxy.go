// Package faultproxy is a TCP proxy for tests that injects faults into the
// network between two programs.
//
// A proxy listens on a free port of the loopback interface and forwards every
// connection to its target, bytes unchanged and in order. [Proxy.Set] switches
// faults on and off for all of its connections, open ones included, and
// [Proxy.Cut] ends the open ones. Bytes that a fault holds back are not lost:
// they are forwarded when the fault ends, unless the connection was cut
// meanwhile, as when a real network recovers.
//
// Methods are safe for concurrent use. [Proxy.Close] waits for all goroutines.
package faultproxy

import (
	"context"
	"net"
	"sync"
	"time"
)

// Faults are the faults of the network. The zero value is a healthy network.
type Faults struct {
	// Refuse resets new connections before anything is forwarded. Open ones stay
	// open.
	Refuse bool
	// HoldUp stops forwarding from the client to the target, and HoldDown
	// from the target to the client. The connections stay open, and the ends
	// are not told that one has closed: with one of them a connection is half
	// open, with both it is a cable that was pulled.
	HoldUp, HoldDown bool
	// Delay holds back each chunk, of at most 32 KiB, for that long.
	Delay time.Duration
	// Rate is the maximum number of bytes per second in each direction of each
	// connection. Defaults to 0, no limit.
	Rate int
}

// Proxy forwards connections. Make one with [Run].
type Proxy struct {
	target string
	ln     net.Listener
	tasks  sync.WaitGroup

	mu      sync.Mutex
	faults  Faults
	changed chan struct{} // closed by Set
	links   map[*link]struct{}
	closed  bool
}

// TB is the part of *testing.T that this package uses.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
	Cleanup(f func())
}

// Run returns a proxy for the server at target, which need not run yet. It ends with
// the test.
func Run(t TB, target string) *Proxy {
	t.Helper()
	var lc net.ListenConfig
	ln, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("faultproxy: %v", err)
		return nil
	}
	p := &Proxy{target: target, ln: ln, changed: make(chan struct{}), links: make(map[*link]struct{})}
	p.tasks.Go(p.accept)
	t.Cleanup(p.Close)
	return p
}

// Addr returns host:port of the proxy.
func (p *Proxy) Addr() string { return p.ln.Addr().String() }

// Set replaces the faults. The zero Faults heals the network.
func (p *Proxy) Set(f Faults) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = f
	close(p.changed)
	p.changed = make(chan struct{})
}

// Cut resets all open connections, drops what was held back and returns how
// many there were.
func (p *Proxy) Cut() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.links)
	for l := range p.links {
		l.cut()
	}
	clear(p.links)
	return n
}

// Close cuts all connections, stops listening and waits until every goroutine
// has ended. Closing twice is a no-op.
func (p *Proxy) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	_ = p.ln.Close() // it may be closed already
	p.Cut()
	p.tasks.Wait()
}

// state returns the faults and a channel that is closed when they change.
func (p *Proxy) state() (Faults, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.faults, p.changed
}

func (p *Proxy) accept() {
	for {
		client, err := p.ln.Accept()
		if err != nil {
			return
		}
		if f, _ := p.state(); f.Refuse {
			reset(client)
			continue
		}
		p.tasks.Go(func() { p.serve(client) })
	}
}

// serve connects a client with the target until both directions are done.
func (p *Proxy) serve(client net.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var d net.Dialer
	target, err := d.DialContext(ctx, "tcp", p.target)
	if err != nil {
		reset(client)
		return
	}
	l := &link{proxy: p, client: client, target: target, done: make(chan struct{})}
	if !p.add(l) {
		l.cut()
		return
	}
	var both sync.WaitGroup
	both.Go(func() { l.pump(target, client, func(f Faults) bool { return f.HoldUp }) })
	both.Go(func() { l.pump(client, target, func(f Faults) bool { return f.HoldDown }) })
	both.Wait()
	p.remove(l)
	_ = client.Close() // both directions have ended
	_ = target.Close()
}

func (p *Proxy) add(l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.links[l] = struct{}{}
	}
	return !p.closed
}

func (p *Proxy) remove(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.links, l)
}
