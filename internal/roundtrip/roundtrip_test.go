package roundtrip_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/roundtrip"
	"github.com/linearbot/linearbot/webhook"
)

// TestRunningElsewhere checks that a bot with the signing secret counts as running
// also if it listens at another address than the check expects.
func TestRunningElsewhere(t *testing.T) {
	t.Parallel()
	const secret, path = "lin_wh_test", "/api/webhooks/linear"
	bot, err := webhook.NewServer(webhook.Config{Secrets: []string{secret}, Acceptor: accept{}, Path: path})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(bot.Handler())
	t.Cleanup(srv.Close)
	trip := roundtrip.Trip{URL: srv.URL + path, Secret: secret, Addr: "127.0.0.1:0", Path: path}
	if running, err := trip.Check(t.Context()); err != nil || !running {
		t.Errorf("running %v, %v; want true", running, err)
	}
	trip.URL = strings.Replace(trip.URL, path, "/other", 1)
	if _, err := trip.Check(t.Context()); err == nil {
		t.Error("a wrong path is not reported")
	}
}

type accept struct{}

func (accept) Accept(context.Context, *adapter.Delivery) error { return nil }
