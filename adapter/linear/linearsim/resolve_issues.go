package linearsim

import (
	"maps"
	"slices"
	"strings"
)

func directoryQueries() map[string]operation {
	return map[string]operation{
		"viewer":       func(r *request, _ args) (any, error) { return r.user, nil },
		"organization": func(r *request, _ args) (any, error) { return r.ws, nil },
		"user": func(r *request, a args) (any, error) {
			if a.text("id") == "me" {
				return r.user, nil
			}
			return r.ws.findUser(a.text("id"))
		},
		"users": func(r *request, a args) (any, error) {
			return page(r, "User", a, r.ws.users, r.srv.filters.user)
		},
		"team": func(r *request, a args) (any, error) { return r.ws.findTeam(a.text("id")) },
		"teams": func(r *request, a args) (any, error) {
			return page(r, "Team", a, r.ws.teams, r.srv.filters.team)
		},
		"workflowState": func(r *request, a args) (any, error) { return r.ws.findState(a.text("id")) },
		"workflowStates": func(r *request, a args) (any, error) {
			var all []*State
			for _, t := range r.ws.teams {
				all = append(all, t.states...)
			}
			return page(r, "WorkflowState", a, all, r.srv.filters.state)
		},
		"issueLabel": func(r *request, a args) (any, error) { return r.ws.findLabel(a.text("id")) },
		"issueLabels": func(r *request, a args) (any, error) {
			return page(r, "IssueLabel", a, r.ws.labels, r.srv.filters.label)
		},
		"rateLimitStatus": func(r *request, _ args) (any, error) { return r.limits(), nil },
	}
}

func issueQueries() map[string]operation {
	return map[string]operation{
		"issue": func(r *request, a args) (any, error) { return r.ws.findIssue(a.text("id")) },
		"issues": func(r *request, a args) (any, error) {
			all := issuesWhere(r.ws, a.flag("includeArchived"), func(*Issue) bool { return true })
			return page(r, "Issue", a, all, r.srv.filters.issue)
		},
	}
}

func issueMutations() map[string]operation {
	return map[string]operation{
		"issueCreate": createIssue,
		"issueUpdate": func(r *request, a args) (any, error) {
			i, err := r.ws.findIssue(a.text("id"))
			if err != nil {
				return nil, err
			}
			return r.updateIssue(i, a.object("input"))
		},
		"issueDelete": func(r *request, a args) (any, error) {
			i, err := r.ws.findIssue(a.text("id"))
			if err != nil {
				return nil, err
			}
			r.srv.trash(i, r.user)
			return r.done("IssueArchivePayload", "entity", i), nil
		},
		"issueAddLabel": func(r *request, a args) (any, error) {
			return r.relabel(a, "addedLabelIds")
		},
		"issueRemoveLabel": func(r *request, a args) (any, error) {
			return r.relabel(a, "removedLabelIds")
		},
		"issueLabelCreate":  createLabel,
		"issueLabelUpdate":  updateLabel,
		"issueLabelRetire":  retireLabel(true),
		"issueLabelRestore": retireLabel(false),
		"issueLabelDelete": func(r *request, a args) (any, error) {
			l, err := r.ws.findLabel(a.text("id"))
			if err != nil {
				return nil, err
			}
			r.ws.labels = slices.DeleteFunc(slices.Clone(r.ws.labels), func(v *Label) bool { return v == l })
			for _, i := range r.ws.issues {
				i.labels = slices.DeleteFunc(slices.Clone(i.labels), func(v *Label) bool { return v == l })
			}
			r.ws.emitLabel(r, l, "remove", nil)
			return r.done("DeletePayload", "entityId", l.ID), nil
		},
		"issueBatchCreate": func(r *request, a args) (any, error) {
			var made []*Issue
			for _, in := range a.object("input").list("issues") {
				v, err := createIssue(r, args{"input": in})
				if err != nil {
					return nil, err
				}
				if p, ok := v.(payload); ok {
					if i, ok := p.values["issue"].(*Issue); ok {
						made = append(made, i)
					}
				}
			}
			return r.done("IssueBatchPayload", "issues", made), nil
		},
		"issueBatchUpdate": func(r *request, a args) (any, error) {
			ids := a.texts("ids")
			if len(ids) > 50 {
				return nil, invalidField("ids", "arrayMaxSize", "ids must contain no more than 50 elements")
			}
			var changed []*Issue
			for _, id := range ids {
				i, err := r.ws.findIssue(id)
				if err != nil {
					return nil, err
				}
				if _, err := r.updateIssue(i, a.object("input")); err != nil {
					return nil, err
				}
				changed = append(changed, i)
			}
			return r.done("IssueBatchPayload", "issues", changed), nil
		},
		"issueSubscribe":   func(r *request, a args) (any, error) { return r.subscription(a, true) },
		"issueUnsubscribe": func(r *request, a args) (any, error) { return r.subscription(a, false) },
		// The reminder is taken and never sent: it is a notification of the caller.
		"issueReminder": func(r *request, a args) (any, error) {
			i, err := r.ws.findIssue(a.text("id"))
			if err != nil {
				return nil, err
			}
			return r.done("IssuePayload", "issue", i), nil
		},
	}
}

func (r *request) relabel(a args, field string) (any, error) {
	i, err := r.ws.findIssue(a.text("id"))
	if err != nil {
		return nil, err
	}
	return r.updateIssue(i, args{field: []any{a.text("labelId")}})
}

// subscription adds the caller or a named person to the subscribers of an issue,
// or removes them.
func (r *request) subscription(a args, on bool) (any, error) {
	i, err := r.ws.findIssue(a.text("id"))
	if err != nil {
		return nil, err
	}
	u := r.user
	switch {
	case a.set("userId"):
		u, err = r.ws.findUser(a.text("userId"))
	case a.set("userEmail"):
		var ok bool
		if u, ok = byID(r.ws.users, a.text("userEmail"), func(u *User) string { return u.Email }); !ok {
			err = notFound("User")
		}
	}
	if err != nil {
		return nil, err
	}
	r.srv.changeIssue(i, r.user, func() {
		if on {
			i.subscribe(u)
			return
		}
		i.subscribers = slices.DeleteFunc(slices.Clone(i.subscribers), func(v *User) bool { return v == u })
	})
	return r.done("IssuePayload", "issue", i), nil
}

func createIssue(r *request, a args) (any, error) {
	in := a.object("input")
	id, err := r.srv.claim("Issue", in)
	if err != nil {
		return nil, err
	}
	i := &Issue{ID: id, Creator: r.user, asUser: in.text("createAsUser"), iconURL: in.text("displayIconUrl")}
	if i.asUser != "" && !r.user.App {
		return nil, invalidArgument("createAsUser can only be used by an app user")
	}
	if strings.TrimSpace(in.text("title")) == "" {
		return nil, invalidField("title", "isNotEmpty", "title should not be empty")
	}
	if i.Team, err = r.ws.findTeam(in.text("teamId")); err != nil {
		return nil, err
	}
	i.state = i.Team.State("Backlog")
	i.subscribe(r.user)
	if i.CreatedAt, err = in.time("createdAt"); err != nil {
		return nil, err
	}
	apply, err := r.issueChange(i, in)
	if err != nil {
		return nil, err
	}
	apply()
	return r.done("IssuePayload", "issue", r.srv.addIssue(i)), nil
}

func (r *request) updateIssue(i *Issue, in args) (any, error) {
	apply, err := r.issueChange(i, in)
	if err != nil {
		return nil, err
	}
	r.srv.changeIssue(i, r.user, apply)
	return r.done("IssuePayload", "issue", i), nil
}

// issueChange checks the input of issueCreate or issueUpdate and returns what
// applies it. If any part of the input is invalid, nothing changes.
func (r *request) issueChange(i *Issue, in args) (func(), error) {
	next := i.issueFields
	var err error
	for _, f := range []struct {
		name string
		set  func(id string) error
	}{
		{"stateId", func(id string) error { return r.moveTo(i.Team, &next, id) }},
		{"assigneeId", func(id string) (err error) { next.assignee, err = r.person(id); return err }},
		{"delegateId", func(id string) (err error) {
			next.delegate, err = r.person(id)
			if err == nil && next.delegate != nil {
				if in := next.delegate.app(); in == nil || !in.assignable() {
					return inputError("Issues can only be delegated to apps with the scope app:assignable.", "This user cannot be a delegate.")
				}
			}
			return err
		}},
		{"parentId", func(id string) (err error) {
			if next.parent = nil; id != "" {
				next.parent, err = r.ws.findIssue(id)
			}
			return err
		}},
	} {
		if in.has(f.name) {
			if err = f.set(in.text(f.name)); err != nil {
				return nil, err
			}
		}
	}
	if err = r.projectChange(&next, in); err != nil {
		return nil, err
	}
	if in.set("labelIds") {
		next.labels = nil
	}
	for _, name := range []string{"labelIds", "addedLabelIds"} {
		for _, id := range in.texts(name) {
			l, err := r.ws.findLabel(id)
			if err != nil {
				return nil, err
			}
			if !next.has(l) {
				next.labels = append(slices.Clone(next.labels), l)
			}
		}
	}
	for _, id := range in.texts("removedLabelIds") {
		next.labels = slices.DeleteFunc(slices.Clone(next.labels), func(l *Label) bool { return l.ID == id })
	}
	if in.set("subscriberIds") {
		next.subscribers = nil
		for _, id := range in.texts("subscriberIds") {
			u, err := r.ws.findUser(id)
			if err != nil {
				return nil, err
			}
			next.subscribe(u)
		}
	}
	if in.set("title") {
		next.title = in.text("title")
	}
	if in.has("description") {
		next.description, next.typed = r.srv.stored(in.text("description")), false
	}
	if in.has("dueDate") {
		next.dueDate = in.text("dueDate")
	}
	if p, ok := in.number("priority"); ok {
		if p < 0 || p > 4 {
			return nil, invalidField("priority", "max", "priority must be between 0 and 4")
		}
		next.priority = int(p)
	}
	if in.has("estimate") {
		next.estimate = nil
		if n, ok := in.number("estimate"); ok {
			next.estimate = n
		}
	}
	if n, ok := in.number("sortOrder"); ok {
		next.sortOrder = n
	}
	rest := args{}
	for _, name := range keptOfIssue() {
		if in.has(name) {
			rest[name] = in[name]
		}
	}
	extra, err := r.assigned("Issue", rest)
	if err != nil {
		return nil, err
	}
	if len(extra) > 0 {
		next.extra = maps.Clone(next.extra)
		if next.extra == nil {
			next.extra = map[string]any{}
		}
		maps.Copy(next.extra, extra)
	}
	return func() { // under the same lock, so nothing changed in between
		moved := next.state != i.state
		i.issueFields = next
		if moved {
			i.enter(next.state, r.srv.now())
		}
	}, nil
}

// keptOfIssue are the input fields of issues that are stored without effect.
func keptOfIssue() []string {
	return []string{"snoozedUntilAt", "snoozedById", "slaBreachesAt", "slaStartedAt", "subIssueSortOrder", "inheritsSharedAccess", "sourceCommentId"}
}

func (r *request) moveTo(t *Team, i *issueFields, id string) error {
	st, ok := byID(t.states, id, func(s *State) string { return s.ID })
	if !ok {
		return notFound("WorkflowState")
	}
	i.state = st
	return nil
}

// person finds a user; it returns nil for an empty id.
func (r *request) person(id string) (*User, error) {
	if id == "" {
		return nil, nil //nolint:nilnil // no person is a valid answer
	}
	return r.ws.findUser(id)
}

func (w *Workspace) findUser(id string) (*User, error) {
	u, ok := byID(w.users, id, func(u *User) string { return u.ID })
	if !ok {
		return nil, notFound("User")
	}
	return u, nil
}

// findTeam resolves an id or a key.
func (w *Workspace) findTeam(id string) (*Team, error) {
	for _, t := range w.teams {
		if t.ID == id || strings.EqualFold(t.Key, id) {
			return t, nil
		}
	}
	return nil, notFound("Team")
}

func (w *Workspace) findState(id string) (*State, error) {
	for _, t := range w.teams {
		if st, ok := byID(t.states, id, func(s *State) string { return s.ID }); ok {
			return st, nil
		}
	}
	return nil, notFound("WorkflowState")
}

func (w *Workspace) findLabel(id string) (*Label, error) {
	l, ok := byID(w.labels, id, func(l *Label) string { return l.ID })
	if !ok {
		return nil, notFound("IssueLabel")
	}
	return l, nil
}
