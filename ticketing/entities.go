package ticketing

import (
	"slices"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// Entities are what a form for a new ticket of a team chooses from.
type Entities struct {
	Team       Team            `json:"team"`
	Users      []*User         `json:"users"`
	Projects   []CollectionRef `json:"projects"`
	Cycles     []CollectionRef `json:"cycles"`
	States     []*TicketStatus `json:"states"`
	Labels     []*Tag          `json:"labels"`
	Priorities []Priority      `json:"priorities"`
	Estimates  []FieldOption   `json:"estimates" doc:"The scale of the team; empty if it estimates nothing."`
	Templates  []TemplateRef   `json:"templates" doc:"Those for tickets, of the team and of the workspace."`
}

// TemplateRef is a template that a ticket can be made from.
type TemplateRef struct {
	ID          string  `json:"id"`
	Name        string  `json:"name"`
	Description *string `json:"description"`
}

// teamEntities answers GET /teams/{team}/entities: all pages of everything, the
// labels of the workspace included.
func teamEntities(c *call) (*reply, error) {
	t, err := c.teamOf(reference{id: c.path["id"]})
	if err != nil {
		return nil, err
	}
	if t == nil {
		return nil, notFound("team", c.path["id"])
	}
	wide := c.q.get("scope") == "workspace"
	out, err := c.entities(t, wide)
	if err != nil {
		return nil, err
	}
	return ok(out), nil
}

func (c *call) entities(t *linearapi.Team, wide bool) (*Entities, error) {
	out := &Entities{
		Team: *c.counted(&linearapi.Node[linearapi.Team]{Value: *t}), Users: []*User{}, Projects: []CollectionRef{}, Cycles: []CollectionRef{},
		States: []*TicketStatus{}, Labels: []*Tag{}, Priorities: priorities(),
		Estimates: estimateOptions(t), Templates: []TemplateRef{},
	}
	users, err := c.users()
	if err != nil {
		return nil, err
	}
	for i := range users {
		m := &users[i].Value
		if m.App && !m.Assignable {
			continue
		}
		member := wide || len(m.Teams.Nodes) == 0
		for _, r := range m.Teams.Nodes {
			member = member || r.ID == t.ID
		}
		if member {
			out.Users = append(out.Users, user(&users[i], nil))
		}
	}
	projects, err := c.projects()
	if err != nil {
		return nil, err
	}
	for i := range projects {
		if p := &projects[i].Value; wide || takesIssues(p, t.ID) {
			out.Projects = append(out.Projects, CollectionRef{p.ID, p.Name, "project"})
		}
	}
	cycles, err := c.cycles()
	if err != nil {
		return nil, err
	}
	for i := range cycles {
		if y := &cycles[i].Value; y.Team != nil && y.Team.ID == t.ID {
			out.Cycles = append(out.Cycles, CollectionRef{y.ID, cycleName(y), "iteration"})
		}
	}
	states, err := c.states()
	if err != nil {
		return nil, err
	}
	for i := range states {
		if s := &states[i].Value; s.Team != nil && s.Team.ID == t.ID {
			out.States = append(out.States, ticketStatus(&states[i]))
		}
	}
	labels, err := c.labels()
	if err != nil {
		return nil, err
	}
	for i := range labels {
		if l := &labels[i].Value; !l.IsGroup && !retired(l) && (l.Team == nil || l.Team.ID == t.ID) {
			v, _ := c.tagItem(&labels[i]).value.(*Tag)
			out.Labels = append(out.Labels, v)
		}
	}
	templates, err := c.templates()
	if err != nil {
		return nil, err
	}
	for _, v := range templates {
		if v.Type == "issue" && (v.Team == nil || v.Team.ID == t.ID) {
			out.Templates = append(out.Templates, TemplateRef{v.ID, v.Name, text(v.Description)})
		}
	}
	return out, nil
}

// takesIssues reports whether new issues of a team belong into a project: it is
// the team's, and not over. Linear lists ten teams of a project; one that has so
// many may be everyone's.
func takesIssues(p *linearapi.Project, team string) bool {
	if s := p.Status; s != nil && (s.Type == "completed" || s.Type == "canceled") {
		return false
	}
	const listed = 10
	n := len(p.Teams.Nodes)
	return n == 0 || n >= listed || slices.ContainsFunc(p.Teams.Nodes, func(v linearapi.Team) bool { return v.ID == team })
}

type remoteTemplate struct {
	ID          string         `json:"id"`
	Name        string         `json:"name"`
	Description string         `json:"description"`
	Type        string         `json:"type"`
	Team        *linearapi.Ref `json:"team"`
}

// templates are all of the workspace; Linear lists them without pages.
func (c *call) templates() ([]remoteTemplate, error) {
	return remember(c.api.cache, cacheKey(c.conn.ID, kindTemplates), directoryTTL, func() ([]remoteTemplate, error) {
		raw, err := c.rawField("templates", "query templates { templates { id name description type team { id } } }", nil, "templates")
		if err != nil {
			return nil, err
		}
		var all []remoteTemplate
		err = understand(raw, &all)
		return all, err
	})
}
