package linearapi

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// stub answers HTTP requests without a network.
type stub struct {
	mu       sync.Mutex
	requests []request
	answer   func(n int, r *http.Request) (*http.Response, error)
}

// request is a request as recorded by a stub.
type request struct {
	header http.Header
	body   string
	at     time.Time
}

func (s *stub) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	s.requests = append(s.requests, request{header: r.Header.Clone(), body: string(body), at: time.Now()})
	n := len(s.requests)
	s.mu.Unlock()
	resp, err := s.answer(n, r)
	if resp != nil {
		resp.Request = r
	}
	return resp, err
}

func (s *stub) seen() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]request(nil), s.requests...)
}

// reply makes an HTTP answer; header holds pairs of name and value.
func reply(status int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{
		Status: strconv.Itoa(status) + " " + http.StatusText(status), StatusCode: status,
		Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
}

// always gives every request the same answer.
func always(status int, body string, header ...string) *stub {
	return &stub{answer: func(int, *http.Request) (*http.Response, error) {
		return reply(status, body, header...), nil
	}}
}

// inTurn answers the requests one after the other; the last answer repeats.
func inTurn(answers ...answer) *stub {
	return &stub{answer: func(n int, _ *http.Request) (*http.Response, error) {
		a := answers[min(n, len(answers))-1]
		if a.err != nil {
			return nil, a.err
		}
		return reply(a.status, a.body, a.header...), nil
	}}
}

// answer is a scripted answer.
type answer struct {
	err    error
	status int
	body   string
	header []string
}

func with(status int, body string, header ...string) answer {
	return answer{status: status, body: body, header: header}
}

func failing(err error) answer { return answer{err: err} }

const (
	goodComment = `{"data":{"commentCreate":{"success":true,"comment":{"id":"c1","body":"hi","url":"https://linear.app/x","createdAt":"2026-11-01T10:00:00.000Z","updatedAt":"2026-11-01T10:00:00.000Z","editedAt":null,"parentId":"p1","issueId":"i1","user":{"id":"u1","name":"Ada","displayName":"ada"}}}}}`
	goodRead    = `{"data":{"comment":{"id":"c1","body":"hi","parent":{"id":"p1"},"issue":{"id":"i1","identifier":"ENG-1","title":"T"}}}}`
	goodViewer  = `{"data":{"viewer":{"id":"u1","name":"Bot","displayName":"bot","app":true,"someday":[1]},"organization":{"id":"o1","name":"Acme","urlKey":"acme"}}}`
)

// newClient returns a client on top of rt. change may adjust its Config.
func newClient(tb testing.TB, rt http.RoundTripper, change func(*Config)) *Client {
	tb.Helper()
	cfg := Config{Tokens: AccessToken("tok-1"), HTTPClient: &http.Client{Transport: rt}}
	if change != nil {
		change(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// tokens is a source that moves on to the next token after each Invalidate.
type tokens struct {
	mu      sync.Mutex
	values  []string
	dropped []string
	err     error
}

func (s *tokens) Token(context.Context) (Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return Token{}, s.err
	}
	return Token{Value: s.values[0]}, nil
}

func (s *tokens) Invalidate(t Token) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropped = append(s.dropped, t.Value)
	if len(s.values) > 1 {
		s.values = s.values[1:]
	}
}

// benchStub answers like Linear and records nothing.
type benchStub struct{}

func (benchStub) RoundTrip(r *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil, err
	}
	resp := reply(200, goodComment, "X-Complexity", "3", "X-Ratelimit-Requests-Limit", "5000", "X-Ratelimit-Requests-Remaining", "4999", "X-Ratelimit-Requests-Reset", "1793528400123")
	resp.Request = r
	return resp, nil
}
