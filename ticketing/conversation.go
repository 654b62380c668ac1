package ticketing

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// ConversationLink is a link between a conversation and an issue.
type ConversationLink struct {
	ID                  string             `json:"id"`
	Conversation        LinkedConversation `json:"conversation"`
	IntegratedAccountID string             `json:"integrated_account_id"`
	Issue               *Ticket            `json:"issue"`
	Origin              string             `json:"origin" enum:"created,linked,auto,found"`
	LinkedBy            *string            `json:"linked_by"`
	CreatedAt           *time.Time         `json:"created_at"`
	SnapshotAt          *time.Time         `json:"snapshot_at"`
	Stale               bool               `json:"stale" doc:"Whether Linear could not be asked."`
}

// LinkedConversation is the conversation of a link.
type LinkedConversation struct {
	ID        string `json:"id"`
	AccountID string `json:"account_id"`
	URL       string `json:"url"`
}

// LinkInput is the body that links issues to a conversation.
type LinkInput struct {
	_      struct{} `additionalProperties:"true"`
	Issue  string   `json:"issue,omitempty" doc:"Id, short name or address of an issue."`
	Issues []string `json:"issues,omitempty" doc:"Several of them, at most 50."`
	Title  string   `json:"title,omitempty" doc:"What the link is called in Linear."`
	User   *Agent   `json:"user,omitempty" doc:"Who links. Defaults to the owner of the token."`
}

// ConversationIssueInput is the body that creates an issue and links it.
type ConversationIssueInput struct {
	TicketInput
	Link     *LinkTitle     `json:"link,omitempty"`
	Context  *LinkContext   `json:"context,omitempty"`
	Customer *CustomerInput `json:"customer,omitempty" doc:"Creates a customer request."`
	User     *Agent         `json:"user,omitempty"`
}

// LinkTitle is how a link is called.
type LinkTitle struct {
	Title string `json:"title,omitempty"`
}

// LinkContext is what of the conversation goes into the issue.
type LinkContext struct {
	Transcript string `json:"transcript,omitempty" doc:"Markdown that is added to the description."`
}

// CustomerInput names the customer of a request.
type CustomerInput struct {
	ID         string `json:"id,omitempty"`
	ExternalID string `json:"external_id,omitempty"`
	Name       string `json:"name,omitempty"`
	Body       string `json:"body,omitempty" doc:"What the customer asks for."`
	Important  bool   `json:"important,omitempty"`
}

// CreatedIssue is the answer to creating an issue from a conversation.
type CreatedIssue struct {
	Issue    *Ticket           `json:"issue"`
	Link     *ConversationLink `json:"link" doc:"Null if Linear refused the link; it is then made later."`
	Warnings []string          `json:"warnings,omitempty"`
}

// LinkResult is the outcome of one of several links.
type LinkResult struct {
	Issue  string            `json:"issue"`
	Status int               `json:"status"`
	Link   *ConversationLink `json:"link,omitempty"`
	Error  *ErrorBody        `json:"error,omitempty"`
}

// linkedTTL is how long Linear's links of a conversation are cached, unless a
// webhook reports a change.
const linkedTTL = 15 * time.Second

// conversation is the conversation that the path names.
func (c *call) conversation() place {
	return place{c.account(), c.path["conversation"]}
}

// enabled refuses conversation routes without a ConversationURL.
func (c *call) enabled(p place) error {
	if c.api.cfg.Helpdesk.ConversationURL == "" {
		return &problem{
			status: http.StatusNotFound, code: codeNotFound,
			message: "conversations are not set up: set Helpdesk.ConversationURL",
		}
	}
	if len(c.who.Accounts) > 0 && !slices.Contains(c.who.Accounts, p.Account) {
		return forbidden(codeForbidden, "this token may not use the account %s", quoteID(p.Account))
	}
	if p.Conversation == "" || len(p.Conversation) > 100 || len(p.Account) > 100 {
		return invalidField("conversation_id", "required", "is required, at most 100 bytes")
	}
	return nil
}

// candidates are the connections that may hold what the request is about: the
// one that it names, or all of the account, the default one first.
func (c *call) candidates(account string) ([]*Connection, error) {
	all, err := c.connections()
	if err != nil {
		return nil, err
	}
	id := cmp.Or(c.q.get("integrated_account_id"), c.r.Header.Get("X-Integrated-Account-Id"))
	if id == "" && c.input != nil {
		if s, given, _ := c.input.text(200, "integrated_account_id"); given {
			id = s
		}
	}
	var out []*Connection
	for i := range all {
		v := &all[i]
		if id != "" && v.ID != id || v.Account != "" && v.Account != account || v.Status != "" && v.Status != "active" {
			continue
		}
		out = append(out, v)
	}
	slices.SortStableFunc(out, func(x, y *Connection) int {
		switch {
		case x.Default == y.Default:
			return 0
		case x.Default:
			return -1
		}
		return 1
	})
	if len(out) == 0 {
		return nil, &problem{status: http.StatusNotFound, code: codeNotFound, message: "no Linear workspace is connected to this account"}
	}
	return out, nil
}

// in returns the call as it is in one connection.
func (c *call) in(conn *Connection) *call {
	sub := *c
	sub.conn = conn
	return &sub
}

// actor is who acts: the user in the body, if a program acts for someone, or
// the owner of the token.
func (c *call) actor() Agent {
	if c.input != nil && !c.who.session {
		if u := c.input.sub("user"); u != nil {
			name, _, _ := u.text(200, "name")
			avatar, _, _ := u.text(2000, "avatar_url")
			if name != "" {
				return Agent{Name: name, AvatarURL: avatar}
			}
		}
	}
	return Agent{ID: c.who.ID, Name: c.who.Name, AvatarURL: c.who.AvatarURL}
}

// locate finds the connection in which an issue is, and the issue. Addresses
// name their workspace; short names are looked up in one after the other.
func (c *call) locate(p place, ref string) (*Connection, *linearapi.Node[linearapi.Issue], error) {
	id, key := issueRef(ref)
	if id == "" {
		return nil, nil, notFound("issue", ref)
	}
	all, err := c.candidates(p.Account)
	if err != nil {
		return nil, nil, err
	}
	var last error
	for _, conn := range all {
		sub := c.in(conn)
		if key != "" {
			space, err := sub.workspace()
			if err != nil {
				last = err
				continue
			}
			if !strings.EqualFold(space.Organization.URLKey, key) {
				continue
			}
		}
		client, err := sub.client()
		if err != nil {
			return nil, nil, err
		}
		n, err := client.Ticket(c.ctx, id)
		if err == nil {
			return conn, n, nil
		}
		if adapter.CodeOf(err) != adapter.CodeNotFound {
			last = err
		}
	}
	if last != nil {
		return nil, nil, last
	}
	return nil, nil, notFound("issue", ref)
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
	create := linearapi.AttachmentCreateInput{
		ID: id, IssueID: n.Value.ID, URL: address, Title: cmp.Or(title, "Conversation #"+p.Conversation),
		Metadata: map[string]any{"account_id": p.Account, "conversation_id": p.Conversation},
	}
	if conn.AppActor && by.Name != "" {
		create.CreateAsUser, create.DisplayIconURL = by.Name, by.AvatarURL
	}
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
		ID: made.ID, IssueID: n.Value.ID, Identifier: n.Value.Identifier, Title: made.Title, Origin: origin, By: by.Name,
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
		err = c.api.record(c.ctx, Activity{
			ID: kind + ":" + kept.ID, Account: p.Account, Conversation: p.Conversation, Kind: kind,
			IssueID: n.Value.ID, Identifier: n.Value.Identifier, Actor: by.Name,
		}, "")
		if err != nil {
			return kept, true, err
		}
		err = c.api.publishIn(c.ctx, p.Account, conn.ID, "conversation_link:created", "conversation_links", kept.ID, c.shown(conn, p, kept, false))
		if err != nil {
			return kept, true, err
		}
		c.api.events.tell(p, "links", map[string]string{"identifier": n.Value.Identifier})
	}
	return kept, isNew, nil
}

// shown is a link as the API shows it.
func (c *call) shown(conn *Connection, p place, v link, stale bool) *ConversationLink {
	out := &ConversationLink{
		ID: v.ID, IntegratedAccountID: conn.ID, Origin: v.Origin, LinkedBy: text(v.By), CreatedAt: at(v.CreatedAt),
		SnapshotAt: at(v.SnapshotAt), Stale: stale,
		Conversation: LinkedConversation{p.Conversation, p.Account, c.api.cfg.Helpdesk.address(p.Account, p.Conversation)},
	}
	var n linearapi.Node[linearapi.Issue]
	if len(v.Issue) > 0 && json.Unmarshal(v.Issue, &n) == nil {
		out.Issue = ticket(&n, nil, nil)
	}
	return out
}

// linked returns the links of a conversation in one connection: from Linear or,
// if it is unavailable, as last stored.
func (c *call) linked(conn *Connection, p place) (all []link, stale bool, err error) {
	sub := c.in(conn)
	key := cacheKey(conn.ID, kindLinked, p.Account, p.Conversation)
	get := func() ([]link, error) { return sub.readLinks(p) }
	if on, _ := c.q.flag("refresh"); on {
		all, err = renew(c.api.cache, key, linkedTTL, get)
	} else {
		all, err = remember(c.api.cache, key, linkedTTL, get)
	}
	if err == nil {
		return all, false, nil
	}
	if _, isRemote := errors.AsType[*adapter.Error](err); !isRemote && problemOf(err).status != http.StatusTooManyRequests && problemOf(err).code != codeTimeout {
		return nil, false, err
	}
	have, loadErr := c.api.links.of(c.ctx, conn.ID, p.Account, p.Conversation)
	if loadErr != nil {
		return nil, false, loadErr
	}
	return have, true, nil
}

// readLinks asks Linear for the links of a conversation and keeps them.
func (c *call) readLinks(p place) ([]link, error) {
	have, err := c.api.links.of(c.ctx, c.conn.ID, p.Account, p.Conversation)
	if err != nil {
		return nil, err
	}
	now := c.api.cfg.Now().UTC()
	var all []link
	for _, address := range c.api.cfg.Helpdesk.addresses(p.Account, p.Conversation) {
		page := linearapi.PageArgs{First: maxLimit}
		for len(all) < maxLinks {
			client, err := c.client()
			if err != nil {
				return nil, err
			}
			got, err := client.LinkedIssues(c.ctx, address, page)
			if err != nil {
				return nil, err
			}
			for _, l := range got.Nodes {
				i := &l.Issue.Value
				// A deleted issue has no name for those who cannot see it, and
				// the dashboard cannot show it.
				if i.Identifier == "" || i.URL == "" || i.Trashed || slices.ContainsFunc(all, func(v link) bool { return v.IssueID == i.ID }) {
					continue
				}
				v := link{
					ID: l.ID, IssueID: i.ID, Identifier: i.Identifier, Title: l.Title, Origin: "found", CreatedAt: now,
					Issue: l.Issue.JSON, SnapshotAt: now,
				}
				if k := slices.IndexFunc(have, func(o link) bool { return o.IssueID == i.ID }); k >= 0 {
					v.Origin, v.By, v.CreatedAt = have[k].Origin, have[k].By, have[k].CreatedAt
				}
				all = append(all, v)
			}
			if !got.Info.HasNextPage {
				break
			}
			page.After = got.Info.EndCursor
		}
	}
	return all, c.api.links.refresh(c.ctx, c.conn.ID, p, all)
}

// listConversationIssues answers GET /conversations/{conversation}/issues.
func listConversationIssues(c *call) (*reply, error) {
	p := c.conversation()
	if err := c.enabled(p); err != nil {
		return nil, err
	}
	conns, err := c.candidates(p.Account)
	if err != nil {
		return nil, err
	}
	out := []*ConversationLink{}
	for _, conn := range conns {
		all, stale, err := c.linked(conn, p)
		if err != nil {
			return nil, err
		}
		for _, v := range all {
			out = append(out, c.shown(conn, p, v, stale))
		}
	}
	return ok(&List{Result: out, ResultCount: len(out), Limit: maxLinks}), nil
}

// createConversationIssue creates an issue and links it in one step.
func createConversationIssue(c *call) (*reply, error) {
	p := c.conversation()
	if err := c.enabled(p); err != nil {
		return nil, err
	}
	title := ""
	if l := c.input.sub("link"); l != nil {
		title, _, _ = l.text(500, "title")
	}
	if x := c.input.sub("context"); x != nil {
		if transcript, given, _ := x.text(maxText, "transcript"); given && transcript != "" {
			described, _ := c.input.fields["description"].(string)
			c.input.fields["description"] = strings.TrimSpace(described + "\n\n---\n\n" + transcript)
		}
	}
	by := c.actor()
	customer := c.input.sub("customer")
	n, v, notes, err := c.createAndTie(p, title, by)
	if err != nil {
		return nil, err
	}
	out := &CreatedIssue{Issue: ticket(n, nil, nil), Warnings: notes}
	if v != nil {
		out.Link = c.shown(c.conn, p, *v, false)
	}
	if customer != nil {
		if err := c.customerRequest(customer, n.Value.ID); err != nil {
			out.Warnings = append(out.Warnings, "the customer request failed: "+problemOf(err).message)
		}
	}
	return created(out), nil
}

// createAndTie creates an issue and links it. Before Linear is called, a job
// goes into the queue that makes the link if this process cannot; when it finds
// the link, it has nothing to do.
func (c *call) createAndTie(p place, title string, by Agent) (*linearapi.Node[linearapi.Issue], *link, []string, error) {
	id := derive(c.make, "link")
	rescue := job{Kind: jobLink, Conn: c.conn.ID, Place: p, IssueID: c.make, LinkID: id, Title: title, By: by.Name}
	if err := c.api.enqueue(c.ctx, rescue, laneOf(p), "link:"+c.make, c.api.cfg.Timeout); err != nil {
		return nil, nil, nil, err
	}
	n, notes, err := c.newTicket(c.input)
	if err != nil {
		return nil, nil, nil, err
	}
	var last error
	for range 3 {
		v, _, err := c.tie(c.conn, p, n, title, "created", by, id)
		if err == nil {
			return n, &v, notes, nil
		}
		last = err
		if c.ctx.Err() != nil || problemOf(err).status < http.StatusInternalServerError {
			break
		}
	}
	notes = append(notes, "the issue stands, but the link failed and is made later: "+problemOf(last).message)
	c.api.log.Warn().Err(last).Str("request_id", c.id).Str("issue", n.Value.Identifier).Msg("link after create failed; the queue has it")
	return n, nil, notes, nil //nolint:nilerr // the issue stands; the notes say what is missing
}

// customerRequest records that a customer asks for an issue.
func (c *call) customerRequest(in *input, issue string) error {
	id, _, _ := in.text(100, "id")
	external, _, _ := in.text(200, "external_id")
	name, _, _ := in.text(200, "name")
	body, _, _ := in.text(maxText, "body")
	important, _ := in.flag("important")
	if id == "" && external == "" && name == "" {
		return invalidField("customer", "required", "needs id, external_id or name")
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	if id == "" {
		upsert := map[string]any{"name": cmp.Or(name, external)}
		if external != "" {
			upsert["externalId"] = external
		}
		raw, err := client.Raw(c.ctx, linearapi.RawRequest{Name: "customerUpsert", Query: customerUpsert, Variables: map[string]any{"input": upsert}, Repeatable: external != ""})
		if err != nil {
			return err
		}
		var got struct {
			CustomerUpsert struct {
				Customer struct {
					ID string `json:"id"`
				} `json:"customer"`
			} `json:"customerUpsert"`
		}
		if err := json.Unmarshal(raw, &got); err != nil {
			return err
		}
		id = got.CustomerUpsert.Customer.ID
	}
	need := map[string]any{"id": derive(c.make, "need"), "customerId": id, "issueId": issue, "body": body}
	if important {
		need["priority"] = 1
	}
	_, err = client.Raw(c.ctx, linearapi.RawRequest{Name: "customerNeedCreate", Query: needCreate, Variables: map[string]any{"input": need}, Repeatable: true})
	return err
}

// The operations of customer requests.
const (
	customerUpsert = "mutation customerUpsert($input: CustomerUpsertInput!) { customerUpsert(input: $input) { success customer { id } } }"
	needCreate     = "mutation customerNeedCreate($input: CustomerNeedCreateInput!) { customerNeedCreate(input: $input) { success need { id } } }"
)

// linkConversation answers POST /conversations/{conversation}/links.
func linkConversation(c *call) (*reply, error) {
	p := c.conversation()
	if err := c.enabled(p); err != nil {
		return nil, err
	}
	title, _, _ := c.input.text(500, "title")
	by := c.actor()
	refs, several := c.input.refs(50, "issues")
	one, given, _ := c.input.ref("issue")
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

// untie removes a link. Only a link of this conversation is removed: without
// the check, anyone could delete any attachment of the workspace. p may lack
// the conversation, for clients that do not send it; then the link must belong
// to the account.
func (c *call) untie(p place, id string, by Agent) error {
	conns, err := c.candidates(p.Account)
	if err != nil {
		return err
	}
	for _, conn := range conns {
		sub := c.in(conn)
		client, err := sub.client()
		if err != nil {
			return err
		}
		n, err := client.AttachmentNode(c.ctx, id)
		if adapter.CodeOf(err) == adapter.CodeNotFound {
			// It was deleted in Linear; delete the stored copy too.
			if p.Conversation != "" {
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
	err = c.api.publishIn(c.ctx, p.Account, conn.ID, "conversation_link:deleted", "conversation_links", gone.ID, Deleted{gone.ID})
	if err != nil {
		return err
	}
	c.api.events.tell(p, "links", map[string]string{"identifier": gone.Identifier})
	return nil
}

// unlinkConversation answers DELETE /conversations/{conversation}/links/{link}.
func unlinkConversation(c *call) (*reply, error) {
	p := c.conversation()
	if err := c.enabled(p); err != nil {
		return nil, err
	}
	if err := c.untie(p, c.path["link"], c.actor()); err != nil {
		return nil, err
	}
	return ok(Deleted{c.path["link"]}), nil
}

func bulkUnlink(c *call) (*reply, error) {
	p := c.conversation()
	if err := c.enabled(p); err != nil {
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

// issueHere finds an issue that is linked to the conversation. Agents act on
// linked issues only.
func (c *call) issueHere(p place, ref string) (*Connection, *link, error) {
	if err := c.enabled(p); err != nil {
		return nil, nil, err
	}
	id, _ := issueRef(ref)
	conns, err := c.candidates(p.Account)
	if err != nil {
		return nil, nil, err
	}
	for _, conn := range conns {
		all, err := c.api.links.of(c.ctx, conn.ID, p.Account, p.Conversation)
		if err != nil {
			return nil, nil, err
		}
		for i := range all {
			if all[i].IssueID == id || strings.EqualFold(all[i].Identifier, id) {
				return conn, &all[i], nil
			}
		}
	}
	return nil, nil, notFound("linked issue", ref)
}

func updateConversationIssue(c *call) (*reply, error) {
	conn, v, err := c.issueHere(c.conversation(), c.path["issue"])
	if err != nil {
		return nil, err
	}
	if err := c.use(conn); err != nil {
		return nil, err
	}
	n, err := c.changeTicket(v.IssueID, c.input)
	if err != nil {
		return nil, err
	}
	c.api.cache.drop(conn.ID, kindLinked)
	return c.oneTicket(http.StatusOK, n)
}

func commentConversationIssue(c *call) (*reply, error) {
	conn, v, err := c.issueHere(c.conversation(), c.path["issue"])
	if err != nil {
		return nil, err
	}
	if err := c.use(conn); err != nil {
		return nil, err
	}
	n, err := c.writeComment(c.input, v.IssueID)
	if err != nil {
		return nil, err
	}
	return c.oneComment(http.StatusCreated, n)
}

func listConversationComments(c *call) (*reply, error) {
	conn, v, err := c.issueHere(c.conversation(), c.path["issue"])
	if err != nil {
		return nil, err
	}
	if err := c.use(conn); err != nil {
		return nil, err
	}
	c.q.params = append(c.q.params, &param{name: "ticket", sub: []string{"id"}, values: []string{v.IssueID}})
	return c.serveList()
}

// FoundIssue is a hit of the search from a conversation.
type FoundIssue struct {
	Hit
	IsLinked            bool   `json:"is_linked"`
	IntegratedAccountID string `json:"integrated_account_id"`
}

func searchConversationIssues(c *call) (*reply, error) {
	p := c.conversation()
	if err := c.enabled(p); err != nil {
		return nil, err
	}
	term := c.q.get("q", "query")
	if strings.TrimSpace(term) == "" {
		return nil, invalidField("q", "required", "is required: the words to look for")
	}
	conns, err := c.candidates(p.Account)
	if err != nil {
		return nil, err
	}
	out := []FoundIssue{}
	for _, conn := range conns {
		sub := c.in(conn)
		f, err := sub.find(term, linearapi.IssueQuery{PageArgs: linearapi.PageArgs{First: defaultLimit}}, "")
		if err != nil {
			return nil, err
		}
		have, err := c.api.links.of(c.ctx, conn.ID, p.Account, p.Conversation)
		if err != nil {
			return nil, err
		}
		for i := range f.nodes {
			t := ticket(&f.nodes[i], nil, nil)
			out = append(out, FoundIssue{
				*c.hit(t, f.degraded), slices.ContainsFunc(have, func(v link) bool { return v.IssueID == t.ID }), conn.ID,
			})
		}
	}
	return ok(&List{Result: out, ResultCount: len(out), Limit: defaultLimit}), nil
}

// issueConversations answers GET /issues/{issue}/conversations.
func issueConversations(c *call) (*reply, error) {
	conns, err := c.candidates(c.account())
	if err != nil {
		return nil, err
	}
	ref, _ := issueRef(c.path["issue"])
	out := []LinkedConversation{}
	for _, conn := range conns {
		id := ref
		if !isUUID(id) {
			client, err := c.in(conn).client()
			if err != nil {
				return nil, err
			}
			n, err := client.Ticket(c.ctx, ref)
			if adapter.CodeOf(err) == adapter.CodeNotFound {
				continue
			}
			if err != nil {
				return nil, err
			}
			id = n.Value.ID
		}
		places, err := c.api.links.conversations(c.ctx, conn.ID, id)
		if err != nil {
			return nil, err
		}
		for _, p := range places {
			if len(c.who.Accounts) == 0 || slices.Contains(c.who.Accounts, p.Account) {
				out = append(out, LinkedConversation{p.Conversation, p.Account, c.api.cfg.Helpdesk.address(p.Account, p.Conversation)})
			}
		}
	}
	return ok(&List{Result: out, ResultCount: len(out), Limit: maxLinks}), nil
}
