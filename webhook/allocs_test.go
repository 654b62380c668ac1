package webhook_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/allocs"
	"github.com/linearbot/linearbot/webhook"
)

// keeper is an Acceptor that does nothing.
type keeper struct{}

func (keeper) Accept(context.Context, *adapter.Delivery) error { return nil }

// discard is a ResponseWriter that keeps the status.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }

// SetReadDeadline does nothing. A connection has it.
func (*discard) SetReadDeadline(time.Time) error { return nil }

// TestAllocations checks the allocation budget of a delivery from the connection
// to the Acceptor. The body itself is one allocation.
//
//nolint:paralleltest // allocations are counted
func TestAllocations(t *testing.T) {
	body := []byte(`{"action":"create","type":"Comment","data":{"id":"c1","body":"@helper-bot ping"},"organizationId":"o1","webhookTimestamp":` +
		strconv.FormatInt(time.Now().UnixMilli(), 10) + `}`)
	signature := webhook.Sign(secret, body)
	v, err := webhook.NewVerifier(secret)
	if err != nil {
		t.Fatal(err)
	}
	allocs.Check(t, "Verify", 100, 0, func() {
		if err := v.Verify(signature, body); err != nil {
			t.Fatal(err)
		}
	})

	h := newHandler(t, webhook.Config{Acceptor: keeper{}, Now: time.Now})
	reader := bytes.NewReader(body)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/webhooks/linear", http.NoBody)
	r.Header.Set("Linear-Signature", signature)
	r.ContentLength = int64(len(body))
	w := &discard{header: http.Header{}}
	allocs.Check(t, "a delivery", 100, 16, func() {
		reader.Reset(body)
		r.Body = io.NopCloser(reader)
		if h.ServeHTTP(w, r); w.status != http.StatusOK {
			t.Fatalf("status %d", w.status)
		}
	})
}
