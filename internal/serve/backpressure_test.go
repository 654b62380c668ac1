package serve

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state/memstate"
	"github.com/linearbot/linearbot/webhook"
)

// viewerAPI answers every request with the identity of the bot.
type viewerAPI struct{}

func (viewerAPI) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r, Header: http.Header{},
		Body: io.NopCloser(strings.NewReader(`{"data":{"viewer":{"id":"bot-user","displayName":"helper-bot","app":true},
			"organization":{"id":"org","urlKey":"acme"}}}`)),
	}, nil
}

// TestBackpressure: 64 senders of which each sends as soon as it is answered ask for far
// more than is handled. They are slowed down to what is: a message waits for less than
// 100 ms on the median, and the number of those that wait stays the same.
func TestBackpressure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const (
			senders, workers = 64, 16
			takes            = 10 * time.Millisecond // so 1,600 are handled a second
			path             = time.Millisecond      // to the server and back: 64,000 could be sent
			secret           = "a signing secret of tests"
		)
		lin, err := linear.New(linear.Config{AccessToken: "token", HTTPClient: &http.Client{Transport: viewerAPI{}}})
		if err != nil {
			t.Fatal(err)
		}
		store := memstate.New(memstate.Options{})
		defer store.Close()
		b, err := bot.New(bot.Config{Adapter: lin, Store: store, Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		sent := map[string]time.Time{}
		var waited []time.Duration
		b.OnNewMention(func(_ context.Context, _ *bot.Thread, m *bot.Message) error {
			time.Sleep(takes)
			mu.Lock()
			defer mu.Unlock()
			waited = append(waited, time.Since(sent[m.ID]))
			return nil
		})
		srv, err := webhook.NewServer(webhook.Config{Secrets: []string{secret}, Acceptor: b, Lag: b.Lag})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var running, sending sync.WaitGroup
		running.Go(func() {
			if err := b.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(time.Second) // all workers may take turns by then
		begin := time.Now()
		for s := range senders {
			sending.Go(func() {
				for n := 0; time.Since(begin) < 4*time.Second; n++ {
					id := fmt.Sprintf("c-%d-%d", s, n)
					body := fmt.Sprintf(`{"type":"Comment","action":"create","organizationId":"org","createdAt":"2026-10-02T09:15:04.120Z",
						"data":{"id":%q,"issueId":"i","body":"@helper-bot ping","userId":"ada","user":{"id":"ada","name":"Ada Byron",
						"email":"ada@acme.test"}},"webhookTimestamp":%d}`, id, time.Now().UnixMilli())
					mu.Lock()
					sent[id] = time.Now()
					mu.Unlock()
					time.Sleep(path)
					req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/webhooks/linear", strings.NewReader(body))
					req.Header.Set("Linear-Signature", webhook.Sign(secret, []byte(body)))
					res := httptest.NewRecorder()
					if srv.Handler().ServeHTTP(res, req); res.Code != http.StatusOK {
						t.Errorf("status %d", res.Code)
					}
				}
			})
		}
		// The first second is left out: pacing begins with what is behind.
		var most []int
		for range 3 {
			time.Sleep(time.Second)
			st, err := store.Stats(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			most = append(most, st.Entries)
		}
		mu.Lock()
		times := slices.Clone(waited)
		mu.Unlock()
		slices.Sort(times)
		if len(times) < 4000 {
			t.Errorf("%d messages were handled in three seconds, want 4,800", len(times))
		}
		if median := times[len(times)/2]; median > 100*time.Millisecond {
			t.Errorf("a message waited for %s on the median, want less than 100 ms", median)
		}
		if slices.Max(most) > 5*senders {
			t.Errorf("%v messages waited after each second, for %d senders", most, senders)
		}
		t.Logf("%d handled, median %s, %v waiting", len(times), times[len(times)/2], most)
		sending.Wait()
		cancel()
		running.Wait()
	})
}
