package linearsim

import (
	"maps"
	"slices"
	"strings"
	"unicode"
)

// directoryMutations are those of teams, states, people and the workspace.
func directoryMutations() map[string]operation {
	return map[string]operation{
		"teamCreate":           createTeam,
		"teamUpdate":           updateTeam,
		"teamDelete":           deleteTeam,
		"workflowStateCreate":  createState,
		"workflowStateUpdate":  updateState,
		"workflowStateArchive": archiveState,
		"userUpdate":           updateUser,
		"organizationUpdate":   updateOrganization,
	}
}

func createTeam(r *request, a args) (any, error) {
	in := a.object("input")
	id, err := r.srv.claim("Team", in)
	if err != nil {
		return nil, err
	}
	name := strings.TrimSpace(in.text("name"))
	if name == "" {
		return nil, invalidField("name", "isNotEmpty", "name should not be empty")
	}
	key := strings.ToUpper(in.text("key"))
	if key == "" {
		key = strings.ToUpper(strings.ReplaceAll(slug(name), "-", ""))
		key = key[:min(3, len(key))]
	}
	if _, taken := byID(r.ws.teams, key, func(t *Team) string { return t.Key }); taken || key == "" {
		return nil, inputError("Team key is taken or empty: "+key, "The team key "+key+" cannot be used.")
	}
	t := r.ws.addTeam(key, name)
	t.ID = id
	r.srv.take("Team", id)
	if err := r.describe(t, in); err != nil {
		return nil, err
	}
	return r.done("TeamPayload", "team", t), nil
}

// describe sets what a team keeps without behavior.
func (r *request) describe(t *Team, in args) error {
	values, err := r.assigned("Team", in)
	if err != nil {
		return err
	}
	for _, own := range []string{"id", "key", "name"} {
		delete(values, own)
	}
	maps.Copy(t.extra, values)
	return nil
}

func updateTeam(r *request, a args) (any, error) {
	t, err := r.ws.findTeam(a.text("id"))
	if err != nil {
		return nil, err
	}
	in := a.object("input")
	if in.set("name") {
		t.Name = in.text("name")
	}
	if err := r.describe(t, in); err != nil {
		return nil, err
	}
	t.updatedAt = r.srv.now()
	return r.done("TeamPayload", "team", t), nil
}

func deleteTeam(r *request, a args) (any, error) {
	t, err := r.ws.findTeam(a.text("id"))
	if err != nil {
		return nil, err
	}
	for _, i := range t.issues(false) {
		r.srv.trash(i, r.user)
	}
	r.ws.teams = slices.DeleteFunc(slices.Clone(r.ws.teams), func(v *Team) bool { return v == t })
	return r.done("DeletePayload", "entityId", t.ID), nil
}

func createState(r *request, a args) (any, error) {
	in := a.object("input")
	id, err := r.srv.claim("WorkflowState", in)
	if err != nil {
		return nil, err
	}
	t, err := r.ws.findTeam(in.text("teamId"))
	if err != nil {
		return nil, err
	}
	typ := in.text("type")
	if !slices.Contains([]string{"triage", "backlog", "unstarted", "started", "completed", "canceled", "duplicate"}, typ) {
		return nil, invalidField("type", "isEnum", "type must be a valid workflow state type")
	}
	position, ok := in.number("position")
	if !ok {
		position = float64(len(t.states))
	}
	st := &State{
		ID: id, Name: in.text("name"), Type: typ, record: r.srv.newRecord(), color: in.text("color"),
		description: in.text("description"), position: position, team: t,
	}
	r.srv.take("WorkflowState", id)
	t.states = append(t.states, st)
	return r.done("WorkflowStatePayload", "workflowState", st), nil
}

func updateState(r *request, a args) (any, error) {
	st, err := r.ws.findState(a.text("id"))
	if err != nil {
		return nil, err
	}
	in := a.object("input")
	if in.set("name") {
		st.Name = in.text("name")
	}
	if in.set("color") {
		st.color = in.text("color")
	}
	if in.has("description") {
		st.description = in.text("description")
	}
	if n, ok := in.number("position"); ok {
		st.position = n
	}
	st.updatedAt = r.srv.now()
	return r.done("WorkflowStatePayload", "workflowState", st), nil
}

func archiveState(r *request, a args) (any, error) {
	st, err := r.ws.findState(a.text("id"))
	if err != nil {
		return nil, err
	}
	if len(issuesWhere(st.team.ws, false, func(i *Issue) bool { return i.state == st })) > 0 {
		return nil, inputError("Cannot archive a workflow state that has issues.", "The state still has issues.")
	}
	st.team.states = slices.DeleteFunc(slices.Clone(st.team.states), func(v *State) bool { return v == st })
	return r.done("WorkflowStateArchivePayload", "entity", st), nil
}

func updateUser(r *request, a args) (any, error) {
	u := r.user
	if id := a.text("id"); id != "" && id != "me" {
		var err error
		if u, err = r.ws.findUser(id); err != nil {
			return nil, err
		}
	}
	if u != r.user && !r.user.Admin {
		return nil, forbidden("You can only change your own profile")
	}
	in := a.object("input")
	before := r.webhookData(u)
	if in.set("name") {
		u.Name = in.text("name")
	}
	if in.set("displayName") {
		u.DisplayName = in.text("displayName")
		u.URL = u.ws.address("/profiles/" + u.DisplayName)
	}
	u.updatedAt = r.srv.now()
	r.srv.emit(r.ws, event{
		action: "update", typ: "User", url: u.URL, actor: r.user.actor(), data: r.webhookData(u),
		from: differences(before, r.webhookData(u)), at: u.updatedAt,
	})
	return r.done("UserPayload", "user", u), nil
}

func updateOrganization(r *request, a args) (any, error) {
	if !r.user.Admin {
		return nil, forbidden("Only admins can change the workspace")
	}
	in := a.object("input")
	if in.set("name") {
		r.ws.Name = in.text("name")
	}
	if in.has(restrictAgents) {
		r.ws.membersOnly = in.flag(restrictAgents)
	}
	r.ws.updatedAt = r.srv.now()
	return r.done("OrganizationPayload", "organization", r.ws), nil
}

// moreQueries are small queries of their own shape.
func moreQueries() map[string]operation {
	return map[string]operation{
		"issueVcsBranchSearch": func(r *request, a args) (any, error) {
			for _, i := range issuesWhere(r.ws, false, func(*Issue) bool { return true }) {
				branch := strings.ToLower(a.text("branchName"))
				if strings.HasPrefix(branch+"-", strings.ToLower(i.Identifier)+"-") || strings.Contains(branch+"-", "/"+strings.ToLower(i.Identifier)+"-") {
					return i, nil
				}
			}
			return nil, nil //nolint:nilnil // null is the answer
		},
		"issueSearch": func(r *request, a args) (any, error) {
			query := strings.ToLower(a.text("query"))
			all := issuesWhere(r.ws, a.flag("includeArchived"), func(i *Issue) bool {
				return strings.Contains(strings.ToLower(i.Identifier+" "+i.title+" "+i.description), query)
			})
			return page(r, "Issue", a, all, r.srv.filters.issue)
		},
		"attachmentIssue": func(r *request, a args) (any, error) {
			t, err := findThing(r.ws.things["Attachment"], "Attachment", a.text("id"))
			if err != nil {
				return nil, err
			}
			return t.values["issue"], nil
		},
		"issuePriorityValues": func(*request, args) (any, error) {
			var out []any
			for i := range 5 {
				out = append(out, payload{"IssuePriorityValue", map[string]any{"priority": i, "label": priorityLabel(i)}})
			}
			return out, nil
		},
		"customer": func(r *request, a args) (any, error) {
			for _, c := range r.ws.things["Customer"] {
				if slices.Contains(textsOf(c.values["externalIds"]), a.text("id")) {
					return c, nil
				}
			}
			return r.find("Customer", a.text("id"))
		},
		"projectStatuses": func(r *request, a args) (any, error) {
			r.ws.projectStatus("planned")
			return page(r, "ProjectStatus", a, r.ws.things["ProjectStatus"], nil)
		},
		"customerStatuses": func(r *request, a args) (any, error) {
			r.ws.customerStatus()
			return page(r, "CustomerStatus", a, r.ws.things["CustomerStatus"], nil)
		},
		"applicationInfo": func(r *request, a args) (any, error) {
			for _, in := range r.ws.apps {
				if in.ClientID == a.text("clientId") {
					return payload{"Application", map[string]any{
						"clientId": in.ClientID, "name": in.User.Name, "developer": in.ws.Name, "developerUrl": "https://example.com",
					}}, nil
				}
			}
			return nil, notFound("Application")
		},
		"searchDocuments": func(r *request, a args) (any, error) { return r.search("Document", a, "title", "content") },
		"searchProjects":  func(r *request, a args) (any, error) { return r.search("Project", a, "name", "description") },
		"organizationExists": func(r *request, a args) (any, error) {
			exists := slices.ContainsFunc(r.srv.workspaces, func(w *Workspace) bool { return w.URLKey == a.text("urlKey") })
			return payload{"OrganizationExistsPayload", map[string]any{"success": true, "exists": exists}}, nil
		},
		"issueRepositorySuggestions": suggestRepositories,
		"userSettings": func(r *request, _ args) (any, error) {
			return payload{"UserSettings", map[string]any{"id": derivedID(r.user.ID, "settings"), "user": r.user}}, nil
		},
	}
}

// suggestRepositories ranks the candidates by how many words of their names the issue
// has, and otherwise in the order given. Linear reads more of the issue.
func suggestRepositories(r *request, a args) (any, error) {
	i, err := r.ws.findIssue(a.text("issueId"))
	if err != nil {
		return nil, err
	}
	about := strings.ToLower(i.title + " " + i.description)
	shared := func(raw any) (n int) {
		for _, word := range strings.FieldsFunc(strings.ToLower(asArgs(raw).text("repositoryFullName")), notLetter) {
			if strings.Contains(about, word) {
				n++
			}
		}
		return n
	}
	candidates := slices.Clone(a.list("candidateRepositories"))
	slices.SortStableFunc(candidates, func(a, b any) int { return shared(b) - shared(a) })
	out := []any{}
	for i, raw := range candidates {
		c := asArgs(raw)
		out = append(out, payload{"RepositorySuggestion", map[string]any{
			"repositoryFullName": c.text("repositoryFullName"), "hostname": c.text("hostname"),
			"confidence": float64(len(candidates)-i) / float64(len(candidates)+1),
		}})
	}
	return payload{"RepositorySuggestionsPayload", map[string]any{"suggestions": out}}, nil
}

func notLetter(r rune) bool { return !unicode.IsLetter(r) }

// search finds things that have the term in one of their fields.
func (r *request) search(typ string, a args, fields ...string) (any, error) {
	term := strings.ToLower(a.text("term"))
	hits := where(r.ws.things[typ], func(t *thing) bool {
		return !t.archived() && slices.ContainsFunc(fields, func(f string) bool { return strings.Contains(strings.ToLower(t.text(f)), term) })
	})
	var found []foundThing
	for _, t := range hits {
		found = append(found, foundThing{t})
	}
	nodes, err := page(r, typ+"SearchResult", a, found, nil)
	if err != nil {
		return nil, err
	}
	conn, ok := nodes.(connection[foundThing])
	if !ok {
		return nil, internalError("not a page")
	}
	info, err := conn.field(r, "pageInfo", nil)
	return payload{typ + "SearchPayload", map[string]any{"nodes": conn.items, "pageInfo": info, "totalCount": len(found)}}, err
}

// foundThing is a thing that was found.
type foundThing struct{ *thing }

func (f foundThing) typename() string { return f.typ + "SearchResult" }
