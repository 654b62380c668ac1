package linearsim

// Team is a team of a workspace.
type Team struct {
	ID   string
	Key  string
	Name string

	record
	ws     *Workspace
	states []*State
	last   int            // number of the newest issue
	extra  map[string]any // fields without behavior
}

// members are the people of a team: everyone in the workspace.
func (t *Team) members() []*User { return t.ws.users }

// AddTeam adds a team with the states Triage, Backlog, Todo, In Progress, In
// Review, Done and Canceled. Its issues are numbered <key>-1, <key>-2, ….
func (w *Workspace) AddTeam(key, name string) *Team {
	w.srv.mu.Lock()
	defer w.srv.unlock()
	return w.addTeam(key, name)
}

func (w *Workspace) addTeam(key, name string) *Team {
	s := w.srv
	t := &Team{ID: s.newID(), Key: key, Name: name, record: s.newRecord(), ws: w}
	for i, st := range [][3]string{
		{"Triage", "triage", "#fc7840"},
		{"Backlog", "backlog", "#bec2c8"},
		{"Todo", "unstarted", "#e2e2e2"},
		{"In Progress", "started", "#f2c94c"},
		{"In Review", "started", "#0f783c"},
		{"Done", "completed", "#5e6ad2"},
		{"Canceled", "canceled", "#95a2b3"},
	} {
		t.states = append(t.states, &State{
			ID: s.newID(), Name: st[0], Type: st[1], record: s.newRecord(),
			color: st[2], position: float64(i), team: t,
		})
	}
	t.extra = map[string]any{"timezone": "Etc/UTC", "cycleDuration": 2}
	w.teams = append(w.teams, t)
	return t
}

// State returns the workflow state with that name, or nil.
func (t *Team) State(name string) *State {
	for _, st := range t.states {
		if st.Name == name {
			return st
		}
	}
	return nil
}

func (t *Team) typename() string { return "Team" }

func (t *Team) field(r *request, name string, a args) (any, error) {
	switch name {
	case "id":
		return t.ID, nil
	case "key":
		return t.Key, nil
	case "name", "displayName":
		return t.Name, nil
	case "createdAt":
		return t.createdAt, nil
	case "updatedAt":
		return t.updatedAt, nil
	case "inviteHash":
		return derivedID(t.ID)[:8], nil
	case "memberships":
		var own []item
		for _, m := range t.ws.memberships() {
			if m, ok := m.(*membership); ok && m.team == t {
				own = append(own, m)
			}
		}
		return own, nil
	case "membership":
		for _, m := range t.ws.memberships() {
			if m, ok := m.(*membership); ok && m.team == t && m.user.ID == a.text("userId") {
				return m, nil
			}
		}
		return nil, nil
	case "viewerMembership":
		for _, m := range t.ws.memberships() {
			if m, ok := m.(*membership); ok && m.team == t && m.user == r.user {
				return m, nil
			}
		}
		return nil, nil
	case "activeCycle":
		for _, c := range where(t.ws.things["Cycle"], func(c *thing) bool { return c.is("team", t) }) {
			if r.srv.during(c.time("startsAt"), c.time("endsAt")) {
				return c, nil
			}
		}
		return nil, nil
	case "visibility", "issueEstimationType":
		if v, set := t.extra[name].(string); set {
			return v, nil
		}
		return map[string]string{"visibility": "public", "issueEstimationType": "notUsed"}[name], nil
	case "triageIssueState":
		return t.State("Triage"), nil
	case "defaultIssueState":
		return t.State("Backlog"), nil
	case "organization":
		return t.ws, nil
	case "states":
		return page(r, "WorkflowState", a, t.states, r.srv.filters.state)
	case "members":
		return page(r, "User", a, t.members(), r.srv.filters.user)
	case "labels":
		return page(r, "IssueLabel", a, t.ws.labels, r.srv.filters.label)
	case "issueCount":
		return len(t.issues(a.flag("includeArchived"))), nil
	case "issues":
		return page(r, "Issue", a, t.issues(a.flag("includeArchived")), r.srv.filters.issue)
	}
	if v, ok := t.extra[name]; ok {
		return v, nil
	}
	return nil, noField("Team", name)
}

func (t *Team) issues(trashed bool) []*Issue {
	return issuesWhere(t.ws, trashed, func(i *Issue) bool { return i.Team == t })
}

// child is the form of a team inside webhook bodies.
func (t *Team) child() map[string]any {
	return map[string]any{"id": t.ID, "key": t.Key, "name": t.Name}
}

// State is a workflow state of a team. Type is one of triage, backlog,
// unstarted, started, completed and canceled.
type State struct {
	ID   string
	Name string
	Type string

	record
	color       string
	description string
	position    float64
	team        *Team
}

func (st *State) typename() string { return "WorkflowState" }

func (st *State) field(r *request, name string, a args) (any, error) {
	switch name {
	case "id":
		return st.ID, nil
	case "name":
		return st.Name, nil
	case "type":
		return st.Type, nil
	case "color":
		return st.color, nil
	case "description":
		return opt(st.description), nil
	case "position":
		return st.position, nil
	case "team":
		return st.team, nil
	case "createdAt":
		return st.createdAt, nil
	case "updatedAt":
		return st.updatedAt, nil
	case "issues":
		in := issuesWhere(st.team.ws, a.flag("includeArchived"), func(i *Issue) bool { return i.state == st })
		return page(r, "Issue", a, in, r.srv.filters.issue)
	}
	return nil, noField("WorkflowState", name)
}
