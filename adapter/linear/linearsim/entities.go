package linearsim

import (
	"slices"
	"strings"
)

// all lists the entities of a type in the workspace, oldest first.
func (r *request) all(entity string, archived bool) []item {
	w := r.ws
	switch entity {
	case "Issue":
		return items(issuesWhere(w, archived, func(*Issue) bool { return true }))
	case "Comment":
		return items(visible(w.comments))
	case "User":
		return items(w.users)
	case "Team":
		return items(w.teams)
	case "WorkflowState":
		var out []item
		for _, t := range w.teams {
			out = append(out, items(t.states)...)
		}
		return out
	case "IssueLabel":
		return items(w.labels)
	case "AgentSession":
		return items(w.sessions)
	case "AgentActivity":
		var out []item
		for _, x := range w.sessions {
			out = append(out, items(x.activities)...)
		}
		return out
	case "ExternalUser":
		return items(w.external)
	case "Webhook":
		return items(w.registrations)
	case "TeamMembership":
		return w.memberships()
	case "Notification":
		var out []item
		for _, n := range w.notifications {
			if n.user == r.user && (archived || n.archived.IsZero()) {
				out = append(out, n)
			}
		}
		return out
	}
	return items(where(w.things[entity], func(t *thing) bool { return archived || !t.archived() }))
}

func items[T item](in []T) []item {
	out := make([]item, len(in))
	for i, v := range in {
		out[i] = v
	}
	return out
}

// referring lists the entities of a type that name a node in one of their
// fields: the documents of a project, for example. The name of the list says
// which field counts if there are several.
func (r *request) referring(name, entity string, n node, archived bool) []item {
	d := r.srv.schema.Types[entity]
	if d == nil {
		return nil
	}
	n = bare(n)
	var single, many []string
	for _, f := range d.Fields {
		switch {
		case f.Type.NamedType == n.typename():
			single = append(single, f.Name)
		case entityOf(f.Type.NamedType) == n.typename():
			many = append(many, f.Name)
		}
	}
	// A field that is named like the type says what an entity belongs to.
	own := lowerFirst(n.typename())
	switch {
	case strings.HasPrefix(name, "former"):
		return nil // entities never move between issues here
	case strings.HasPrefix(name, "inverse"):
		own = "related" + n.typename()
	}
	if slices.Contains(single, own) {
		single = []string{own}
	}
	if len(single)+len(many) == 0 {
		return nil
	}
	var out []item
	for _, v := range r.all(entity, archived) {
		if refers(r, v, n, single, many) {
			out = append(out, v)
		}
	}
	return out
}

func refers(r *request, v item, n node, single, many []string) bool {
	for _, name := range single {
		if to, err := v.field(r, name, nil); err == nil && !isNil(to) {
			if other, ok := to.(node); ok && bare(other) == n {
				return true
			}
		}
	}
	t, ok := v.(*thing)
	if !ok {
		return false
	}
	for _, name := range many {
		list, _ := t.values[name].([]item)
		if slices.ContainsFunc(list, func(i item) bool { return bare(i) == n }) {
			return true
		}
	}
	return false
}

// bare unwraps a search result.
func bare(n node) node {
	if found, ok := n.(searchResult); ok {
		return found.Issue
	}
	return n
}

// find returns an entity of the workspace by its id, or by the short names that
// Linear accepts as well: identifiers of issues, keys of teams, slugs.
func (r *request) find(typ, id string) (node, error) {
	w := r.ws
	switch typ {
	case "Issue":
		return found(w.findIssue(id))
	case "Comment":
		return found(w.findComment(id))
	case "User":
		return found(w.findUser(id))
	case "Team":
		return found(w.findTeam(id))
	case "WorkflowState":
		return found(w.findState(id))
	case "IssueLabel":
		return found(w.findLabel(id))
	case "AgentSession":
		return found(w.findSession(id))
	case "Organization":
		if id == w.ID {
			return w, nil
		}
	}
	for _, v := range r.all(typ, true) {
		if got, _ := v.field(r, "id", nil); got == id {
			return v, nil
		}
		if t, ok := v.(*thing); ok && id != "" && (t.is("slugId", id) || strings.HasSuffix(id, "-"+t.text("slugId")) && t.text("slugId") != "") {
			return v, nil
		}
	}
	return nil, notFound(typ)
}

// found keeps a nil pointer out of an interface.
func found[T node](n T, err error) (node, error) {
	if err != nil {
		return nil, err
	}
	return n, nil
}

// membership is a person's place in a team. Linear stores one for each; here
// everyone is a member of every team, so that one is made when asked for.
type membership struct {
	record
	team *Team
	user *User
}

func (w *Workspace) memberships() []item {
	var out []item
	for _, t := range w.teams {
		for _, u := range t.members() {
			out = append(out, &membership{record: u.record, team: t, user: u})
		}
	}
	return out
}

func (*membership) typename() string { return "TeamMembership" }

func (m *membership) field(_ *request, name string, _ args) (any, error) {
	switch name {
	case "id":
		return derivedID(m.team.ID, m.user.ID), nil
	case "team":
		return m.team, nil
	case "user":
		return m.user, nil
	case "createdAt":
		return m.createdAt, nil
	case "updatedAt":
		return m.updatedAt, nil
	case "owner":
		return m.user.Admin, nil
	}
	return nil, noField("TeamMembership", name)
}
