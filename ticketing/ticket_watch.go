package ticketing

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// HistoryEntry is what happened to a ticket at one moment.
type HistoryEntry struct {
	ID         string          `json:"id"`
	At         *time.Time      `json:"at"`
	Actor      *Person         `json:"actor"`
	Changes    []HistoryChange `json:"changes"`
	RemoteData json.RawMessage `json:"remote_data,omitempty"`
}

// HistoryChange is a field that changed.
type HistoryChange struct {
	Field string `json:"field" enum:"name,description,status,assignee,priority,due_date,estimate,project,cycle,parent_ticket,team,tags,is_archived,is_deleted"`
	From  any    `json:"from" doc:"What it was: a text, a number, a list of names, or null."`
	To    any    `json:"to" doc:"What it is since then."`
}

// remoteHistory is an entry of the history as Linear has it.
type remoteHistory struct {
	ID                 string              `json:"id"`
	CreatedAt          time.Time           `json:"createdAt"`
	Actor              *linearapi.User     `json:"actor"`
	BotActor           *linearapi.ActorBot `json:"botActor"`
	FromTitle          *string             `json:"fromTitle"`
	ToTitle            *string             `json:"toTitle"`
	UpdatedDescription bool                `json:"updatedDescription"`
	FromState          *Named              `json:"fromState"`
	ToState            *Named              `json:"toState"`
	FromAssignee       *Named              `json:"fromAssignee"`
	ToAssignee         *Named              `json:"toAssignee"`
	FromPriority       *float64            `json:"fromPriority"`
	ToPriority         *float64            `json:"toPriority"`
	FromDueDate        *string             `json:"fromDueDate"`
	ToDueDate          *string             `json:"toDueDate"`
	FromEstimate       *float64            `json:"fromEstimate"`
	ToEstimate         *float64            `json:"toEstimate"`
	FromProject        *Named              `json:"fromProject"`
	ToProject          *Named              `json:"toProject"`
	FromCycle          *linearapi.Cycle    `json:"fromCycle"`
	ToCycle            *linearapi.Cycle    `json:"toCycle"`
	FromParent         *historyIssue       `json:"fromParent"`
	ToParent           *historyIssue       `json:"toParent"`
	FromTeam           *Named              `json:"fromTeam"`
	ToTeam             *Named              `json:"toTeam"`
	AddedLabels        []Named             `json:"addedLabels"`
	RemovedLabels      []Named             `json:"removedLabels"`
	Archived           *bool               `json:"archived"`
	Trashed            *bool               `json:"trashed"`
}

type historyIssue struct {
	Identifier string `json:"identifier"`
}

const historyQuery = `query ticketHistory($id: String!, $first: Int, $after: String, $last: Int, $before: String) {
  issue(id: $id) { history(first: $first, after: $after, last: $last, before: $before) {
    nodes {
      id createdAt actor { id name displayName email avatarUrl app } botActor { id name userDisplayName avatarUrl }
      fromTitle toTitle updatedDescription fromState { id name } toState { id name } fromAssignee { id name } toAssignee { id name }
      fromPriority toPriority fromDueDate toDueDate fromEstimate toEstimate fromProject { id name } toProject { id name }
      fromCycle { id name number } toCycle { id name number } fromParent { identifier } toParent { identifier }
      fromTeam { id name } toTeam { id name } addedLabels { id name } removedLabels { id name } archived trashed
    }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  } }
}`

func historyItem(n *linearapi.Node[remoteHistory]) item {
	v := &n.Value
	out := &HistoryEntry{ID: v.ID, At: at(v.CreatedAt), Actor: author(v.Actor, nil, v.BotActor), Changes: []HistoryChange{}}
	add := func(changed bool, field string, from, to any) {
		if changed {
			out.Changes = append(out.Changes, HistoryChange{field, from, to})
		}
	}
	name := func(r *Named) any {
		if r == nil {
			return nil
		}
		return r.Name
	}
	cycle := func(y *linearapi.Cycle) any {
		if y == nil {
			return nil
		}
		return cycleName(y)
	}
	parent := func(i *historyIssue) any {
		if i == nil {
			return nil
		}
		return i.Identifier
	}
	level := func(f *float64) any {
		if f == nil {
			return nil
		}
		return priority(int(*f)).Level
	}
	names := func(all []Named) []string {
		texts := []string{}
		for _, l := range all {
			texts = append(texts, l.Name)
		}
		return texts
	}
	add(v.FromTitle != nil || v.ToTitle != nil, "name", v.FromTitle, v.ToTitle)
	add(v.UpdatedDescription, "description", nil, nil)
	add(v.FromState != nil || v.ToState != nil, "status", name(v.FromState), name(v.ToState))
	add(v.FromAssignee != nil || v.ToAssignee != nil, "assignee", name(v.FromAssignee), name(v.ToAssignee))
	add(v.FromPriority != nil || v.ToPriority != nil, "priority", level(v.FromPriority), level(v.ToPriority))
	add(v.FromDueDate != nil || v.ToDueDate != nil, "due_date", v.FromDueDate, v.ToDueDate)
	add(v.FromEstimate != nil || v.ToEstimate != nil, "estimate", v.FromEstimate, v.ToEstimate)
	add(v.FromProject != nil || v.ToProject != nil, "project", name(v.FromProject), name(v.ToProject))
	add(v.FromCycle != nil || v.ToCycle != nil, "cycle", cycle(v.FromCycle), cycle(v.ToCycle))
	add(v.FromParent != nil || v.ToParent != nil, "parent_ticket", parent(v.FromParent), parent(v.ToParent))
	add(v.FromTeam != nil || v.ToTeam != nil, "team", name(v.FromTeam), name(v.ToTeam))
	add(len(v.AddedLabels)+len(v.RemovedLabels) > 0, "tags", names(v.RemovedLabels), names(v.AddedLabels))
	if v.Archived != nil {
		add(true, "is_archived", !*v.Archived, *v.Archived)
	}
	if v.Trashed != nil {
		add(true, "is_deleted", !*v.Trashed, *v.Trashed)
	}
	return item{id: v.ID, value: out, remote: n.JSON}
}

func historyListing() *listing {
	return &listing{resource: "history", fetch: func(c *call, r request) (*part, error) {
		if len(r.conditions) > 0 {
			return nil, badRequest(codeInvalidRequest, "the history takes no filter")
		}
		got, err := c.history(c.path["id"], r.page)
		return partOf(got, missing(err, "ticket", c.path["id"]), historyItem)
	}}
}

// history reads a page of what happened to a ticket.
func (c *call) history(id string, page linearapi.PageArgs) (*linearapi.Page[linearapi.Node[remoteHistory]], error) {
	ref, _ := issueRef(id)
	vars := map[string]any{"id": ref}
	for name, n := range map[string]int{"first": page.First, "last": page.Last} {
		if n > 0 {
			vars[name] = min(n, maxLimit)
		}
	}
	for name, s := range map[string]string{"after": page.After, "before": page.Before} {
		if s != "" {
			vars[name] = s
		}
	}
	raw, err := c.rawField("ticketHistory", historyQuery, vars, "issue")
	if err != nil {
		return nil, err
	}
	var issue struct {
		History linearapi.Page[linearapi.Node[remoteHistory]] `json:"history"`
	}
	return &issue.History, understand(raw, &issue)
}

// SubscribeInput is the body that subscribes someone to a ticket.
type SubscribeInput struct {
	_    struct{} `additionalProperties:"true"`
	User *anyRef  `json:"user,omitempty" doc:"An id, an address, a name or me. Defaults to whom the connection acts as."`
}

// subscribe makes the handlers of subscribe and unsubscribe.
func subscribe(mutation string) func(*call) (*reply, error) {
	return func(c *call) (*reply, error) {
		vars := map[string]any{"id": ""}
		if list, given := c.input.refs(1, "user", "user_id"); given && len(list) == 1 {
			id, err := c.userOf(list[0])
			if err != nil {
				return nil, err
			}
			if id == "" {
				c.input.wrong("user", "not_found", "there is no such user")
			}
			vars["user"] = id
		}
		if err := c.input.done(); err != nil {
			return nil, err
		}
		return c.changeBy("mutation ticketSubscription($id: String!, $user: String) { "+mutation+"(id: $id, userId: $user) { success issue { id updatedAt } } }", "ticketSubscription", mutation, vars)
	}
}

// changeBy sends a mutation about the ticket of the path and answers with it.
func (c *call) changeBy(query, name, field string, vars map[string]any) (*reply, error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	ref, _ := issueRef(c.path["id"])
	if !isUUID(ref) {
		n, err := client.Ticket(c.ctx, ref)
		if err != nil {
			return nil, missing(err, "ticket", c.path["id"])
		}
		ref = n.Value.ID // what Linear says later names the id
	}
	vars["id"] = ref
	done := c.api.intend(c.ctx, c.conn.ID, ref)
	if _, err := c.rawField(name, query, vars, field); err != nil {
		return nil, missing(err, "ticket", c.path["id"])
	}
	n, err := client.Ticket(c.ctx, ref)
	if err != nil {
		return nil, missing(err, "ticket", c.path["id"])
	}
	done(n.Value.UpdatedAt)
	return c.wrappedTicket(n)
}

func (c *call) wrappedTicket(n *linearapi.Node[linearapi.Issue]) (*reply, error) {
	space, err := c.workspace()
	if err != nil {
		return nil, err
	}
	return ok(Result{ticket(n, &space.Organization, c.tagByID)}), nil
}

// RemindInput is the body that has Linear remind of a ticket.
type RemindInput struct {
	At time.Time `json:"at" doc:"When. Linear then notifies whom the connection acts as."`
}

func remindTicket(c *call) (*reply, error) {
	s, given, _ := c.input.text(40, "at", "remind_at")
	t, err := time.Parse(time.RFC3339, s)
	if !given || err != nil {
		return nil, invalidField("at", "value", "must be a time such as 2026-11-30T12:00:00Z")
	}
	if !t.After(c.api.cfg.Now()) {
		return nil, invalidField("at", "value", "must be in the future")
	}
	vars := map[string]any{"at": t.UTC().Format(time.RFC3339)}
	return c.changeBy("mutation ticketReminder($id: String!, $at: DateTime!) { issueReminder(id: $id, reminderAt: $at) { success issue { id } } }", "ticketReminder", "issueReminder", vars)
}

// MoveInput is the body that moves a ticket to another team.
type MoveInput struct {
	_      struct{} `additionalProperties:"true"`
	Team   *anyRef  `json:"team" doc:"An id or a key."`
	Status *anyRef  `json:"status,omitempty" doc:"A status of that team. Defaults to what Linear chooses."`
}

// moveTicket moves a ticket to another team: its name changes, its former name
// still leads to it.
func moveTicket(c *call) (*reply, error) {
	if _, given := c.input.any("team", "team_id"); !given {
		return nil, invalidField("team", "required", "is required: an id or a key")
	}
	for name := range c.input.fields {
		if !slices.Contains([]string{"team", "team_id", "status", "integrated_account_id"}, name) {
			delete(c.input.fields, name)
			c.notes = append(c.notes, "ignored the field "+quoteID(name))
		}
	}
	ref, _ := issueRef(c.path["id"])
	n, err := c.changeTicket(ref, c.input)
	if err != nil {
		return nil, missing(err, "ticket", c.path["id"])
	}
	return c.wrappedTicket(n)
}

// listTeamUsers lists the users of a team.
func listTeamUsers(c *call) (*reply, error) {
	t, err := c.teamOf(reference{id: c.path["id"]})
	if err != nil {
		return nil, err
	}
	if t == nil {
		return nil, notFound("team", c.path["id"])
	}
	c.q.params = append(c.q.params, &param{name: "team_ids", values: []string{t.ID}})
	return c.serveList()
}

// children lists the tickets below a ticket, at most a page of them.
func (c *call) children(id string) ([]ParentRef, error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	got, err := client.Tickets(c.ctx, linearapi.TicketQuery{NoJSON: true, IssueQuery: linearapi.IssueQuery{
		Filter: nest("parent.id", linearapi.Filter{"eq": id}), PageArgs: linearapi.PageArgs{First: maxLimit},
	}})
	if err != nil {
		return nil, err
	}
	out := []ParentRef{}
	for i := range got.Nodes {
		v := &got.Nodes[i].Value
		out = append(out, ParentRef{v.ID, v.Identifier, v.Title})
	}
	return out, nil
}

// expanded are the relations that a ticket can be read with.
func expanded() []string {
	return []string{"attachments", "conversations", "comments", "relations", "children", "history", "needs"}
}

// expand reads what the request wants to see with a ticket.
func (c *call) expand(t *Ticket) (err error) {
	client, err := c.client()
	if err != nil {
		return err
	}
	for _, what := range c.q.all("expand") {
		page := linearapi.PageArgs{First: maxLimit}
		switch what {
		case "attachments":
			t.Attachments, err = c.attachmentsOf(t.ID)
		case "conversations":
			var refs []place
			refs, err = c.api.links.conversations(c.ctx, c.conn.ID, t.ID)
			for _, r := range refs {
				t.Conversations = append(t.Conversations, ConversationRef{r.Conversation, "Conversation " + r.Conversation, "conversation"})
			}
		case "comments":
			t.Comments = []Comment{}
			var got *linearapi.Page[linearapi.Node[linearapi.Comment]]
			got, err = client.CommentNodes(c.ctx, linearapi.CommentQuery{Filter: nest("issue.id", linearapi.Filter{"eq": t.ID}), PageArgs: page})
			for i := 0; err == nil && i < len(got.Nodes); i++ {
				t.Comments = append(t.Comments, *comment(&got.Nodes[i], client.OwnsFile))
			}
		case "relations":
			t.Relations, err = c.relationsOf(t.ID)
		case "children":
			t.Children, err = c.children(t.ID)
		case "history":
			t.History = []HistoryEntry{}
			var got *linearapi.Page[linearapi.Node[remoteHistory]]
			got, err = c.history(t.ID, page)
			for i := 0; err == nil && i < len(got.Nodes); i++ {
				if v, is := historyItem(&got.Nodes[i]).value.(*HistoryEntry); is {
					t.History = append(t.History, *v)
				}
			}
		case "needs":
			t.Needs = []Need{}
			var got *linearapi.Page[linearapi.Node[remoteNeed]]
			got, err = rawList[remoteNeed](c, needs(), request{page: page, conditions: []linearapi.Filter{nest("issue.id", linearapi.Filter{"eq": t.ID})}}, needFields)
			for i := 0; err == nil && i < len(got.Nodes); i++ {
				if v, is := needItem(&got.Nodes[i]).value.(*Need); is {
					t.Needs = append(t.Needs, *v)
				}
			}
		default:
			return badRequest(codeInvalidRequest, "expand takes %v", expanded())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// wantsMore reports whether the request wants to see more than the ticket.
func (c *call) wantsMore() bool { return len(c.q.all("expand")) > 0 && c.r.Method != http.MethodDelete }
