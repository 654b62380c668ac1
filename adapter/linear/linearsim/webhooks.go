package linearsim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"time"
)

// Webhook says which events go where.
type Webhook struct {
	// URL receives the events.
	URL string
	// Secret is the key of the signature. Defaults to a random one.
	Secret string
	// ResourceTypes are the entities to send, such as Comment, Issue and
	// Reaction. Defaults to all but AgentSessionEvent and
	// AppUserNotification.
	ResourceTypes []string
}

// Registration is a registered webhook. ID is the webhookId in its events.
type Registration struct {
	ID     string
	URL    string
	Secret string

	record
	ws      *Workspace
	app     *Installation // nil for a webhook of the workspace
	team    *Team         // nil for all public teams
	creator *User
	label   string
	types   []string
	enabled bool
	held    bool
	failed  int         // deliveries given up since the last success
	queue   []*delivery // to be started, in order
	retries []*delivery // to be queued again when they are due
	active  int
}

// AddWebhook registers a webhook of the workspace itself, not of an app.
func (w *Workspace) AddWebhook(h Webhook) *Registration {
	w.srv.mu.Lock()
	defer w.srv.unlock()
	return w.register(h, nil)
}

func (w *Workspace) register(h Webhook, app *Installation) *Registration {
	s := w.srv
	if h.Secret == "" {
		h.Secret = "lin_wh_" + s.secret(16)
	}
	reg := &Registration{
		ID: s.newID(), URL: h.URL, Secret: h.Secret, record: s.newRecord(),
		ws: w, app: app, types: slices.Clone(h.ResourceTypes), enabled: true,
	}
	w.registrations = append(w.registrations, reg)
	return reg
}

// SetEnabled switches the webhook off or on again. Events that happen while it
// is off are not sent later.
func (reg *Registration) SetEnabled(on bool) {
	s := reg.ws.srv
	s.mu.Lock()
	defer s.unlock()
	reg.enabled = on
}

// Hold keeps deliveries back until Hold(false), for example while the receiver
// restarts. Held deliveries do not count as failures.
func (reg *Registration) Hold(on bool) {
	s := reg.ws.srv
	s.mu.Lock()
	defer s.unlock()
	reg.held = on
}

// event is something that happened.
type event struct {
	action string
	typ    string
	url    string
	actor  map[string]any
	data   map[string]any
	from   map[string]any // updatedFrom
	own    map[string]any // fields at top level, for events without data
	at     time.Time
	only   *Installation // the one app that the event is for
	always bool          // regardless of resource types
}

func (reg *Registration) wants(e event) bool {
	if !reg.enabled || e.only != nil && e.only != reg.app {
		return false
	}
	if reg.team != nil && e.data["teamId"] != reg.team.ID {
		return false // of comments, too: Linear sends none to the webhook of a team
	}
	if e.typ == typeNotification {
		return slices.Contains(reg.types, e.typ)
	}
	return e.always || len(reg.types) == 0 || slices.Contains(reg.types, e.typ)
}

// listens reports whether some webhook wants events of a type, so that unwanted
// bodies need not be built.
func (w *Workspace) listens(typ string) bool {
	return slices.ContainsFunc(w.registrations, func(reg *Registration) bool { return reg.wants(event{typ: typ}) })
}

// drop discards the deliveries of a deleted webhook.
func (s *Server) drop(reg *Registration) {
	for _, d := range slices.Concat(reg.queue, reg.retries) {
		d.done = true
		s.pending--
	}
	reg.queue, reg.retries = nil, nil
}

// emit queues an event for every registration that wants it.
func (s *Server) emit(w *Workspace, e event) {
	for _, reg := range w.registrations {
		if !reg.wants(e) {
			continue
		}
		d := &delivery{id: s.newID(), reg: reg, event: e, act: s.act}
		s.enqueue(d)
		s.pending++
		if len(s.deliveries) >= logSize && s.deliveries[0].done {
			s.deliveries = slices.Delete(s.deliveries, 0, 1)
		}
		s.deliveries = append(s.deliveries, d)
	}
}

// envelope is the body of an event as it is sent at a time.
func (d *delivery) envelope(now time.Time) ([]byte, error) {
	e := d.event
	body := map[string]any{
		"action":           e.action,
		"type":             e.typ,
		"createdAt":        stamp(e.at),
		"organizationId":   d.reg.ws.ID,
		"webhookId":        d.reg.ID,
		"webhookTimestamp": now.UnixMilli(),
	}
	maps.Copy(body, e.own)
	if e.data != nil {
		data := map[string]any{}
		for k, v := range e.data {
			if v != nil { // unset fields are left out
				data[k] = v
			}
		}
		body["data"], body["actor"] = data, e.actor
	}
	if e.url != "" {
		body["url"] = e.url
	}
	if e.from != nil {
		body["updatedFrom"] = e.from
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// differences are the old values of what changed, with null for what was not
// set. Derived and nested values are left out, as Linear does.
func differences(before, after map[string]any) map[string]any {
	out := map[string]any{}
	for _, m := range []map[string]any{before, after} {
		for k := range m {
			was, is := before[k], after[k]
			if nested(k, was) || nested(k, is) || reflect.DeepEqual(was, is) {
				continue
			}
			out[k] = was
		}
	}
	return out
}

func nested(key string, v any) bool {
	switch key {
	case "labels", "url", "priorityLabel":
		return true
	}
	_, ok := v.(map[string]any)
	return ok
}

// Redeliver sends the bytes of a delivery that was sent before again, with the same
// headers, and waits for the answer. The error wraps [ErrNoDelivery], [ErrRefused] or
// the error of the transport.
func (s *Server) Redeliver(ctx context.Context, deliveryID string) error {
	s.mu.Lock()
	i := slices.IndexFunc(s.deliveries, func(d *delivery) bool { return d.id == deliveryID })
	if i < 0 || s.deliveries[i].body == nil {
		s.mu.Unlock()
		return fmt.Errorf("%w: %s", ErrNoDelivery, deliveryID)
	}
	if s.closed {
		s.mu.Unlock()
		return ErrClosed
	}
	d := s.deliveries[i]
	body, header, url := d.body, d.header, d.reg.URL
	s.wg.Add(1)
	s.mu.Unlock()
	defer s.wg.Done()

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.wg.Go(func() {
		select {
		case <-s.stopped:
			cancel()
		case <-ctx.Done():
		}
	})
	a, err := s.post(ctx, url, header, body)
	a.Redelivered = true
	s.mu.Lock()
	d.attempts = append(d.attempts, a)
	s.unlock()
	switch {
	case err != nil:
		return fmt.Errorf("linearsim: redelivery: %w", err)
	case a.Status != http.StatusOK:
		return fmt.Errorf("%w: status %d", ErrRefused, a.Status)
	}
	return nil
}
