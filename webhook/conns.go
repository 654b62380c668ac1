package webhook

import (
	"container/list"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// conns are the connections of a server, up to the limit most. A further one
// replaces one that waits for its peer, which has not sent all of a request or has
// not read the answer: the oldest of the address that has the most connections, if
// that has more than its share, and otherwise the oldest of all. If every connection
// has a whole request in work, the further one is closed.
//
// The share is not a limit: behind a proxy all connections have one address.
type conns struct {
	most, share int

	mu      sync.Mutex
	all     map[net.Conn]*tracked
	peers   map[netip.Prefix]*peer
	over    map[*peer]struct{} // those with more than their share
	waiting list.List          // of *tracked, the longest wait first
	closed  bool               // the server stops
	// arrived and read are when all requests must have arrived, and all answers must
	// have been read, once it stops.
	arrived, read time.Time
}

// shares is how many addresses can have their share at the same time.
const shares = 8

// peer is an address and its connections.
type peer struct {
	prefix  netip.Prefix
	conns   int
	waiting list.List // of *tracked, the longest wait first
}

// tracked is a connection.
type tracked struct {
	conn net.Conn
	peer *peer
	// fresh says that no request has come yet, and writing that it waits for the peer to
	// read.
	fresh, writing bool
	// among and own are its places in the lists of those that wait: of all, and of
	// its peer. Nil while a whole request is in work and no answer is being written.
	among, own *list.Element
}

func newConns(most int) *conns {
	return &conns{
		most: most, share: max(most/shares, 1),
		all: make(map[net.Conn]*tracked), peers: make(map[netip.Prefix]*peer), over: make(map[*peer]struct{}),
	}
}

// watch configures a server to tell of its connections.
func (c *conns) watch(srv *http.Server) {
	srv.ConnState = c.track
	srv.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		return context.WithValue(ctx, connKey{}, conn)
	}
	next := srv.Handler
	srv.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn, ok := r.Context().Value(connKey{}).(net.Conn); ok && r.Body != nil && r.Body != http.NoBody {
			c.move(conn, true)
			r.Body = &arriving{ReadCloser: r.Body, conns: c, conn: conn}
		}
		next.ServeHTTP(w, r)
	})
}

// connKey is the key of the connection in the context of a request.
type connKey struct{}

// arriving is a body of which not all has arrived.
type arriving struct {
	io.ReadCloser

	conns *conns
	conn  net.Conn
	ended bool
}

// Read reads, and notes the end.
func (a *arriving) Read(p []byte) (int, error) {
	n, err := a.ReadCloser.Read(p)
	if err != nil && !a.ended {
		a.ended = true
		a.conns.move(a.conn, false)
		if errors.Is(err, io.EOF) {
			a.conns.whole(a.conn)
		}
	}
	return n, err
}

// answers is a listener whose connections tell conns while they write.
type answers struct {
	net.Listener

	conns *conns
}

// Accept accepts a connection.
func (l answers) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if tcp, ok := conn.(*net.TCPConn); ok && err == nil {
		return &answering{tcp, l.conns}, nil
	}
	return conn, err
}

// answering is a connection that waits for its peer as long as a write takes, which
// blocks if the peer does not read.
type answering struct {
	*net.TCPConn

	conns *conns
}

// Write writes a part of an answer.
func (a *answering) Write(p []byte) (int, error) {
	if a.conns.beginWrite(a) {
		defer a.conns.endWrite(a)
	}
	return a.TCPConn.Write(p)
}

// ReadFrom writes a part of an answer, from a file.
func (a *answering) ReadFrom(r io.Reader) (int64, error) {
	if a.conns.beginWrite(a) {
		defer a.conns.endWrite(a)
	}
	return a.TCPConn.ReadFrom(r)
}

// SetReadDeadline sets the deadline for reading. While the server stops, what is still to
// arrive has no more time than that leaves.
func (a *answering) SetReadDeadline(at time.Time) error {
	c := a.conns
	c.mu.Lock()
	defer c.mu.Unlock()
	if t := c.all[a]; c.closed && t != nil && t.among != nil && !t.writing && (at.IsZero() || at.After(c.arrived)) {
		at = c.arrived
	}
	return a.TCPConn.SetReadDeadline(at)
}

// beginWrite notes that a connection waits until something is written, and reports
// whether it did not wait before: while a body arrives, "100 Continue" is written.
func (c *conns) beginWrite(conn net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.all[conn]
	if t == nil || t.among != nil {
		return false
	}
	c.list(t)
	t.writing = true
	c.hurry(t)
	return true
}

func (c *conns) endWrite(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t := c.all[conn]; t != nil {
		c.unlist(t)
		t.writing = false
	}
}

// track follows the state of a connection; it is for http.Server.ConnState.
func (c *conns) track(conn net.Conn, s http.ConnState) {
	switch s {
	case http.StateNew:
		c.enter(conn)
	case http.StateIdle:
		c.move(conn, true)
	case http.StateActive:
		c.move(conn, false)
		c.whole(conn) // but for a body, which waits anew
	case http.StateClosed, http.StateHijacked:
		c.mu.Lock()
		defer c.mu.Unlock()
		if t := c.all[conn]; t != nil {
			c.remove(t)
		}
	}
}

// move notes whether a connection waits for its peer. One that was replaced is not
// known any more.
func (c *conns) move(conn net.Conn, waits bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.all[conn]
	if t == nil {
		return
	}
	t.fresh = false
	c.unlist(t)
	if waits {
		c.list(t)
		c.hurry(t)
	}
}

// whole notes that all of a request has arrived: a stop gives it the time of the drain.
func (c *conns) whole(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		readBy(conn, time.Time{})
	}
}

// hurry has a connection that waits end with the others when the server stops. It is
// called with the lock held.
func (c *conns) hurry(t *tracked) {
	if !c.closed {
		return
	}
	_ = t.conn.SetWriteDeadline(c.read) // one that has been closed needs none
	if !t.writing {
		readBy(t.conn, c.arrived)
	}
}

// readBy sets the deadline of a connection for reading, at once.
func readBy(conn net.Conn, at time.Time) {
	if a, ok := conn.(*answering); ok {
		conn = a.TCPConn
	}
	_ = conn.SetReadDeadline(at) // as above
}

// enter takes in a new connection.
func (c *conns) enter(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		_ = conn.Close() // the server is stopping
		return
	}
	if len(c.all) >= c.most {
		t := c.replaceable()
		if t == nil {
			_ = conn.Close() // all are busy
			return
		}
		c.remove(t)
		_ = t.conn.Close() // its place is needed
	}
	t := &tracked{conn: conn, peer: c.peerOf(conn.RemoteAddr()), fresh: true}
	c.all[conn] = t
	if t.peer.conns++; t.peer.conns > c.share {
		c.over[t.peer] = struct{}{}
	}
	c.list(t)
}

// replaceable returns the connection that gives its place to a new one. Nil if
// there is none.
func (c *conns) replaceable() *tracked {
	from := &c.waiting
	most := 0
	for p := range c.over {
		if p.waiting.Len() > 0 && p.conns > most {
			from, most = &p.waiting, p.conns
		}
	}
	front := from.Front()
	if front == nil {
		return nil
	}
	t, _ := front.Value.(*tracked)
	return t
}

// list and unlist note that a connection waits, and that it does not.
func (c *conns) list(t *tracked) {
	t.among, t.own = c.waiting.PushBack(t), t.peer.waiting.PushBack(t)
}

func (c *conns) unlist(t *tracked) {
	if t.among != nil {
		c.waiting.Remove(t.among)
		t.peer.waiting.Remove(t.own)
		t.among, t.own = nil, nil
	}
}

func (c *conns) remove(t *tracked) {
	c.unlist(t)
	delete(c.all, t.conn)
	if t.peer.conns--; t.peer.conns <= c.share {
		delete(c.over, t.peer)
	}
	if t.peer.conns == 0 {
		delete(c.peers, t.peer.prefix)
	}
}

// peerOf returns the peer at an address. An IPv6 network of 64 bits is one peer, as
// one customer has it.
func (c *conns) peerOf(addr net.Addr) *peer {
	var prefix netip.Prefix
	if a, ok := addr.(*net.TCPAddr); ok {
		if ip, ok := netip.AddrFromSlice(a.IP); ok {
			ip = ip.Unmap()
			bits := ip.BitLen()
			if ip.Is6() {
				bits = 64
			}
			prefix, _ = ip.Prefix(bits) // the number of bits fits
		}
	}
	p := c.peers[prefix]
	if p == nil {
		p = &peer{prefix: prefix}
		c.peers[prefix] = p
	}
	return p
}

// stop closes the connections that have not sent a request yet, for which Shutdown would
// wait some seconds each, and all future connections. Requests of which a part has
// arrived may take a while for the rest, and answers until they are read: a peer that
// does neither must not decide how long a stop takes.
func (c *conns) stop(arrive, read time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	c.closed, c.arrived, c.read = true, now.Add(arrive), now.Add(read)
	for e := c.waiting.Front(); e != nil; e = e.Next() {
		t, ok := e.Value.(*tracked)
		switch {
		case !ok:
		case t.fresh:
			_ = t.conn.Close() // nothing was read from it
		default:
			c.hurry(t)
		}
	}
}
