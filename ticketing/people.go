package ticketing

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// User is a person or an app that has an account in the workspace.
type User struct {
	ID           string     `json:"id"`
	Name         string     `json:"name"`
	FirstName    *string    `json:"first_name"`
	LastName     *string    `json:"last_name"`
	Username     *string    `json:"username"`
	Title        *string    `json:"title"`
	Emails       []Email    `json:"emails"`
	Phones       []Phone    `json:"phones"`
	IsActive     bool       `json:"is_active"`
	Status       string     `json:"status" enum:"active,inactive,invited" doc:"invited only in lists with status=invited: Linear tells it by a filter alone."`
	TeamIDs      []string   `json:"team_ids"`
	Avatar       *string    `json:"avatar"`
	Roles        []UserRole `json:"roles"`
	IsAdmin      bool       `json:"is_admin"`
	IsGuest      bool       `json:"is_guest"`
	IsApp        bool       `json:"is_app"`
	IsMe         bool       `json:"is_me"`
	IsAssignable bool       `json:"is_assignable"`
	Timezone     *string    `json:"timezone"`
	LastSeenAt   *time.Time `json:"last_seen_at"`
	URL          *string    `json:"url"`
	StatusLabel  *string    `json:"status_label" doc:"What the user has set as their status."`
	Workspaces   []Ref      `json:"workspaces"`

	ExternalID      *string `json:"external_id" doc:"Null: Linear does not return it, nor the next two."`
	IsEmailVerified *bool   `json:"is_email_verified"`
	Is2FAEnabled    *bool   `json:"is_2fa_enabled"`
	Organizations   []Ref   `json:"organizations"`
	Groups          []IDRef `json:"groups" doc:"The teams."`

	CreatedAt  *time.Time      `json:"created_at"`
	UpdatedAt  *time.Time      `json:"updated_at"`
	Etag       string          `json:"etag"`
	RemoteData json.RawMessage `json:"remote_data,omitempty"`
}

// UserRole is a role of a user.
type UserRole struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func user(n *linearapi.Node[linearapi.Member], org *linearapi.Organization) *User {
	m := &n.Value
	u := &User{
		ID: m.ID, Name: m.Name, Username: text(m.DisplayName), Title: text(m.Title), Emails: []Email{}, Phones: []Phone{},
		IsActive: m.Active, Status: "active", TeamIDs: []string{}, Avatar: text(m.AvatarURL), IsAdmin: m.Admin || m.Owner,
		IsGuest: m.Guest, IsApp: m.App, IsMe: m.IsMe, IsAssignable: m.Assignable, Timezone: text(m.Timezone),
		LastSeenAt: at(m.LastSeen), URL: text(m.URL), CreatedAt: at(m.CreatedAt), UpdatedAt: at(m.UpdatedAt),
		Etag: etag(m.ID, m.UpdatedAt), Roles: []UserRole{}, Workspaces: []Ref{},
		StatusLabel: text(m.Label), Organizations: []Ref{}, Groups: []IDRef{},
	}
	u.FirstName, u.LastName = names(m.Name)
	if m.Email != "" {
		kind := "work"
		u.Emails = append(u.Emails, Email{m.Email, &kind})
	}
	if !m.Active {
		u.Status = "inactive"
	}
	for _, t := range m.Teams.Nodes {
		u.TeamIDs, u.Groups = append(u.TeamIDs, t.ID), append(u.Groups, IDRef{t.ID})
	}
	role := "member"
	switch {
	case m.App:
		role = "app"
	case m.Owner:
		role = "owner"
	case m.Admin:
		role = "admin"
	case m.Guest:
		role = "guest"
	}
	u.Roles = append(u.Roles, UserRole{role, role})
	if org != nil && org.ID != "" {
		u.Workspaces = append(u.Workspaces, Ref{org.ID, text(org.Name)})
		u.Organizations = append(u.Organizations, u.Workspaces...)
	}
	return u
}

func userListing() *listing {
	return &listing{
		resource: "users", cached: true, price: priceUser,
		filters: []*filter{
			{name: "id", kind: ofID, path: "id"},
			{name: "name", kind: ofText, path: "name"},
			{name: "emails", also: []string{"email"}, kind: ofText, path: "email"},
			{name: "username", kind: ofText, path: "displayName"},
			{name: "is_active", kind: ofFlag, path: "active"},
			{name: "status", make: filterUserStatus, doc: "active, inactive (with include_inactive) or invited."},
			{name: "is_app", kind: ofFlag, path: "app"},
			{name: "is_me", kind: ofFlag, path: "isMe"},
			{name: "team_ids", also: []string{"team[id]"}, make: filterMembers},
			{name: "created_at", kind: ofTime, path: "createdAt"},
			{name: "updated_at", kind: ofTime, path: "updatedAt"},
		},
		local: []string{"name", "username", "created_at", "updated_at"},
		fetch: func(c *call, r request) (*part, error) {
			invited := slices.ContainsFunc(r.conditions, func(f linearapi.Filter) bool { return f["isInvited"] != nil })
			inactive, fine := c.q.flag("include_inactive")
			if !fine {
				return nil, badRequest(codeInvalidRequest, "include_inactive must be true or false")
			}
			inactive = inactive || slices.ContainsFunc(r.conditions, func(f linearapi.Filter) bool {
				active, is := f["active"].(linearapi.Filter)
				return is && active["eq"] == false
			})
			client, err := c.client()
			if err != nil {
				return nil, err
			}
			got, err := client.UserNodes(c.ctx, linearapi.UserQuery{Filter: and(r.conditions), IncludeDisabled: inactive, PageArgs: r.page})
			if err != nil {
				return nil, err
			}
			space, err := c.workspace()
			if err != nil {
				return nil, err
			}
			return partOf(got, nil, func(n *linearapi.Node[linearapi.Member]) item {
				u := user(n, &space.Organization)
				if invited {
					u.Status = "invited"
				}
				return item{
					id: n.Value.ID, value: u, remote: n.JSON,
					sort: map[string]any{"name": n.Value.Name, "username": n.Value.DisplayName, "created_at": n.Value.CreatedAt, "updated_at": n.Value.UpdatedAt},
				}
			})
		},
	}
}

// filterUserStatus selects users by what they are in the workspace.
func filterUserStatus(_ *call, op string, values []string) (linearapi.Filter, error) {
	if op == "eq" && len(values) == 1 {
		switch values[0] {
		case "invited":
			return linearapi.Filter{"isInvited": linearapi.Filter{"eq": true}}, nil
		case "active", "inactive":
			return linearapi.Filter{"active": linearapi.Filter{"eq": values[0] == "active"}}, nil
		}
	}
	return nil, badRequest(codeInvalidRequest, "status must be active, inactive or invited")
}

// filterMembers selects the users of teams. Linear's filter has no teams, so
// the directory says who they are.
func filterMembers(c *call, op string, values []string) (linearapi.Filter, error) {
	if op != "eq" && op != "in" {
		return nil, badRequest(codeInvalidRequest, "team_ids has no operator %q", op)
	}
	all, err := c.users()
	if err != nil {
		return nil, err
	}
	ids := []string{}
	for i := range all {
		for _, t := range all[i].Value.Teams.Nodes {
			for _, v := range values {
				if t.ID == v {
					ids = append(ids, all[i].Value.ID)
				}
			}
		}
	}
	return nest("id", linearapi.Filter{"in": ids}), nil
}

func getUser(c *call) (*reply, error) {
	want := c.path["id"]
	all, err := c.users()
	if err != nil {
		return nil, err
	}
	space, err := c.workspace()
	if err != nil {
		return nil, err
	}
	for i := range all {
		m := &all[i].Value
		if m.ID == want || strings.EqualFold(m.Email, want) || want == "me" && m.ID == space.Viewer.ID {
			u := user(&all[i], &space.Organization)
			return c.one(http.StatusOK, item{id: u.ID, value: u, remote: all[i].JSON}, u.Etag)
		}
	}
	return nil, notFound("user", want)
}

func getMe(c *call) (*reply, error) {
	flat, fine := c.q.flag("flat")
	if !fine {
		return nil, badRequest(codeInvalidRequest, "flat must be true or false")
	}
	v, err := c.view()
	if err != nil {
		return nil, err
	}
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	me, err := client.ViewerNode(c.ctx)
	if err != nil {
		return nil, err
	}
	it := item{value: user(&me.Viewer, &me.Organization), remote: me.Viewer.JSON}
	shown, err := c.project(it, v)
	if err != nil {
		return nil, err
	}
	if flat {
		return ok(shown), nil
	}
	return ok(&List{Result: []any{shown}, ResultCount: 1, Limit: v.limit}), nil
}

// Workspace is a Linear workspace.
type Workspace struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	URLKey string `json:"url_key"`

	LogoURL   *string    `json:"logo_url"`
	CreatedAt *time.Time `json:"created_at"`
}

func workspaceOf(o *linearapi.Organization) Workspace {
	return Workspace{o.ID, o.Name, o.URLKey, text(o.LogoURL), at(o.CreatedAt)}
}

func listWorkspaces(c *call) (*reply, error) {
	space, err := c.workspace()
	if err != nil {
		return nil, err
	}
	return ok(&List{Result: []Workspace{workspaceOf(&space.Organization)}, ResultCount: 1, Limit: defaultLimit}), nil
}
