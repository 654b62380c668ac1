package webhook_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/webhook"
)

var someSignature = strings.Repeat("0a", 32)

func post(t *testing.T, h http.Handler, header map[string]string, body io.Reader) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/webhooks/linear", body)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	res := httptest.NewRecorder()
	h.ServeHTTP(res, r)
	return res
}

// A request with a malformed signature is answered before its body is read.
func TestNoSignatureNoReading(t *testing.T) {
	t.Parallel()
	h := newHandler(t, webhook.Config{Acceptor: &recorder{}})
	for _, signature := range []string{"", "x", someSignature[1:], someSignature + "0", "sha256=" + someSignature, strings.Repeat("zz", 32)} {
		body := iotest.ErrReader(errors.New("the body was read"))
		res := post(t, h, map[string]string{"Linear-Signature": signature}, body)
		if res.Code != http.StatusUnauthorized || res.Header().Get("Connection") != "close" {
			t.Errorf("signature %q: status %d, %v", signature, res.Code, res.Header())
		}
	}
}

// An announced length costs no memory; only bytes that arrive do.
func TestMemoryFollowsTheBody(t *testing.T) { //nolint:paralleltest // it measures what the process allocates
	h := newHandler(t, webhook.Config{Acceptor: &recorder{}})
	const requests = 200
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range requests {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/webhooks/linear", strings.NewReader("a little"))
		r.ContentLength = 5 << 20
		r.Header.Set("Linear-Signature", someSignature)
		res := httptest.NewRecorder()
		h.ServeHTTP(res, r)
		if res.Code != http.StatusBadRequest {
			t.Fatalf("status %d, want 400 for a body that is cut off", res.Code)
		}
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / requests; each > 64<<10 {
		t.Errorf("%d bytes for each request that sends 8", each)
	}
}

// slowBody gives its bytes and then waits for the end of the test.
type slowBody struct {
	io.Reader
	until   chan struct{}
	arrived func()
}

func (b *slowBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		b.arrived()
		<-b.until
	}
	return n, err
}

// Large unverified bodies share a budget; small ones always fit.
func TestUnverifiedBudget(t *testing.T) {
	t.Parallel()
	h := newHandler(t, webhook.Config{Acceptor: &recorder{}})
	const large = 4 << 20
	until := make(chan struct{})
	var arrived, served sync.WaitGroup
	for range 20 { // 80 MiB
		arrived.Add(1)
		served.Go(func() {
			here := sync.OnceFunc(arrived.Done)
			defer here() // even if it was rejected
			post(t, h, map[string]string{"Linear-Signature": someSignature},
				&slowBody{strings.NewReader(strings.Repeat("x", large)), until, here})
		})
	}
	arrived.Wait()
	res := post(t, h, map[string]string{"Linear-Signature": someSignature}, strings.NewReader(strings.Repeat("x", large)))
	if res.Code != http.StatusServiceUnavailable {
		t.Errorf("one more large body: status %d, want 503", res.Code)
	}
	body := bodyAt(noon)
	res = post(t, h, map[string]string{"Linear-Signature": webhook.Sign(secret, []byte(body))}, strings.NewReader(body))
	if res.Code != http.StatusOK {
		t.Errorf("a delivery of the usual size: status %d, want 200", res.Code)
	}
	close(until)
	served.Wait()
	body = strings.TrimSuffix(body, "}") + `,"x":"` + strings.Repeat("x", large) + `"}`
	res = post(t, h, map[string]string{"Linear-Signature": webhook.Sign(secret, []byte(body))}, strings.NewReader(body))
	if res.Code != http.StatusOK {
		t.Errorf("a large delivery afterwards: status %d, want 200", res.Code)
	}
}

// Bodies of sizes around those at which the buffer grows arrive whole.
func TestBodySizes(t *testing.T) {
	t.Parallel()
	const limit = 300 << 10
	head := strings.TrimSuffix(bodyAt(noon), "}") + `,"x":"`
	for _, size := range []int{200, 4095, 4096, 4097, 8192, 65535, 65536, 65537, limit - 1, limit, limit + 1} {
		for _, chunked := range []bool{false, true} {
			a := &recorder{}
			h := newHandler(t, webhook.Config{Acceptor: a, MaxBody: limit})
			body := head + strings.Repeat("x", size-len(head)-2) + `"}`
			var in io.Reader = strings.NewReader(body)
			if chunked {
				in = iotest.OneByteReader(in)
			}
			res := post(t, h, map[string]string{"Linear-Signature": webhook.Sign(secret, []byte(body))}, in)
			got := a.deliveries()
			if size > limit {
				if res.Code != http.StatusRequestEntityTooLarge || len(got) != 0 {
					t.Errorf("%d bytes: status %d", size, res.Code)
				}
				continue
			}
			if res.Code != http.StatusOK || len(got) != 1 || string(got[0].Body) != body {
				t.Errorf("%d bytes: status %d", size, res.Code)
			}
		}
	}
}

// The readiness checks run once a second, however many clients ask.
func TestReadyIsCached(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		h := newHandler(t, webhook.Config{Acceptor: &recorder{}, Ready: func(context.Context) error {
			asked++
			time.Sleep(100 * time.Millisecond)
			return nil
		}})
		var wg sync.WaitGroup
		for i := range 300 {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * 10 * time.Millisecond)
				h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
			})
		}
		wg.Wait()
		if asked < 2 || asked > 3 {
			t.Errorf("asked %d times in three seconds, want 3", asked)
		}
	})
}

// Deliveries to a wrong path are logged once a minute, with the right one.
func TestWrongPath(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		h := newHandler(t, webhook.Config{Acceptor: &recorder{}, Logger: zerolog.New(&log)})
		for _, step := range []struct {
			method, path string
			status       int
			wait         time.Duration
			line         string // what the log gets; empty for nothing
		}{
			{http.MethodPost, "/api/webhooks/linear/", 404, 0, `"path":"/api/webhooks/linear/","right_path":"/api/webhooks/linear","times":1,"message":"posted beside the path`},
			{http.MethodPost, "/API/Webhooks/Linear", 404, 30 * time.Second, ""},
			{http.MethodPost, "/", 404, 40 * time.Second, `"path":"/","right_path":"/api/webhooks/linear","times":2,"message":"posted to a path`},
			{http.MethodGet, "/api/webhooks/linear/", 404, 2 * time.Minute, ""},
			{http.MethodPost, "/healthz", 405, 2 * time.Minute, ""},
			{http.MethodPost, "/" + strings.Repeat("x", 5000), 404, time.Minute, `"path":"/` + strings.Repeat("x", 62) + `…"`},
		} {
			time.Sleep(step.wait)
			log.Reset()
			res := httptest.NewRecorder()
			h.ServeHTTP(res, httptest.NewRequestWithContext(t.Context(), step.method, step.path, nil))
			if res.Code != step.status {
				t.Errorf("%s %.40s: status %d", step.method, step.path, res.Code)
			}
			if !strings.Contains(log.String(), step.line) || (log.Len() > 0) != (step.line != "") {
				t.Errorf("%s %.40s: the log says %q, want %q", step.method, step.path, log.String(), step.line)
			}
		}
	})
}

// A custom verifier replaces Linear's signature and nothing else.
func TestOwnVerifier(t *testing.T) {
	t.Parallel()
	a := &recorder{}
	var log bytes.Buffer
	h := newHandler(t, webhook.Config{
		Acceptor: a, Secrets: []string{}, Logger: zerolog.New(&log),
		Verify: func(r *http.Request, body []byte) error {
			if r.Header.Get("X-Gateway") != webhook.Sign("gateway", body) {
				return errors.New("MARKER")
			}
			return nil
		},
	})
	fresh, old := bodyAt(noon), bodyAt(noon.Add(-time.Hour))
	for _, tc := range []struct {
		name   string
		header map[string]string
		body   string
		want   int
	}{
		{"good", map[string]string{"X-Gateway": webhook.Sign("gateway", []byte(fresh))}, fresh, 200},
		{"bad", map[string]string{"X-Gateway": "x"}, fresh, 401},
		{"Linear's signature", map[string]string{"Linear-Signature": webhook.Sign(secret, []byte(fresh))}, fresh, 401},
		{"too old", map[string]string{"X-Gateway": webhook.Sign("gateway", []byte(old))}, old, 401},
	} {
		if res := post(t, h, tc.header, strings.NewReader(tc.body)); res.Code != tc.want {
			t.Errorf("%s: status %d, want %d", tc.name, res.Code, tc.want)
		}
	}
	if len(a.deliveries()) != 1 || strings.Contains(log.String(), "MARKER") {
		t.Errorf("%d deliveries, log %s", len(a.deliveries()), &log)
	}
	if _, err := webhook.NewServer(webhook.Config{Acceptor: a}); err == nil {
		t.Error("neither secrets nor a verifier: succeeded, want an error")
	}
}

// TestMaxConns opens more connections than there is room for. Waiting connections
// are closed in favour of new ones.
func TestMaxConns(t *testing.T) {
	t.Parallel()
	const room = 4
	at := listen(t, webhook.Config{MaxConns: room})
	var wg sync.WaitGroup
	defer wg.Wait()
	var d net.Dialer
	gone := make(chan struct{})
	for i := 0; ; i++ {
		c, err := d.DialContext(t.Context(), "tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if i%2 == 0 { // the others send nothing
			if _, err := fmt.Fprintf(c, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			res, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil || res.StatusCode != http.StatusOK {
				t.Fatalf("connection %d: %v", i, err)
			}
			if err := res.Body.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if i == 0 {
			wg.Go(func() {
				_, _ = io.ReadAll(c) // until it is closed
				close(gone)
			})
		}
		if i < 3*room {
			continue
		}
		// The server may note late that the first connection waits again.
		select {
		case <-gone:
			return
		case <-time.After(10 * time.Millisecond):
			if i == 300*room {
				t.Fatal("the first connection is still open")
			}
		}
	}
}

// Requests that are not authentic do not fill the log.
func TestForgedRequestsAreLoggedNowAndThen(t *testing.T) {
	t.Parallel()
	for name, signature := range map[string]string{"unsigned": "", "wrong": strings.Repeat("0", 64)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				h := newHandler(t, webhook.Config{Acceptor: &recorder{}, Logger: zerolog.New(&log).Level(zerolog.InfoLevel), Now: time.Now})
				send := func() {
					t.Helper()
					r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/webhooks/linear", strings.NewReader("{}"))
					if signature != "" {
						r.Header.Set("Linear-Signature", signature)
					}
					res := httptest.NewRecorder()
					if h.ServeHTTP(res, r); res.Code != http.StatusUnauthorized {
						t.Errorf("status %d", res.Code)
					}
				}
				for range 50 {
					send()
				}
				if n := strings.Count(log.String(), "delivery refused"); n != 10 {
					t.Errorf("%d lines in a minute, want 10:\n%s", n, log.String())
				}
				time.Sleep(time.Minute)
				log.Reset()
				send()
				if !strings.Contains(log.String(), `"times":41`) {
					t.Errorf("the next line is %q, want how often it happened", log.String())
				}
			})
		})
	}
}

// A server that starts is ready within a blink of being so, and its checks run often
// only until then.
func TestReadyAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin, asked := time.Now(), 0
		h := newHandler(t, webhook.Config{Acceptor: &recorder{}, Ready: func(context.Context) error {
			asked++
			if since := time.Since(begin); since < 100*time.Millisecond || since > 10*time.Second {
				return errors.New("not ready")
			}
			return nil
		}})
		ready := func() bool {
			res := httptest.NewRecorder()
			h.ServeHTTP(res, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
			time.Sleep(time.Millisecond)
			return res.Code == http.StatusOK
		}
		for !ready() {
		}
		if took := time.Since(begin); took > 130*time.Millisecond || asked > 8 {
			t.Errorf("ready after %s and %d checks, want 100 ms and 7", took, asked)
		}
		time.Sleep(10 * time.Second)
		asked = 0
		for range 3000 {
			ready()
		}
		if asked < 3 || asked > 4 {
			t.Errorf("asked %d times in three seconds after the start, want 3", asked)
		}
	})
}
