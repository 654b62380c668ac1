package linearsim

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// delivery is one event on its way to one registration.
type delivery struct {
	id       string
	reg      *Registration
	event    event
	body     []byte // as it was sent last
	header   http.Header
	attempts []Attempt
	tries    int       // attempts without redeliveries
	due      time.Time // when to retry
	done     bool
	repeat   bool // it arrived, and is sent a second time
	own      bool // the body was given by [Installation.Send]
	act      int  // events of one act have the same number
}

// Delivery is a webhook delivery in the log: an event for one webhook, with its
// attempts.
type Delivery struct {
	ID        string // the Linear-Delivery header
	WebhookID string
	URL       string
	Type      string    // such as Comment
	Action    string    // such as create
	At        time.Time // when the event happened, by the clock of the server
	Due       time.Time // of the next attempt, zero if none is planned
	Body      []byte    // as sent last, nil before the first attempt; do not change
	Header    http.Header
	Attempts  []Attempt
	Done      bool // answered 200, or given up
	OK        bool // answered 200
}

// Attempt is one try to deliver.
type Attempt struct {
	At          time.Time // by the clock of the server
	Duration    time.Duration
	Status      int    // 0 if there was no answer
	Answer      string // the first 1000 bytes of the answer's body
	Err         string // why there was no answer
	Redelivered bool   // sent by Redeliver
}

// Deliveries returns the log of deliveries, oldest first. At least the newest
// 10,000 are kept.
func (s *Server) Deliveries() []Delivery {
	return read(s, func() []Delivery { return logged(s.deliveries) })
}

// logged returns deliveries as log entries.
func logged(in []*delivery) []Delivery {
	out := make([]Delivery, len(in))
	for i, d := range in {
		out[i] = Delivery{
			ID: d.id, WebhookID: d.reg.ID, URL: d.reg.URL, Type: d.event.typ, Action: d.event.action,
			At: d.event.at, Due: d.planned(), Body: d.body, Header: d.header.Clone(), Attempts: slices.Clone(d.attempts), Done: d.done,
			OK: slices.ContainsFunc(d.attempts, func(a Attempt) bool { return a.Status == http.StatusOK }),
		}
	}
	return out
}

// planned returns when the next attempt is due, zero if there is none.
func (d *delivery) planned() time.Time {
	if d.done || d.tries == 0 {
		return time.Time{}
	}
	return d.due
}

// deliver starts deliveries until ctx ends. It is the only place that takes
// from the queues, so the order of starts is the order of events.
func (s *Server) deliver(ctx context.Context) {
	for {
		s.mu.Lock()
		batch, next := s.ready(s.waitTime())
		s.mu.Unlock()
		for _, d := range batch {
			s.wg.Go(func() { s.attempt(ctx, d) })
		}
		timer, moved, stop := s.due(next)
		select {
		case <-ctx.Done():
		case <-s.wake:
		case <-timer:
		case <-moved:
		}
		stop()
		if ctx.Err() != nil {
			return
		}
	}
}

// ready takes the deliveries that can start now, and reports when the next retry
// is due.
func (s *Server) ready(now time.Time) (batch []*delivery, next time.Time) {
	for _, w := range s.workspaces {
		for _, reg := range w.registrations {
			reg.retries = slices.DeleteFunc(reg.retries, func(d *delivery) bool {
				if !d.due.After(now) {
					reg.queue = append(reg.queue, d)
					return true
				}
				if next.IsZero() || d.due.Before(next) {
					next = d.due
				}
				return false
			})
			if reg.held {
				continue
			}
			n := min(len(reg.queue), s.cfg.Parallel-reg.active)
			batch = append(batch, reg.queue[:n]...)
			reg.queue = reg.queue[n:]
			reg.active += n
		}
	}
	return batch, next
}

// attempt sends a delivery once and completes or reschedules it.
func (s *Server) attempt(ctx context.Context, d *delivery) {
	body, header, err := s.prepare(d)
	var a Attempt
	switch {
	case err != nil:
		a.Err = err.Error()
	case s.lose():
		a = Attempt{At: s.now(), Err: "lost on the way"}
	default:
		a, err = s.post(ctx, d.reg.URL, header, body)
	}
	s.mu.Lock()
	defer s.unlock()
	d.reg.active--
	if ctx.Err() != nil && err != nil {
		return // closed on the way
	}
	d.attempts = append(d.attempts, a)
	if d.done {
		return // the webhook was deleted
	}
	d.tries++
	if a.Status == http.StatusOK && s.disturbed.Duplicates > 0 && !d.repeat {
		s.disturbed.Duplicates--
		d.repeat = true
		d.reg.queue = append(d.reg.queue, d)
		return
	}
	if d.repeat || a.Status == http.StatusOK || d.tries > len(s.cfg.RetryAfter) {
		d.done = true
		s.pending--
		d.reg.settle(d.repeat || a.Status == http.StatusOK, s.cfg.DisableAfter)
		return
	}
	d.due = s.waitTime().Add(s.cfg.RetryAfter[d.tries-1])
	d.reg.retries = append(d.reg.retries, d)
}

// lose reports whether an attempt gets lost.
func (s *Server) lose() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.disturbed.Lost <= 0 {
		return false
	}
	s.disturbed.Lost--
	return true
}

// settle counts deliveries that were given up, and disables the webhook after too
// many consecutive ones.
func (reg *Registration) settle(ok bool, limit int) {
	if ok {
		reg.failed = 0
		return
	}
	if reg.failed++; limit > 0 && reg.failed >= limit {
		reg.enabled = false
	}
}

// Enabled reports whether the webhook gets events. Too many failures disable
// it; see [Config.DisableAfter].
func (reg *Registration) Enabled() bool {
	return read(reg.ws.srv, func() bool { return reg.enabled })
}

// prepare writes and signs the body, the first time or every time.
func (s *Server) prepare(d *delivery) ([]byte, http.Header, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.own || d.body != nil && (!s.cfg.RestampRetries || d.repeat) {
		if s.cfg.NewDeliveryIDs && !d.repeat {
			d.header = d.header.Clone()
			d.header.Set("Linear-Delivery", s.newID())
		}
		return d.body, d.header, nil
	}
	now := s.stamped()
	body, err := d.envelope(now)
	if err != nil {
		return nil, nil, err
	}
	d.body = body
	id := d.id
	if d.header != nil && s.cfg.NewDeliveryIDs {
		id = s.newID()
	}
	d.header = signedHeader(id, d.event.typ, d.reg.Secret, body, now)
	return d.body, d.header, nil
}

// stamped is the time in webhookTimestamp.
func (s *Server) stamped() time.Time {
	if c := s.cfg.Clock; c != nil {
		return c.stamp().UTC().Truncate(time.Millisecond)
	}
	return s.now()
}

func signedHeader(id, typ, secret string, body []byte, now time.Time) http.Header {
	return http.Header{
		"Content-Type":     {"application/json; charset=utf-8"},
		"Accept-Charset":   {"utf-8"},
		"User-Agent":       {"Linear-Webhook"},
		"Linear-Delivery":  {id},
		"Linear-Event":     {typ},
		"Linear-Signature": {sign(secret, body)},
		"Linear-Timestamp": {strconv.FormatInt(now.UnixMilli(), 10)},
	}
}

func sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// post sends one request and waits for its answer within the deadline.
func (s *Server) post(ctx context.Context, url string, header http.Header, body []byte) (Attempt, error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.DeliveryTimeout)
	defer cancel()
	start := time.Now()
	a := Attempt{At: s.now()}
	status, answer, err := s.send(ctx, url, header, body)
	a.Status, a.Answer, a.Duration = status, answer, time.Since(start)
	if err != nil {
		a.Err = err.Error()
	}
	return a, err
}

func (s *Server) send(ctx context.Context, url string, header http.Header, body []byte) (int, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header = header.Clone()
	resp, err := s.hooks.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1000))
	if err != nil {
		return 0, "", err
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxBody)) // so that the connection can be used again
	return resp.StatusCode, string(answer), nil
}
