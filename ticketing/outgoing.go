package ticketing

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/linearbot/linearbot/internal/wording"
	"github.com/linearbot/linearbot/state"
)

// DeliveryAttempt is one attempt to deliver an event to a subscriber.
type DeliveryAttempt struct {
	ID       string    `json:"id"`
	Event    string    `json:"event"`
	RecordID string    `json:"record_id"`
	At       time.Time `json:"at"`
	Attempt  int       `json:"attempt"`
	Status   int       `json:"status" doc:"HTTP status of the answer; 0 if there was none."`
	OK       bool      `json:"ok"`
	Error    string    `json:"error,omitempty"`
}

// RecordEvent is the payload of record:* events.
type RecordEvent struct {
	IntegratedAccountID string   `json:"integrated_account_id"`
	UnifiedModel        string   `json:"unified_model"`
	Resource            string   `json:"resource"`
	RecordID            string   `json:"record_id"`
	Record              any      `json:"record"`
	Changes             []Change `json:"changes"`
	Actor               *Ref     `json:"actor"`
	RemoteEvent         any      `json:"remote_event"`
}

// Change is a field that an event changed.
type Change struct {
	Field string          `json:"field" doc:"Linear's name of the field."`
	From  json.RawMessage `json:"from"`
	To    json.RawMessage `json:"to"`
}

// Delivery is the body of an outgoing webhook.
type Delivery struct {
	ID            string      `json:"id"`
	Event         string      `json:"event"`
	Payload       RecordEvent `json:"payload"`
	EnvironmentID string      `json:"environment_id"`
	WebhookID     string      `json:"webhook_id"`
	CreatedAt     time.Time   `json:"created_at"`
}

// news is something that subscribers are told.
type news struct {
	conn, name, resource, id string
	record                   any
	// event is what Linear said, if that is the reason.
	event *event
	// subject is the ticket that a record belongs to, if it is none itself.
	subject *string
	// unique tells the event from others of its name about its record, and is
	// the same when it is published again. Defaults to what Linear said, else to
	// something new each time.
	unique string
}

// publish queues an event of a connection for every subscription that wants it.
func (a *API) publish(ctx context.Context, n news) error {
	all, err := a.subscriptions(ctx)
	if err != nil || len(all) == 0 {
		return err
	}
	if slices.ContainsFunc(all, func(s subscription) bool { return s.limited() }) {
		conns, err := a.connected(ctx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(conns, func(v Connection) bool { return v.ID == n.conn })
		all = slices.DeleteFunc(all, func(s subscription) bool {
			// The account of a connection that is gone is unknown.
			return s.limited() && (i < 0 || !slices.ContainsFunc(s.Accounts, conns[i].serves))
		})
	}
	return a.publishTo(ctx, all, n)
}

// publishIn is publish for an event of one account of the helpdesk. An empty
// account means every account.
func (a *API) publishIn(ctx context.Context, account string, n news) error {
	all, err := a.subscriptions(ctx)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(s subscription) bool {
		return s.limited() && account != "" && !slices.Contains(s.Accounts, account)
	})
	return a.publishTo(ctx, all, n)
}

// publishTo queues an event for those of the subscriptions that want it. Events
// of one ticket go to a subscription in order.
func (a *API) publishTo(ctx context.Context, all []subscription, n news) error {
	payload := RecordEvent{
		IntegratedAccountID: n.conn, UnifiedModel: "ticketing", Resource: n.resource, RecordID: n.id, Record: n.record, Changes: []Change{},
	}
	unique := n.unique
	if e := n.event; e != nil {
		unique = shortHash(string(e.Data), e.Action, e.CreatedAt, strconv.FormatInt(e.Timestamp, 10))
		payload.RemoteEvent = map[string]string{"type": e.Type, "action": e.Action}
		if e.Actor != nil {
			payload.Actor = &Ref{e.Actor.ID, text(e.Actor.Name)}
		}
		payload.Changes = e.changes()
	}
	if unique == "" {
		unique = random64()
	}
	lane := n.id
	if n.subject != nil {
		lane = *n.subject
	}
	for i := range all {
		s := &all[i]
		if !s.wants(n.conn, n.name, n.resource) {
			continue
		}
		d := Delivery{
			ID: "msg_" + shortHash(s.ID, unique, n.name, n.id), Event: n.name, Payload: payload, EnvironmentID: s.EnvironmentID, WebhookID: s.ID,
			CreatedAt: a.cfg.Now().UTC(),
		}
		if err := a.queueDelivery(ctx, n.conn, s.ID, lane, &d); err != nil {
			return err
		}
	}
	return nil
}

// changes are the fields that an event changed.
func (e *event) changes() []Change {
	var data map[string]json.RawMessage
	_ = json.Unmarshal(e.Data, &data) // checked before
	out := []Change{}
	for field, from := range e.UpdatedFrom {
		to := data[field]
		if to == nil {
			to = json.RawMessage("null")
		}
		out = append(out, Change{field, from, to})
	}
	slices.SortFunc(out, func(x, y Change) int { return strings.Compare(x.Field, y.Field) })
	return out
}

func (a *API) queueDelivery(ctx context.Context, conn, hook, lane string, d *Delivery) error {
	body, err := json.Marshal(d)
	if err != nil {
		return err
	}
	k := state.Key{Workspace: conn, Kind: "ticketing.out", ID: hook + "/" + lane}
	return a.enqueue(ctx, job{Kind: jobDeliver, Conn: conn, Hook: hook, Event: d.Event, IssueID: d.Payload.RecordID, LinkID: d.ID, Body: body}, k, d.ID, 0)
}

// deliver sends one delivery.
func (a *API) deliver(ctx context.Context, j *job, attempt int) error {
	all, err := a.subscriptions(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(s subscription) bool { return s.ID == j.Hook })
	if i < 0 || !all[i].IsActive {
		return nil // deleted or switched off in the meantime
	}
	s := &all[i]
	status, err := a.post(ctx, s, j.LinkID, j.Body)
	log := DeliveryAttempt{ID: j.LinkID, Event: j.Event, RecordID: j.IssueID, At: a.cfg.Now().UTC(), Attempt: attempt, Status: status, OK: err == nil}
	if err != nil {
		log.Error = wording.Clip(err.Error(), 300)
	}
	if logErr := a.logDelivery(ctx, s.ID, log, j.Body); logErr != nil {
		a.log.Warn().Err(logErr).Msg("a delivery could not be logged")
	}
	if err == nil && s.FailureCount > 0 {
		_, err := a.changeSubscription(ctx, s.ID, func(v *subscription) error { v.FailureCount = 0; return nil })
		if err != nil {
			a.log.Warn().Err(err).Msg("a subscription could not be changed")
		}
	}
	return err
}

// gaveUp counts a delivery that failed permanently. A subscription with too many
// consecutive failures is disabled.
func (a *API) gaveUp(ctx context.Context, j *job) {
	_, err := a.changeSubscription(ctx, j.Hook, func(s *subscription) error {
		s.FailureCount++
		if s.FailureCount >= a.cfg.DisableAfter && s.IsActive {
			s.IsActive = false
			s.DisabledReason = text(fmt.Sprintf("%d deliveries in a row failed; switch it on again with is_active", s.FailureCount))
		}
		s.UpdatedAt = a.cfg.Now().UTC()
		return nil
	})
	if err != nil {
		a.log.Warn().Err(err).Str("webhook", j.Hook).Msg("a failed delivery could not be counted")
	}
}

// maxAttempted is how many attempts a subscription shows.
const maxAttempted = 50

// loggedDelivery keeps the body for redelivery.
type loggedDelivery struct {
	DeliveryAttempt
	Body json.RawMessage `json:"body,omitempty"`
}

func attemptsKey(hook string) state.Key { return state.Key{Kind: "ticketing.deliveries", ID: hook} }

func (a *API) logDelivery(ctx context.Context, hook string, v DeliveryAttempt, body []byte) error {
	_, err := change(ctx, a.docs, attemptsKey(hook), 7*24*time.Hour, func(all *[]loggedDelivery) (bool, error) {
		one := loggedDelivery{DeliveryAttempt: v}
		if len(body) <= 32<<10 {
			one.Body = body
		}
		*all = append(*all, one)
		if n := len(*all); n > maxAttempted {
			*all = (*all)[n-maxAttempted:]
		}
		return true, nil
	})
	return err
}

// testWebhook sends an event at once and says what came back.
func testWebhook(c *call) (*reply, error) {
	s, err := c.webhook()
	if err != nil {
		return nil, err
	}
	d := Delivery{ID: "msg_" + random64(), Event: "webhook:test", EnvironmentID: s.EnvironmentID, WebhookID: s.ID, CreatedAt: c.api.cfg.Now().UTC()}
	d.Payload.Changes = []Change{}
	body, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	status, err := c.api.post(c.ctx, s, d.ID, body)
	out := DeliveryAttempt{ID: d.ID, Event: d.Event, At: d.CreatedAt, Attempt: 1, Status: status, OK: err == nil}
	if err != nil {
		out.Error = err.Error()
	}
	return ok(Result{out}), nil
}

// logged returns the webhook of the path and its logged deliveries, oldest first.
func (c *call) logged() (*subscription, []loggedDelivery, error) {
	s, err := c.webhook()
	if err != nil {
		return nil, nil, err
	}
	var all []loggedDelivery
	_, err = c.api.docs.load(c.ctx, attemptsKey(s.ID), &all)
	return s, all, err
}

func listDeliveries(c *call) (*reply, error) {
	_, all, err := c.logged()
	if err != nil {
		return nil, err
	}
	out := []DeliveryAttempt{}
	for _, v := range slices.Backward(all) {
		out = append(out, v.DeliveryAttempt)
	}
	return ok(&List{Result: out, ResultCount: len(out), Limit: maxAttempted}), nil
}

func redeliver(c *call) (*reply, error) {
	s, all, err := c.logged()
	if err != nil {
		return nil, err
	}
	for _, v := range all {
		if v.ID != c.path["delivery"] || v.Body == nil {
			continue
		}
		lane := state.Key{Kind: "ticketing.out", ID: s.ID + "/redeliver"}
		j := job{Kind: jobDeliver, Hook: s.ID, Event: v.Event, IssueID: v.RecordID, LinkID: v.ID, Body: v.Body}
		if err := c.api.enqueue(c.ctx, j, lane, v.ID+":"+c.id, 0); err != nil {
			return nil, err
		}
		return &reply{status: http.StatusAccepted, body: Result{v.DeliveryAttempt}}, nil
	}
	return nil, notFound("delivery", c.path["delivery"])
}
