package setup

import (
	"bytes"
	"context"
	"crypto/hmac"
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

// sink accepts deliveries and drops them: that one has arrived is seen from the
// proof in the answer.
type sink struct{}

// Accept implements webhook.Acceptor.
func (sink) Accept(context.Context, *adapter.Delivery) error { return nil }

// checkWebhook sends a delivery, signed as Linear does it, to the public address.
// What answers has to prove that it knows the signing secret: the server that the
// wizard starts where the bot will listen, or, if another process listens there, a
// bot that runs with this secret.
func (w *Wizard) checkWebhook(ctx context.Context, hook, signing string) error {
	ctx, cancel := context.WithTimeout(ctx, roundTripTimeout)
	defer cancel()
	body, err := json.Marshal(map[string]any{"type": "LinearbotCheck", "action": "check", "nonce": rand.Text(), "webhookTimestamp": time.Now().UnixMilli()})
	if err != nil {
		return err
	}
	listening := make(chan struct{})
	srv, err := webhook.NewServer(webhook.Config{
		Secrets: []string{signing}, Acceptor: sink{}, Addr: w.Addr, Path: w.Path, OnListen: func(net.Addr) { close(listening) },
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
	status, proven, err := w.deliver(ctx, hook, signing, body)
	switch {
	case err != nil:
		return fmt.Errorf("%s cannot be reached: %w. Check the name, and the tunnel or proxy in front of the bot", hook, err)
	case status == http.StatusOK && proven:
		w.say("  a signed delivery to " + hook + " arrives\n")
		return nil
	case status == http.StatusOK && !own:
		return fmt.Errorf("%s answers 200, but not as a bot with this signing secret does, and another process listens on %s: stop that one and try again", hook, w.Addr)
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

// deliver sends a signed delivery, and reports whether what answered knows the
// secret.
func (w *Wizard) deliver(ctx context.Context, hook, signing string, body []byte) (status int, proven bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, hook, bytes.NewReader(body))
	if err != nil {
		return 0, false, errors.New("the address cannot be used")
	}
	signature := webhook.Sign(signing, body)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Linear-Signature", signature)
	req.Header.Set(webhook.CheckHeader, "1")
	client := &http.Client{}
	if w.HTTPClient != nil {
		*client = *w.HTTPClient
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		return 0, false, err
	}
	_, _ = io.CopyN(io.Discard, resp.Body, 1<<16)
	proven = hmac.Equal([]byte(resp.Header.Get(webhook.ProofHeader)), []byte(webhook.Proof(signing, signature)))
	return resp.StatusCode, proven, resp.Body.Close()
}
