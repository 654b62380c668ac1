package linearsim

import (
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// recorded are the types whose mutations only store their input: create, update,
// delete, archive and unarchive work on them by the names in the schema.
// Mutations of other types need code or are rejected.
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

// verb splits the name of a mutation into type and verb: documentCreate into
// Document and Create.
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

// create makes a thing from an input object and sends webhooks.
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

// update changes a thing by an input object and sends webhooks.
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
