package listen_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/internal/listen"
)

// pipes is a listener in memory: each dial is a connection that the server accepts.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	broken chan error
}

func newPipes() *pipes {
	return &pipes{make(chan net.Conn), make(chan struct{}), make(chan error, 1)}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case err := <-p.broken:
		return nil, err
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) client() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		select {
		case p.conns <- far:
			return near, nil
		case <-p.closed:
			return nil, net.ErrClosed
		}
	}}}
}

func TestServe(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		takes, drain, until time.Duration
		cut                 bool
	}{
		"a request finishes":            {2 * time.Second, 5 * time.Second, 2 * time.Second, false},
		"a request is cut off":          {time.Hour, 5 * time.Second, 5 * time.Second, true},
		"without a drain nothing waits": {time.Hour, 0, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPipes()
				srv := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					select {
					case <-time.After(c.takes):
						_, _ = io.WriteString(w, "done")
					case <-r.Context().Done():
					}
				})}
				ctx, stop := context.WithCancel(t.Context())
				answer := make(chan string, 1)
				go func() {
					req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://example.com/", http.NoBody)
					if err != nil {
						t.Error(err)
						return
					}
					res, err := p.client().Do(req)
					if err != nil {
						answer <- ""
						return
					}
					body, _ := io.ReadAll(res.Body)
					_ = res.Body.Close()
					answer <- string(body)
				}()
				var at time.Time
				go func() {
					synctest.Wait()
					at = time.Now()
					stop()
				}()
				cut, err := listen.Serve(ctx, srv, p, c.drain)
				if err != nil || cut != c.cut {
					t.Errorf("cut %v, error %v; want cut %v and no error", cut, err, c.cut)
				}
				if took := time.Since(at); took < c.until || took > c.until+time.Second {
					t.Errorf("it drained for %s, want %s", took, c.until)
				}
				want := "done"
				if c.cut {
					want = ""
				}
				if got := <-answer; got != want {
					t.Errorf("the answer is %q, want %q", got, want)
				}
				select {
				case <-p.closed:
				default:
					t.Error("the listener is open")
				}
			})
		})
	}
}

func TestServeFails(t *testing.T) {
	t.Parallel()
	p := newPipes()
	broken := errors.New("broken")
	p.broken <- broken
	srv := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.NotFoundHandler()}
	if cut, err := listen.Serve(t.Context(), srv, p, time.Minute); cut || !errors.Is(err, broken) {
		t.Errorf("cut %v, error %v; want that of the listener", cut, err)
	}
}

func TestServeEndedContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := newPipes()
	srv := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.NotFoundHandler()}
	if cut, err := listen.Serve(ctx, srv, p, time.Minute); cut || err != nil {
		t.Errorf("cut %v, error %v; want neither", cut, err)
	}
}
