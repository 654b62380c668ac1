package ticketing

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// LinkInput is the body that links issues to a conversation.
type LinkInput struct {
	_      struct{} `additionalProperties:"true"`
	Issue  string   `json:"issue,omitempty" doc:"Id, short name or address of an issue."`
	Issues []string `json:"issues,omitempty" doc:"Several of them, at most 50."`
	Title  string   `json:"title,omitempty" doc:"What the link is called in Linear."`
	User   *Agent   `json:"user,omitempty" doc:"Who links. Defaults to the owner of the token."`

	Customer *CustomerInput `json:"customer,omitempty" doc:"Creates a customer request for each of them."`
}

// LinkResult is the outcome of one of several links.
type LinkResult struct {
	Issue  string            `json:"issue" doc:"As the request named it."`
	Status int               `json:"status" doc:"HTTP status that it would have had alone."`
	Link   *ConversationLink `json:"link,omitempty"`
	Error  *ErrorBody        `json:"error,omitempty"`
}

// tie links an issue to a conversation in a connection. A pair has one link: a
// second call returns the first and writes no activity.
func (c *call) tie(conn *Connection, p place, n *linearapi.Node[linearapi.Issue], title, origin string, by Agent, id string) (link, bool, error) {
	address := c.api.cfg.Helpdesk.address(p.Account, p.Conversation)
	have, err := c.api.links.of(c.ctx, conn.ID, p.Account, p.Conversation)
	if err != nil {
		return link{}, false, err
	}
	if i := slices.IndexFunc(have, func(v link) bool { return v.IssueID == n.Value.ID }); i >= 0 && have[i].Origin != "found" && (title == "" || title == have[i].Title) {
		return have[i], false, nil
	}
	sub := c.in(conn)
	client, err := sub.client()
	if err != nil {
		return link{}, false, err
	}
	status, err := c.api.statusNow(c.ctx, p)
	if err != nil {
		return link{}, false, err
	}
	create := linearapi.AttachmentCreateInput{
		ID: id, IssueID: n.Value.ID, URL: address, Title: cmp.Or(title, "Conversation #"+p.Conversation), Subtitle: status, GroupBySource: true,
		Metadata: map[string]any{"account_id": p.Account, "conversation_id": p.Conversation},
	}
	if v := c.customer; v != nil {
		who := map[string]any{}
		for name, value := range map[string]string{"id": v.ID, "external_id": v.ExternalID, "name": v.Name} {
			if value != "" {
				who[name] = value
			}
		}
		create.Metadata["customer"] = who
	}
	if conn.AppActor && by.Name != "" {
		s, err := sub.settingsFor(n.Value.Identifier)
		if err != nil {
			return link{}, false, err
		}
		if s.CreateAsAgent {
			create.CreateAsUser, create.DisplayIconURL = by.Name, by.AvatarURL
		}
	}
	if origin != "created" { // that one has its job already
		after := job{Kind: jobLink, Action: "complete", Conn: conn.ID, Place: p, IssueID: n.Value.ID, LinkID: id, Title: title, By: by.Name, ByID: by.ID, Customer: c.customer}
		if err := c.api.enqueue(c.ctx, after, mendingLane(p), "link:"+id, c.api.cfg.Timeout); err != nil {
			return link{}, false, err
		}
	}
	c.api.expect(c.ctx, conn.ID, id)
	made, err := client.AttachmentCreate(c.ctx, create)
	if adapter.CodeOf(err) == adapter.CodeConflict {
		var node *linearapi.Node[linearapi.Attachment]
		if node, err = client.AttachmentNode(c.ctx, id); err == nil {
			made = &node.Value
		}
	}
	if err != nil {
		return link{}, false, err
	}
	v := link{
		ID: made.ID, IssueID: n.Value.ID, Identifier: n.Value.Identifier, Title: made.Title, Origin: origin, By: by.Name, ByID: by.ID,
		CreatedAt: c.api.cfg.Now().UTC(), Issue: n.JSON, SnapshotAt: c.api.cfg.Now().UTC(),
	}
	isNew, kept, err := c.api.links.add(c.ctx, conn.ID, p, v)
	if err != nil {
		return link{}, false, err
	}
	c.api.cache.drop(conn.ID, kindLinked)
	kind := ActivityLinked
	if origin == "created" {
		kind = ActivityCreated
	}
	if isNew {
		if err := c.api.repairLater(c.ctx, conn.ID, p, firstRepair); err != nil {
			return kept, true, err
		}
		err = c.api.record(c.ctx, Activity{
			ID: kind + ":" + kept.ID, Account: p.Account, Conversation: p.Conversation, Kind: kind,
			IssueID: n.Value.ID, Identifier: n.Value.Identifier, Actor: by.Name,
		}, "")
		if err != nil {
			return kept, true, err
		}
		if err = c.linkNews(conn, p, kept, "created", nil); err != nil {
			return kept, true, err
		}
		c.api.events.tell(p, "links", map[string]string{"identifier": n.Value.Identifier})
	}
	return kept, isNew, nil
}

// linkConversation answers POST /conversations/{conversation}/links.
func linkConversation(c *call) (*reply, error) {
	p, err := c.conversation()
	if err != nil {
		return nil, err
	}
	title, _, _ := c.input.text(500, "title")
	by := c.actor()
	refs, several := c.input.refs(50, "issues")
	one, given, _ := c.input.ref("issue")
	if c.customer, err = readCustomer(c.input.sub("customer")); err != nil {
		return nil, err
	}
	if err := c.input.done(); err != nil {
		return nil, err
	}
	if !several {
		if !given || one == "" {
			return nil, invalidField("issue", "required", "is required: an id, a short name or an address")
		}
		conn, n, err := c.locate(p, one)
		if err != nil {
			return nil, err
		}
		v, isNew, err := c.tie(conn, p, n, title, "linked", by, c.make)
		if err != nil {
			return nil, err
		}
		c.requestFor(conn, p, &v, n)
		out := c.shown(conn, p, v, false)
		if isNew {
			return created(out), nil
		}
		return ok(out), nil
	}
	results := []LinkResult{}
	for i, r := range refs {
		out := LinkResult{Issue: cmp.Or(r.id, r.name), Status: http.StatusOK}
		conn, n, err := c.locate(p, out.Issue)
		if err == nil {
			var v link
			var isNew bool
			if v, isNew, err = c.tie(conn, p, n, title, "linked", by, derive(c.make, "bulk", strconv.Itoa(i))); err == nil {
				c.requestFor(conn, p, &v, n)
				out.Link = c.shown(conn, p, v, false)
				if isNew {
					out.Status = http.StatusCreated
				}
			}
		}
		if err != nil {
			pr := problemOf(err)
			out.Status, out.Error = pr.status, pr.body(c.id)
		}
		results = append(results, out)
	}
	return ok(Result{results}), nil
}

// requestFor records that the customer of the call, if there is one, asks for an
// issue that is now linked. If it fails, the queue makes it.
func (c *call) requestFor(conn *Connection, p place, v *link, n *linearapi.Node[linearapi.Issue]) {
	if c.customer == nil {
		return
	}
	off, err := c.api.requestsOff(c.ctx, conn.ID)
	if off {
		c.notes = append(c.notes, requestsAreOff)
	}
	if err != nil {
		c.notes = append(c.notes, n.Value.Identifier+" is linked, but the customer request "+unmade(err))
	}
	if off || err != nil {
		return
	}
	occasion := linkOccasion(p, n.Value.ID)
	err = c.in(conn).customerRequest(c.customer, n.Value.ID, occasion)
	if err == nil {
		return
	}
	c.notes = append(c.notes, n.Value.Identifier+" is linked, but the customer request "+unmade(err))
	if again(err) {
		later := job{Kind: jobLink, Action: "complete", Conn: conn.ID, Place: p, IssueID: n.Value.ID, LinkID: v.ID, Title: v.Title, Customer: c.customer}
		if err := c.api.enqueue(c.ctx, later, mendingLane(p), "need:"+occasion, c.api.cfg.Timeout); err != nil {
			c.api.log.Warn().Err(err).Str("request_id", c.id).Msg("a customer request could not be put into the queue")
		}
	}
}

// mayUntie refuses to remove a link for an agent who did not make it, if the
// connection wants that. stands says that Linear has the link.
func (c *call) mayUntie(conn *Connection, p place, id string, by Agent, stands bool) error {
	if c.who.Role == RoleAdmin {
		return nil
	}
	s, err := c.api.settings(c.ctx, conn.ID)
	if err != nil || s.UnlinkPolicy != "own" {
		return err
	}
	have, err := c.api.links.of(c.ctx, conn.ID, p.Account, p.Conversation)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(have, func(v link) bool { return v.ID == id })
	if i < 0 && !stands {
		return nil // there is nothing to remove
	}
	own := false
	if i >= 0 {
		own = by.Name != "" && have[i].By == by.Name
		if have[i].ByID != "" && by.ID != "" { // a program that acts for people knows their names only
			own = have[i].ByID == by.ID
		}
	}
	if !own {
		return forbidden(codeForbidden, "agents may only remove the links that they made: ask the one who made it, or an administrator")
	}
	return nil
}

// untie removes a link. Only a link of this conversation is removed: without
// the check, anyone could delete any attachment of the workspace. p may lack
// the conversation, for clients that do not send it; then the link must belong
// to the account.
func (c *call) untie(p place, id string, by Agent) error {
	conns, err := c.holders(p.Account)
	if err != nil {
		return err
	}
	var blocked error
	for _, conn := range conns {
		sub := c.in(conn)
		if !conn.usable() {
			have, err := c.api.links.of(c.ctx, conn.ID, p.Account, p.Conversation)
			if err != nil {
				return err
			}
			if p.Conversation == "" || slices.ContainsFunc(have, func(v link) bool { return v.ID == id }) {
				blocked = sub.use(conn)
			}
			continue
		}
		client, err := sub.client()
		if err != nil {
			return err
		}
		n, err := client.AttachmentNode(c.ctx, id)
		if adapter.CodeOf(err) == adapter.CodeNotFound {
			// It was deleted in Linear; delete the stored copy too.
			if p.Conversation != "" {
				if err := c.mayUntie(conn, p, id, by, false); err != nil {
					return err
				}
				gone, err := c.api.links.remove(c.ctx, conn.ID, p, id)
				if err != nil {
					return err
				}
				if gone != nil {
					c.api.cache.drop(conn.ID, kindLinked)
					return c.untied(conn, p, *gone, by)
				}
			}
			continue
		}
		if err != nil {
			return err
		}
		account, conversation := c.api.cfg.Helpdesk.parse(n.Value.URL)
		if account == "-" {
			account = p.Account
		}
		if conversation == "" || account != p.Account || p.Conversation != "" && conversation != p.Conversation {
			return notFound("link of this conversation", id)
		}
		at := place{account, conversation}
		if err := c.mayUntie(conn, at, id, by, true); err != nil {
			return err
		}
		c.api.intend(c.ctx, conn.ID, id)
		if err := client.AttachmentDelete(c.ctx, id); err != nil && adapter.CodeOf(err) != adapter.CodeNotFound {
			return err
		}
		gone, err := c.api.links.remove(c.ctx, conn.ID, at, id)
		if err != nil {
			return err
		}
		c.api.cache.drop(conn.ID, kindLinked)
		if gone == nil {
			gone = &link{ID: id}
			if n.Value.Issue != nil {
				gone.IssueID, gone.Identifier = n.Value.Issue.ID, n.Value.Issue.Identifier
			}
		}
		return c.untied(conn, at, *gone, by)
	}
	if blocked != nil {
		return blocked
	}
	// One that this conversation had is gone already.
	if p.Conversation != "" {
		var log []Activity
		if _, err := c.api.docs.load(c.ctx, activityKey(p), &log); err != nil {
			return err
		}
		if slices.ContainsFunc(log, func(v Activity) bool { return strings.HasPrefix(v.ID, ActivityUnlinked+":"+id+":") }) {
			return nil
		}
	}
	return notFound("link of this conversation", id)
}

func (c *call) untied(conn *Connection, p place, gone link, by Agent) error {
	err := c.api.record(c.ctx, Activity{
		ID: ActivityUnlinked + ":" + gone.ID + ":" + c.id, Account: p.Account, Conversation: p.Conversation, Kind: ActivityUnlinked,
		IssueID: gone.IssueID, Identifier: gone.Identifier, Actor: by.Name,
	}, "")
	if err != nil {
		return err
	}
	if err = c.linkNews(conn, p, gone, "deleted", nil); err != nil {
		return err
	}
	c.api.events.tell(p, "links", map[string]string{"identifier": gone.Identifier})
	return nil
}

// unlinkConversation answers DELETE /conversations/{conversation}/links/{link}.
func unlinkConversation(c *call) (*reply, error) {
	p, err := c.conversation()
	if err != nil {
		return nil, err
	}
	if err := c.untie(p, c.path["link"], c.actor()); err != nil {
		return nil, err
	}
	return ok(Deleted{c.path["link"]}), nil
}

func bulkUnlink(c *call) (*reply, error) {
	p, err := c.conversation()
	if err != nil {
		return nil, err
	}
	refs, _ := c.input.refs(50, "links", "ids")
	if err := c.input.done(); err != nil {
		return nil, err
	}
	by := c.actor()
	results := []LinkResult{}
	for _, r := range refs {
		out := LinkResult{Issue: r.id, Status: http.StatusOK}
		if err := c.untie(p, r.id, by); err != nil {
			pr := problemOf(err)
			out.Status, out.Error = pr.status, pr.body(c.id)
		}
		results = append(results, out)
	}
	return ok(Result{results}), nil
}

// linkNews tells subscribers what happened to a link: created, deleted or
// status_changed. e is what Linear said, if that is the reason.
func (c *call) linkNews(conn *Connection, p place, v link, what string, e *event) error {
	record := any(Deleted{v.ID})
	if what != "deleted" {
		record = c.shown(conn, p, v, false)
	}
	n := news{
		conn: conn.ID, name: "conversation_link:" + what, resource: "conversation_links", id: v.ID, record: record, event: e,
		subject: text(v.IssueID),
	}
	if what == "created" && e == nil {
		n.unique = v.ID // also if it is made by the queue, at the second attempt
	}
	return c.api.publishIn(c.ctx, p.Account, n)
}
