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
	"github.com/linearbot/linearbot/internal/pipes"
)

// broken is a listener that fails.
type broken struct {
	net.Listener

	err error
}

func (b broken) Accept() (net.Conn, error) { return nil, b.err }

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
				p := pipes.Listen()
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
					client := &http.Client{Transport: &http.Transport{
						DisableKeepAlives: true,
						DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return p.Dial(ctx) },
					}}
					res, err := client.Do(req)
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
				case <-p.Closed():
				default:
					t.Error("the listener is open")
				}
			})
		})
	}
}

func TestServeFails(t *testing.T) {
	t.Parallel()
	p := broken{pipes.Listen(), errors.New("broken")}
	srv := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.NotFoundHandler()}
	if cut, err := listen.Serve(t.Context(), srv, p, time.Minute); cut || !errors.Is(err, p.err) {
		t.Errorf("cut %v, error %v; want that of the listener", cut, err)
	}
}

// failing is a listener that fails once told to.
type failing struct {
	net.Listener

	err  error
	fail <-chan struct{}
}

func (f failing) Accept() (net.Conn, error) {
	conn, err := f.Listener.Accept()
	if err != nil {
		<-f.fail
		return nil, f.err
	}
	return conn, nil
}

// TestServeFailsAtOnce: a listener that fails while a request is handled is told at once,
// and the request is cut off.
func TestServeFailsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := pipes.Listen()
		fail := make(chan struct{})
		began := make(chan struct{})
		srv := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			close(began)
			<-r.Context().Done()
		})}
		go func() {
			conn, err := p.Dial(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")
			<-began
			_ = p.Close()
			close(fail)
			_, _ = io.Copy(io.Discard, conn)
			_ = conn.Close()
		}()
		ln := failing{p, errors.New("broken"), fail}
		start := time.Now()
		cut, err := listen.Serve(t.Context(), srv, ln, time.Minute)
		if took := time.Since(start); !cut || !errors.Is(err, ln.err) || took > 0 {
			t.Errorf("cut %v, error %v after %s; want the error of the listener at once", cut, err, took)
		}
	})
}

func TestServeEndedContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := pipes.Listen()
	srv := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.NotFoundHandler()}
	if cut, err := listen.Serve(ctx, srv, p, time.Minute); cut || err != nil {
		t.Errorf("cut %v, error %v; want neither", cut, err)
	}
}
