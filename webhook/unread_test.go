package webhook_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/linearbot/linearbot/webhook"
)

// Peers that send whole requests and do not read the answers keep no others out,
// neither with one large answer each nor with many requests in a row.
func TestUnreadAnswersKeepNoOneOut(t *testing.T) {
	t.Parallel()
	const room = 16
	large := make([]byte, 16<<20)
	blocked := make(chan struct{}, 3*room)
	at := listen(t, webhook.Config{
		MaxConns: room, ShutdownTimeout: -1,
		Pages: map[string]http.Handler{"/large": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			blocked <- struct{}{}
			_, _ = w.Write(large)
		})},
	})
	honest, other := peer{t, "127.0.0.1", at}, peer{t, "127.0.0.2", at}
	for i := range 2 * room {
		if _, err := io.WriteString(other.dial(), "GET /large HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		select {
		case <-blocked:
		case <-time.After(10 * time.Second):
			t.Fatalf("beside %d answers that are not read, another request is not served", i)
		}
		if i < room-1 {
			continue
		}
		if status, err := honest.sends(0, delivery(time.Now())); status != http.StatusOK || err != nil {
			t.Errorf("beside %d answers that are not read: status %d, %v", i+1, status, err)
		}
	}
}
