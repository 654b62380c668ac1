package ticketing

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// Tag is a label of the workspace or of a team.
type Tag struct {
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	Color       string          `json:"color"`
	Description *string         `json:"description"`
	Status      string          `json:"status" enum:"active,inactive" doc:"inactive: it stays on its tickets and cannot be put on others."`
	Parent      *Ref            `json:"parent"`
	Workspace   *Ref            `json:"workspace"`
	Team        *TeamRef        `json:"team" doc:"Null for tags of the whole workspace."`
	IsGroup     bool            `json:"is_group"`
	RetiredAt   *time.Time      `json:"retired_at"`
	CreatedAt   *time.Time      `json:"created_at"`
	UpdatedAt   *time.Time      `json:"updated_at"`
	Etag        string          `json:"etag"`
	RemoteData  json.RawMessage `json:"remote_data,omitempty"`
}

func tag(n *linearapi.Node[linearapi.Label]) *Tag {
	l := &n.Value
	out := &Tag{
		ID: l.ID, Name: l.Name, Color: l.Color, Description: text(l.Description), Status: "active", IsGroup: l.IsGroup,
		CreatedAt: at(l.CreatedAt), UpdatedAt: at(l.UpdatedAt), RetiredAt: at(l.RetiredAt), Etag: etag(l.ID, l.UpdatedAt),
	}
	if retired(l) {
		out.Status = "inactive"
	}
	if l.Parent != nil {
		out.Parent = &Ref{l.Parent.ID, text(l.Parent.Name)}
	}
	if l.Team != nil {
		out.Team = &TeamRef{l.Team.ID, l.Team.Name, l.Team.Key}
	}
	return out
}

// retired reports whether a label can no longer be put on issues.
func retired(l *linearapi.Label) bool { return !l.RetiredAt.IsZero() || !l.ArchivedAt.IsZero() }

func tagListing() *listing {
	return &listing{
		resource: "tags", cached: true,
		filters: []*filter{
			{name: "id", kind: ofID, path: "id"},
			{name: "name", kind: ofText, path: "name"},
			{name: "team[id]", make: filterTagTeam, nullable: true, path: "team", doc: "Tags of the workspace are included, unless team_only is true."},
			{name: "parent[id]", kind: ofID, path: "parent.id"},
			{name: "is_group", kind: ofFlag, path: "isGroup"},
			{name: "status", make: filterTagStatus, doc: "active or inactive."},
			{name: "workspace[id]", make: filterWorkspace},
			{name: "created_at", kind: ofTime, path: "createdAt"},
			{name: "updated_at", kind: ofTime, path: "updatedAt"},
		},
		local: []string{"name", "created_at", "updated_at"},
		fetch: func(c *call, r request) (*part, error) {
			client, err := c.client()
			if err != nil {
				return nil, err
			}
			got, err := client.IssueLabelNodes(c.ctx, and(r.conditions), r.page)
			if err != nil {
				return nil, err
			}
			return partOf(got, nil, c.tagItem)
		},
	}
}

// filterTagStatus selects tags that can be put on tickets, or those that cannot.
// Linear's filter does not tell them apart, so the directory does.
func filterTagStatus(c *call, op string, values []string) (linearapi.Filter, error) {
	if op != "eq" || len(values) != 1 || values[0] != "active" && values[0] != "inactive" {
		return nil, badRequest(codeInvalidRequest, "status must be active or inactive")
	}
	all, err := c.labels()
	if err != nil {
		return nil, err
	}
	ids := []string{}
	for i := range all {
		if retired(&all[i].Value) {
			ids = append(ids, all[i].Value.ID)
		}
	}
	if values[0] == "active" {
		return nest("id", linearapi.Filter{"nin": ids}), nil
	}
	return nest("id", linearapi.Filter{"in": ids}), nil
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
			return c.oneTag(http.StatusOK, &all[i])
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

	RemoteData map[string]any `json:"remote_data,omitempty" doc:"Fields of Linear's own input, merged over the rest."`
}

func writeTag(c *call) (*reply, error) {
	in, out := c.input, linearapi.Input{}
	id := c.path["id"]
	in.name(out, id == "")
	if color, given := in.color(); given {
		out["color"] = color
	}
	if s, given, null := in.text(2000, "description"); given {
		out["description"] = s
		if null {
			out["description"] = nil
		}
	}
	if parent, given, null := in.ref("parent"); given {
		out["parentId"] = parent
		if null || parent == "" {
			out["parentId"] = nil
		}
	}
	switch teamID, _, _ := in.ref("team"); {
	case teamID == "":
	case id != "":
		in.wrong("team", "value", "cannot be changed: create another tag")
	default:
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
	in.remote(out)
	if err := in.done(); err != nil {
		return nil, err
	}
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	if id != "" {
		if err := c.unchanged(func() (string, error) { return c.tagTag(client, id) }); err != nil {
			return nil, err
		}
	}
	defer c.api.cache.drop(c.conn.ID, kindLabels, "tags")
	var n *linearapi.Node[linearapi.Label]
	status := http.StatusOK
	if id == "" {
		status, out["id"] = http.StatusCreated, c.make
		c.api.expect(c.ctx, c.conn.ID, c.make)
		n, err = client.IssueLabelCreateNode(c.ctx, out)
	} else {
		done := c.api.intend(c.ctx, c.conn.ID, id)
		if n, err = client.IssueLabelUpdateNode(c.ctx, id, out); err == nil {
			done(n.Value.UpdatedAt)
		}
	}
	if err != nil {
		return nil, missing(unfound(err, map[string]string{"Team": "team"}), "tag", id)
	}
	return c.oneTag(status, n)
}

// tagTag is the etag of a tag as it stands.
func (c *call) tagTag(client *linearapi.Client, id string) (string, error) {
	got, err := client.IssueLabelNodes(c.ctx, nest("id", linearapi.Filter{"eq": id}), linearapi.PageArgs{First: 1})
	if err != nil {
		return "", err
	}
	if len(got.Nodes) == 0 {
		return "", notFound("tag", id)
	}
	return etag(id, got.Nodes[0].Value.UpdatedAt), nil
}

func (c *call) oneTag(status int, n *linearapi.Node[linearapi.Label]) (*reply, error) {
	it := c.tagItem(n)
	v, _ := it.value.(*Tag)
	return c.one(status, it, v.Etag)
}

func deleteTag(c *call) (*reply, error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	if err := c.unchanged(func() (string, error) { return c.tagTag(client, c.path["id"]) }); err != nil {
		return nil, err
	}
	defer c.api.cache.drop(c.conn.ID, kindLabels, "tags")
	c.api.intend(c.ctx, c.conn.ID, c.path["id"])
	if err := client.IssueLabelDelete(c.ctx, c.path["id"]); err != nil {
		return nil, missing(err, "tag", c.path["id"])
	}
	return ok(Deleted{c.path["id"]}), nil
}

func (c *call) tagItem(n *linearapi.Node[linearapi.Label]) item {
	v := tag(n)
	v.Workspace = c.workspaceRef()
	return item{id: n.Value.ID, value: v, remote: n.JSON, sort: map[string]any{
		"name": n.Value.Name, "created_at": n.Value.CreatedAt, "updated_at": n.Value.UpdatedAt,
	}}
}

// retireTag makes the handlers of retire and restore.
func retireTag(change func(*linearapi.Client, context.Context, string) (*linearapi.Node[linearapi.Label], error)) func(*call) (*reply, error) {
	return func(c *call) (*reply, error) {
		client, err := c.client()
		if err != nil {
			return nil, err
		}
		id := c.path["id"]
		defer c.api.cache.drop(c.conn.ID, kindLabels, "tags")
		done := c.api.intend(c.ctx, c.conn.ID, id)
		n, err := change(client, c.ctx, id)
		if err != nil {
			return nil, missing(err, "tag", id)
		}
		done(n.Value.UpdatedAt)
		return ok(Result{c.tagItem(n).value}), nil
	}
}
