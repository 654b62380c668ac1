package linearsim

import "time"

// Label is an issue label of a workspace.
type Label struct {
	ID    string
	Name  string
	Color string

	record
	ws          *Workspace
	description string
	group       bool
	creator     *User
	team        *Team
	parent      *Label
	retiredAt   time.Time
	retiredBy   *User
}

// AddLabel adds a label that every team can use. Color is "#rrggbb" and
// defaults to a grey.
func (w *Workspace) AddLabel(name, color string) *Label {
	w.srv.mu.Lock()
	defer w.srv.unlock()
	return w.addLabel(&Label{ID: w.srv.newID(), Name: name, Color: color})
}

func (w *Workspace) addLabel(l *Label) *Label {
	if l.Color == "" {
		l.Color = "#bec2c8"
	}
	l.record, l.ws = w.srv.newRecord(), w
	w.srv.take("IssueLabel", l.ID)
	w.labels = append(w.labels, l)
	return l
}

func (l *Label) typename() string { return "IssueLabel" }

func (l *Label) field(r *request, name string, a args) (any, error) {
	switch name {
	case "id":
		return l.ID, nil
	case "name":
		return l.Name, nil
	case "color":
		return l.Color, nil
	case "isGroup":
		return l.group, nil
	case "description":
		return opt(l.description), nil
	case "creator":
		return l.creator, nil
	case "team":
		return l.team, nil
	case "parent":
		return l.parent, nil
	case "createdAt":
		return l.createdAt, nil
	case "updatedAt":
		return l.updatedAt, nil
	case "retiredAt":
		return when(l.retiredAt), nil
	case "retiredBy":
		return l.retiredBy, nil
	case "issues":
		in := issuesWhere(l.ws, a.flag("includeArchived"), func(i *Issue) bool { return i.has(l) })
		return page(r, "Issue", a, in, r.srv.filters.issue)
	}
	return nil, noField("IssueLabel", name)
}

func (l *Label) child() map[string]any {
	out := map[string]any{"id": l.ID, "name": l.Name, "color": l.Color}
	if l.parent != nil {
		out["parentId"] = l.parent.ID
	}
	return out
}

func createLabel(r *request, a args) (any, error) {
	in := a.object("input")
	id, err := r.srv.claim("IssueLabel", in)
	if err != nil {
		return nil, err
	}
	l := &Label{
		ID: id, Name: in.text("name"), Color: in.text("color"), description: in.text("description"),
		group: in.flag("isGroup"), creator: r.user,
	}
	if in.set("teamId") {
		if l.team, err = r.ws.findTeam(in.text("teamId")); err != nil {
			return nil, err
		}
	}
	if in.set("parentId") {
		if l.parent, err = r.ws.findLabel(in.text("parentId")); err != nil {
			return nil, err
		}
	}
	r.ws.addLabel(l)
	r.ws.emitLabel(r, l, "create", nil)
	return r.done("IssueLabelPayload", "issueLabel", l), nil
}

func updateLabel(r *request, a args) (any, error) {
	l, err := r.ws.findLabel(a.text("id"))
	if err != nil {
		return nil, err
	}
	in := a.object("input")
	parent := l.parent
	if in.has("parentId") {
		parent = nil
		if id := in.text("parentId"); id != "" {
			if parent, err = r.ws.findLabel(id); err != nil {
				return nil, err
			}
		}
	}
	before := r.webhookData(l)
	next := *l
	next.parent = parent
	if in.set("name") {
		next.Name = in.text("name")
	}
	if in.set("color") {
		next.Color = in.text("color")
	}
	if in.has("description") {
		next.description = in.text("description")
	}
	*l = next
	l.updatedAt = r.srv.now()
	r.ws.emitLabel(r, l, "update", differences(before, r.webhookData(l)))
	return r.done("IssueLabelPayload", "issueLabel", l), nil
}

func (w *Workspace) emitLabel(r *request, l *Label, action string, from map[string]any) {
	w.srv.emit(w, event{
		action: action, typ: "IssueLabel", actor: r.user.actor(), data: r.webhookData(l), from: from, at: r.srv.now(),
	})
}

// retireLabel makes the operation that retires a label, or restores it. A retired
// label stays on its issues and cannot be put on others.
func retireLabel(retired bool) operation {
	return func(r *request, a args) (any, error) {
		l, err := r.ws.findLabel(a.text("id"))
		if err != nil {
			return nil, err
		}
		before := r.webhookData(l)
		l.retiredAt, l.retiredBy = time.Time{}, nil
		if retired {
			l.retiredAt, l.retiredBy = r.srv.now(), r.user
		}
		l.updatedAt = r.srv.now()
		r.ws.emitLabel(r, l, "update", differences(before, r.webhookData(l)))
		return r.done("IssueLabelPayload", "issueLabel", l), nil
	}
}
