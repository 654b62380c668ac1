package ticketing

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// Team is a team of the workspace.
type Team struct {
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	Key         string          `json:"key"`
	Description *string         `json:"description"`
	Color       *string         `json:"color"`
	Icon        *string         `json:"icon"`
	Timezone    *string         `json:"timezone"`
	CreatedAt   *time.Time      `json:"created_at"`
	UpdatedAt   *time.Time      `json:"updated_at"`
	Etag        string          `json:"etag"`
	RemoteData  json.RawMessage `json:"remote_data,omitempty"`
}

func team(n *linearapi.Node[linearapi.Team]) *Team {
	t := &n.Value
	return &Team{
		ID: t.ID, Name: t.Name, Key: t.Key, Description: text(t.Description), Color: text(t.Color), Icon: text(t.Icon),
		Timezone: text(t.Timezone), CreatedAt: at(t.CreatedAt), UpdatedAt: at(t.UpdatedAt), Etag: etag(t.ID, t.UpdatedAt),
	}
}

func teamListing() *listing {
	return &listing{
		resource: "teams", cached: true,
		filters: []*filter{
			{name: "id", kind: ofID, path: "id"},
			{name: "name", kind: ofText, path: "name"},
			{name: "key", kind: ofText, path: "key"},
			{name: "private", kind: ofFlag, path: "private"},
			{name: "member[id]", kind: ofID, path: "members.id"},
			{name: "created_at", kind: ofTime, path: "createdAt"},
			{name: "updated_at", kind: ofTime, path: "updatedAt"},
		},
		local: []string{"name", "key", "created_at", "updated_at"},
		fetch: func(c *call, r request) (*part, error) {
			client, err := c.client()
			if err != nil {
				return nil, err
			}
			got, err := client.TeamNodes(c.ctx, and(r.conditions), r.page)
			if err != nil {
				return nil, err
			}
			out := &part{info: got.Info}
			for i := range got.Nodes {
				n := &got.Nodes[i]
				out.items = append(out.items, item{
					id: n.Value.ID, value: team(n), remote: n.JSON,
					sort: map[string]any{"name": n.Value.Name, "key": n.Value.Key, "created_at": n.Value.CreatedAt, "updated_at": n.Value.UpdatedAt},
				})
			}
			return out, nil
		},
	}
}

func getTeam(c *call) (*reply, error) {
	all, err := c.teams()
	if err != nil {
		return nil, err
	}
	for i := range all {
		if t := &all[i].Value; t.ID == c.path["id"] || strings.EqualFold(t.Key, c.path["id"]) {
			v := team(&all[i])
			return c.one(http.StatusOK, item{id: v.ID, value: v, remote: all[i].JSON}, v.Etag)
		}
	}
	return nil, notFound("team", c.path["id"])
}

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
	CreatedAt   *time.Time      `json:"created_at"`
	UpdatedAt   *time.Time      `json:"updated_at"`
	Etag        string          `json:"etag"`
	RemoteData  json.RawMessage `json:"remote_data,omitempty"`
}

func ticketStatus(n *linearapi.Node[linearapi.WorkflowState]) *TicketStatus {
	s := &n.Value
	out := &TicketStatus{
		ID: s.ID, Name: s.Name, Description: text(s.Description), Type: s.Type, Color: s.Color, Position: s.Position,
		CreatedAt: at(s.CreatedAt), UpdatedAt: at(s.UpdatedAt), Etag: etag(s.ID, s.UpdatedAt),
	}
	out.Status, out.Category = normalized(s.Type)
	if s.Team != nil {
		out.Team = &TeamRef{s.Team.ID, s.Team.Name, s.Team.Key}
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
			got, err := client.StateNodes(c.ctx, and(r.conditions), r.page)
			if err != nil {
				return nil, err
			}
			out := &part{info: got.Info}
			for i := range got.Nodes {
				n := &got.Nodes[i]
				out.items = append(out.items, item{
					id: n.Value.ID, value: ticketStatus(n), remote: n.JSON,
					sort: map[string]any{"name": n.Value.Name, "position": n.Value.Position},
				})
			}
			return out, nil
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

func listNothing(*call) (*reply, error) {
	return ok(&List{Result: []any{}, Limit: defaultLimit}), nil
}

// Tag is a label of the workspace or of a team.
type Tag struct {
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	Color       string          `json:"color"`
	Description *string         `json:"description"`
	Status      string          `json:"status" enum:"active"`
	Parent      *Ref            `json:"parent"`
	Team        *TeamRef        `json:"team" doc:"Null for tags of the whole workspace."`
	IsGroup     bool            `json:"is_group"`
	CreatedAt   *time.Time      `json:"created_at"`
	UpdatedAt   *time.Time      `json:"updated_at"`
	Etag        string          `json:"etag"`
	RemoteData  json.RawMessage `json:"remote_data,omitempty"`
}

func tag(n *linearapi.Node[linearapi.Label]) *Tag {
	l := &n.Value
	out := &Tag{
		ID: l.ID, Name: l.Name, Color: l.Color, Description: text(l.Description), Status: "active", IsGroup: l.IsGroup,
		CreatedAt: at(l.CreatedAt), UpdatedAt: at(l.UpdatedAt), Etag: etag(l.ID, l.UpdatedAt),
	}
	if l.Parent != nil {
		out.Parent = &Ref{l.Parent.ID, text(l.Parent.Name)}
	}
	if l.Team != nil {
		out.Team = &TeamRef{l.Team.ID, l.Team.Name, l.Team.Key}
	}
	return out
}

func tagListing() *listing {
	return &listing{
		resource: "tags", cached: true,
		filters: []*filter{
			{name: "id", kind: ofID, path: "id"},
			{name: "name", kind: ofText, path: "name"},
			{name: "team[id]", make: filterTagTeam, nullable: true, path: "team", doc: "Tags of the workspace are included, unless team_only is true."},
			{name: "parent[id]", kind: ofID, path: "parent.id"},
			{name: "is_group", kind: ofFlag, path: "isGroup"},
			{name: "created_at", kind: ofTime, path: "createdAt"},
			{name: "updated_at", kind: ofTime, path: "updatedAt"},
		},
		local: []string{"name", "created_at", "updated_at"},
		fetch: func(c *call, r request) (*part, error) {
			client, err := c.client()
			if err != nil {
				return nil, err
			}
			got, err := client.LabelNodes(c.ctx, and(r.conditions), r.page)
			if err != nil {
				return nil, err
			}
			out := &part{info: got.Info}
			for i := range got.Nodes {
				n := &got.Nodes[i]
				out.items = append(out.items, item{
					id: n.Value.ID, value: tag(n), remote: n.JSON,
					sort: map[string]any{"name": n.Value.Name, "created_at": n.Value.CreatedAt, "updated_at": n.Value.UpdatedAt},
				})
			}
			return out, nil
		},
	}
}

func filterTagTeam(c *call, op string, values []string) (linearapi.Filter, error) {
	if op != "eq" && op != "in" {
		return nil, badRequest(codeInvalidRequest, "team has no operator %q", op)
	}
	own := nest("team.id", linearapi.Filter{"in": values})
	if only, _ := c.q.flag("team_only"); only {
		return own, nil
	}
	return or([]linearapi.Filter{own, nest("team", linearapi.Filter{"null": true})}), nil
}

func getTag(c *call) (*reply, error) {
	all, err := c.labels()
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].Value.ID == c.path["id"] {
			v := tag(&all[i])
			return c.one(http.StatusOK, item{id: v.ID, value: v, remote: all[i].JSON}, v.Etag)
		}
	}
	return nil, notFound("tag", c.path["id"])
}

// TagInput is the body that creates or changes a tag.
type TagInput struct {
	_           struct{} `additionalProperties:"true"`
	Name        string   `json:"name,omitempty" doc:"Required on create."`
	Color       string   `json:"color,omitempty" doc:"For example #eb5757."`
	Description string   `json:"description,omitempty"`
	Team        *anyRef  `json:"team,omitempty" doc:"On create: the team that the tag is for. Without it, every team has it."`
	Parent      *anyRef  `json:"parent,omitempty"`
}

func writeTag(c *call) (*reply, error) {
	in, out := c.input, linearapi.Input{}
	id := c.path["id"]
	name, given, _ := in.text(200, "name")
	if given && strings.TrimSpace(name) != "" {
		out["name"] = name
	} else if id == "" || given {
		in.wrong("name", "required", "must not be empty")
	}
	for _, f := range []string{"color", "description"} {
		if s, given, null := in.text(2000, f); given && !null {
			out[f] = s
		}
	}
	if parent, given, _ := in.ref("parent"); given {
		out["parentId"] = parent
	}
	if teamID, given, _ := in.ref("team"); given && id == "" && teamID != "" {
		t, err := c.teamOf(reference{id: teamID})
		if err != nil {
			return nil, err
		}
		if t == nil {
			in.wrong("team", "not_found", "there is no team %s", quoteID(teamID))
		} else {
			out["teamId"] = t.ID
		}
	}
	if err := in.done(); err != nil {
		return nil, err
	}
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	defer c.api.cache.drop(c.conn.ID, kindLabels, "tags")
	var n *linearapi.Node[linearapi.Label]
	status := http.StatusOK
	if id == "" {
		status, out["id"] = http.StatusCreated, c.make
		c.api.expect(c.ctx, c.conn.ID, c.make)
		n, err = client.LabelCreate(c.ctx, out)
	} else {
		done := c.api.intend(c.ctx, c.conn.ID, id)
		if n, err = client.LabelUpdate(c.ctx, id, out); err == nil {
			done(n.Value.UpdatedAt)
		}
	}
	if err != nil {
		return nil, missing(err, "tag", id)
	}
	v := tag(n)
	return c.one(status, item{id: v.ID, value: v, remote: n.JSON}, v.Etag)
}

func deleteTag(c *call) (*reply, error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	defer c.api.cache.drop(c.conn.ID, kindLabels, "tags")
	c.api.intend(c.ctx, c.conn.ID, c.path["id"])
	if err := client.LabelDelete(c.ctx, c.path["id"]); err != nil {
		return nil, missing(err, "tag", c.path["id"])
	}
	return ok(Deleted{c.path["id"]}), nil
}
