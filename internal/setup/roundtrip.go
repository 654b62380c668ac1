package setup

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/webhook"
)

// roundTripTimeout bounds the check of the webhook.
const roundTripTimeout = 30 * time.Second

// arrived takes deliveries in and remembers one.
type arrived struct {
	marker []byte

	mu sync.Mutex
	ok bool
}

// Accept notes a delivery that holds the marker.
func (a *arrived) Accept(_ context.Context, d *adapter.Delivery) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ok = a.ok || bytes.Contains(d.Body, a.marker)
	return nil
}

func (a *arrived) yes() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.ok
}

// checkWebhook sends a delivery, signed as Linear does it, to the public address
// and looks whether it comes back to the address where the bot listens. If
// another process listens there, it is taken for the bot, which answers 200 to a
// delivery of an unknown type.
func (w *Wizard) checkWebhook(ctx context.Context, hook, signing string) error {
	ctx, cancel := context.WithTimeout(ctx, roundTripTimeout)
	defer cancel()
	marker := rand.Text()
	body, err := json.Marshal(map[string]any{"type": "LinearbotCheck", "action": "check", "marker": marker, "webhookTimestamp": time.Now().UnixMilli()})
	if err != nil {
		return err
	}
	got := &arrived{marker: []byte(marker)}
	listening := make(chan struct{})
	srv, err := webhook.NewServer(webhook.Config{
		Secrets: []string{signing}, Acceptor: got, Addr: w.Addr, Path: w.Path, OnListen: func(net.Addr) { close(listening) },
	})
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	var ended error
	done := make(chan struct{})
	wg.Go(func() { ended = srv.Run(serving); close(done) })
	defer wg.Wait()
	defer stop()
	own := true
	select {
	case <-listening:
	case <-done:
		if !errors.Is(ended, syscall.EADDRINUSE) {
			return fmt.Errorf("cannot listen on %s to check the webhook: %w", w.Addr, ended)
		}
		own = false
	}
	status, err := w.deliver(ctx, hook, signing, body)
	switch {
	case err != nil:
		return fmt.Errorf("%s cannot be reached: %w. Check the name, and the tunnel or proxy in front of the bot", hook, err)
	case status == http.StatusOK && (!own || got.yes()):
		w.say("  a signed delivery to " + hook + " arrives\n")
		return nil
	case status == http.StatusOK:
		return fmt.Errorf("%s answers 200, but something else than %s: point the tunnel or proxy there", hook, w.Addr)
	case status == http.StatusUnauthorized:
		return fmt.Errorf("%s answers 401: another bot with another signing secret is there, or the proxy changes the body", hook)
	case status == http.StatusNotFound:
		return fmt.Errorf("%s answers 404: the proxy does not pass the path %s on", hook, w.Path)
	default:
		return fmt.Errorf("%s answers %d: the tunnel or proxy does not reach %s", hook, status, w.Addr)
	}
}

func (w *Wizard) deliver(ctx context.Context, hook, signing string, body []byte) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, hook, bytes.NewReader(body))
	if err != nil {
		return 0, errors.New("the address cannot be used")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Linear-Signature", webhook.Sign(signing, body))
	client := &http.Client{}
	if w.HTTPClient != nil {
		*client = *w.HTTPClient
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	_, _ = io.CopyN(io.Discard, resp.Body, 1<<16)
	return resp.StatusCode, resp.Body.Close()
}
