package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/internal/testfiles"
	"github.com/linearbot/linearbot/state/filestate"
	"github.com/linearbot/linearbot/webhook"
)

// TestFixturesAreAccepted sends every recorded body end to end: each is answered
// 200, and handled or ignored with a reason that is counted. None becomes a dead
// letter.
func TestFixturesAreAccepted(t *testing.T) {
	t.Parallel()
	for _, file := range testfiles.Fixtures(t, "captured", "examples") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			body, at := fixture(t, file)
			store, err := filestate.Open(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			defer store.Close()
			run := &vectorRun{}
			run.in.Bot.UserID, run.in.Bot.OrganizationID = "the-bot", organization(t, body)
			run.in.Bot.UserName, run.in.Bot.DisplayName = "helper-bot", "helper-bot"
			api := httptest.NewServer(http.HandlerFunc(run.serveAPI))
			defer api.Close()
			b, err := bot.New(bot.Config{Adapter: newAdapter(t, api), Store: store})
			if err != nil {
				t.Fatal(err)
			}
			b.OnNewMessage(nil, func(context.Context, *bot.Thread, *bot.Message) error { return nil })
			srv, err := webhook.NewServer(webhook.Config{Secrets: []string{secret}, Acceptor: b, Durable: b.Durable(), Now: func() time.Time { return at }})
			if err != nil {
				t.Fatal(err)
			}
			defer work(t, b)()

			req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/webhooks/linear", bytes.NewReader(body))
			req.Header.Set("Linear-Signature", webhook.Sign(secret, body))
			res := httptest.NewRecorder()
			srv.Handler().ServeHTTP(res, req)
			if res.Code != http.StatusOK {
				t.Errorf("status %d %s", res.Code, res.Body)
			}
			idle(t, store)
			for d, err := range store.Dead(t.Context()) {
				t.Errorf("dead letter: %+v %v", d.Cause, err)
			}
			decided := int64(0)
			for name, n := range b.Counts() {
				if name == "handled" || strings.HasPrefix(name, "ignored") {
					decided += n
				}
			}
			if decided == 0 {
				t.Errorf("no decision was counted: %v", b.Counts())
			}
		})
	}
}

// fixture returns a recorded body and the time at which to receive it. A body
// without a time of sending is given one.
func fixture(t *testing.T, file string) ([]byte, time.Time) {
	t.Helper()
	body := testfiles.Body(t, file)
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		t.Fatal(err)
	}
	var ms float64
	if json.Unmarshal(fields["webhookTimestamp"], &ms) == nil && ms > 0 {
		return body, time.UnixMilli(int64(ms))
	}
	fields["webhookTimestamp"] = json.RawMessage("1790932505430")
	body, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return body, time.UnixMilli(1790932505430)
}

// organization returns the organization that a body names.
func organization(t *testing.T, body []byte) string {
	t.Helper()
	var head struct {
		ID string `json:"organizationId"`
	}
	if err := json.Unmarshal(body, &head); err != nil {
		t.Fatal(err)
	}
	return head.ID
}
