package webhook_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/pipes"
	"github.com/linearbot/linearbot/webhook"
)

// peer talks to a server from an address of its own.
type peer struct {
	t    *testing.T
	from string
	at   string
}

func (p peer) dial() net.Conn {
	p.t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(p.from)}, Timeout: 20 * time.Second}
	c, err := d.DialContext(p.t.Context(), "tcp", p.at)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = c.Close() })
	return c
}

// sends writes parts of a request with pauses between them, and returns the status,
// or an error if the connection ends before the answer.
func (p peer) sends(pause time.Duration, parts ...[]byte) (status int, err error) {
	p.t.Helper()
	c := p.dial()
	for i, part := range parts {
		if i > 0 {
			select {
			case <-time.After(pause):
			case <-p.t.Context().Done():
			}
		}
		if _, err := c.Write(part); err != nil {
			return 0, err
		}
	}
	if err := c.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return 0, err
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}

// delivery returns a signed request.
func delivery(now time.Time) []byte {
	body := []byte(bodyAt(now))
	return fmt.Appendf(nil, "POST /api/webhooks/linear HTTP/1.1\r\nHost: x\r\nLinear-Signature: %s\r\nContent-Length: %d\r\n\r\n%s",
		webhook.Sign(secret, body), len(body), body)
}

// listen runs a server with a secret and an acceptor of the test, and returns its address.
func listen(t *testing.T, cfg webhook.Config) (at string) {
	t.Helper()
	addr := make(chan net.Addr, 1)
	cfg.Secrets, cfg.Acceptor, cfg.Addr = []string{secret}, &recorder{}, "127.0.0.1:0"
	cfg.OnListen = func(a net.Addr) { addr <- a }
	srv, err := webhook.NewServer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := srv.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	return (<-addr).String()
}

// Requests of which only a part is sent keep no others out, however many there are:
// whether the header is cut off or the body, at which path, from one address or from
// the one that honest senders have, too. Nor do they break off a sender that is slow.
func TestHalfSentRequestsKeepNoOneOut(t *testing.T) {
	t.Parallel()
	const room = 64
	whole := string(delivery(time.Now()))
	for name, half := range map[string]string{
		"nothing":          "",
		"part of a header": "POST /api/webhooks/linear HTTP/1.1\r\nHost: x\r\nLinear-Sig",
		"header":           whole[:len(whole)-len(bodyAt(time.Now()))],
		"part of a body":   whole[:len(whole)-9],
		"chunks":           "POST /api/webhooks/linear HTTP/1.1\r\nHost: x\r\nLinear-Signature: " + someSignature + "\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
		"without signing":  "POST /api/webhooks/linear HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nabc",
		"another path":     "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nabc",
	} {
		for _, from := range []string{"127.0.0.1", "127.0.0.2"} { // honest senders have the first
			t.Run(name+" from "+from, func(t *testing.T) {
				t.Parallel()
				at := listen(t, webhook.Config{MaxConns: room, ShutdownTimeout: -1})
				honest, other := peer{t, "127.0.0.1", at}, peer{t, from, at}
				var wg sync.WaitGroup
				begun := make(chan struct{})
				if from != "127.0.0.1" {
					wg.Go(func() {
						// A kilobyte a second, as on a bad line.
						d := delivery(time.Now())
						cut := len(d) / 3
						c := [][]byte{d[:cut], d[cut : 2*cut], d[2*cut:]}
						close(begun)
						if status, err := honest.sends(700*time.Millisecond, c...); status != http.StatusOK || err != nil {
							t.Errorf("a slow sender gets %d, %v", status, err)
						}
					})
					<-begun
				}
				for i := range 3 * room {
					if _, err := io.WriteString(other.dial(), half); err != nil {
						t.Fatal(err)
					}
					if i%room != room-1 {
						continue
					}
					begin := time.Now()
					if status, err := honest.sends(0, delivery(time.Now())); status != http.StatusOK || err != nil {
						t.Errorf("beside %d requests that are half sent: status %d, %v", i+1, status, err)
					}
					if took := time.Since(begin); took > 4*time.Second {
						t.Errorf("beside %d requests that are half sent, an answer takes %s", i+1, took)
					}
				}
				wg.Wait()
			})
		}
	}
}

// Whole requests that are being handled are never broken off: the further connection
// is closed.
func TestBusyConnectionsStay(t *testing.T) {
	t.Parallel()
	const room = 8
	hold, entered := make(chan struct{}), make(chan struct{}, room)
	p := peer{t, "127.0.0.1", listen(t, webhook.Config{
		MaxConns: room,
		Pages: map[string]http.Handler{"/slow": http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			entered <- struct{}{}
			<-hold
		})},
	})}
	var asked sync.WaitGroup
	for range room {
		asked.Go(func() {
			if status, err := p.sends(0, []byte("POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")); status != http.StatusOK || err != nil {
				t.Errorf("a request at work gets %d, %v", status, err)
			}
		})
		<-entered
	}
	if status, err := p.sends(0, delivery(time.Now())); err == nil {
		t.Errorf("one more is answered %d", status)
	}
	close(hold)
	asked.Wait()
	if status, err := p.sends(0, delivery(time.Now())); status != http.StatusOK || err != nil {
		t.Errorf("afterwards: %d, %v", status, err)
	}
}

// served runs a server on virtual time, with a connection to it.
func served(t *testing.T, f func(t *testing.T, c net.Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		srv, err := webhook.NewServer(webhook.Config{Secrets: []string{secret}, Acceptor: &recorder{}})
		if err != nil {
			t.Fatal(err)
		}
		ln := pipes.Listen()
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := srv.RunOn(ctx, ln); err != nil {
				t.Error(err)
			}
		})
		c, err := ln.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		f(t, c)
		_ = c.Close()
		cancel()
		wg.Wait()
	})
}

// The body of a delivery has to arrive within five seconds. What is stored or
// answered later than that is not cut off.
func TestBodyDeadline(t *testing.T) {
	t.Parallel()
	served(t, func(t *testing.T, c net.Conn) {
		t.Helper()
		d := delivery(time.Now())
		begin := time.Now()
		if _, err := c.Write(d[:len(d)-1]); err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if took := time.Since(begin); err != nil || res.StatusCode != http.StatusBadRequest || took != 5*time.Second {
			t.Fatalf("a body without its end: %v, %v after %s, want status 400 after 5 s", res, err, took)
		}
		if err := res.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(c); err != nil { // closed, without waiting for the rest
			t.Errorf("the connection is still open: %v", err)
		}
		if took := time.Since(begin); took > 6*time.Second {
			t.Errorf("the connection stays open for %s", took)
		}
	})
}

// A connection is used again after a delivery, past the deadlines of its first one.
func TestKeepAlive(t *testing.T) {
	t.Parallel()
	served(t, func(t *testing.T, c net.Conn) {
		t.Helper()
		in := bufio.NewReader(c)
		for i, pause := range []time.Duration{0, 3 * time.Second, 20 * time.Second, time.Minute} {
			time.Sleep(pause)
			if _, err := c.Write(delivery(time.Now())); err != nil {
				t.Fatal(err)
			}
			res, err := http.ReadResponse(in, nil)
			if err != nil || res.StatusCode != http.StatusOK {
				t.Fatalf("delivery %d: %v, %v", i, res, err)
			}
			if _, err := io.Copy(io.Discard, res.Body); err != nil {
				t.Fatal(err)
			}
			if err := res.Body.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// Requests of which only a part is sent, and answers that are not read, do not hold up a
// stop, and are no failure of it.
func TestIdlePeersDoNotHoldUpAStop(t *testing.T) {
	t.Parallel()
	whole := string(delivery(time.Now()))
	for name, half := range map[string]string{
		"part of a delivery": whole[:len(whole)-9],
		"a page that reads":  "POST /reads HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nabc",
		"one that does not":  "POST /ignores HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nabc",
		"chunks":             "POST /ignores HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
		"an unread answer":   "GET /large HTTP/1.1\r\nHost: x\r\n\r\n",
		"neither":            "POST /large HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nabc",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began, addr := make(chan struct{}, 1), make(chan net.Addr, 1)
			begins := func(read bool) http.Handler {
				return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					began <- struct{}{}
					if read {
						_, _ = io.ReadAll(r.Body)
					}
				})
			}
			srv, err := webhook.NewServer(webhook.Config{
				Secrets: []string{secret}, Acceptor: &recorder{}, Addr: "127.0.0.1:0", ShutdownTimeout: 4 * time.Second,
				OnListen: func(a net.Addr) { addr <- a }, Tracer: beginnings(began),
				Pages: map[string]http.Handler{
					"/reads": begins(true), "/ignores": begins(false),
					"/large": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
						began <- struct{}{}
						_, _ = w.Write(make([]byte, 16<<20))
					}),
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- srv.Run(ctx) }()
			if _, err := io.WriteString((peer{t, "127.0.0.1", (<-addr).String()}).dial(), half); err != nil {
				t.Fatal(err)
			}
			<-began
			cancel()
			at := time.Now()
			if err := <-ended; err != nil {
				t.Errorf("Run = %v after %s, want a clean stop", err, time.Since(at))
			}
		})
	}
}

// beginnings are told of each delivery that begins to arrive.
type beginnings chan struct{}

func (b beginnings) Begin(adapter.TracePart) adapter.Trace {
	b <- struct{}{}
	return noTrace{}
}

// noTrace records nothing.
type noTrace struct{}

func (noTrace) About(adapter.TraceSubject) {}
func (noTrace) Step(adapter.TraceStep)     {}
func (noTrace) End()                       {}

// TestRequestsThatArriveDuringAStopHaveTheirTime sends the rest of a request after the
// server was told to stop. It then has the time of the drain, and not that which what is
// still to arrive would have.
func TestRequestsThatArriveDuringAStopHaveTheirTime(t *testing.T) {
	t.Parallel()
	began, addr, read := make(chan struct{}), make(chan net.Addr, 1), make(chan error, 1)
	srv, err := webhook.NewServer(webhook.Config{
		Secrets: []string{secret}, Acceptor: &recorder{}, Addr: "127.0.0.1:0", ShutdownTimeout: 4 * time.Second,
		OnListen: func(a net.Addr) { addr <- a },
		Pages: map[string]http.Handler{"/works": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			close(began)
			_, err := io.ReadAll(r.Body)
			read <- err
			select {
			case <-r.Context().Done():
				w.WriteHeader(http.StatusInternalServerError)
			case <-time.After(2500 * time.Millisecond): // half of the drain is for what is to arrive
				w.WriteHeader(http.StatusAccepted)
			}
		})},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- srv.Run(ctx) }()
	conn := peer{t, "127.0.0.1", (<-addr).String()}.dial()
	if _, err := io.WriteString(conn, "POST /works HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc"); err != nil {
		t.Fatal(err)
	}
	<-began
	cancel()
	for { // until the server has closed its door
		c, err := net.DialTimeout("tcp", conn.RemoteAddr().String(), time.Second)
		if err != nil {
			break
		}
		_ = c.Close()
	}
	if _, err := io.WriteString(conn, "def"); err != nil {
		t.Fatal(err)
	}
	if err := <-read; err != nil {
		t.Errorf("the body: %v", err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusAccepted {
		t.Errorf("status %d, want 202: the request was cut off", res.StatusCode)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
