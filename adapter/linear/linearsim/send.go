package linearsim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// ErrNoWebhook says that an app has no webhook to send to.
var ErrNoWebhook = errors.New("linearsim: the app has no webhook")

// Send sends a body of the caller's own to the app's webhook, signed like
// Linear's, and returns the id of its delivery once it is answered. If fresh is
// set, webhookTimestamp is replaced by the present time. It is in the log like
// other deliveries and is not retried. The error wraps [ErrNoWebhook],
// [ErrRefused] or the error of the transport.
func (in *Installation) Send(ctx context.Context, body []byte, fresh bool) (string, error) {
	s := in.ws.srv
	var head struct {
		Type   string `json:"type"`
		Action string `json:"action"`
	}
	_ = json.Unmarshal(body, &head) // a body that is not JSON may be sent, too
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return "", ErrClosed
	}
	if in.hook == nil || in.hook.URL == "" {
		s.mu.Unlock()
		return "", ErrNoWebhook
	}
	now := s.stamped()
	if fresh {
		body = restamped(body, now.UnixMilli())
	}
	d := &delivery{
		id: s.newID(), reg: in.hook, body: body, own: true, done: true, act: s.act,
		event: event{typ: head.Type, action: head.Action, at: s.now()},
	}
	d.header = signedHeader(d.id, head.Type, in.hook.Secret, body, now)
	if len(s.deliveries) >= logSize && s.deliveries[0].done {
		s.deliveries = s.deliveries[1:]
	}
	s.deliveries = append(s.deliveries, d)
	url, header := d.reg.URL, d.header
	s.wg.Add(1)
	s.unlock()
	defer s.wg.Done()

	a, err := s.post(ctx, url, header, body)
	s.mu.Lock()
	d.attempts = append(d.attempts, a)
	s.unlock()
	switch {
	case err != nil:
		return d.id, fmt.Errorf("linearsim: send: %w", err)
	case a.Status != http.StatusOK:
		return d.id, fmt.Errorf("%w: status %d", ErrRefused, a.Status)
	}
	return d.id, nil
}

// restamped replaces the webhookTimestamp of a JSON object. Any other body stays
// as it is.
func restamped(body []byte, ms int64) []byte {
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil || fields == nil {
		return body
	}
	fields["webhookTimestamp"] = fmt.Append(nil, ms)
	out, err := json.Marshal(fields)
	if err != nil {
		return body
	}
	return out
}
