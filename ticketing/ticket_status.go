package ticketing

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// TicketStatus is a status that the tickets of a team can have.
type TicketStatus struct {
	ID          string          `json:"id"`
	Name        string          `json:"name" doc:"What the team calls it."`
	Description *string         `json:"description"`
	Status      string          `json:"status" enum:"open,active,pending,completed,closed"`
	Category    string          `json:"category" enum:"OPEN,IN_PROGRESS,CLOSED"`
	Type        string          `json:"type"`
	Color       string          `json:"color"`
	Position    float64         `json:"position"`
	Team        *TeamRef        `json:"team"`
	IsDefault   bool            `json:"is_default" doc:"Whether the tickets of the team begin in it."`
	IsTriage    bool            `json:"is_triage" doc:"Whether tickets from outside the team begin in it."`
	CreatedAt   *time.Time      `json:"created_at"`
	UpdatedAt   *time.Time      `json:"updated_at"`
	ArchivedAt  *time.Time      `json:"archived_at"`
	Etag        string          `json:"etag"`
	RemoteData  json.RawMessage `json:"remote_data,omitempty"`
}

func ticketStatus(n *linearapi.Node[linearapi.WorkflowState]) *TicketStatus {
	s := &n.Value
	out := &TicketStatus{
		ID: s.ID, Name: s.Name, Description: text(s.Description), Type: s.Type, Color: s.Color, Position: s.Position,
		CreatedAt: at(s.CreatedAt), UpdatedAt: at(s.UpdatedAt), ArchivedAt: at(s.ArchivedAt), Etag: etag(s.ID, s.UpdatedAt),
	}
	out.Status, out.Category = normalized(s.Type)
	if t := s.Team; t != nil {
		out.Team = &TeamRef{t.ID, t.Name, t.Key}
		out.IsDefault = t.DefaultState != nil && t.DefaultState.ID == s.ID
		out.IsTriage = t.TriageState != nil && t.TriageState.ID == s.ID
	}
	return out
}

func statusListing() *listing {
	return &listing{
		resource: "ticket_status", cached: true,
		filters: []*filter{
			{name: "id", kind: ofID, path: "id"},
			{name: "name", kind: ofText, path: "name"},
			{name: "type", kind: ofText, path: "type"},
			{name: "status", make: func(_ *call, op string, values []string) (linearapi.Filter, error) {
				var types []string
				for _, v := range values {
					types = append(types, typesOf(v)...)
				}
				if op != "eq" && op != "in" || len(types) == 0 {
					return nil, badRequest(codeInvalidRequest, "status must be open, active, pending, completed or closed")
				}
				return nest("type", linearapi.Filter{"in": types}), nil
			}},
			{name: "team[id]", kind: ofID, path: "team.id"},
			{name: "team[key]", kind: ofText, path: "team.key"},
			{name: "updated_at", kind: ofTime, path: "updatedAt"},
		},
		local: []string{"position", "name"},
		fetch: func(c *call, r request) (*part, error) {
			client, err := c.client()
			if err != nil {
				return nil, err
			}
			got, err := client.WorkflowStateNodes(c.ctx, and(r.conditions), r.page)
			return partOf(got, err, statusItem)
		},
	}
}

// TicketPriority is a priority of tickets.
type TicketPriority struct {
	Priority
	Description *string `json:"description"`
	Etag        string  `json:"etag"`
}

func listPriorities(*call) (*reply, error) {
	out := []TicketPriority{}
	for _, p := range priorities() {
		out = append(out, TicketPriority{Priority: p, Etag: shortHash("priority", p.ID)})
	}
	return ok(&List{Result: out, ResultCount: len(out), Limit: defaultLimit}), nil
}

func getPriority(c *call) (*reply, error) {
	for _, p := range priorities() {
		if p.ID == c.path["id"] || p.Level == strings.ToLower(c.path["id"]) {
			return ok(TicketPriority{Priority: p, Etag: shortHash("priority", p.ID)}), nil
		}
	}
	return nil, notFound("priority", c.path["id"])
}

// TicketStatusInput is the body that creates or changes a status of a team.
type TicketStatusInput struct {
	_           struct{} `additionalProperties:"true"`
	Name        string   `json:"name,omitempty" doc:"Required on create."`
	Type        string   `json:"type,omitempty" enum:"triage,backlog,unstarted,started,completed,canceled" doc:"Required on create."`
	Team        *anyRef  `json:"team,omitempty" doc:"Required on create: an id or a key."`
	Color       string   `json:"color,omitempty" doc:"For example #eb5757."`
	Description *string  `json:"description,omitempty"`
	Position    *float64 `json:"position,omitempty"`

	RemoteData map[string]any `json:"remote_data,omitempty" doc:"Fields of Linear's own input, merged over the rest."`
}

// stateByID reads a status; nil if there is none.
func (c *call) stateByID(id string) (*linearapi.Node[linearapi.WorkflowState], error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	got, err := client.WorkflowStateNodes(c.ctx, nest("id", linearapi.Filter{"eq": id}), linearapi.PageArgs{First: 1})
	if err != nil || len(got.Nodes) == 0 {
		return nil, err
	}
	return &got.Nodes[0], nil
}

func (c *call) oneStatus(code int, id string) (*reply, error) {
	n, err := c.stateByID(id)
	if err != nil {
		return nil, err
	}
	if n == nil {
		return nil, notFound("status", id)
	}
	v := ticketStatus(n)
	return c.one(code, item{id: v.ID, value: v, remote: n.JSON}, v.Etag)
}

func getTicketStatus(c *call) (*reply, error) { return c.oneStatus(http.StatusOK, c.path["id"]) }

func writeTicketStatus(c *call) (*reply, error) {
	in, out := c.input, map[string]any{}
	id := c.path["id"]
	in.name(out, id == "")
	if color, given := in.color(); given {
		out["color"] = color
	} else if id == "" {
		out["color"] = "#95a2b3"
	}
	if s, given, _ := in.text(2000, "description"); given {
		out["description"] = s
	}
	if n, given, null := in.number("position"); given && !null {
		out["position"] = n
	}
	kind, hasType, _ := in.text(20, "type")
	switch {
	case id == "" && slices.Contains([]string{"triage", "backlog", "unstarted", "started", "completed", "canceled"}, kind):
		out["type"] = kind
	case id == "":
		in.wrong("type", "value", "must be triage, backlog, unstarted, started, completed or canceled")
	case hasType:
		in.wrong("type", "value", "cannot be changed")
	}
	teamID, hasTeam, _ := in.ref("team")
	switch {
	case id != "" && hasTeam:
		in.wrong("team", "value", "cannot be changed")
	case id == "":
		t, err := c.teamOf(reference{id: teamID})
		if err != nil {
			return nil, err
		}
		if t == nil {
			in.wrong("team", "not_found", "must be the id or the key of a team")
		} else {
			out["teamId"] = t.ID
		}
	}
	in.remote(out)
	if err := in.done(); err != nil {
		return nil, err
	}
	made, code := c.written(id, out)
	if id != "" {
		if err := c.unchanged(func() (string, error) { return c.statusTag(id) }); err != nil {
			return nil, err
		}
	}
	defer c.api.cache.drop(c.conn.ID, kindStates, "ticket_status")
	if len(out) > 0 {
		if _, err := rawWrite[Named](c, proxyResources()["workflow_states"], id, out, " id"); err != nil {
			return nil, missing(err, "status", id)
		}
	}
	return c.oneStatus(code, made)
}

// statusTag is the etag of a status as it stands.
func (c *call) statusTag(id string) (string, error) {
	n, err := c.stateByID(id)
	if err != nil {
		return "", err
	}
	if n == nil {
		return "", notFound("status", id)
	}
	return etag(id, n.Value.UpdatedAt), nil
}

// deleteTicketStatus archives a status: Linear deletes none.
func deleteTicketStatus(c *call) (*reply, error) {
	if err := c.unchanged(func() (string, error) { return c.statusTag(c.path["id"]) }); err != nil {
		return nil, err
	}
	defer c.api.cache.drop(c.conn.ID, kindStates, "ticket_status")
	if err := c.discard(proxyResources()["workflow_states"], c.path["id"]); err != nil {
		return nil, missing(err, "status", c.path["id"])
	}
	return ok(Deleted{c.path["id"]}), nil
}

func statusItem(n *linearapi.Node[linearapi.WorkflowState]) item {
	return item{id: n.Value.ID, value: ticketStatus(n), remote: n.JSON, sort: map[string]any{"name": n.Value.Name, "position": n.Value.Position}}
}
