package ticketing_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// between stands between the API and the simulated Linear: it counts the
// operations and answers those that the simulation does not know.
type between struct {
	next http.RoundTripper
	// before, if set, is called with each query before it is sent.
	before func(query string)

	mu      sync.Mutex
	sent    []string // the queries, in their order
	answers map[string]string
	dearest int // what the dearest operation cost, in Linear's points
}

func (b *between) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var op struct {
		Query string `json:"query"`
	}
	_ = json.Unmarshal(body, &op) // an upload has none
	if b.before != nil {
		b.before(op.Query)
	}
	b.mu.Lock()
	b.sent = append(b.sent, op.Query)
	said := ""
	for part, answer := range b.answers {
		if strings.Contains(op.Query, part) {
			said = answer
		}
	}
	b.mu.Unlock()
	if said != "" {
		return &http.Response{
			StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
			Body: io.NopCloser(strings.NewReader(said)), Request: r,
		}, nil
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	resp, err := b.next.RoundTrip(r)
	if err == nil {
		n, _ := strconv.Atoi(resp.Header.Get("X-Complexity")) // an upload has none
		b.mu.Lock()
		b.dearest = max(b.dearest, n)
		b.mu.Unlock()
	}
	return resp, err
}

// price returns what the dearest operation since the last call cost.
func (b *between) price() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.dearest
	b.dearest = 0
	return n
}

// say answers the operations that contain a text.
func (b *between) say(part, answer string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.answers == nil {
		b.answers = map[string]string{}
	}
	b.answers[part] = answer
}

// take returns the queries that were sent since the last call.
func (b *between) take() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.sent
	b.sent = nil
	return out
}
