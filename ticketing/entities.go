package ticketing

import (
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
		Team: *team(&linearapi.Node[linearapi.Team]{Value: *t}), Users: []*User{}, Projects: []CollectionRef{}, Cycles: []CollectionRef{},
		States: []*TicketStatus{}, Labels: []*Tag{}, Priorities: priorities(),
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
	for _, p := range projects {
		out.Projects = append(out.Projects, CollectionRef{p.Value.ID, p.Value.Name, "project"})
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
			out.Labels = append(out.Labels, tag(&labels[i]))
		}
	}
	return out, nil
}
