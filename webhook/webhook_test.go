package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/webhook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const secret = "test-signing-secret"

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// recorder is an Acceptor that remembers what it was given.
type recorder struct {
	mu    sync.Mutex
	got   []adapter.Delivery
	err   error
	block bool
}

func (r *recorder) Accept(ctx context.Context, d *adapter.Delivery) error {
	if r.block {
		<-ctx.Done()
		return ctx.Err()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, *d)
	return r.err
}

func (r *recorder) deliveries() []adapter.Delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]adapter.Delivery(nil), r.got...)
}

func newHandler(t *testing.T, cfg webhook.Config) http.Handler {
	t.Helper()
	if cfg.Secrets == nil {
		cfg.Secrets = []string{secret}
	}
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return noon }
	}
	srv, err := webhook.NewServer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return srv.Handler()
}

func bodyAt(at time.Time) string {
	return fmt.Sprintf(`{"action":"create","type":"Comment","webhookTimestamp":%d}`, at.UnixMilli())
}

func TestDeliveryAnswers(t *testing.T) {
	t.Parallel()
	fresh := bodyAt(noon)
	for _, c := range []struct {
		name    string
		method  string
		body    string
		sign    string // "" signs body with secret; "-" sends no header
		durable bool
		strict  bool
		accept  error
		want    int
		text    string
		late    bool
	}{
		{name: "good", body: fresh, want: 200, text: "OK"},
		{name: "GET", method: http.MethodGet, body: fresh, want: 405},
		{name: "PUT", method: http.MethodPut, body: fresh, want: 405},
		{name: "HEAD", method: http.MethodHead, body: fresh, want: 405},
		{name: "no signature", body: fresh, sign: "-", want: 401, text: "missing signature"},
		{name: "other secret", body: fresh, sign: webhook.Sign("other", []byte(fresh)), want: 401, text: "invalid signature"},
		{name: "other body", body: fresh, sign: webhook.Sign(secret, []byte(fresh+" ")), want: 401, text: "invalid signature"},
		{name: "prefixed signature", body: fresh, sign: "sha256=" + webhook.Sign(secret, []byte(fresh)), want: 401},
		{name: "short signature", body: fresh, sign: webhook.Sign(secret, []byte(fresh))[:62], want: 401},
		{name: "signature is not hex", body: fresh, sign: strings.Repeat("zz", 32), want: 401},
		{name: "upper-case signature", body: fresh, sign: strings.ToUpper(webhook.Sign(secret, []byte(fresh))), want: 200},
		{name: "broken JSON", body: `{"webhookTimestamp":`, want: 400, text: "not a JSON object"},
		{name: "text after JSON", body: fresh + "x", want: 400},
		{name: "empty", body: "", want: 400},
		{name: "a list", body: `[]`, want: 401, text: "timestamp missing"},
		{name: "no time", body: `{}`, want: 401, text: "timestamp missing"},
		{name: "time is text", body: `{"webhookTimestamp":"1790932505430"}`, want: 401},
		{name: "time is null", body: `{"webhookTimestamp":null}`, want: 401},
		{name: "time is zero", body: `{"webhookTimestamp":0}`, want: 401, text: "webhook expired"},
		{name: "time in seconds", body: fmt.Sprintf(`{"webhookTimestamp":%d}`, noon.Unix()), want: 401, text: "webhook expired"},
		{name: "time beyond all clocks", body: `{"webhookTimestamp":1e300}`, want: 401},
		{name: "time with a fraction", body: fmt.Sprintf(`{"webhookTimestamp":%d.75}`, noon.UnixMilli()), want: 200},
		{name: "time as a float", body: fmt.Sprintf(`{"webhookTimestamp":%de0}`, noon.UnixMilli()), want: 200},
		{name: "59 s old", body: bodyAt(noon.Add(-59 * time.Second)), want: 200},
		{name: "61 s old is late", body: bodyAt(noon.Add(-61 * time.Second)), want: 200, late: true},
		{name: "5 min old", body: bodyAt(noon.Add(-5 * time.Minute)), want: 200, late: true},
		{name: "over 5 min without durable store", body: bodyAt(noon.Add(-301 * time.Second)), want: 401, text: "webhook expired"},
		{name: "7 h with durable store", body: bodyAt(noon.Add(-7 * time.Hour)), durable: true, want: 200, late: true},
		{name: "7 h with durable store, strict", body: bodyAt(noon.Add(-7 * time.Hour)), durable: true, strict: true, want: 401, text: "webhook expired"},
		{name: "8 h with durable store", body: bodyAt(noon.Add(-8 * time.Hour)), durable: true, want: 200, late: true},
		{name: "over 8 h", body: bodyAt(noon.Add(-8*time.Hour - time.Second)), durable: true, want: 401, text: "webhook expired"},
		{name: "59 s ahead", body: bodyAt(noon.Add(59 * time.Second)), want: 200},
		{name: "61 s ahead", body: bodyAt(noon.Add(61 * time.Second)), want: 401, text: "in the future"},
		{name: "store down", body: fresh, accept: errors.New("no space left on /secret/path"), want: 503, text: "try again"},
		{name: "unreadable", body: fresh, accept: &adapter.Error{Code: adapter.CodeInvalid, Message: "hidden"}, want: 400, text: "cannot be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rec := &recorder{err: c.accept}
			h := newHandler(t, webhook.Config{Acceptor: rec, Durable: c.durable, Strict: c.strict})
			method := c.method
			if method == "" {
				method = http.MethodPost
			}
			req := httptest.NewRequestWithContext(t.Context(), method, "/api/webhooks/linear", strings.NewReader(c.body))
			switch c.sign {
			case "":
				req.Header.Set("Linear-Signature", webhook.Sign(secret, []byte(c.body)))
			case "-":
			default:
				req.Header.Set("Linear-Signature", c.sign)
			}
			req.Header.Set("Linear-Delivery", "d-1")
			// Not signed, so it must not matter.
			req.Header.Set("Linear-Timestamp", strconv.FormatInt(noon.UnixMilli(), 10))
			res := httptest.NewRecorder()
			h.ServeHTTP(res, req)

			if res.Code != c.want {
				t.Fatalf("status %d %q, want %d", res.Code, res.Body, c.want)
			}
			if !strings.Contains(res.Body.String(), c.text) {
				t.Errorf("answer %q, want %q in it", res.Body, c.text)
			}
			if strings.Contains(res.Body.String(), "secret") || strings.Contains(res.Body.String(), "hidden") {
				t.Errorf("answer %q says too much", res.Body)
			}
			got := rec.deliveries()
			if reached := len(got) == 1; reached != (c.want == 200 || c.accept != nil) {
				t.Fatalf("%d deliveries reached the acceptor", len(got))
			}
			if c.want != 200 {
				return
			}
			if d := got[0]; string(d.Body) != c.body || d.ID != "d-1" || d.Late != c.late || !d.ReceivedAt.Equal(noon) {
				t.Errorf("delivery %+v, want the body as sent and late %v", d, c.late)
			}
		})
	}
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		size    int
		chunked bool
		want    int
	}{
		{"at the limit", 5 << 20, false, 400}, // read and verified, then no JSON
		{"at the limit, chunked", 5 << 20, true, 400},
		{"over the limit", 5<<20 + 1, false, 413},
		{"over the limit, chunked", 5<<20 + 1, true, 413},
		{"6 MiB", 6 << 20, false, 413},
		{"6 MiB, chunked", 6 << 20, true, 413},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rec := &recorder{}
			srv := httptest.NewServer(newHandler(t, webhook.Config{Acceptor: rec}))
			defer srv.Close()
			body := bytes.Repeat([]byte("x"), c.size)
			var r io.Reader = bytes.NewReader(body)
			if c.chunked {
				r = struct{ io.Reader }{r}
			}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+"/api/webhooks/linear", r)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Linear-Signature", webhook.Sign(secret, body))
			res, err := srv.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if res.StatusCode != c.want {
				t.Errorf("status %d, want %d", res.StatusCode, c.want)
			}
			if n := len(rec.deliveries()); n != 0 {
				t.Errorf("%d deliveries reached the acceptor", n)
			}
		})
	}
}

func TestBodyShorterThanPromised(t *testing.T) {
	t.Parallel()
	rec := &recorder{}
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/webhooks/linear", strings.NewReader("{}"))
	req.ContentLength = 10
	req.Header.Set("Linear-Signature", webhook.Sign(secret, []byte("{}")))
	res := httptest.NewRecorder()
	newHandler(t, webhook.Config{Acceptor: rec}).ServeHTTP(res, req)
	if res.Code != http.StatusBadRequest || len(rec.deliveries()) != 0 {
		t.Errorf("status %d with %d deliveries, want 400 and none", res.Code, len(rec.deliveries()))
	}
}

func TestSecretRotation(t *testing.T) {
	t.Parallel()
	rec := &recorder{}
	h := newHandler(t, webhook.Config{Acceptor: rec, Secrets: []string{"new", "old"}})
	for secret, want := range map[string]int{"new": 200, "old": 200, "older": 401} {
		body := bodyAt(noon)
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/webhooks/linear", strings.NewReader(body))
		req.Header.Set("Linear-Signature", webhook.Sign(secret, []byte(body)))
		res := httptest.NewRecorder()
		h.ServeHTTP(res, req)
		if res.Code != want {
			t.Errorf("signed with %q: status %d, want %d", secret, res.Code, want)
		}
	}
}

func TestSlowStoreIsAnsweredInTime(t *testing.T) {
	t.Parallel()
	rec := &recorder{block: true}
	h := newHandler(t, webhook.Config{Acceptor: rec, AcceptTimeout: 20 * time.Millisecond})
	body := bodyAt(noon)
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/webhooks/linear", strings.NewReader(body))
	req.Header.Set("Linear-Signature", webhook.Sign(secret, []byte(body)))
	res := httptest.NewRecorder()
	h.ServeHTTP(res, req)
	if res.Code != http.StatusServiceUnavailable || res.Header().Get("Retry-After") == "" {
		t.Errorf("status %d, Retry-After %q, want 503 and a time", res.Code, res.Header().Get("Retry-After"))
	}
}

func TestOverloadIsRefusedEarly(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	h := newHandler(t, webhook.Config{
		Acceptor: blocked{release}, MaxInFlight: 2, AcceptTimeout: 100 * time.Millisecond,
	})
	body := bodyAt(noon)
	var wg sync.WaitGroup
	codes := make(chan int, 5)
	for range cap(codes) {
		wg.Go(func() {
			req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/webhooks/linear", strings.NewReader(body))
			req.Header.Set("Linear-Signature", webhook.Sign(secret, []byte(body)))
			res := httptest.NewRecorder()
			h.ServeHTTP(res, req)
			codes <- res.Code
		})
	}
	// Three find no place and are answered while the two still wait.
	for range 3 {
		if code := <-codes; code != http.StatusServiceUnavailable {
			t.Errorf("status %d, want 503", code)
		}
	}
	close(release)
	wg.Wait()
	for range 2 {
		if code := <-codes; code != http.StatusOK {
			t.Errorf("status %d, want 200", code)
		}
	}
}

// blocked is an Acceptor that waits and ignores its context.
type blocked struct{ release chan struct{} }

func (b blocked) Accept(context.Context, *adapter.Delivery) error {
	<-b.release
	return nil
}

func TestNewServerRefuses(t *testing.T) {
	t.Parallel()
	rec := &recorder{}
	for name, cfg := range map[string]webhook.Config{
		"no secret":        {Acceptor: rec},
		"an empty secret":  {Acceptor: rec, Secrets: []string{"a", ""}},
		"no acceptor":      {Secrets: []string{"a"}},
		"a relative path":  {Acceptor: rec, Secrets: []string{"a"}, Path: "hook"},
		"a negative limit": {Acceptor: rec, Secrets: []string{"a"}, MaxBody: -1},
	} {
		if _, err := webhook.NewServer(cfg); err == nil {
			t.Errorf("%s: succeeded, want an error", name)
		}
	}
}

// traceLog writes what it is told.
type traceLog struct{ to *bytes.Buffer }

func (l traceLog) Begin(p adapter.TracePart) adapter.Trace { fmt.Fprintln(l.to, p); return l }
func (l traceLog) About(s adapter.TraceSubject)            { fmt.Fprintln(l.to, s) }
func (l traceLog) Step(s adapter.TraceStep)                { fmt.Fprintln(l.to, s) }
func (l traceLog) End()                                    {}

func TestLogsHoldNoSecrets(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	const marker = "MARKER-SECRET"
	h := newHandler(t, webhook.Config{
		Secrets: []string{marker}, Acceptor: &recorder{err: errors.New("down")}, Logger: zerolog.New(&log),
		Tracer: traceLog{&log},
	})
	body := bodyAt(noon)
	good := webhook.Sign(marker, []byte(body))
	for _, signature := range []string{"", good[:10], webhook.Sign("wrong", []byte(body)), good} {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/webhooks/linear", strings.NewReader(body))
		req.Header.Set("Linear-Signature", signature)
		req.Header.Set("Authorization", "Bearer "+marker)
		res := httptest.NewRecorder()
		h.ServeHTTP(res, req)
		log.WriteString(res.Body.String())
	}
	for _, leak := range []string{marker, good, good[:10]} {
		if strings.Contains(log.String(), leak) {
			t.Errorf("%q leaked into %s", leak, log.String())
		}
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	synctest.Test(t, testHealth)
}

func testHealth(t *testing.T) {
	bad := errors.New("MARKER: why it is down")
	var down error
	h := newHandler(t, webhook.Config{
		Acceptor: &recorder{},
		Checks:   []webhook.Check{{Name: "store", Ready: func(context.Context) error { return down }}},
	})
	get := func(path string) (int, string) {
		res := httptest.NewRecorder()
		h.ServeHTTP(res, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		return res.Code, res.Body.String()
	}
	if code, body := get("/readyz"); code != 200 || !strings.Contains(body, "ready") {
		t.Errorf("/readyz = %d %s, want 200", code, body)
	}
	down = bad
	time.Sleep(time.Second) // the lifetime of a result
	if code, body := get("/readyz"); code != 503 || strings.Contains(body, "MARKER") || !strings.Contains(body, "store") {
		t.Errorf("/readyz = %d %s, want 503, the check's name and not its error", code, body)
	}
	if code, _ := get("/healthz"); code != 200 {
		t.Errorf("/healthz = %d, want 200 while the process lives", code)
	}
}

// A check shows its public reason, and its cause is logged only when it changes:
// probes come every few seconds.
func TestReadiness(t *testing.T) {
	t.Parallel()
	synctest.Test(t, testReadiness)
}

func testReadiness(t *testing.T) {
	var log bytes.Buffer
	var bot, linear error
	detail := ""
	h := newHandler(t, webhook.Config{
		Acceptor: &recorder{},
		Ready:    func(context.Context) error { return bot },
		Checks:   []webhook.Check{{Name: "linear", Ready: func(context.Context) error { return linear }, Detail: func() string { return detail }}},
		Logger:   zerolog.New(&log),
	})
	refused := &webhook.UnreadyError{Reason: "LINEAR_API_KEY was refused", Err: errors.New("cause one")}
	for i, step := range []struct {
		bot, linear error
		want        map[string]string
		lines       int
	}{
		{nil, nil, map[string]string{"status": "ready", "bot": "ok", "linear": "ok"}, 0},
		{nil, refused, map[string]string{"status": "not ready", "bot": "ok", "linear": "LINEAR_API_KEY was refused"}, 1},
		{nil, refused, map[string]string{"status": "not ready", "bot": "ok", "linear": "LINEAR_API_KEY was refused"}, 1},
		{
			&adapter.Error{Code: adapter.CodeUnavailable, Message: "hidden"}, refused,
			map[string]string{"status": "not ready", "bot": "unavailable", "linear": "LINEAR_API_KEY was refused"},
			2,
		},
		{nil, nil, map[string]string{"status": "ready", "bot": "ok", "linear": "ok"}, 4},
		{nil, nil, map[string]string{"status": "ready", "bot": "ok", "linear": "ok"}, 4},
	} {
		bot, linear = step.bot, step.linear
		time.Sleep(time.Second)
		res := httptest.NewRecorder()
		h.ServeHTTP(res, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
		var got map[string]string
		if err := json.Unmarshal(res.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.want, got); diff != "" || (res.Code == 200) != (step.want["status"] == "ready") {
			t.Errorf("step %d: status %d, body (-want +got):\n%s", i, res.Code, diff)
		}
		if n := strings.Count(log.String(), "\n"); n != step.lines {
			t.Errorf("step %d: %d lines in the log, want %d:\n%s", i, n, step.lines, &log)
		}
	}
	detail = "ok: 3 active"
	time.Sleep(time.Second)
	res := httptest.NewRecorder()
	h.ServeHTTP(res, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
	if res.Code != http.StatusOK || !strings.Contains(res.Body.String(), `"linear":"ok: 3 active"`) {
		t.Errorf("with a detail: %d %s", res.Code, res.Body)
	}
	if !strings.Contains(log.String(), "cause one") || !strings.Contains(log.String(), "ready again") {
		t.Errorf("the log lacks the cause or the recovery:\n%s", &log)
	}
}

// runner is a Runner that ends with its context, or fails at once.
type runner struct {
	err     error
	stopped chan struct{}
}

func (r *runner) Run(ctx context.Context) error {
	if r.err != nil {
		return r.err
	}
	<-ctx.Done()
	close(r.stopped)
	return nil
}

func TestRunServesAndDrains(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	addr := make(chan net.Addr, 1)
	srv, err := webhook.NewServer(webhook.Config{
		Secrets: []string{secret}, Acceptor: &recorder{}, Addr: "127.0.0.1:0",
		OnListen: func(a net.Addr) { addr <- a },
	})
	if err != nil {
		t.Fatal(err)
	}
	r := &runner{stopped: make(chan struct{})}
	done := make(chan error, 1)
	var wg sync.WaitGroup
	wg.Go(func() { done <- srv.Run(ctx, r) })
	defer wg.Wait()

	body := bodyAt(time.Now())
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+(<-addr).String()+"/api/webhooks/linear", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Linear-Signature", webhook.Sign(secret, []byte(body)))
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK || srv.Intake().Answered()[http.StatusOK] != 1 {
		t.Errorf("status %d, answers %v", res.StatusCode, srv.Intake().Answered())
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run: %v, want nil after a clean stop", err)
	}
	<-r.stopped
}

// TestRunDoesNotWaitForSilentConnections stops a server that has a connection on
// which nothing was sent.
func TestRunDoesNotWaitForSilentConnections(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	addr := make(chan net.Addr, 1)
	srv, err := webhook.NewServer(webhook.Config{
		Secrets: []string{secret}, Acceptor: &recorder{}, Addr: "127.0.0.1:0", ShutdownTimeout: 2 * time.Second,
		OnListen: func(a net.Addr) { addr <- a },
	})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	var wg sync.WaitGroup
	wg.Go(func() { done <- srv.Run(ctx) })
	defer wg.Wait()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", (<-addr).String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// The server has seen the connection once it answers another one.
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+conn.RemoteAddr().String()+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run: %v, want a clean stop", err)
	}
}

func TestRunFailsWithItsRunner(t *testing.T) {
	t.Parallel()
	srv, err := webhook.NewServer(webhook.Config{Secrets: []string{secret}, Acceptor: &recorder{}, Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	want := errors.New("broken")
	if err := srv.Run(t.Context(), &runner{err: want}); !errors.Is(err, want) {
		t.Errorf("Run: %v, want %v", err, want)
	}
}

func TestRunSaysThatThePortIsTaken(t *testing.T) {
	t.Parallel()
	var lc net.ListenConfig
	ln, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	srv, err := webhook.NewServer(webhook.Config{Secrets: []string{secret}, Acceptor: &recorder{}, Addr: ln.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "listen") {
		t.Errorf("Run: %v, want the reason", err)
	}
}

func FuzzVerify(f *testing.F) {
	body := []byte(bodyAt(noon))
	f.Add(webhook.Sign(secret, body), body)
	f.Add("", body)
	f.Add(strings.Repeat("0", 64), []byte{})
	f.Add("b4fcdc7ec7be8ece1dfc2485fc9dca9baacc6538f376a78df1604307a27efd77", []byte(`{"action":"create","type":"Comment","webhookTimestamp":1790932505430}`))
	v, err := webhook.NewVerifier(secret)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, signature string, body []byte) {
		good := v.Verify(signature, body) == nil
		if want := strings.EqualFold(signature, webhook.Sign(secret, body)); good != want {
			t.Errorf("Verify(%q, %q) = %v, want %v", signature, body, good, want)
		}
	})
}

// FuzzDelivery sends signed nonsense: every answer is one of the documented ones
// and nothing breaks.
func FuzzDelivery(f *testing.F) {
	f.Add([]byte(bodyAt(noon)))
	f.Add([]byte(`{"webhookTimestamp":1e999}`))
	f.Add([]byte("\xff\xfe{}"))
	f.Add([]byte("[[[["))
	srv, err := webhook.NewServer(webhook.Config{Secrets: []string{secret}, Acceptor: &recorder{}, Now: func() time.Time { return noon }})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/webhooks/linear", bytes.NewReader(body))
		req.Header.Set("Linear-Signature", webhook.Sign(secret, body))
		res := httptest.NewRecorder()
		srv.Handler().ServeHTTP(res, req)
		switch res.Code {
		case 200, 400, 401:
		default:
			t.Errorf("%q: status %d", body, res.Code)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	body := bytes.Repeat([]byte("x"), 2300)
	signature := webhook.Sign(secret, body)
	v, err := webhook.NewVerifier(secret)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if err := v.Verify(signature, body); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDelivery is the endpoint without a store: routing, reading,
// verifying, checking the age.
func BenchmarkDelivery(b *testing.B) {
	body := []byte(fmt.Sprintf(`{"webhookTimestamp":%d,"data":{"body":%q}}`, noon.UnixMilli(), strings.Repeat("x", 2200)))
	signature := webhook.Sign(secret, body)
	srv, err := webhook.NewServer(webhook.Config{Secrets: []string{secret}, Acceptor: nothing{}, Now: func() time.Time { return noon }})
	if err != nil {
		b.Fatal(err)
	}
	h := srv.Handler()
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		req := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/api/webhooks/linear", bytes.NewReader(body))
		req.Header.Set("Linear-Signature", signature)
		res := httptest.NewRecorder()
		h.ServeHTTP(res, req)
		if res.Code != http.StatusOK {
			b.Fatal(res.Code, res.Body)
		}
	}
}

// nothing is an Acceptor that discards everything.
type nothing struct{}

func (nothing) Accept(context.Context, *adapter.Delivery) error { return nil }
