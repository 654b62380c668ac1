package faultproxy

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// link is one connection of a client with the target.
type link struct {
	proxy          *Proxy
	client, target net.Conn
	once           sync.Once
	done           chan struct{} // closed by cut
}

// cut resets both sides.
func (l *link) cut() {
	l.once.Do(func() {
		close(l.done)
		reset(l.client)
		reset(l.target)
	})
}

// pump forwards one direction until its source ends, and then closes the
// destination for writing. If that fails, it cuts the whole link.
func (l *link) pump(dst, src net.Conn, held func(Faults) bool) {
	buf := make([]byte, 32<<10)
	for {
		n, err := src.Read(buf)
		if n > 0 {
			rate, ok := l.pass(held)
			if !ok {
				return
			}
			if _, err := dst.Write(buf[:n]); err != nil {
				l.cut()
				return
			}
			if rate > 0 && !l.pause(time.Duration(n)*time.Second/time.Duration(rate)) {
				return
			}
		}
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			if _, ok := l.pass(held); ok {
				closeWrite(dst)
			}
			return
		default:
			// A reset is forwarded like anything else.
			if _, ok := l.pass(held); ok {
				l.cut()
			}
			return
		}
	}
}

// pass waits until the faults let something through, and returns the rate. It
// fails if the link was cut.
func (l *link) pass(held func(Faults) bool) (rate int, ok bool) {
	for {
		f, changed := l.proxy.state()
		if !held(f) {
			return f.Rate, l.pause(f.Delay)
		}
		select {
		case <-changed:
		case <-l.done:
			return 0, false
		}
	}
}

// pause waits for d. It fails if the link was cut.
func (l *link) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-l.done:
		return false
	}
}

// reset closes c such that the other side gets an error, not an end.
func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // without it the end is orderly, which is bad enough
	}
	_ = c.Close()
}

func closeWrite(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.CloseWrite() // the other side may be gone
	}
}
