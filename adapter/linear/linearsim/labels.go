package linearsim

import "time"

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
