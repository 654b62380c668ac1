package ticketing

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/state"
)

// Subscription says which events go where.
type Subscription struct {
	ID                   string    `json:"id"`
	TargetURL            string    `json:"target_url"`
	EventTypes           []string  `json:"event_types" doc:"Names of events; * stands for anything."`
	ResourceTypes        []string  `json:"resource_types" doc:"Resources; empty means all."`
	IntegratedAccountIDs []string  `json:"integrated_account_ids" doc:"Connections; empty means all."`
	EnvironmentID        string    `json:"environment_id"`
	IsActive             bool      `json:"is_active"`
	FailureCount         int       `json:"failure_count" doc:"Deliveries that failed for good since the last one that arrived."`
	DisabledReason       *string   `json:"disabled_reason"`
	CreatedAt            time.Time `json:"created_at"`
	UpdatedAt            time.Time `json:"updated_at"`
}

// NewSubscription is a subscription with its secret, which is shown once.
type NewSubscription struct {
	Subscription
	Secret string `json:"secret" doc:"Key of the signatures. Shown once."`
}

// SubscriptionInput is the body that creates or changes a subscription.
type SubscriptionInput struct {
	_                    struct{} `additionalProperties:"true"`
	TargetURL            string   `json:"target_url,omitempty" doc:"Required on create. An https address."`
	EventTypes           []string `json:"event_types,omitempty"`
	ResourceTypes        []string `json:"resource_types,omitempty"`
	IntegratedAccountIDs []string `json:"integrated_account_ids,omitempty"`
	EnvironmentID        string   `json:"environment_id,omitempty"`
	IsActive             *bool    `json:"is_active,omitempty"`
}

// subscription is one as it is kept. The secret has to be known to sign.
type subscription struct {
	Subscription
	Secret string `json:"secret"`
	Owner  string `json:"owner"`
	// Connections and Accounts are those that the owner may see.
	Connections []string `json:"connections,omitempty"`
	Accounts    []string `json:"accounts,omitempty"`
}

// Attempted is one attempt to deliver.
type Attempted struct {
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

// maxSubscriptions bounds how many there are.
const maxSubscriptions = 100

func subscriptionsKey() state.Key { return state.Key{Kind: "ticketing.webhooks", ID: "all"} }

func (a *API) subscriptions(ctx context.Context) ([]subscription, error) {
	var all []subscription
	_, err := a.docs.load(ctx, subscriptionsKey(), &all)
	return all, err
}

func (a *API) changeSubscription(ctx context.Context, id string, f func(*subscription) error) (*subscription, error) {
	var out *subscription
	_, err := change(ctx, a.docs, subscriptionsKey(), 0, func(all *[]subscription) (bool, error) {
		i := slices.IndexFunc(*all, func(s subscription) bool { return s.ID == id })
		if i < 0 {
			return false, notFound("webhook", id)
		}
		if err := f(&(*all)[i]); err != nil {
			return false, err
		}
		v := (*all)[i]
		out = &v
		return true, nil
	})
	return out, err
}

func (s *subscription) wants(conn, event, resource string) bool {
	if !s.IsActive || len(s.Connections) > 0 && !slices.Contains(s.Connections, conn) ||
		len(s.IntegratedAccountIDs) > 0 && !slices.Contains(s.IntegratedAccountIDs, conn) ||
		len(s.ResourceTypes) > 0 && !slices.Contains(s.ResourceTypes, resource) {
		return false
	}
	return slices.ContainsFunc(s.EventTypes, func(glob string) bool {
		fits, err := path.Match(glob, event)
		return err == nil && fits
	})
}

// limited reports whether the owner sees some accounts of the helpdesk only.
func (s *subscription) limited() bool { return len(s.Accounts) > 0 }

// publish queues an event of a connection for every subscription that wants it.
// subject is the ticket that a record belongs to, if it is none itself.
func (a *API) publish(ctx context.Context, conn, name, resource, id string, record any, e *event, subject *string) error {
	all, err := a.subscriptions(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(all, func(s subscription) bool { return s.limited() }) {
		conns, err := a.cfg.Connections.Connections(ctx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(conns, func(v Connection) bool { return v.ID == conn })
		all = slices.DeleteFunc(all, func(s subscription) bool {
			// Nobody knows whose a connection was that is gone.
			return s.limited() && (i < 0 || conns[i].Account != "" && !slices.Contains(s.Accounts, conns[i].Account))
		})
	}
	return a.publishTo(ctx, all, conn, name, resource, id, record, e, subject)
}

// publishIn is publish for an event of one account of the helpdesk. An empty
// account means every account.
func (a *API) publishIn(ctx context.Context, account, conn, name, resource, id string, record any) error {
	all, err := a.subscriptions(ctx)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(s subscription) bool {
		return s.limited() && account != "" && !slices.Contains(s.Accounts, account)
	})
	return a.publishTo(ctx, all, conn, name, resource, id, record, nil, nil)
}

// publishTo queues an event for those of the subscriptions that want it. Events
// of one ticket go to a subscription in order.
func (a *API) publishTo(ctx context.Context, all []subscription, conn, name, resource, id string, record any, e *event, subject *string) error {
	payload := RecordEvent{
		IntegratedAccountID: conn, UnifiedModel: "ticketing", Resource: resource, RecordID: id, Record: record, Changes: []Change{},
	}
	unique := random64()
	if e != nil {
		unique = shortHash(string(e.Data), e.Action, e.CreatedAt, strconv.FormatInt(e.Timestamp, 10))
		payload.RemoteEvent = map[string]string{"type": e.Type, "action": e.Action}
		if e.Actor != nil {
			payload.Actor = &Ref{e.Actor.ID, text(e.Actor.Name)}
		}
		var data map[string]json.RawMessage
		_ = json.Unmarshal(e.Data, &data) // checked before
		for field, from := range e.UpdatedFrom {
			to := data[field]
			if to == nil {
				to = json.RawMessage("null")
			}
			payload.Changes = append(payload.Changes, Change{field, from, to})
		}
		slices.SortFunc(payload.Changes, func(x, y Change) int { return strings.Compare(x.Field, y.Field) })
	}
	lane := id
	if subject != nil {
		lane = *subject
	}
	for i := range all {
		s := &all[i]
		if !s.wants(conn, name, resource) {
			continue
		}
		d := Delivery{
			ID: "msg_" + shortHash(s.ID, unique, name), Event: name, Payload: payload, EnvironmentID: s.EnvironmentID, WebhookID: s.ID,
			CreatedAt: a.cfg.Now().UTC(),
		}
		if err := a.queueDelivery(ctx, conn, s.ID, lane, &d); err != nil {
			return err
		}
	}
	return nil
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
	log := Attempted{ID: j.LinkID, Event: j.Event, RecordID: j.IssueID, At: a.cfg.Now().UTC(), Attempt: attempt, Status: status, OK: err == nil}
	if err != nil {
		log.Error = clip(err.Error(), 300)
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

// signature is that of Standard Webhooks: HMAC-SHA256 over id, time and body.
func signature(secret, id string, at time.Time, body []byte) string {
	m := hmac.New(sha256.New, webhookKey(secret))
	fmt.Fprintf(m, "%s.%d.", id, at.Unix())
	_, _ = m.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(m.Sum(nil))
}

func webhookKey(secret string) []byte {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return []byte(secret)
	}
	return key
}

// post sends a signed body and returns the status of the answer.
func (a *API) post(ctx context.Context, s *subscription, id string, body []byte) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.TargetURL, bytes.NewReader(body))
	if err != nil {
		return 0, errors.New("the target is no URL")
	}
	now := a.cfg.Now()
	plain := hmac.New(sha256.New, []byte(s.Secret))
	_, _ = plain.Write(body)
	h := req.Header
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", "linearbot-ticketing")
	h.Set("Webhook-Id", id)
	h.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	h.Set("Webhook-Signature", signature(s.Secret, id, now, body))
	h.Set("X-Truto-Signature", "format=sha256,v="+hex.EncodeToString(plain.Sum(nil)))
	resp, err := a.hooks().Do(req)
	if err != nil {
		return 0, fmt.Errorf("the target cannot be reached: %s", netCause(err))
	}
	defer resp.Body.Close()                                       //nolint:errcheck // only read from
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return resp.StatusCode, fmt.Errorf("the target answered HTTP %d", resp.StatusCode)
	}
	return resp.StatusCode, nil
}

// netCause leaves out the address, which may hold a secret.
func netCause(err error) string {
	if u, is := errors.AsType[*url.Error](err); is {
		err = u.Err
	}
	return clip(err.Error(), 200)
}

var errPrivate = errors.New("the address is not public")

// hooks returns the client of outgoing webhooks. It follows no redirects and
// connects to public addresses only, so that a subscription cannot reach into
// the network that this runs in.
func (a *API) hooks() *http.Client {
	d := &net.Dialer{Timeout: 5 * time.Second}
	if !a.cfg.PrivateTargets {
		d.Control = func(_, address string, _ syscall.RawConn) error {
			ap, err := netip.ParseAddrPort(address)
			if err != nil || !public(ap.Addr()) {
				return errPrivate
			}
			return nil
		}
	}
	return &http.Client{
		Timeout:       20 * time.Second,
		Transport:     &http.Transport{DialContext: d.DialContext, DisableKeepAlives: true, TLSHandshakeTimeout: 5 * time.Second, ResponseHeaderTimeout: 15 * time.Second},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// public reports whether an address belongs to the internet. Ranges that stand
// for an IPv4 address lead wherever that does, so they are refused as a whole.
func public(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, special := range []string{
		"0.0.0.0/8",      // this network
		"100.64.0.0/10",  // shared by the customers of a carrier
		"192.0.0.0/24",   // protocols
		"198.18.0.0/15",  // benchmarks
		"240.0.0.0/4",    // reserved
		"::/96",          // IPv4
		"64:ff9b::/96",   // IPv4 behind NAT64
		"64:ff9b:1::/48", // the same, of a local network
		"2001::/32",      // IPv4 behind Teredo
		"2002::/16",      // IPv4 behind 6to4
		"fec0::/10",      // private once
	} {
		if netip.MustParsePrefix(special).Contains(a) {
			return false
		}
	}
	return true
}

// maxAttempted is how many attempts a subscription shows.
const maxAttempted = 50

// loggedDelivery keeps the body for redelivery.
type loggedDelivery struct {
	Attempted
	Body json.RawMessage `json:"body,omitempty"`
}

func attemptsKey(hook string) state.Key { return state.Key{Kind: "ticketing.deliveries", ID: hook} }

func (a *API) logDelivery(ctx context.Context, hook string, v Attempted, body []byte) error {
	_, err := change(ctx, a.docs, attemptsKey(hook), 7*24*time.Hour, func(all *[]loggedDelivery) (bool, error) {
		one := loggedDelivery{Attempted: v}
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

// mine reports whether the caller may see a subscription.
func (c *call) mine(s *subscription) bool {
	part := func(own, theirs []string) bool { return len(own) == 0 || slices.Equal(own, theirs) }
	return part(c.who.Connections, s.Connections) && part(c.who.Accounts, s.Accounts)
}

func listWebhooks(c *call) (*reply, error) {
	all, err := c.api.subscriptions(c.ctx)
	if err != nil {
		return nil, err
	}
	out := []Subscription{}
	for i := range all {
		if c.mine(&all[i]) {
			out = append(out, all[i].Subscription)
		}
	}
	return ok(&List{Result: out, ResultCount: len(out), Limit: maxSubscriptions}), nil
}

func (c *call) webhook() (*subscription, error) {
	all, err := c.api.subscriptions(c.ctx)
	if err != nil {
		return nil, err
	}
	id := c.path["id"]
	if id == "" && c.input != nil {
		id, _, _ = c.input.text(100, "id")
	}
	for i := range all {
		if all[i].ID == id && c.mine(&all[i]) {
			return &all[i], nil
		}
	}
	return nil, notFound("webhook", id)
}

func getWebhook(c *call) (*reply, error) {
	s, err := c.webhook()
	if err != nil {
		return nil, err
	}
	return ok(s.Subscription), nil
}

// readSubscription reads the fields of a body into s.
func (c *call) readSubscription(s *subscription) error {
	in := c.input
	if target, given, _ := in.text(2000, "target_url"); given {
		u, err := url.Parse(target)
		if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !c.api.cfg.PrivateTargets) {
			in.wrong("target_url", "value", "must be an https address without user name and password")
		}
		s.TargetURL = target
	}
	for _, f := range []struct {
		name string
		to   *[]string
	}{{"event_types", &s.EventTypes}, {"resource_types", &s.ResourceTypes}, {"integrated_account_ids", &s.IntegratedAccountIDs}} {
		if list, given := in.refs(50, f.name); given {
			*f.to = []string{}
			for _, r := range list {
				*f.to = append(*f.to, r.id)
			}
		}
	}
	for _, glob := range s.EventTypes {
		if _, err := path.Match(glob, "x"); err != nil {
			in.wrong("event_types", "value", "%s is no pattern", quoteID(glob))
		}
	}
	if env, given, _ := in.text(100, "environment_id"); given {
		s.EnvironmentID = env
	}
	if on, given := in.flag("is_active"); given {
		if on && !s.IsActive {
			s.FailureCount, s.DisabledReason = 0, nil
		}
		s.IsActive = on
	}
	s.UpdatedAt = c.api.cfg.Now().UTC()
	return in.done()
}

func newSecret() string { return "whsec_" + base64.StdEncoding.EncodeToString(random(32)) }

func createWebhook(c *call) (*reply, error) {
	s := subscription{Secret: newSecret(), Owner: c.who.ID, Connections: c.who.Connections, Accounts: c.who.Accounts}
	s.ID, s.IsActive, s.CreatedAt = uuid.NewString(), true, c.api.cfg.Now().UTC()
	s.EventTypes, s.ResourceTypes, s.IntegratedAccountIDs = []string{"*"}, []string{}, []string{}
	if err := c.readSubscription(&s); err != nil {
		return nil, err
	}
	if s.TargetURL == "" {
		return nil, invalidField("target_url", "required", "is required")
	}
	_, err := change(c.ctx, c.api.docs, subscriptionsKey(), 0, func(all *[]subscription) (bool, error) {
		if len(*all) >= maxSubscriptions {
			return false, invalidField("target_url", "too_many", "there are %d webhooks already: delete some", maxSubscriptions)
		}
		*all = append(*all, s)
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	return created(NewSubscription{s.Subscription, s.Secret}), nil
}

func updateWebhook(c *call) (*reply, error) {
	if _, err := c.webhook(); err != nil {
		return nil, err
	}
	s, err := c.api.changeSubscription(c.ctx, c.path["id"], c.readSubscription)
	if err != nil {
		return nil, err
	}
	return ok(s.Subscription), nil
}

func rotateWebhook(c *call) (*reply, error) {
	if _, err := c.webhook(); err != nil {
		return nil, err
	}
	s, err := c.api.changeSubscription(c.ctx, c.path["id"], func(s *subscription) error { s.Secret = newSecret(); return nil })
	if err != nil {
		return nil, err
	}
	return ok(Result{NewSubscription{s.Subscription, s.Secret}}), nil
}

func deleteWebhook(c *call) (*reply, error) {
	s, err := c.webhook()
	if err != nil {
		return nil, err
	}
	_, err = change(c.ctx, c.api.docs, subscriptionsKey(), 0, func(all *[]subscription) (bool, error) {
		n := len(*all)
		*all = slices.DeleteFunc(*all, func(v subscription) bool { return v.ID == s.ID })
		return len(*all) < n, nil
	})
	if err != nil {
		return nil, err
	}
	return ok(Deleted{s.ID}), nil
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
	out := Attempted{ID: d.ID, Event: d.Event, At: d.CreatedAt, Attempt: 1, Status: status, OK: err == nil}
	if err != nil {
		out.Error = err.Error()
	}
	return ok(Result{out}), nil
}

func listDeliveries(c *call) (*reply, error) {
	s, err := c.webhook()
	if err != nil {
		return nil, err
	}
	var all []loggedDelivery
	if _, err := c.api.docs.load(c.ctx, attemptsKey(s.ID), &all); err != nil {
		return nil, err
	}
	out := []Attempted{}
	for _, v := range slices.Backward(all) {
		out = append(out, v.Attempted)
	}
	return ok(&List{Result: out, ResultCount: len(out), Limit: maxAttempted}), nil
}

func redeliver(c *call) (*reply, error) {
	s, err := c.webhook()
	if err != nil {
		return nil, err
	}
	var all []loggedDelivery
	if _, err := c.api.docs.load(c.ctx, attemptsKey(s.ID), &all); err != nil {
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
		return &reply{status: http.StatusAccepted, body: Result{v.Attempted}}, nil
	}
	return nil, notFound("delivery", c.path["delivery"])
}
