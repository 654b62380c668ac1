package bot_test

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/internal/allocs"
	"github.com/linearbot/linearbot/state/memstate"
)

// instant is an API that answers at once and knows two operations.
type instant struct{}

func (instant) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil || !strings.Contains(string(body), "mutation commentCreate") {
		return whoAmI{}.RoundTrip(r)
	}
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(`{"data":{"commentCreate":{"success":true,"comment":{"id":"reply","body":"pong","parentId":"c1",
			"url":"https://linear.app/acme/issue/ENG-1#comment-reply","createdAt":"2026-06-24T22:05:23.926Z","issueId":"i1"}}}}`)),
	}, nil
}

// commentOf is the delivery of a new comment that mentions the bot, in a thread
// of its own.
func commentOf(n int) *adapter.Delivery {
	now := time.Now()
	user := `{"id":"ada","name":"Ada Byron","email":"ada@acme.test","url":"https://linear.app/acme/profiles/ada"}`
	return &adapter.Delivery{ID: "d", SentAt: now, ReceivedAt: now, Body: []byte(`{"type":"Comment","action":"create","organizationId":"org",
		"createdAt":"2026-10-02T09:15:04.120Z","actor":` + user + `,"data":{"id":"c` + strconv.Itoa(n) + `","issueId":"i1",
		"body":"@helper-bot could you look at this?","userId":"ada","user":` + user + `},"webhookTimestamp":1782338725257}`)}
}

// TestAllocations holds the way of a mention to its budget, with the store in
// memory: the delivery until it is safe, and all of it until the lane is given
// back, the API client included.
//
//nolint:paralleltest // allocations are counted
func TestAllocations(t *testing.T) {
	const runs = 200
	store := memstate.New(memstate.Options{})
	defer store.Close()
	b, err := bot.New(bot.Config{Adapter: newLinearOver(t, instant{}), Store: store})
	if err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	b.OnNewMention(func(ctx context.Context, th *bot.Thread, _ *bot.Message) error {
		_, err := th.Post(ctx, bot.Markdown("pong"))
		answered <- err
		return err
	})
	deliveries := make([]*adapter.Delivery, 0, 2*runs+2)
	for n := range cap(deliveries) {
		deliveries = append(deliveries, commentOf(n))
	}
	accept := func() {
		d := deliveries[0]
		deliveries = deliveries[1:]
		if err := b.Accept(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	allocs.Check(t, "Accept", runs, 18, accept)

	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() {
		if err := b.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	wait := func() {
		if err := <-answered; err != nil {
			t.Fatal(err)
		}
	}
	for range runs + 1 { // what was accepted so far
		wait()
	}
	allocs.Check(t, "an answered mention", runs, 180, func() { accept(); wait() })
}
