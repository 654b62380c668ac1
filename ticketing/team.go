package ticketing

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// Team is a team of the workspace.
type Team struct {
	ID          string  `json:"id"`
	Name        string  `json:"name"`
	Key         string  `json:"key"`
	Description *string `json:"description"`
	Color       *string `json:"color"`
	Icon        *string `json:"icon"`
	Timezone    *string `json:"timezone"`
	// What a form for a new ticket depends on.
	Private        bool            `json:"private"`
	Parent         *IDRef          `json:"parent" doc:"The team above."`
	CyclesEnabled  bool            `json:"cycles_enabled"`
	TriageEnabled  bool            `json:"triage_enabled"`
	EstimationType string          `json:"estimation_type" enum:"notUsed,exponential,fibonacci,linear,tShirt"`
	DefaultStatus  *IDRef          `json:"default_status"`
	TriageStatus   *IDRef          `json:"triage_status"`
	ActiveCycle    *TeamCycle      `json:"active_cycle"`
	MemberCount    *int            `json:"member_count" doc:"Active people; null if they cannot be read."`
	CreatedAt      *time.Time      `json:"created_at"`
	UpdatedAt      *time.Time      `json:"updated_at"`
	Etag           string          `json:"etag"`
	RemoteData     json.RawMessage `json:"remote_data,omitempty"`
}

// TeamCycle is the cycle that a team is in.
type TeamCycle struct {
	ID     string `json:"id"`
	Number int    `json:"number"`
}

func idRef(r *linearapi.Ref) *IDRef {
	if r == nil || r.ID == "" {
		return nil
	}
	return &IDRef{r.ID}
}

func team(n *linearapi.Node[linearapi.Team]) *Team {
	t := &n.Value
	out := &Team{
		ID: t.ID, Name: t.Name, Key: t.Key, Description: text(t.Description), Color: text(t.Color), Icon: text(t.Icon),
		Timezone: text(t.Timezone), CreatedAt: at(t.CreatedAt), UpdatedAt: at(t.UpdatedAt), Etag: etag(t.ID, t.UpdatedAt),
		Private: t.Visibility == "private", Parent: idRef(t.Parent), CyclesEnabled: t.CyclesEnabled, TriageEnabled: t.TriageEnabled,
		EstimationType: cmp.Or(t.EstimationType, "notUsed"), DefaultStatus: idRef(t.DefaultState), TriageStatus: idRef(t.TriageState),
	}
	if t.ActiveCycle != nil && t.ActiveCycle.ID != "" {
		out.ActiveCycle = &TeamCycle{t.ActiveCycle.ID, int(t.ActiveCycle.Number)}
	}
	return out
}

func teamListing() *listing {
	return &listing{
		resource: "teams", cached: true, price: priceTeam,
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
			return partOf(got, nil, c.teamItem)
		},
	}
}

func getTeam(c *call) (*reply, error) { return c.oneTeam(http.StatusOK, c.path["id"]) }

// oneTeam answers with a team, by id or key.
func (c *call) oneTeam(status int, id string) (*reply, error) {
	all, err := c.teams()
	if err != nil {
		return nil, err
	}
	for i := range all {
		if t := &all[i].Value; t.ID == id || strings.EqualFold(t.Key, id) {
			it := c.teamItem(&all[i])
			v, _ := it.value.(*Team)
			return c.one(status, it, v.Etag)
		}
	}
	return nil, notFound("team", id)
}

// counted is a team with the number of its members. They come from the directory:
// nested in a list of teams they would cost more than Linear allows.
func (c *call) counted(n *linearapi.Node[linearapi.Team]) *Team {
	out := team(n)
	users, err := c.users()
	if err != nil {
		return out // the team is worth showing without
	}
	count := 0
	for i := range users {
		if !users[i].Value.App && slices.ContainsFunc(users[i].Value.Teams.Nodes, func(r linearapi.Ref) bool { return r.ID == out.ID }) {
			count++
		}
	}
	out.MemberCount = &count
	return out
}

func (c *call) teamItem(n *linearapi.Node[linearapi.Team]) item {
	return item{id: n.Value.ID, value: c.counted(n), remote: n.JSON, sort: map[string]any{
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
