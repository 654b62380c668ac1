package linearsim

// projectStatus returns the status of a type that projects of the workspace
// have. Workspaces start with the six of Linear.
func (w *Workspace) projectStatus(typ string) *thing {
	if len(w.things["ProjectStatus"]) == 0 {
		for i, st := range [][3]string{
			{"Backlog", "backlog", "#bec2c8"},
			{"Planned", "planned", "#e2e2e2"},
			{"In Progress", "started", "#f2c94c"},
			{"Paused", "paused", "#95a2b3"},
			{"Completed", "completed", "#5e6ad2"},
			{"Canceled", "canceled", "#95a2b3"},
		} {
			w.addThing("ProjectStatus", w.srv.newID(), map[string]any{
				"name": st[0], "type": st[1], "color": st[2], "position": i, "indefinite": false,
			})
		}
	}
	for _, t := range w.things["ProjectStatus"] {
		if t.text("type") == typ {
			return t
		}
	}
	return w.things["ProjectStatus"][0]
}

// derive answers fields of things that follow from others.
func derive(r *request, t *thing, name string) (any, bool) {
	switch t.typ + "." + name {
	case "Project.state":
		st, _ := t.values["status"].(*thing)
		if st == nil {
			return "backlog", true
		}
		return st.text("type"), true
	case "Project.description":
		return "", true
	case "Project.color":
		return "#bec2c8", true
	case "Project.priorityLabel":
		n, _ := number(t.values["priority"])
		return priorityLabel(int(n)), true
	case "Project.issueCount":
		return len(t.issues()), true
	case "Project.progress", "Cycle.progress":
		return progress(t.issues()), true
	case "Project.lastUpdate", "Initiative.lastUpdate":
		if last := t.lastUpdate(); last != nil {
			return last, true
		}
		return nil, true
	case "Project.health", "Initiative.health":
		if last := t.lastUpdate(); last != nil {
			return last.values["health"], true
		}
		return nil, true
	case "Initiative.projects":
		return t.joined("InitiativeToProject", "initiative", "project"), true
	case "Project.initiatives":
		return t.joined("InitiativeToProject", "project", "initiative"), true
	case "Initiative.parentInitiative":
		if above := t.joined("InitiativeRelation", "relatedInitiative", "initiative"); len(above) > 0 {
			return above[0], true
		}
		return nil, true
	case "Initiative.parentInitiatives":
		return t.joined("InitiativeRelation", "relatedInitiative", "initiative"), true
	case "Initiative.subInitiatives":
		return t.joined("InitiativeRelation", "initiative", "relatedInitiative"), true
	case "Project.initiativeToProjects":
		return items(where(t.ws.things["InitiativeToProject"], func(j *thing) bool { return j.is("project", t) })), true
	case "Document.comments":
		content, _ := t.values["documentContent"].(*thing)
		var on []item
		for _, c := range t.ws.comments {
			if content != nil && c.on == content {
				on = append(on, c)
			}
		}
		return on, true
	case "ProjectUpdate.bodyData", "InitiativeUpdate.bodyData":
		return editorText(t.ws, t.text("body"), false), true
	case "Cycle.isActive":
		return r.srv.during(t.time("startsAt"), t.time("endsAt")), true
	case "Cycle.isFuture":
		return r.srv.now().Before(t.time("startsAt")), true
	case "Cycle.isPast":
		return !r.srv.now().Before(t.time("endsAt")), true
	case "Cycle.isNext", "Cycle.isPrevious":
		return false, true
	case "Customer.status":
		return t.ws.customerStatus(), true
	case "Customer.approximateNeedCount":
		return len(where(t.ws.things["CustomerNeed"], func(n *thing) bool { return n.is("customer", t) })), true
	case "Document.documentContentId":
		if c, ok := t.values["documentContent"].(*thing); ok {
			return c.id, true
		}
	case "ProjectUpdate.commentCount", "InitiativeUpdate.commentCount":
		n := 0
		for _, c := range t.ws.comments {
			if c.on == t {
				n++
			}
		}
		return n, true
	}
	return nil, false
}

// issues are those of a project or a cycle.
func (t *thing) issues() []*Issue {
	return issuesWhere(t.ws, false, func(i *Issue) bool { return i.project == t || i.cycle == t })
}

// progress is the share of issues that are completed.
func progress(in []*Issue) float64 {
	completed := 0
	for _, i := range in {
		if i.state.Type == "completed" {
			completed++
		}
	}
	return float64(completed) / float64(max(1, len(in)))
}

// lastUpdate is the newest update of a project or initiative, nil without one.
func (t *thing) lastUpdate() *thing {
	own := where(t.ws.things[t.typ+"Update"], func(u *thing) bool { return u.is(lowerFirst(t.typ), t) })
	if len(own) == 0 {
		return nil
	}
	return own[len(own)-1]
}

// joined are the entities that are connected to t by join entities.
func (t *thing) joined(join, from, to string) []item {
	out := []item{}
	for _, j := range t.ws.things[join] {
		if other, ok := j.values[to].(*thing); ok && j.is(from, t) {
			out = append(out, other)
		}
	}
	return out
}

func (w *Workspace) customerStatus() *thing {
	if len(w.things["CustomerStatus"]) == 0 {
		w.addThing("CustomerStatus", w.srv.newID(), map[string]any{
			"name": "Active", "displayName": "Active", "color": "#4cb782", "position": 0, "type": "active",
		})
	}
	return w.things["CustomerStatus"][0]
}
