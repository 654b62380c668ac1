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
	if body, ok := p.answers[op.OperationName]; ok {
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

func benchRig(b *testing.B) (*rig, *replay) {
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
