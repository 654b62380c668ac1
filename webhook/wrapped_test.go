package webhook_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter/adaptertest"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state/filestate"
	"github.com/linearbot/linearbot/webhook"
)

// wrapped is a wrapper that a program might put around a bot, for example to
// count deliveries. It has only Accept.
type wrapped struct{ webhook.Acceptor }

// A wrapper around the bot loses nothing: late retries, pages of buttons and
// readiness are fields of the Config.
func TestWrappedBot(t *testing.T) {
	t.Parallel()
	store, err := filestate.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b, err := bot.New(bot.Config{Adapter: adaptertest.NewPlatform("helper"), Store: store})
	if err != nil {
		t.Fatal(err)
	}
	h := newHandler(t, webhook.Config{Acceptor: wrapped{&recorder{}}, Durable: b.Durable(), Ready: b.Ready, Buttons: b})
	ask := func(method, path, body string) (int, string) {
		req := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
		req.Header.Set("Linear-Signature", webhook.Sign(secret, []byte(body)))
		res := httptest.NewRecorder()
		h.ServeHTTP(res, req)
		return res.Code, res.Body.String()
	}
	if code, _ := ask(http.MethodPost, "/api/webhooks/linear", bodyAt(noon.Add(-7*time.Hour))); code != http.StatusOK {
		t.Errorf("a retry after seven hours is answered %d", code)
	}
	if code, page := ask(http.MethodGet, "/buttons/token", ""); code != http.StatusNotFound || !strings.Contains(page, "not one of mine") {
		t.Errorf("an unknown button is answered %d %s, want the page that says so", code, page)
	}
	if code, _ := ask(http.MethodGet, "/readyz", ""); code != http.StatusOK {
		t.Errorf("/readyz = %d while the store is open", code)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	// A result is reused for a second; another server checks afresh.
	h = newHandler(t, webhook.Config{Acceptor: wrapped{&recorder{}}, Ready: b.Ready})
	if code, body := ask(http.MethodGet, "/readyz", ""); code != http.StatusServiceUnavailable || !strings.Contains(body, "unavailable") {
		t.Errorf("/readyz = %d %s, want 503 with a closed store", code, body)
	}
}
