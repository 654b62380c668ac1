package faultproxy_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/linearbot/linearbot/internal/faultproxy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo is a server that echoes each line, and counts.
type echo struct {
	ln    net.Listener
	tasks sync.WaitGroup
	lines chan string
}

func newEcho(t *testing.T) *echo {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := &echo{ln: ln, lines: make(chan string, 100)}
	e.tasks.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			e.tasks.Go(func() {
				defer c.Close()
				lines := bufio.NewScanner(c)
				for lines.Scan() {
					e.lines <- lines.Text()
					if _, err := fmt.Fprintln(c, lines.Text()); err != nil {
						return
					}
				}
				fmt.Fprintln(c, "end")
			})
		}
	})
	t.Cleanup(func() { ln.Close(); e.tasks.Wait() })
	return e
}

// client is a connection through the proxy.
type client struct {
	*net.TCPConn

	t *testing.T
	r *bufio.Reader
}

func dial(t *testing.T, p *faultproxy.Proxy) *client {
	t.Helper()
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		t.Fatalf("the connection is a %T", c)
	}
	return &client{TCPConn: tcp, t: t, r: bufio.NewReader(c)}
}

func (c *client) say(line string) {
	c.t.Helper()
	if _, err := fmt.Fprintln(c, line); err != nil {
		c.t.Fatal(err)
	}
}

// hear returns the next line, or the error, or "" if neither comes within d.
func (c *client) hear(d time.Duration) (string, error) {
	c.t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(d)); err != nil {
		c.t.Fatal(err)
	}
	line, err := c.r.ReadString('\n')
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return line, nil
	}
	return strings.TrimSuffix(line, "\n"), err
}

// refused reports whether a new connection is reset, while it is made or after.
func refused(t *testing.T, p *faultproxy.Proxy) bool {
	t.Helper()
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		return true
	}
	defer c.Close()
	if err := c.SetReadDeadline(time.Now().Add(soon)); err != nil {
		t.Fatal(err)
	}
	_, err = c.Read(make([]byte, 1))
	return err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
}

const (
	soon  = 10 * time.Second
	while = 50 * time.Millisecond
)

func (c *client) expect(want string) {
	c.t.Helper()
	if got, err := c.hear(soon); got != want || err != nil {
		c.t.Fatalf("heard %q, %v; want %q", got, err, want)
	}
}

func TestForwards(t *testing.T) {
	t.Parallel()
	c := dial(t, faultproxy.Run(t, newEcho(t).ln.Addr().String()))
	big := strings.Repeat("x", 60<<10)
	for _, line := range []string{"one", big, "two"} {
		c.say(line)
		c.expect(line)
	}
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	c.expect("end")
	if _, err := c.hear(soon); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
	}
}

func TestRefuse(t *testing.T) {
	t.Parallel()
	p := faultproxy.Run(t, newEcho(t).ln.Addr().String())
	before := dial(t, p)
	before.say("one")
	before.expect("one")
	p.Set(faultproxy.Faults{Refuse: true})
	if !refused(t, p) {
		t.Error("a new connection lives")
	}
	before.say("two")
	before.expect("two")
	p.Set(faultproxy.Faults{})
	after := dial(t, p)
	after.say("three")
	after.expect("three")
}

func TestCut(t *testing.T) {
	t.Parallel()
	p := faultproxy.Run(t, newEcho(t).ln.Addr().String())
	a, b := dial(t, p), dial(t, p)
	for _, c := range []*client{a, b} {
		c.say("one")
		c.expect("one")
	}
	if n := p.Cut(); n != 2 {
		t.Errorf("%d connections were cut, want 2", n)
	}
	for _, c := range []*client{a, b} {
		if _, err := c.hear(soon); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("after the cut: %v, want a reset", err)
		}
	}
	c := dial(t, p)
	c.say("two")
	c.expect("two")
}

func TestHold(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		faults  faultproxy.Faults
		arrives bool // at the server
	}{
		{"up", faultproxy.Faults{HoldUp: true}, false},
		{"down", faultproxy.Faults{HoldDown: true}, true},
		{"both", faultproxy.Faults{HoldUp: true, HoldDown: true}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			e := newEcho(t)
			p := faultproxy.Run(t, e.ln.Addr().String())
			c, other := dial(t, p), dial(t, p)
			for _, one := range []*client{c, other} {
				one.say("one")
				one.expect("one")
				<-e.lines
			}
			p.Set(tc.faults)
			for _, one := range []*client{c, other} {
				one.say("two")
				if got, err := one.hear(while); got != "" || err != nil {
					t.Fatalf("heard %q, %v while held", got, err)
				}
				if tc.arrives {
					<-e.lines
				}
			}
			if n := len(e.lines); n != 0 {
				t.Errorf("%d lines arrived while held", n)
			}
			// The other side does not see an end either.
			if err := c.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			if got, err := c.hear(while); got != "" || err != nil {
				t.Fatalf("heard %q, %v while held", got, err)
			}
			p.Set(faultproxy.Faults{})
			for _, want := range []string{"two", "end"} {
				c.expect(want)
			}
			other.expect("two")
		})
	}
}

func TestCutDropsWhatIsHeld(t *testing.T) {
	t.Parallel()
	e := newEcho(t)
	p := faultproxy.Run(t, e.ln.Addr().String())
	c := dial(t, p)
	c.say("one")
	c.expect("one")
	<-e.lines
	p.Set(faultproxy.Faults{HoldUp: true})
	c.say("two")
	_, _ = c.hear(while) // so that it reaches the proxy
	p.Cut()
	p.Set(faultproxy.Faults{})
	if _, err := c.hear(soon); err == nil {
		t.Error("the connection lives")
	}
	c = dial(t, p)
	c.say("three")
	c.expect("three")
	if got := <-e.lines; got != "three" {
		t.Errorf("the server got %q", got)
	}
}

func TestSlow(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		faults faultproxy.Faults
		least  time.Duration
	}{
		// Once in each direction.
		{"delay", faultproxy.Faults{Delay: 30 * time.Millisecond}, 2 * 3 * 30 * time.Millisecond},
		// The wait comes after the chunk, so the last ones do not count.
		{"rate", faultproxy.Faults{Rate: 1000}, 2 * 101 * time.Millisecond},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := faultproxy.Run(t, newEcho(t).ln.Addr().String())
			c := dial(t, p)
			p.Set(tc.faults)
			start := time.Now()
			for range 3 {
				line := strings.Repeat("y", 100)
				c.say(line)
				c.expect(line)
			}
			if took := time.Since(start); took < tc.least {
				t.Errorf("took %v, want at least %v", took, tc.least)
			}
		})
	}
}

func TestTargetIsGone(t *testing.T) {
	t.Parallel()
	e := newEcho(t)
	p := faultproxy.Run(t, e.ln.Addr().String())
	e.ln.Close()
	if !refused(t, p) {
		t.Error("a connection without a target stays open")
	}
}

func TestCloseWaits(t *testing.T) {
	t.Parallel()
	p := faultproxy.Run(t, newEcho(t).ln.Addr().String())
	c := dial(t, p)
	c.say("one")
	c.expect("one")
	p.Set(faultproxy.Faults{HoldUp: true, Delay: time.Hour})
	c.say("two")
	p.Close()
	p.Close()
	if _, err := c.hear(soon); err == nil {
		t.Error("the connection lives")
	}
	var d net.Dialer
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	if conn, err := d.DialContext(ctx, "tcp", p.Addr()); err == nil {
		conn.Close()
		t.Error("it still listens")
	}
}
