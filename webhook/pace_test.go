package webhook_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/webhook"
)

// TestAnswersWaitForWhatIsBehind: a delivery is stored at once, and its answer is
// delayed by as much as handling is behind.
func TestAnswersWaitForWhatIsBehind(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		lag    time.Duration
		accept error
		want   time.Duration
	}{
		{name: "nothing is behind"},
		{name: "a little", lag: 4 * time.Millisecond},
		{name: "some", lag: 40 * time.Millisecond, want: 40 * time.Millisecond},
		{name: "a minute", lag: time.Minute, want: time.Second},
		{name: "what is not stored has its answer at once", lag: time.Minute, accept: errors.New("full")},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rec := &recorder{err: c.accept}
				h := newHandler(t, webhook.Config{Acceptor: rec, MaxInFlight: 1, Lag: func() time.Duration { return c.lag }})
				body := bodyAt(noon)
				post := func() int {
					req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/webhooks/linear", strings.NewReader(body))
					req.Header.Set("Linear-Signature", webhook.Sign(secret, []byte(body)))
					res := httptest.NewRecorder()
					h.ServeHTTP(res, req)
					return res.Code
				}
				start := time.Now()
				done := make(chan int)
				var posting sync.WaitGroup
				defer posting.Wait()
				for range 2 { // side by side, though one at a time is stored
					posting.Go(func() { done <- post() })
				}
				synctest.Wait()
				if n := len(rec.deliveries()); n != 2 {
					t.Errorf("%d deliveries are stored while answers are delayed, want 2", n)
				}
				want := http.StatusOK
				if c.accept != nil {
					want = http.StatusServiceUnavailable
				}
				for range 2 {
					if status := <-done; status != want {
						t.Errorf("status %d, want %d", status, want)
					}
				}
				if took := time.Since(start); took != c.want {
					t.Errorf("the answers took %v, want %v", took, c.want)
				}
			})
		})
	}
}

// TestDelayedAnswersHoldNothing: a delivery whose answer is delayed holds none of the
// budget of large bodies any more, and the delay does not count as time of the store.
func TestDelayedAnswersHoldNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		srv, err := webhook.NewServer(webhook.Config{
			Secrets: []string{secret}, Acceptor: takesAll{},
			Now: func() time.Time { return noon.Add(time.Since(start)) },
			Lag: func() time.Duration { return time.Minute },
		})
		if err != nil {
			t.Fatal(err)
		}
		body := strings.TrimSuffix(bodyAt(noon), "}") + `,"x":"` + strings.Repeat("x", 4<<20) + `"}`
		signature := webhook.Sign(secret, []byte(body))
		const deliveries = 20 // more than the budget holds
		answers := make(chan int, deliveries)
		for range deliveries {
			go func() {
				req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/webhooks/linear", strings.NewReader(body))
				req.Header.Set("Linear-Signature", signature)
				res := httptest.NewRecorder()
				srv.Handler().ServeHTTP(res, req)
				answers <- res.Code
			}()
			synctest.Wait() // it is stored, and its answer delayed
		}
		for range deliveries {
			if status := <-answers; status != http.StatusOK {
				t.Errorf("status %d, want 200", status)
			}
		}
		if took := srv.Intake().Took(); took.Count != deliveries || took.Sum != 0 {
			t.Errorf("%d answers took %v, want %d and no time besides the delay", took.Count, took.Sum, deliveries)
		}
	})
}

// takesAll accepts every delivery and keeps none.
type takesAll struct{}

func (takesAll) Accept(context.Context, *adapter.Delivery) error { return nil }
