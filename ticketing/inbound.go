package ticketing

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/state"
)

// event is a delivery of Linear, as far as this package reads it. Every field
// may be absent.
type event struct {
	Action         string                     `json:"action"`
	Type           string                     `json:"type"`
	OrganizationID string                     `json:"organizationId"`
	Timestamp      int64                      `json:"webhookTimestamp"`
	CreatedAt      string                     `json:"createdAt"`
	Data           json.RawMessage            `json:"data"`
	UpdatedFrom    map[string]json.RawMessage `json:"updatedFrom"`
	Actor          *struct {
		ID   string `json:"id"`
		Name string `json:"name"`
		Type string `json:"type"`
	} `json:"actor"`
}

// entity is what the data of an event have in common.
type entity struct {
	ID         string `json:"id"`
	UpdatedAt  string `json:"updatedAt"`
	IssueID    string `json:"issueId"`
	Identifier string `json:"identifier"`
	Title      string `json:"title"`
	Body       string `json:"body"`
	URL        string `json:"url"`
	Priority   int    `json:"priority"`
	State      *struct {
		ID   string `json:"id"`
		Name string `json:"name"`
		Type string `json:"type"`
	} `json:"state"`
	// Status is that of a project.
	Status *struct {
		Type string `json:"type"`
	} `json:"status"`
	Team     *teamName `json:"team"`
	Assignee *struct {
		Name string `json:"name"`
	} `json:"assignee"`
	User *struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"user"`
	BotActor *struct {
		UserDisplayName string `json:"userDisplayName"`
		Name            string `json:"name"`
	} `json:"botActor"`
	ExternalUser *struct {
		Name string `json:"name"`
	} `json:"externalUser"`
	Issue *struct {
		ID         string    `json:"id"`
		Identifier string    `json:"identifier"`
		Team       *teamName `json:"team"`
	} `json:"issue"`
}

// teamName is how events name a team.
type teamName struct {
	ID  string `json:"id"`
	Key string `json:"key"`
}

// Accept stores a delivery of Linear whose signature was verified, and returns once it
// is durable; [API.Run] processes it. A delivery of a type that the API does not use is
// dropped, and nil returned. The error is that of the store or, for a body that is not
// JSON, an *adapter.Error with CodeInvalid.
func (a *API) Accept(ctx context.Context, d *adapter.Delivery) error {
	var e event
	if err := json.Unmarshal(d.Body, &e); err != nil {
		return &adapter.Error{Code: adapter.CodeInvalid, Op: "ticketing", Message: "the delivery is not JSON"}
	}
	if e.OrganizationID == "" || resourceOf(e.Type) == "" {
		return nil
	}
	var v entity
	_ = json.Unmarshal(e.Data, &v) // what cannot be read has no order
	subject := v.ID
	if v.IssueID != "" {
		subject = v.IssueID
	}
	lane := state.Key{Workspace: e.OrganizationID, Kind: "ticketing.in", ID: subject}
	return a.enqueue(ctx, job{Kind: jobInbound, Body: d.Body}, lane, d.Key(), 0)
}

// Acceptor takes deliveries of Linear whose signature was verified. Accept returns
// nil once the delivery is durable; after an error the sender retries. An [API] is
// one, and so is a bot.
type Acceptor interface {
	Accept(ctx context.Context, d *adapter.Delivery) error
}

// Also returns an Acceptor for both: it hands each delivery to a, then to next. It
// returns the first error, and next does not get a delivery that a could not store.
// A delivery that a cannot read is next's to judge.
func (a *API) Also(next Acceptor) Acceptor { return &both{a, next} }

type both struct {
	api  *API
	next Acceptor
}

// Accept hands a delivery to both.
func (b *both) Accept(ctx context.Context, d *adapter.Delivery) error {
	if err := b.api.Accept(ctx, d); err != nil && adapter.CodeOf(err) != adapter.CodeInvalid {
		return err
	}
	return b.next.Accept(ctx, d)
}

// resourceOf is the resource that a type of Linear belongs to.
func resourceOf(typ string) string {
	switch typ {
	case "Issue":
		return "tickets"
	case "Comment":
		return "comments"
	case "Attachment":
		return "attachments"
	case "IssueLabel":
		return "tags"
	case "Project", "Cycle", "ProjectMilestone", "Initiative":
		return "collections"
	case "User":
		return "users"
	case "Team":
		return "teams"
	case "WorkflowState":
		return "ticket_status"
	case "Customer":
		return "accounts"
	case "CustomerNeed":
		return "needs"
	}
	return ""
}

// linearWebhook takes deliveries of Linear over HTTP, for deployments without
// the webhook server.
func linearWebhook(c *call) (*reply, error) {
	signature, err := hex.DecodeString(c.r.Header.Get("Linear-Signature"))
	good := false
	for _, secret := range c.api.cfg.WebhookSecrets {
		m := hmac.New(sha256.New, []byte(secret))
		_, _ = m.Write(c.raw)
		good = hmac.Equal(m.Sum(nil), signature) || good
	}
	refused := &problem{status: http.StatusUnauthorized, code: codeUnauthenticated, message: "the signature is missing or invalid"}
	if err != nil || !good {
		return nil, refused
	}
	var e event
	if json.Unmarshal(c.raw, &e) != nil {
		return nil, badRequest(codeInvalidRequest, "the delivery is not JSON")
	}
	now := c.api.cfg.Now()
	sent := time.UnixMilli(e.Timestamp)
	if e.Timestamp <= 0 || sent.After(now.Add(time.Minute)) || now.Sub(sent) > 8*time.Hour {
		refused.message = "the delivery is expired"
		return nil, refused
	}
	d := &adapter.Delivery{ID: c.r.Header.Get("Linear-Delivery"), Body: c.raw, SentAt: sent, ReceivedAt: now}
	if err := c.api.Accept(c.ctx, d); err != nil {
		return nil, err
	}
	return &reply{status: http.StatusOK}, nil
}

// inbound works on a delivery.
func (a *API) inbound(ctx context.Context, j *job) error {
	var e event
	var v entity
	if err := json.Unmarshal(j.Body, &e); err != nil {
		return nil //nolint:nilerr // it was decoded before; it cannot be used
	}
	if err := json.Unmarshal(e.Data, &v); err != nil || v.ID == "" {
		return nil //nolint:nilerr // an event about nothing
	}
	conn, err := a.connection(ctx, "", e.OrganizationID)
	if err != nil || conn == nil {
		return err
	}
	resource := resourceOf(e.Type)
	a.forget(conn.ID, e.Type)
	late, err := a.old(ctx, conn.ID, &e, &v)
	if err != nil || late {
		return err
	}
	c := a.worker(ctx, conn)
	own, err := c.own(&e, &v)
	if err != nil {
		return err
	}
	record, err := c.recordOf(&e, &v)
	if err != nil {
		return err
	}
	switch e.Type {
	case "Issue":
		if err := c.issueChanged(&e, &v, record, own); err != nil {
			return err
		}
	case "Comment":
		if err := c.commentChanged(&e, &v, own); err != nil {
			return err
		}
	case "Project":
		if err := c.projectChanged(&e, &v, own); err != nil {
			return err
		}
	case "Attachment":
		if err := c.attachmentChanged(&e, &v, own); err != nil {
			return err
		}
	}
	if own {
		return nil
	}
	name := map[string]string{"create": "record:created", "update": "record:updated", "remove": "record:deleted"}[e.Action]
	if name == "" {
		return nil
	}
	shown := any(Deleted{v.ID})
	if record != nil {
		shown = record
	}
	return a.publish(ctx, news{conn: conn.ID, name: name, resource: resource, id: v.ID, record: shown, event: &e, subject: subjectOf(&v)})
}

func subjectOf(v *entity) *string {
	if v.IssueID != "" {
		return &v.IssueID
	}
	return nil
}

// forget drops cached values that may be stale now.
func (a *API) forget(conn, typ string) {
	switch typ {
	case "Issue", "Attachment":
		a.cache.drop(conn, kindLinked, kindSearch)
	case "IssueLabel":
		a.cache.drop(conn, kindLabels, "tags", kindLinked)
	case "Project", "ProjectMilestone", "Initiative":
		a.cache.drop(conn, kindProjects, "collections")
	case "Cycle":
		a.cache.drop(conn, kindCycles, "collections")
	case "User":
		a.cache.drop(conn, kindUsers, "users")
	case "Team":
		a.cache.drop(conn, kindTeams, "teams")
	case "WorkflowState":
		a.cache.drop(conn, kindStates, "ticket_status")
	}
}

// recordOf reads the thing that an event is about, as the API shows it; nil if
// it is gone or of a kind that is not read.
func (c *call) recordOf(e *event, v *entity) (any, error) {
	if e.Action == "remove" {
		return nil, nil //nolint:nilnil // there is nothing to show
	}
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	switch e.Type {
	case "Issue":
		n, err := client.IssueNode(c.ctx, v.ID)
		if remoteNotFound(err) {
			return nil, nil //nolint:nilnil // it is gone meanwhile
		}
		if err != nil {
			return nil, err
		}
		space, err := c.workspace()
		if err != nil {
			return nil, err
		}
		return ticket(n, &space.Organization, c.tagByID), nil
	case "Comment":
		n, err := client.CommentNode(c.ctx, v.ID)
		if remoteNotFound(err) {
			return nil, nil //nolint:nilnil // it is gone meanwhile
		}
		if err != nil {
			return nil, err
		}
		return c.comment(n), nil
	default:
		return c.otherRecord(e, v)
	}
}

// otherRecord reads what is neither a ticket nor a comment, if there are
// subscribers. What the API does not show, such as a user who left, is answered as
// Linear sent it.
func (c *call) otherRecord(e *event, v *entity) (any, error) {
	all, err := c.api.subscriptions(c.ctx)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	read := map[string]func(*call) (*reply, error){
		"attachments": getAttachment, "tags": getTag, "collections": getCollection, "users": getUser, "teams": getTeam,
		"ticket_status": getTicketStatus, "accounts": getCustomerAccount, "needs": getNeed,
	}[resourceOf(e.Type)]
	if read != nil {
		sub := *c
		sub.path = map[string]string{"id": v.ID}
		sub.r = &http.Request{Method: http.MethodGet, Header: http.Header{}}
		shown, err := read(&sub)
		if err == nil {
			return shown.body, nil
		}
		if problemOf(err).status != http.StatusNotFound {
			return nil, err
		}
	}
	var data map[string]any
	if json.Unmarshal(e.Data, &data) != nil {
		return nil, nil //nolint:nilnil,nilerr // nothing that can be shown
	}
	return map[string]any{"id": v.ID, "name": data["name"], "remote_data": data}, nil
}
