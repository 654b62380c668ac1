// Package roundtrip checks that what is posted to the public address of a webhook
// arrives at the bot: it posts a delivery, signed as Linear signs it, of a type
// that no bot handles.
package roundtrip

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
	"sync/atomic"
	"syscall"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/internal/proof"
	"github.com/linearbot/linearbot/webhook"
)

// Type is the type of the event that is posted.
const Type = linear.TypeCheck

// timeout bounds a check.
const timeout = 30 * time.Second

// Trip says where to post and where the bot listens. URL, Secret, Addr and Path
// are required.
type Trip struct {
	// URL is the public address of the webhook.
	URL string
	// Secret is its signing secret.
	Secret string
	// Addr and Path are where the bot listens.
	Addr, Path string
	// HTTPClient sends the delivery. Defaults to one with Go's transport.
	HTTPClient *http.Client
}

// Error says what is wrong and what to do about it.
type Error struct {
	// Text says what is wrong, Fix what to do. Neither holds a secret.
	Text, Fix string
	// Status is the answer's status. Zero if there was none.
	Status int
	// Alone says that the bot does not run: only the check itself listened at its
	// address.
	Alone bool
	Err   error
}

// Error returns both.
func (e *Error) Error() string {
	text := e.Text
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text + ". " + e.Fix
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// sink accepts deliveries, drops them and notes that one arrived.
type sink struct{ arrived atomic.Bool }

// Accept implements webhook.Acceptor.
func (s *sink) Accept(context.Context, *adapter.Delivery) error {
	s.arrived.Store(true)
	return nil
}

// Check posts a delivery. What answers has to prove that it knows the signing secret:
// a server that listens where the bot does, or, if another process listens there, a
// bot that runs with this secret, there or at another address; running says so. What is wrong is an [*Error]. It
// blocks for up to 30 s.
func (t Trip) Check(ctx context.Context) (running bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	body, err := json.Marshal(map[string]any{"type": Type, "action": "check", "nonce": rand.Text(), "webhookTimestamp": time.Now().UnixMilli()})
	if err != nil {
		return false, err
	}
	listening, own := make(chan struct{}), &sink{}
	srv, err := webhook.NewServer(webhook.Config{
		Secrets: []string{t.Secret}, Acceptor: own, Addr: t.Addr, Path: t.Path, OnListen: func(net.Addr) { close(listening) },
	})
	if err != nil {
		return false, err
	}
	serving, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	var ended error
	done := make(chan struct{})
	wg.Go(func() { ended = srv.Run(serving); close(done) })
	defer wg.Wait()
	defer stop()
	select {
	case <-listening:
	case <-done:
		if !errors.Is(ended, syscall.EADDRINUSE) {
			return false, &Error{Text: "cannot listen on " + t.Addr + " to check the webhook", Fix: "Choose another LINEARBOT_ADDR.", Err: ended}
		}
		running = true
	}
	status, proven, err := t.post(ctx, body)
	if err != nil {
		return running, &Error{Alone: !running, Text: t.URL + " cannot be reached", Fix: "Check the host name in LINEARBOT_PUBLIC_URL, and that the tunnel or proxy in front of the bot runs.", Err: err}
	}
	if status == http.StatusOK && proven {
		return running || !own.arrived.Load(), nil
	}
	return running, t.explain(status, running)
}

// explain says what an answer means.
func (t Trip) explain(status int, running bool) error {
	e := &Error{Status: status, Alone: !running, Text: fmt.Sprintf("%s answers %d", t.URL, status)}
	switch {
	case status == http.StatusOK && running:
		e.Text += ", but not as a bot with this signing secret does, and another process listens on " + t.Addr
		e.Fix = "Stop the other process, or set LINEARBOT_ADDR to a free port."
	case status == http.StatusOK:
		e.Text += ", but the answer does not come from " + t.Addr
		e.Fix = "Point the tunnel or proxy to that address."
	case status == http.StatusUnauthorized:
		e.Fix = "Either a bot with another LINEAR_WEBHOOK_SECRET answers there, or a proxy changes the body of requests."
	case status == http.StatusNotFound:
		e.Fix = "Have the tunnel or proxy pass the path " + t.Path + " on to the bot, unchanged."
	default:
		e.Fix = "The tunnel or proxy does not reach the bot: point it to " + t.Addr + "."
	}
	return e
}

// post sends a delivery. It returns the status of the answer, and whether what
// answered knows the secret.
func (t Trip) post(ctx context.Context, body []byte) (status int, proven bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.URL, bytes.NewReader(body))
	if err != nil {
		return 0, false, errors.New("the address cannot be used")
	}
	signature := webhook.Sign(t.Secret, body)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Linear-Signature", signature)
	req.Header.Set(proof.CheckHeader, "1")
	client := &http.Client{}
	if t.HTTPClient != nil {
		*client = *t.HTTPClient
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		return 0, false, err
	}
	_, _ = io.CopyN(io.Discard, resp.Body, 1<<16)
	proven = hmac.Equal([]byte(resp.Header.Get(proof.Header)), []byte(proof.Of(t.Secret, signature)))
	return resp.StatusCode, proven, resp.Body.Close()
}
