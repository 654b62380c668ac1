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
			return partOf(got, err, teamItem)
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

func teamItem(n *linearapi.Node[linearapi.Team]) item {
	return item{id: n.Value.ID, value: team(n), remote: n.JSON, sort: map[string]any{
		"name": n.Value.Name, "key": n.Value.Key, "created_at": n.Value.CreatedAt, "updated_at": n.Value.UpdatedAt,
	}}
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
