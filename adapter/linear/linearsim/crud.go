package linearsim

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

// recorded are the types whose mutations do nothing but keep what they are
// given: create, update, delete, archive and unarchive work on them by the
// names in the schema. Mutations of other types need code or are refused.
func recorded() []string {
	return []string{
		"CustomView", "Customer", "CustomerNeed", "CustomerStatus", "CustomerTier", "Cycle", "Document", "Emoji", "EntityExternalLink",
		"Favorite", "Initiative", "InitiativeLabel", "InitiativeRelation", "InitiativeToProject", "InitiativeUpdate", "IssueRelation",
		"Project", "ProjectLabel", "ProjectMilestone", "ProjectRelation", "ProjectStatus", "ProjectUpdate", "Roadmap",
		"RoadmapToProject", "Template", "TimeSchedule",
	}
}

// genericMutation answers a mutation without code of its own.
func (r *request) genericMutation(def *ast.FieldDefinition, a args) (any, error) {
	typ, verb := r.verb(def)
	if !slices.Contains(recorded(), typ) {
		return nil, notSimulated(def.Name)
	}
	answer := def.Type.Name()
	if verb == "Create" {
		t, err := r.create(typ, a.object("input"))
		if err != nil {
			return nil, err
		}
		return r.answer(answer, t), nil
	}
	n, err := r.find(typ, a.text("id"))
	if err != nil {
		return nil, err
	}
	t, ok := n.(*thing)
	if !ok {
		return nil, notSimulated(def.Name)
	}
	switch verb {
	case "Update":
		if err := r.update(t, a.object("input")); err != nil {
			return nil, err
		}
	case "Delete":
		r.remove(t)
	case "Archive":
		r.change(t, func() { t.values["archivedAt"] = r.srv.now() })
	case "Unarchive":
		r.change(t, func() { delete(t.values, "archivedAt") })
	}
	return r.answer(answer, t), nil
}

// verb splits the name of a mutation into the type that it works on and what it
// does: documentCreate into Document and Create.
func (r *request) verb(def *ast.FieldDefinition) (typ, verb string) {
	for _, verb := range []string{"Create", "Update", "Delete", "Unarchive", "Archive"} {
		base, ok := strings.CutSuffix(def.Name, verb)
		if !ok {
			continue
		}
		if typ := upperFirst(base); r.srv.schema.Types[typ] != nil {
			return typ, verb
		}
	}
	return "", ""
}

// answer is the payload of a mutation that worked on t.
func (r *request) answer(typ string, t *thing) any {
	values := map[string]any{"success": true, "entityId": t.id, "entity": t, lowerFirst(t.typ): t}
	for _, f := range r.srv.schema.Types[typ].Fields {
		if f.Type.NamedType == t.typ {
			values[f.Name] = t
		}
	}
	r.srv.syncID++
	values["lastSyncId"] = r.srv.syncID
	return payload{typ, values}
}

// create makes a thing of an input object and tells webhooks.
func (r *request) create(typ string, in args) (*thing, error) {
	id, err := r.srv.claim(typ, in)
	if err != nil {
		return nil, err
	}
	values, err := r.assigned(typ, in)
	if err != nil {
		return nil, err
	}
	d := r.srv.schema.Types[typ]
	for _, name := range []string{"creator", "user", "owner"} {
		if f := d.Fields.ForName(name); f != nil && f.Type.NamedType == "User" && values[name] == nil && (name != "owner" || typ != "Customer") {
			values[name] = r.user
		}
	}
	at, err := in.time("createdAt")
	if err != nil {
		return nil, err
	}
	delete(values, "createdAt")
	if err := r.complete(typ, values, in); err != nil {
		return nil, err
	}
	t := r.ws.addThing(typ, id, values)
	if !at.IsZero() {
		t.createdAt = at // imports keep their times
	}
	r.ws.emitThing(r, t, "create", nil)
	return t, nil
}

// update changes a thing by an input object and tells webhooks.
func (r *request) update(t *thing, in args) error {
	values, err := r.assigned(t.typ, in)
	if err != nil {
		return err
	}
	r.change(t, func() {
		maps.Copy(t.values, values)
		if in.has("body") {
			t.values["editedAt"] = r.srv.now()
		}
	})
	return nil
}

// change applies f to a thing and sends what differs.
func (r *request) change(t *thing, f func()) {
	before := r.webhookData(t)
	t.values = maps.Clone(t.values)
	f()
	t.updatedAt = r.srv.now()
	r.ws.emitThing(r, t, "update", differences(before, r.webhookData(t)))
}

func (r *request) remove(t *thing) {
	r.ws.removeThing(t)
	r.ws.emitThing(r, t, "remove", nil)
}

// assigned are the fields that an input object sets: those of the same name,
// and the entities behind ids.
func (r *request) assigned(typ string, in args) (map[string]any, error) {
	d := r.srv.schema.Types[typ]
	out := map[string]any{}
	for name, raw := range in {
		if f := d.Fields.ForName(name); f != nil && r.srv.schema.Types[f.Type.Name()].IsLeafType() {
			if name != "id" {
				v, err := scalar(f.Type, name, raw)
				if err != nil {
					return nil, err
				}
				out[name] = v
			}
			continue
		}
		if base, ok := strings.CutSuffix(name, "Id"); ok {
			if f := d.Fields.ForName(base); f != nil && r.srv.schema.Types[f.Type.Name()].IsCompositeType() {
				out[base] = nil
				if id, _ := raw.(string); id != "" {
					n, err := r.find(f.Type.Name(), id)
					if err != nil {
						return nil, err
					}
					out[base] = n
				}
			}
			continue
		}
		base, ok := strings.CutSuffix(name, "Ids")
		if f := d.Fields.ForName(base + "s"); ok && f != nil {
			entity := entityOf(f.Type.Name())
			if entity == "" {
				continue
			}
			list := []item{}
			for _, v := range textsOf(raw) {
				n, err := r.find(entity, v)
				if err != nil {
					return nil, err
				}
				if i, ok := n.(item); ok {
					list = append(list, i)
				}
			}
			out[base+"s"] = list
		}
	}
	return out, nil
}

// textsOf returns the texts of a list argument.
func textsOf(raw any) []string {
	var out []string
	for _, v := range list(raw) {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// scalar brings an input value into the form that answers need.
func scalar(t *ast.Type, name string, raw any) (any, error) {
	if raw == nil || t.Elem != nil {
		return raw, nil
	}
	switch t.NamedType {
	case "DateTime":
		at, err := args{name: raw}.time(name)
		if err != nil {
			return nil, err
		}
		if at.IsZero() {
			return nil, nil
		}
		return at, nil
	case "Int":
		if n, ok := number(raw); ok {
			return int(n), nil
		}
	case "Float":
		if n, ok := number(raw); ok {
			return n, nil
		}
	}
	return raw, nil
}

// complete sets what Linear sets itself on a new entity.
func (r *request) complete(typ string, values map[string]any, in args) error {
	s, w := r.srv, r.ws
	d := s.schema.Types[typ]
	if d.Fields.ForName("slugId") != nil && values["slugId"] == nil {
		values["slugId"] = s.secret(6)
	}
	slugID, _ := values["slugId"].(string)
	title := ""
	for _, name := range []string{"name", "title"} {
		if text, ok := values[name].(string); ok {
			title = text
			if strings.TrimSpace(text) == "" {
				return invalidField(name, "isNotEmpty", name+" should not be empty")
			}
		}
	}
	if d.Fields.ForName("url") != nil && values["url"] == nil {
		values["url"] = w.address("/" + strings.ToLower(typ) + "/" + strings.Trim(slug(title)+"-"+slugID, "-"))
	}
	switch typ {
	case "Project":
		if values["status"] == nil {
			values["status"] = w.projectStatus("backlog")
		}
	case "ProjectUpdate", "InitiativeUpdate":
		if values["health"] == nil {
			values["health"] = "onTrack"
		}
	case "Cycle":
		team := values["team"]
		values["number"] = 1 + len(where(w.things["Cycle"], func(c *thing) bool { return c.is("team", team) }))
	case "CustomerNeed":
		return r.completeNeed(values, in)
	case "Document":
		values["updatedBy"] = r.user
		values["documentContent"] = w.addThing("DocumentContent", s.newID(), map[string]any{"content": values["content"]})
	}
	return nil
}

// completeNeed finds the customer of a need by the id in another system, and
// the issue by the comment.
func (r *request) completeNeed(values map[string]any, in args) error {
	if external := in.text("customerExternalId"); external != "" {
		for _, c := range r.ws.things["Customer"] {
			if slices.Contains(textsOf(c.values["externalIds"]), external) {
				values["customer"] = c
			}
		}
		if values["customer"] == nil {
			return notFound("Customer")
		}
	}
	if values["comment"] != nil && values["issue"] == nil {
		if c, ok := values["comment"].(*Comment); ok && c.Issue != nil {
			values["issue"] = c.Issue
		}
	}
	if values["issue"] == nil && values["project"] == nil {
		return invalidArgument("Exactly one of issueId, projectId or commentId must be defined")
	}
	return nil
}

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

// webhookData is a thing as webhooks show it: the fields that the schema's
// payload type names.
func (r *request) webhookData(n node) map[string]any {
	d := r.srv.schema.Types[n.typename()+"WebhookPayload"]
	if d == nil {
		return map[string]any{}
	}
	out := map[string]any{}
	for _, f := range d.Fields {
		if v := r.wire(n, f); v != nil {
			out[f.Name] = v
		}
	}
	return out
}

// wire is one field of a webhook body, nil if it is unset.
func (r *request) wire(n node, f *ast.FieldDefinition) any {
	if strings.HasSuffix(f.Type.Name(), "WebhookPayload") {
		v, _ := r.value(n, f.Name)
		if to, ok := v.(node); ok && f.Type.Elem == nil {
			return r.nested(to, f.Type.Name())
		}
		return nil
	}
	if base, ok := strings.CutSuffix(f.Name, "Id"); ok {
		if v, _ := r.value(n, base); v != nil {
			if to, ok := v.(node); ok {
				id, _ := to.field(r, "id", nil)
				return id
			}
		}
	}
	if base, ok := strings.CutSuffix(f.Name, "Ids"); ok {
		if v, known := r.value(n, base+"s"); known {
			ids := []any{}
			for _, to := range nodesOf(v) {
				if id, err := to.field(r, "id", nil); err == nil {
					ids = append(ids, id)
				}
			}
			return ids
		}
	}
	v, known := r.value(n, f.Name)
	if !known || v == nil {
		return nil
	}
	if at, ok := v.(time.Time); ok {
		return stamp(at)
	}
	if _, composite := v.(node); composite {
		return nil
	}
	return v
}

// nested is the short form of an entity inside a webhook body.
func (r *request) nested(n node, typ string) any {
	if c, ok := n.(interface{ child() map[string]any }); ok {
		return c.child()
	}
	out := map[string]any{}
	if d := r.srv.schema.Types[typ]; d != nil {
		for _, f := range d.Fields {
			if v := r.wire(n, f); v != nil {
				out[f.Name] = v
			}
		}
	}
	return out
}

// emitThing tells webhooks of a change of a thing, if its type has a payload.
func (w *Workspace) emitThing(r *request, t *thing, action string, from map[string]any) {
	if r.srv.schema.Types[t.typ+"WebhookPayload"] == nil {
		return
	}
	e := event{action: action, typ: t.typ, actor: r.user.actor(), data: r.webhookData(t), from: from, at: r.srv.now()}
	if action != "remove" {
		if url := t.text("url"); strings.HasPrefix(url, "https://linear.app/") {
			e.url = url
		}
	}
	w.srv.emit(w, e)
}
