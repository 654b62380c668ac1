package ticketing_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/ticketing"
)

// replay answers each operation with what the simulated Linear said first, and
// measures how long it took, so that what is left is our own time.
type replay struct {
	mu       sync.Mutex
	next     http.RoundTripper
	answers  map[string][]byte
	header   http.Header
	requests int
	spent    time.Duration
	live     bool // ask each time
}

func (p *replay) RoundTrip(r *http.Request) (*http.Response, error) {
	start := time.Now()
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var op struct {
		OperationName string `json:"operationName"`
	}
	if err := json.Unmarshal(raw, &op); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests++
	defer func() { p.spent += time.Since(start) }()
	if body, ok := p.answers[op.OperationName]; ok && !p.live {
		return &http.Response{StatusCode: http.StatusOK, Header: p.header, Body: io.NopCloser(bytes.NewReader(body)), Request: r, ContentLength: int64(len(body))}, nil
	}
	r.Body = io.NopCloser(bytes.NewReader(raw))
	resp, err := p.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	p.answers[op.OperationName], p.header = body, resp.Header
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, err
}

func benchRig(tb testing.TB) (*rig, *replay) { //nolint:thelper // tb is b below
	b := tb
	b.Helper()
	transport := &http.Transport{}
	b.Cleanup(transport.CloseIdleConnections)
	p := &replay{next: transport, answers: map[string][]byte{}}
	r := newRig(b, options{})
	client, err := linearapi.New(linearapi.Config{
		URL: r.linear.GraphQLURL(), Tokens: linearapi.AccessToken(r.app.Token()), HTTPClient: &http.Client{Transport: p},
	})
	if err != nil {
		b.Fatal(err)
	}
	r.api, err = ticketing.New(ticketing.Config{
		Connections: ticketing.Static{{ID: r.ws.ID, Client: client, AppActor: true}}, Store: r.store,
		TokenRate: ticketing.Rate{Requests: -1}, ConnectionRate: ticketing.Rate{Requests: -1},
		Helpdesk: ticketing.Helpdesk{ConversationURL: deskURL},
	})
	if err != nil {
		b.Fatal(err)
	}
	for i := range 60 {
		r.team.AddIssue(r.ada, fmt.Sprintf("Issue number %d about the login", i), strings.Repeat("text ", 50))
	}
	return r, p
}

// A call costs Linear one request, once the directory of the workspace is known;
// from a conversation, the link is another.
func TestRequestsPerCall(t *testing.T) {
	t.Parallel()
	r, p := benchRig(t)
	p.live = true
	for _, c := range []struct {
		name, method, path string
		body               func(i int) any
		status, requests   int
	}{
		{"list", "GET", tickets + "?limit=50", nil, 200, 1},
		{"get", "GET", tickets + "/ENG-1", nil, 200, 1},
		{"create", "POST", tickets, func(i int) any {
			return map[string]any{"name": fmt.Sprint("Created ", i), "team": r.team.ID, "priority": 2}
		}, 201, 1},
		{"search", "GET", "/unified/search/search?q=login&limit=%d", nil, 200, 1},
		{"search from a conversation", "GET", "/conversations/1/issues/search?q=login%d", nil, 200, 1},
		{"create from a conversation", "POST", "/conversations/1/issues", func(i int) any {
			return map[string]any{"name": fmt.Sprint("Made ", i), "team": r.team.ID}
		}, 201, 2},
		{"links", "GET", "/conversations/2/issues?refresh=true", nil, 200, 1},
		{"links, cached", "GET", "/conversations/2/issues", nil, 200, 0},
		{"conversations of an issue", "GET", "/issues/ENG-1/conversations", nil, 200, 1},
		{"teams, cached", "GET", "/unified/ticketing/teams", nil, 200, 0},
	} {
		for i := range 3 {
			path := c.path
			if strings.Contains(path, "%d") {
				path = fmt.Sprintf(path, 7+i) // each another one, or memory would answer
			}
			var body any
			if c.body != nil {
				body = c.body(i)
			}
			before := p.count()
			r.own(c.method, path, body, c.status)
			if got := p.count() - before; i > 0 && got != c.requests {
				t.Errorf("%s: %d requests, want %d", c.name, got, c.requests)
			}
		}
	}
}

func (p *replay) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests
}

// own sends a request to the API without a connection between them.
func (r *rig) own(method, path string, body any, status int) {
	r.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		r.t.Fatal(err)
	}
	if body == nil {
		raw = nil
	}
	req := httptest.NewRequestWithContext(r.t.Context(), method, path, bytes.NewReader(raw))
	req.Header.Set("Authorization", "Bearer "+r.token)
	w := httptest.NewRecorder()
	r.api.ServeHTTP(w, req)
	if w.Code != status {
		r.t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
}

func BenchmarkAPI(b *testing.B) {
	for _, bc := range []struct {
		name, method, path string
		body               func(r *rig, i int) string
		status             int
	}{
		{"list50", "GET", tickets + "?limit=50", nil, 200},
		{"get", "GET", tickets + "/ENG-1", nil, 200},
		{"create", "POST", tickets, func(r *rig, i int) string {
			return fmt.Sprintf(`{"name":"Created %d","team":%q,"priority":2}`, i, r.team.ID)
		}, 201},
		{"search", "GET", "/unified/search/search?q=login", nil, 200},
		{"teamsCached", "GET", "/unified/ticketing/teams", nil, 200},
		{"linkedIssuesCached", "GET", desk + "/linked_issues?conversation_id=1", nil, 200},
	} {
		b.Run(bc.name, func(b *testing.B) {
			r, p := benchRig(b)
			do := func(i int) time.Duration {
				body := ""
				path := bc.path
				if bc.body != nil {
					body = bc.body(r, i)
				}
				if bc.name == "search" { // each another one, or memory would answer
					path += fmt.Sprintf("&limit=%d&name[ne]=%d", 1+i%50, i)
				}
				req := httptest.NewRequestWithContext(b.Context(), bc.method, path, strings.NewReader(body))
				req.Header.Set("Authorization", "Bearer "+r.token)
				w := httptest.NewRecorder()
				start, spent := time.Now(), p.spent
				r.api.ServeHTTP(w, req)
				took := time.Since(start) - (p.spent - spent)
				if w.Code != bc.status {
					b.Fatalf("%d %s", w.Code, w.Body)
				}
				return took
			}
			do(0)
			do(1)
			before := p.requests
			own := make([]time.Duration, 0, b.N)
			b.ReportAllocs()
			b.ResetTimer()
			cpu := cpuTime(b)
			for i := range b.N {
				own = append(own, do(i+2))
			}
			b.StopTimer()
			b.ReportMetric(float64((cpuTime(b)-cpu).Microseconds())/float64(b.N), "cpu-µs/op")
			slices.Sort(own)
			b.ReportMetric(float64(own[len(own)/2].Microseconds()), "own-µs-p50")
			b.ReportMetric(float64(own[len(own)*99/100].Microseconds()), "own-µs-p99")
			b.ReportMetric(float64(p.requests-before)/float64(b.N), "linear-req/op")
		})
	}
}

// BenchmarkCachedReads reads over real connections, from eight clients.
func BenchmarkCachedReads(b *testing.B) {
	r, _ := benchRig(b)
	srv := httptest.NewServer(r.api)
	b.Cleanup(srv.Close)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	b.Cleanup(client.CloseIdleConnections)
	b.SetParallelism(4)
	b.ResetTimer()
	start := time.Now()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, srv.URL+"/unified/ticketing/teams", nil)
			if err != nil {
				b.Error(err)
				return
			}
			req.Header.Set("Authorization", "Bearer "+r.token)
			resp, err := client.Do(req)
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				b.Errorf("%d", resp.StatusCode)
			}
		}
	})
	b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "req/s")
}

// cpuTime is what the process has used of the processors, which other
// processes do not change.
func cpuTime(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
