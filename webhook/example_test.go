package webhook_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/webhook"
)

// printer stands for a *bot.Bot, which stores deliveries.
type printer struct{}

func (printer) Accept(_ context.Context, d *adapter.Delivery) error {
	fmt.Println("stored:", d.ID)
	return nil
}

// A delivery with Linear's signature is stored and answered 200, and one that was
// changed on the way is refused.
func ExampleServer() {
	srv, err := webhook.NewServer(webhook.Config{Secrets: []string{"lin_wh_example"}, Acceptor: printer{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	body := fmt.Sprintf(`{"type":"Comment","action":"create","webhookTimestamp":%d}`, time.Now().UnixMilli())
	signature := webhook.Sign("lin_wh_example", []byte(body))
	for _, sent := range []string{body, strings.Replace(body, "create", "remove", 1)} {
		r := httptest.NewRequest(http.MethodPost, "/api/webhooks/linear", strings.NewReader(sent))
		r.Header.Set("Linear-Delivery", "d1")
		r.Header.Set("Linear-Signature", signature)
		w := httptest.NewRecorder()
		srv.Handler().ServeHTTP(w, r) // srv.Run listens
		fmt.Println(w.Code)
	}
	// Output:
	// stored: d1
	// 200
	// 401
}
