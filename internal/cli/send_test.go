package cli

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/linearbot/linearbot/internal/admin"
	"github.com/linearbot/linearbot/internal/serve"
	"github.com/linearbot/linearbot/webhook"
)

// A delivery that is replayed elsewhere keeps its bytes but for the time of
// sending. A secret that is accepted until a time signs it too, and one that has
// expired does not.
func TestReplayTo(t *testing.T) {
	t.Parallel()
	var got string
	bot := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Linear-Signature") != webhook.Sign("good", body) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		got = string(body)
	}))
	defer bot.Close()
	p := &program{name: "my-bot", cfg: serve.Config{Environ: []string{
		"LINEAR_WEBHOOK_SECRET=old;until=2001-01-01,good;until=2999-01-01",
	}}}
	c := &replayCmd{To: bot.URL}
	const body = `{"type":"Comment", "zeta":1,"alpha":2.50,"webhookTimestamp":`
	if err := c.send(t.Context(), p, &admin.Body{Body: []byte(body + "1}")}); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(got, body) || strings.HasSuffix(got, ":1}") {
		t.Errorf("it is sent as %s", got)
	}
}
