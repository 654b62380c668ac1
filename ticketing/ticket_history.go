package ticketing

import (
	"encoding/json"
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
	return &listing{resource: "history", price: priceHistory, fetch: func(c *call, r request) (*part, error) {
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
