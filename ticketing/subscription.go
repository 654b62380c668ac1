package ticketing

import (
	"context"
	"encoding/base64"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

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
	EventTypes           []string `json:"event_types,omitempty" doc:"Names of events, such as record:created; * stands for anything. Defaults to all."`
	ResourceTypes        []string `json:"resource_types,omitempty" doc:"Resources, such as tickets. Empty means all."`
	IntegratedAccountIDs []string `json:"integrated_account_ids,omitempty" doc:"Connections. Empty means all."`
	EnvironmentID        string   `json:"environment_id,omitempty" doc:"Repeated in each delivery."`
	IsActive             *bool    `json:"is_active,omitempty" doc:"true enables a subscription that was disabled, and counts its failures anew."`
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

// eventNames are the events that subscribers hear of.
func eventNames() []string {
	return []string{
		"record:created", "record:updated", "record:deleted",
		"conversation_link:created", "conversation_link:deleted", "conversation_link:status_changed",
		"integrated_account:created", "integrated_account:active", "integrated_account:updated", "integrated_account:deleted",
		"integrated_account:authentication_error", "integrated_account:reactivated",
	}
}

// eventResources are what events are about.
func eventResources() []string {
	return []string{
		"tickets", "comments", "attachments", "tags", "collections", "users", "teams", "ticket_status", "accounts", "needs",
		"conversation_links", "integrated_accounts",
	}
}

// checkWanted rejects what no event will ever fit.
func (c *call) checkWanted(field string, values []string) error {
	switch field {
	case "event_types":
		for _, glob := range values {
			fits := func(name string) bool {
				ok, err := path.Match(glob, name)
				return err == nil && ok
			}
			if !slices.ContainsFunc(eventNames(), fits) {
				c.input.wrong(field, "value", "%s fits none of the events %s", quoteID(glob), strings.Join(eventNames(), ", "))
			}
		}
	case "resource_types":
		for _, v := range values {
			if !slices.Contains(eventResources(), v) {
				c.input.wrong(field, "value", "%s is none of the resources %s", quoteID(v), strings.Join(eventResources(), ", "))
			}
		}
	default:
		return c.checkConnections(field, values)
	}
	return nil
}

// readSubscription reads and checks the fields of a body. apply writes them into a
// subscription; it may be called again.
func (c *call) readSubscription() (apply func(*subscription), err error) {
	in := c.input
	target, hasTarget, _ := in.text(2000, "target_url")
	if hasTarget {
		u, err := url.Parse(target)
		if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !c.api.cfg.PrivateTargets) {
			in.wrong("target_url", "value", "must be an https address without user name and password")
		}
	}
	wanted := map[string][]string{}
	for _, field := range []string{"event_types", "resource_types", "integrated_account_ids"} {
		list, given := in.refs(50, field)
		if !given {
			continue
		}
		values := []string{}
		for _, r := range list {
			values = append(values, r.id)
		}
		if err := c.checkWanted(field, values); err != nil {
			return nil, err
		}
		wanted[field] = values
	}
	env, hasEnv, _ := in.text(100, "environment_id")
	on, hasOn := in.flag("is_active")
	now := c.api.cfg.Now().UTC()
	return func(s *subscription) {
		if hasTarget {
			s.TargetURL = target
		}
		for field, to := range map[string]*[]string{
			"event_types": &s.EventTypes, "resource_types": &s.ResourceTypes, "integrated_account_ids": &s.IntegratedAccountIDs,
		} {
			if values, given := wanted[field]; given {
				*to = values
			}
		}
		if hasEnv {
			s.EnvironmentID = env
		}
		if hasOn {
			if on && !s.IsActive {
				s.FailureCount, s.DisabledReason = 0, nil
			}
			s.IsActive = on
		}
		s.UpdatedAt = now
	}, in.done()
}

func newSecret() string { return "whsec_" + base64.StdEncoding.EncodeToString(random(32)) }

func createWebhook(c *call) (*reply, error) {
	s := subscription{Secret: newSecret(), Owner: c.who.ID, Connections: c.who.Connections, Accounts: c.who.Accounts}
	s.ID, s.IsActive, s.CreatedAt = c.make, true, c.api.cfg.Now().UTC()
	s.EventTypes, s.ResourceTypes, s.IntegratedAccountIDs = []string{"*"}, []string{}, []string{}
	apply, err := c.readSubscription()
	if err != nil {
		return nil, err
	}
	apply(&s)
	if s.TargetURL == "" {
		return nil, invalidField("target_url", "required", "is required")
	}
	_, err = change(c.ctx, c.api.docs, subscriptionsKey(), 0, func(all *[]subscription) (bool, error) {
		// No client has the secret of an attempt that died before it could answer.
		*all = slices.DeleteFunc(*all, func(v subscription) bool { return v.ID == s.ID })
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
	apply, err := c.readSubscription()
	if err != nil {
		return nil, err
	}
	s, err := c.api.changeSubscription(c.ctx, c.path["id"], func(s *subscription) error { apply(s); return nil })
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
