package ticketing

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
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
		ID         string `json:"id"`
		Identifier string `json:"identifier"`
	} `json:"issue"`
}

// Accept stores a delivery of Linear whose signature was good, and returns once
// it is durable. It is what the webhook server hands deliveries to.
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

// Also returns an acceptor that hands each delivery to next, for example a bot,
// and to the API. A delivery is accepted when both have it.
func (a *API) Also(next interface {
	Accept(ctx context.Context, d *adapter.Delivery) error
}) interface {
	Accept(ctx context.Context, d *adapter.Delivery) error
} {
	return &both{a, next}
}

type both struct {
	api  *API
	next interface {
		Accept(ctx context.Context, d *adapter.Delivery) error
	}
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
	case "Project", "Cycle", "ProjectMilestone":
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

const (
	echoTTL = 2 * time.Minute
	seenTTL = 24 * time.Hour
)

// intend records that we are about to change or delete something, so that
// Linear's webhook about it is ignored, even if it arrives before Linear's
// response. Call the function that it returns with the result: from then on only
// that very change counts as ours. Failures are only logged: an extra echo is
// better than a change that fails.
func (a *API) intend(ctx context.Context, conn, id string) (done func(updated time.Time)) {
	intent := state.Key{Workspace: conn, Kind: "ticketing.intent", ID: id}
	a.note(ctx, intent)
	return func(updated time.Time) {
		if updated.IsZero() {
			return // it may have succeeded; the intent expires
		}
		a.note(ctx, state.Key{Workspace: conn, Kind: "ticketing.echo", ID: id + "@" + stamp(updated)})
		if err := a.docs.values.Delete(ctx, intent); err != nil {
			a.log.Warn().Err(err).Msg("an intent could not be taken back; it expires")
		}
	}
}

// expect records an id that we are about to create.
func (a *API) expect(ctx context.Context, conn, id string) {
	a.note(ctx, state.Key{Workspace: conn, Kind: "ticketing.own", ID: id})
}

func (a *API) note(ctx context.Context, k state.Key) {
	ttl := echoTTL
	if k.Kind == "ticketing.own" {
		ttl = seenTTL
	}
	if err := a.docs.save(ctx, k, true, ttl); err != nil {
		a.log.Warn().Err(err).Msg("an own change could not be noted")
	}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// own reports whether an event is about a change of this API.
func (c *call) own(e *event, v *entity) (bool, error) {
	known := func(kind, id string) (bool, error) {
		var yes bool
		return c.api.docs.load(c.ctx, state.Key{Workspace: c.conn.ID, Kind: kind, ID: id}, &yes)
	}
	if e.Action == "create" {
		return known("ticketing.own", v.ID)
	}
	// A change by another user in the same millisecond counts.
	if e.Actor != nil && e.Actor.ID != "" {
		space, err := c.workspace()
		if err != nil || e.Actor.ID != space.Viewer.ID {
			return false, err
		}
	}
	// A deletion carries the time of the last change before it.
	if updated, err := time.Parse(time.RFC3339, v.UpdatedAt); err == nil && e.Action != "remove" {
		if found, err := known("ticketing.echo", v.ID+"@"+stamp(updated)); found || err != nil {
			return found, err
		}
	}
	if e.Actor == nil {
		return false, nil
	}
	return known("ticketing.intent", v.ID)
}

// old reports whether a newer event of the entity was seen already, and records
// this event if not.
func (a *API) old(ctx context.Context, conn string, e *event, v *entity) (bool, error) {
	if v.UpdatedAt == "" || e.Action == "remove" {
		return false, nil
	}
	updated, err := time.Parse(time.RFC3339, v.UpdatedAt)
	if err != nil {
		return false, nil //nolint:nilerr // without a time there is no order
	}
	now := stamp(updated)
	late := false
	_, err = change(ctx, a.docs, state.Key{Workspace: conn, Kind: "ticketing.seen", ID: v.ID}, seenTTL, func(last *string) (bool, error) {
		late = *last > now
		if late {
			return false, nil
		}
		*last = now
		return true, nil
	})
	return late, err
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
	case "Attachment":
		if err := c.attachmentChanged(&e, &v); err != nil {
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
	return a.publish(ctx, conn.ID, name, resource, v.ID, shown, &e, subjectOf(&v))
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
	case "Project", "ProjectMilestone":
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
		n, err := client.Ticket(c.ctx, v.ID)
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
		return comment(n, client.OwnsFile), nil
	default:
		var data map[string]any
		if json.Unmarshal(e.Data, &data) != nil {
			return nil, nil //nolint:nilnil,nilerr // nothing that can be shown
		}
		return map[string]any{"id": v.ID, "name": data["name"], "remote_data": data}, nil
	}
}

// changeOf returns what a field was before, and whether it changed.
func (e *event) changeOf(field string) (string, bool) {
	raw, has := e.UpdatedFrom[field]
	if !has {
		return "", false
	}
	var s string
	_ = json.Unmarshal(raw, &s) // numbers and null read as empty
	return s, true
}

func (e *event) actorName() string {
	if e.Actor != nil && e.Actor.Name != "" {
		return e.Actor.Name
	}
	return "Linear"
}

// issueChanged notifies the conversations of an issue of a change.
func (c *call) issueChanged(e *event, v *entity, record any, own bool) error {
	a := c.api
	places, err := a.links.conversations(c.ctx, c.conn.ID, v.ID)
	if err != nil || len(places) == 0 {
		return err
	}
	s, err := a.settings(c.ctx, c.conn.ID)
	if err != nil {
		return err
	}
	t, _ := record.(*Ticket)
	for _, p := range places {
		a.events.tell(p, "issue", map[string]any{"identifier": v.Identifier, "issue": t})
	}
	if own {
		return nil
	}
	base := Activity{IssueID: v.ID, Identifier: v.Identifier, Actor: e.actorName()}
	var said []Activity
	switch e.Action {
	case "remove":
		base.Kind = ActivityDeleted
		said = append(said, base)
	case "update":
		if from, changed := e.changeOf("stateId"); changed && v.State != nil && s.SendNoteOnStatusChange {
			one := base
			one.Kind, one.To, one.From = ActivityStatus, v.State.Name, c.stateName(from)
			said = append(said, one)
		}
		if _, changed := e.changeOf("assigneeId"); changed && v.Assignee != nil && s.SendNoteOnStatusChange {
			one := base
			one.Kind, one.To = ActivityAssigned, v.Assignee.Name
			said = append(said, one)
		}
		if raw, changed := e.UpdatedFrom["priority"]; changed && s.SendNoteOnStatusChange {
			one := base
			var from int
			_ = json.Unmarshal(raw, &from) // none if it was none
			one.Kind, one.From, one.To = ActivityPriority, priority(from).Name, priority(v.Priority).Name
			said = append(said, one)
		}
	}
	status := ""
	if _, changed := e.changeOf("stateId"); changed && v.State != nil && e.Action == "update" {
		switch {
		case s.StatusMap[v.State.ID] != "":
			status = s.StatusMap[v.State.ID]
		case s.StatusMap[v.State.Type] != "":
			status = s.StatusMap[v.State.Type]
		case v.State.Type == "completed" && s.AutomateReopenOnCompletion, v.State.Type == "canceled" && s.AutomateReopenOnCancellation:
			status = "open"
		}
	}
	for _, p := range places {
		for _, one := range said {
			one.Account, one.Conversation = p.Account, p.Conversation
			one.ID = one.Kind + ":" + v.ID + ":" + v.UpdatedAt + ":" + e.CreatedAt
			if err := a.record(c.ctx, one, ""); err != nil {
				return err
			}
		}
		if status != "" {
			if err := a.enqueue(c.ctx, job{Kind: jobStatus, Place: p, Status: status}, laneOf(p), "status:"+v.ID+":"+v.UpdatedAt, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// stateName names a state by its id.
func (c *call) stateName(id string) string {
	all, err := c.states()
	if err != nil {
		return "another status"
	}
	if i := slices.IndexFunc(all, func(n linearapi.Node[linearapi.WorkflowState]) bool { return n.Value.ID == id }); i >= 0 {
		return all[i].Value.Name
	}
	return "another status"
}

// attachmentChanged keeps the links of a conversation as they stand in Linear,
// whoever made or removed them there.
func (c *call) attachmentChanged(e *event, v *entity) error {
	a := c.api
	account, conversation := a.cfg.Helpdesk.parse(v.URL)
	if conversation == "" {
		return nil
	}
	p := place{account, conversation}
	var err error
	switch e.Action {
	case "remove":
		_, err = a.links.remove(c.ctx, c.conn.ID, p, v.ID)
	case "create":
		err = c.foundLink(p, v)
	}
	if err != nil {
		return err
	}
	a.events.tell(p, "links", map[string]string{})
	return nil
}

// foundLink keeps a link that was made in Linear, so that its conversation hears
// of the issue before anybody lists the links.
func (c *call) foundLink(p place, v *entity) error {
	if v.IssueID == "" || c.enabled(p) != nil || c.conn.Account != "" && c.conn.Account != p.Account {
		return nil //nolint:nilerr // no conversation of this connection
	}
	have, err := c.api.links.of(c.ctx, c.conn.ID, p.Account, p.Conversation)
	if err != nil || slices.ContainsFunc(have, func(l link) bool { return l.IssueID == v.IssueID }) {
		return err
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	// The news may be older than the removal of the link.
	if _, err = client.AttachmentNode(c.ctx, v.ID); err == nil {
		var n *linearapi.Node[linearapi.Issue]
		if n, err = client.Ticket(c.ctx, v.IssueID); err == nil {
			now := c.api.cfg.Now().UTC()
			_, _, err = c.api.links.add(c.ctx, c.conn.ID, p, link{
				ID: v.ID, IssueID: n.Value.ID, Identifier: n.Value.Identifier, Title: v.Title, Origin: "found",
				CreatedAt: now, Issue: n.JSON, SnapshotAt: now,
			})
		}
	}
	if err != nil && (remoteNotFound(err) || problemOf(err).status == http.StatusUnprocessableEntity) {
		return nil // it is gone meanwhile, or there are too many to keep
	}
	return err
}

// commentChanged tells the conversations of an issue about a comment, and
// mirrors it if that is switched on.
func (c *call) commentChanged(e *event, v *entity, own bool) error {
	a := c.api
	issue := v.IssueID
	identifier := ""
	if v.Issue != nil {
		issue, identifier = v.Issue.ID, v.Issue.Identifier
	}
	if issue == "" || own {
		return nil
	}
	places, err := a.links.conversations(c.ctx, c.conn.ID, issue)
	if err != nil || len(places) == 0 {
		return err
	}
	s, err := a.settings(c.ctx, c.conn.ID)
	if err != nil {
		return err
	}
	edited := e.Action == "update"
	if _, changed := e.UpdatedFrom["body"]; edited && !changed {
		return nil // a reaction, or a thread that was resolved
	}
	for _, p := range places {
		if identifier == "" {
			have, err := a.links.of(c.ctx, c.conn.ID, p.Account, p.Conversation)
			if err != nil {
				return err
			}
			for _, l := range have {
				if l.IssueID == issue {
					identifier = l.Identifier
				}
			}
		}
		a.events.tell(p, "comment", map[string]string{"identifier": identifier})
		if e.Action == "create" && s.SendNoteOnComment {
			err := a.record(c.ctx, Activity{
				ID: ActivityCommented + ":" + v.ID, Account: p.Account, Conversation: p.Conversation, Kind: ActivityCommented,
				IssueID: issue, Identifier: identifier, Actor: v.author(e),
			}, v.Body)
			if err != nil {
				return err
			}
		}
		if e.Action == "create" && s.AutomateReopenOnComment {
			if err := a.enqueue(c.ctx, job{Kind: jobStatus, Place: p, Status: "open"}, laneOf(p), "reopen:"+v.ID, 0); err != nil {
				return err
			}
		}
		if s.MirrorComments != "to_conversation" && s.MirrorComments != "both" {
			continue
		}
		text, wanted := strings.CutPrefix(v.Body, s.MirrorPrefix)
		if !wanted && e.Action == "create" {
			continue
		}
		j := job{Kind: jobMirror, Conn: c.conn.ID, Place: p, Action: e.Action, Message: &Message{
			ID: v.ID, Account: p.Account, Conversation: p.Conversation, Text: strings.TrimSpace(text), Author: v.author(e),
			Identifier: identifier, URL: v.URL,
		}}
		if err := a.enqueue(c.ctx, j, laneOf(p), "mirror:"+e.Action+":"+v.ID+":"+v.UpdatedAt, 0); err != nil {
			return err
		}
	}
	return nil
}

func (v *entity) author(e *event) string {
	switch {
	case v.BotActor != nil && v.BotActor.UserDisplayName != "":
		return v.BotActor.UserDisplayName
	case v.ExternalUser != nil && v.ExternalUser.Name != "":
		return v.ExternalUser.Name
	case v.User != nil && v.User.Name != "":
		return v.User.Name
	}
	return e.actorName()
}
