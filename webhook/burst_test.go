package webhook_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state/filestate"
	"github.com/linearbot/linearbot/webhook"
)

// TestBurst sends what a bulk edit of a large workspace produces: 3,500
// deliveries at once. Each must be stored and answered within the five seconds
// that Linear waits. On a machine that is so busy that requests to a server which does
// nothing take long, that may be longer in proportion.
func TestBurst(t *testing.T) { //nolint:paralleltest // it measures time
	const deliveries, linearWaits, share = 3500, 5 * time.Second, 20
	store, err := filestate.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	lin, err := linear.New(linear.Config{AccessToken: "token"})
	if err != nil {
		t.Fatal(err)
	}
	b, err := bot.New(bot.Config{Adapter: lin, Store: store})
	if err != nil {
		t.Fatal(err)
	}
	srv, err := webhook.NewServer(webhook.Config{Secrets: []string{secret}, Acceptor: b, Durable: b.Durable()})
	if err != nil {
		t.Fatal(err)
	}
	floor := burst(t, deliveries, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	longest := burst(t, deliveries, srv.Handler())
	if longest > max(linearWaits, share*floor) {
		t.Errorf("an answer takes %s, and %s from a server that does nothing", longest, floor)
	}
	stats, err := store.Stats(t.Context())
	if err != nil || stats.Entries != deliveries {
		t.Errorf("the store holds %+v, %v, want all %d", stats, err, deliveries)
	}
}

// burst sends deliveries, 200 at a time, and returns how long the slowest took.
func burst(t *testing.T, deliveries int, h http.Handler) time.Duration {
	t.Helper()
	ts := httptest.NewServer(h)
	defer ts.Close()
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 200}}
	defer client.CloseIdleConnections()
	var mu sync.Mutex
	var longest time.Duration
	work := make(chan int)
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			for n := range work {
				body := fmt.Sprintf(`{"type":"Issue","action":"update","organizationId":"o","webhookTimestamp":%d,"updatedFrom":{"stateId":"a"},
					"data":{"id":"issue-%d","updatedAt":"2026-11-21T12:00:00.%03dZ","description":%q}}`,
					time.Now().UnixMilli(), n%700, n%1000, strings.Repeat("words ", 400))
				req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, ts.URL+"/api/webhooks/linear", strings.NewReader(body))
				if err != nil {
					t.Error(err)
					continue
				}
				req.Header.Set("Linear-Signature", webhook.Sign(secret, []byte(body)))
				begin := time.Now()
				res, err := client.Do(req)
				if err != nil {
					t.Errorf("delivery %d: %v", n, err)
					continue
				}
				text, _ := io.ReadAll(res.Body)
				res.Body.Close()
				mu.Lock()
				longest = max(longest, time.Since(begin))
				mu.Unlock()
				if res.StatusCode != http.StatusOK {
					t.Errorf("delivery %d: status %d %s", n, res.StatusCode, text)
				}
			}
		})
	}
	for n := range deliveries {
		work <- n
	}
	close(work)
	wg.Wait()
	return longest
}
