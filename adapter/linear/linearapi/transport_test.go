package linearapi_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// counted is a server that counts the connections that are made to it.
func counted(t *testing.T, tls bool, h http.HandlerFunc) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	var dials atomic.Int64
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = tls
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			dials.Add(1)
		}
	}
	if tls {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s, &dials
}

// TestConnectionsAreKept has as many callers as there are connections post
// 10,000 comments. Each connection is made once, except for a few that net/http
// drops: it closes a connection whose answer arrives 50 ms before its writer is
// scheduled, which happens on a busy machine. Go's default transport makes
// thousands.
func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	const workers, posts = 64, 10_000
	const dropped = posts / 200
	var arrived sync.WaitGroup // the first post of each worker
	arrived.Add(workers)
	var n atomic.Int64
	s, dials := counted(t, false, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if n.Add(1) <= workers {
			arrived.Done()
			arrived.Wait() // so that all connections are in use at once
		}
		fmt.Fprint(w, `{"data":{"commentCreate":{"success":true,"comment":{"id":"c"}}}}`)
	})
	c, err := linearapi.New(linearapi.Config{
		URL: s.URL, Tokens: linearapi.AccessToken("token"), Transport: linearapi.NewTransport(workers),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseIdleConnections()
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < posts; i += workers {
				if _, err := c.CommentCreate(t.Context(), linearapi.CommentCreateInput{IssueID: "i", Body: "pong"}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if got := n.Load(); got != posts {
		t.Errorf("%d posts arrived, want %d", got, posts)
	}
	if got := dials.Load(); got > workers+dropped {
		t.Errorf("%d connections for %d posts, want at most %d, and %d that were dropped", got, posts, workers, dropped)
	}
}

// TestTransport checks the settings that the transports for the API and for
// files share and those in which they differ.
func TestTransport(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ asked, want int }{{0, linearapi.DefaultConnections}, {-1, linearapi.DefaultConnections}, {7, 7}, {500, 500}} {
		tr := linearapi.NewTransport(tt.asked)
		if tr.MaxIdleConnsPerHost != tt.want || tr.MaxIdleConns != 0 || tr.MaxConnsPerHost != 0 {
			t.Errorf("NewTransport(%d) keeps %d of %d and allows %d, want %d of any number", tt.asked, tr.MaxIdleConnsPerHost, tr.MaxIdleConns, tr.MaxConnsPerHost, tt.want)
		}
		if tr.TLSHandshakeTimeout <= 0 || tr.ResponseHeaderTimeout <= 0 || tr.IdleConnTimeout <= 0 || tr.Proxy == nil || tr.DialContext == nil {
			t.Errorf("NewTransport(%d) lacks a limit or the proxy: %+v", tt.asked, tr)
		}
	}
}

// TestTransportSpeaksHTTP2 has callers share one connection to a server that
// supports HTTP/2.
func TestTransportSpeaksHTTP2(t *testing.T) {
	t.Parallel()
	s, dials := counted(t, true, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto) })
	tr := linearapi.NewTransport(4)
	known, ok := s.Client().Transport.(*http.Transport)
	if !ok {
		t.Fatal("no transport")
	}
	tr.TLSClientConfig = known.TLSClientConfig.Clone()
	defer tr.CloseIdleConnections()
	client := &http.Client{Transport: tr}
	for range 20 {
		if got := body(t, client, s.URL); got != "HTTP/2.0" {
			t.Fatalf("the request was %s, want HTTP/2.0", got)
		}
	}
	if got := dials.Load(); got != 1 {
		t.Errorf("%d connections, want 1", got)
	}
}

func body(t *testing.T, client *http.Client, url string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestClosesIdleConnections closes the idle connections to the API.
func TestClosesIdleConnections(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{})
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"data":{"viewer":{"id":"u"}}}`)
	}))
	var once sync.Once
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			once.Do(func() { close(closed) })
		}
	}
	s.Start()
	defer s.Close()
	c, err := linearapi.New(linearapi.Config{URL: s.URL, Tokens: linearapi.AccessToken("token")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Viewer(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.CloseIdleConnections()
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		t.Fatal("the connection is still open")
	}
}
