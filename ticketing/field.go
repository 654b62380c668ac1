package ticketing

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// Field is a field of tickets, as a form shows it.
type Field struct {
	Name        string        `json:"name" doc:"What the field is called in the body of a ticket."`
	Label       string        `json:"label"`
	Description *string       `json:"description"`
	Type        string        `json:"type" enum:"string,text,number,date,boolean,select,multi_select,user,file"`
	EntityType  string        `json:"entity_type" enum:"ticket"`
	IsRequired  bool          `json:"is_required"`
	IsHidden    bool          `json:"is_hidden" doc:"Whether the team does not use it, such as estimates of a team that estimates nothing."`
	IsReadOnly  bool          `json:"is_read_only" doc:"Whether it can be set on create only."`
	MaxLength   *int          `json:"max_length"`
	Options     []FieldOption `json:"options"`
	Value       any           `json:"value,omitempty" doc:"What it is now, on update: the value of an option, or a list of them. Absent if it is not set."`
}

// FieldOption is a choice of a field.
type FieldOption struct {
	Value       any     `json:"value" doc:"What to send: an id, a number or a word."`
	Label       string  `json:"label"`
	Description *string `json:"description"`
	IsHidden    bool    `json:"is_hidden"`
	Color       *string `json:"color"`
}

// TicketMeta is what a form needs to create or to change a ticket.
type TicketMeta struct {
	Method string  `json:"method" enum:"create,update"`
	Team   *Team   `json:"team"`
	Ticket *IDRef  `json:"ticket"`
	Fields []Field `json:"fields"`
}

// listFields answers GET /fields. Without a team, fields whose options depend on
// one have none.
func listFields(c *call) (*reply, error) {
	t, err := c.metaTeam(false)
	if err != nil {
		return nil, err
	}
	fields, err := c.ticketForm(t, nil)
	if err != nil {
		return nil, err
	}
	return ok(&List{Result: fields, ResultCount: len(fields), Limit: maxLimit}), nil
}

// metaCreate answers GET /tickets/meta/create.
func metaCreate(c *call) (*reply, error) {
	t, err := c.metaTeam(true)
	if err != nil {
		return nil, err
	}
	fields, err := c.ticketForm(t, nil)
	if err != nil {
		return nil, err
	}
	return ok(Result{TicketMeta{Method: "create", Team: c.counted(&linearapi.Node[linearapi.Team]{Value: *t}), Fields: fields}}), nil
}

// metaUpdate answers GET /tickets/meta/update.
func metaUpdate(c *call) (*reply, error) {
	id := c.q.get("id", "ticket_id")
	ref, _ := issueRef(id)
	if ref == "" {
		return nil, invalidField("id", "required", "is required: the id of a ticket")
	}
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	n, err := client.IssueNode(c.ctx, ref)
	if err != nil {
		return nil, missing(err, "ticket", id)
	}
	if n.Value.Team == nil {
		return nil, notFound("team of the ticket", id)
	}
	t, err := c.teamOf(reference{id: n.Value.Team.ID})
	if err != nil {
		return nil, err
	}
	if t == nil {
		return nil, notFound("team", n.Value.Team.ID)
	}
	now := ticket(n, nil, c.tagByID)
	if err := c.withTypes(now); err != nil {
		return nil, err
	}
	fields, err := c.ticketForm(t, now)
	if err != nil {
		return nil, err
	}
	return ok(Result{TicketMeta{
		Method: "update", Team: c.counted(&linearapi.Node[linearapi.Team]{Value: *t}), Ticket: &IDRef{n.Value.ID}, Fields: fields,
	}}), nil
}

// metaTeam is the team that the request names, or the default one of the
// connection.
func (c *call) metaTeam(required bool) (*linearapi.Team, error) {
	id := c.q.get("team_id", "team[id]", "team[key]", "team")
	if id == "" {
		s, err := c.api.settings(c.ctx, c.conn.ID)
		if err != nil {
			return nil, err
		}
		id = s.DefaultTeamID
	}
	if id == "" {
		if required {
			return nil, invalidField("team_id", "required", "is required: the id or the key of a team")
		}
		return nil, nil //nolint:nilnil // no team is an answer
	}
	t, err := c.teamOf(reference{id: id})
	if err != nil {
		return nil, err
	}
	if t == nil {
		return nil, notFound("team", id)
	}
	return t, nil
}

// ticketForm are the fields of a form: for a new ticket if now is nil.
func (c *call) ticketForm(t *linearapi.Team, now *Ticket) ([]Field, error) {
	creating := now == nil
	of := &Entities{Users: []*User{}, Projects: []CollectionRef{}, Cycles: []CollectionRef{}, States: []*TicketStatus{}, Labels: []*Tag{}, Priorities: priorities()}
	estimates := []FieldOption{}
	if t != nil {
		var err error
		if of, err = c.entities(t, false); err != nil {
			return nil, err
		}
		estimates = estimateOptions(t)
	}
	types, err := c.ticketTypes()
	if err != nil {
		return nil, err
	}
	title, most := maxTitle, maxText
	fields := []Field{
		{Name: "name", Label: "Title", Type: "string", IsRequired: creating, MaxLength: &title},
		{Name: "description", Label: "Description", Description: text("Markdown."), Type: "text", MaxLength: &most},
		{Name: "team", Label: "Team", Type: "select", IsRequired: creating},
		{Name: "status", Label: "Status", Type: "select"},
		{Name: "priority", Label: "Priority", Type: "select"},
		{Name: "assignees", Label: "Assignee", Description: text("At most one."), Type: "user"},
		{Name: "collections", Label: "Project, cycle, milestone", Description: text("At most one of each type."), Type: "multi_select"},
		{Name: "tags", Label: "Labels", Type: "multi_select"},
		{Name: "ticket_type", Label: "Type", Type: "select", IsHidden: len(types) == 0},
		{Name: "template", Label: "Template", Type: "select", IsReadOnly: true, IsHidden: !creating || len(of.Templates) == 0},
		{Name: "parent_ticket", Label: "Parent", Type: "string"},
		{Name: "due_date", Label: "Due date", Type: "date"},
		{Name: "estimate", Label: "Estimate", Type: "select", Options: estimates, IsHidden: len(estimates) == 0},
		{Name: "subscribers", Label: "Subscribers", Type: "user"},
		{Name: "attachments", Label: "Attachments", Type: "file", IsReadOnly: true, IsHidden: !creating},
		{Name: "created_at", Label: "Created", Description: text("For imports."), Type: "date", IsReadOnly: true, IsHidden: true},
	}
	teams, err := c.teams()
	if err != nil {
		return nil, err
	}
	users := []FieldOption{}
	for _, u := range of.Users {
		users = append(users, FieldOption{Value: u.ID, Label: u.Name, Description: u.Username})
	}
	for i := range fields {
		f := &fields[i]
		f.EntityType = "ticket"
		switch f.Name {
		case "team":
			for _, n := range teams {
				f.Options = append(f.Options, FieldOption{Value: n.Value.ID, Label: n.Value.Name, Description: text(n.Value.Key), Color: text(n.Value.Color)})
			}
			slices.SortStableFunc(f.Options, func(x, y FieldOption) int { return strings.Compare(strings.ToLower(x.Label), strings.ToLower(y.Label)) })
		case "status":
			f.Options = statusOptions(of.States)
		case "priority":
			for n, p := range of.Priorities {
				f.Options = append(f.Options, FieldOption{Value: n, Label: p.Name, Description: text(p.Level)})
			}
		case "assignees", "subscribers":
			f.Options = users
		case "collections":
			for _, v := range slices.Concat(of.Projects, of.Cycles) {
				f.Options = append(f.Options, FieldOption{Value: v.ID, Label: v.Name, Description: text(v.Type)})
			}
		case "tags":
			for _, v := range of.Labels {
				f.Options = append(f.Options, FieldOption{Value: v.ID, Label: v.Name, Description: v.Description, Color: text(v.Color)})
			}
		}
		switch f.Name {
		case "ticket_type":
			for _, v := range types {
				f.Options = append(f.Options, FieldOption{Value: v.ID, Label: v.Name, Description: v.Description})
			}
		case "template":
			for _, v := range of.Templates {
				f.Options = append(f.Options, FieldOption{Value: v.ID, Label: v.Name, Description: v.Description})
			}
		}
		if f.Options == nil {
			f.Options = []FieldOption{}
		}
		if now != nil {
			f.Value = now.valueOf(f.Name)
		}
	}
	return fields, nil
}

// statusOptions are the statuses of a team, in the order of its board.
func statusOptions(states []*TicketStatus) []FieldOption {
	order := stateTypes()
	states = slices.Clone(states)
	slices.SortStableFunc(states, func(x, y *TicketStatus) int {
		return cmp.Or(cmp.Compare(slices.Index(order, x.Type), slices.Index(order, y.Type)), cmp.Compare(x.Position, y.Position))
	})
	out := []FieldOption{}
	for _, s := range states {
		out = append(out, FieldOption{Value: s.ID, Label: s.Name, Description: text(s.Type), Color: text(s.Color)})
	}
	return out
}

// estimateOptions is the scale of a team; empty if it estimates nothing.
func estimateOptions(t *linearapi.Team) []FieldOption {
	scale := map[string][]int{
		"exponential": {1, 2, 4, 8, 16, 32, 64}, "fibonacci": {1, 2, 3, 5, 8, 13, 21}, "linear": {1, 2, 3, 4, 5, 6, 7}, "tShirt": {1, 2, 3, 5, 8, 13, 21},
	}[t.EstimationType]
	const plain = 5 // the rest is for teams that extend their scale
	if len(scale) > 0 && !t.EstimationExtended {
		scale = scale[:plain]
	}
	if len(scale) > 0 && t.EstimationAllowZero {
		scale = append([]int{0}, scale...)
	}
	sizes := map[int]string{0: "None", 1: "XS", 2: "S", 3: "M", 5: "L", 8: "XL", 13: "XXL", 21: "XXXL"}
	out := []FieldOption{}
	for _, n := range scale {
		label := strconv.Itoa(n)
		if t.EstimationType == "tShirt" {
			label = sizes[n]
		}
		out = append(out, FieldOption{Value: n, Label: label})
	}
	return out
}

// valueOf is what a field of a form is now.
func (t *Ticket) valueOf(field string) any {
	ids := []string{}
	switch field {
	case "name":
		return t.Name
	case "description":
		return pointed(t.Description)
	case "team":
		if t.Team != nil {
			return t.Team.ID
		}
	case "status":
		if t.Status != nil {
			return t.Status.ID
		}
	case "priority":
		n, _ := priorityOf(t.Priority.ID)
		return n
	case "assignees", "subscribers":
		people := t.Assignees
		if field == "subscribers" {
			people = t.Subscribers
		}
		for _, p := range people {
			ids = append(ids, p.ID)
		}
		return ids
	case "collections":
		for _, v := range t.Collections {
			ids = append(ids, v.ID)
		}
		return ids
	case "tags":
		for _, v := range t.Tags {
			ids = append(ids, v.ID)
		}
		return ids
	case "ticket_type":
		if t.TicketType != nil {
			return t.TicketType.ID
		}
	case "parent_ticket":
		if t.ParentTicket != nil {
			return t.ParentTicket.ID
		}
	case "due_date":
		return pointed(t.DueDate)
	case "estimate":
		return pointed(t.Estimate)
	case "created_at":
		return pointed(t.CreatedAt)
	}
	return nil
}

// pointed is what a pointer leads to; nil stays nil.
func pointed[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}
