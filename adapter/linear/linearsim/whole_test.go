package linearsim

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// TestEveryFieldOfEveryTypeResolves asks every query that needs no arguments for
// every field, two levels deep, in a workspace with one of everything. What no
// code answers must have a default, so no answer holds an internal error.
func TestEveryFieldOfEveryTypeResolves(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	w.oneOfEverything()
	key := w.ada.APIKey()
	fields := 0
	for _, f := range w.srv.schema.Query.Fields {
		if strings.HasPrefix(f.Name, "__") || needsArguments(f) {
			continue
		}
		s := selector{schema: w.srv.schema}
		query := "{" + f.Name + s.page(f) + s.selection(f.Type.Name(), 2) + "}"
		fields += s.fields
		a := w.as(key, query, nil)
		if a.Status != http.StatusOK {
			t.Errorf("%s: status %d: %.300s", f.Name, a.Status, a.Raw)
			continue
		}
		for _, e := range a.Errors {
			if e.Extensions.Code != "FEATURE_NOT_ACCESSIBLE" && f.Name != "comment" { // wants id or hash
				t.Errorf("%s: %v: %s", f.Name, e.Path, e.Message)
			}
		}
	}
	if fields < 5000 {
		t.Errorf("only %d fields were asked for", fields)
	}
}

func needsArguments(f *ast.FieldDefinition) bool {
	return slices.ContainsFunc(f.Arguments, func(a *ast.ArgumentDefinition) bool { return a.Type.NonNull && a.DefaultValue == nil })
}

// selector writes selections of all fields of types.
type selector struct {
	schema *ast.Schema
	fields int
}

func (s *selector) page(f *ast.FieldDefinition) string {
	if f.Arguments.ForName("first") != nil {
		return "(first:2)"
	}
	return ""
}

func (s *selector) selection(typ string, depth int) string {
	d := s.schema.Types[typ]
	if d.IsLeafType() {
		return ""
	}
	var b strings.Builder
	b.WriteString("{__typename")
	if d.IsAbstractType() {
		for _, p := range s.schema.GetPossibleTypes(d) {
			b.WriteString(" ...on " + p.Name + "{__typename}")
		}
	}
	if d.Kind != ast.Union {
		for _, f := range d.Fields {
			inner := s.schema.Types[f.Type.Name()]
			wrapper := strings.HasSuffix(typ, "Connection") || strings.HasSuffix(typ, "Edge")
			next := depth - 1
			if wrapper {
				next = depth
			}
			if strings.HasPrefix(f.Name, "__") || needsArguments(f) || !inner.IsLeafType() && next <= 0 || f.Name == "edges" && depth < 2 {
				continue
			}
			s.fields++
			b.WriteString(" " + f.Name + s.page(f) + s.selection(f.Type.Name(), next))
		}
	}
	return b.String() + "}"
}

// oneOfEverything fills the workspace through the API alone, as a foreign test
// would.
func (w *world) oneOfEverything() {
	w.tb.Helper()
	w.ada.Admin = true
	key := w.ada.APIKey()
	made := map[string]any{"team": w.team.ID, "issue": w.issue.ID, "user": w.bob.ID}
	run := func(name, field string, input map[string]any) {
		w.tb.Helper()
		def := w.srv.schema.Mutation.Fields.ForName(name)
		a := w.as(key, "mutation($i:"+def.Arguments.ForName("input").Type.String()+"){"+name+"(input:$i){success x:"+field+"{id}}}", map[string]any{"i": input})
		if len(a.Errors) > 0 {
			w.tb.Fatalf("%s: %s", name, a.Raw)
		}
		made[field] = a.at(name, "x", "id")
	}
	run("issueLabelCreate", "issueLabel", map[string]any{"name": "Bug"})
	run("projectStatusCreate", "status", map[string]any{"name": "Shaping", "type": "planned", "color": "#000000", "position": 9})
	run("projectCreate", "project", map[string]any{"name": "Checkout", "teamIds": []any{made["team"]}, "leadId": made["user"], "startDate": "2026-10-01"})
	run("projectLabelCreate", "projectLabel", map[string]any{"name": "Big"})
	run("projectMilestoneCreate", "projectMilestone", map[string]any{"name": "Beta", "projectId": made["project"]})
	run("projectUpdateCreate", "projectUpdate", map[string]any{"projectId": made["project"], "body": "Fine"})
	run("cycleCreate", "cycle", map[string]any{"teamId": made["team"], "startsAt": "2026-10-01T00:00:00Z", "endsAt": "2026-10-15T00:00:00Z"})
	run("initiativeCreate", "initiative", map[string]any{"name": "Growth"})
	run("initiativeUpdateCreate", "initiativeUpdate", map[string]any{"initiativeId": made["initiative"], "body": "Fine"})
	run("initiativeToProjectCreate", "initiativeToProject", map[string]any{"initiativeId": made["initiative"], "projectId": made["project"]})
	run("documentCreate", "document", map[string]any{"title": "Plan", "projectId": made["project"], "content": "Do"})
	run("customerCreate", "customer", map[string]any{"name": "Globex", "externalIds": []any{"g"}})
	run("customerNeedCreate", "need", map[string]any{"customerExternalId": "g", "issueId": made["issue"], "body": "Fast"})
	run("attachmentCreate", "attachment", map[string]any{"issueId": made["issue"], "title": "Log", "url": "https://example.com"})
	run("issueCreate", "issue", map[string]any{"teamId": made["team"], "title": "Two", "projectId": made["project"], "cycleId": made["cycle"], "labelIds": []any{made["issueLabel"]}})
	run("issueRelationCreate", "issueRelation", map[string]any{"issueId": w.issue.ID, "relatedIssueId": made["issue"], "type": "blocks"})
	run("webhookCreate", "webhook", map[string]any{"url": "https://example.com", "resourceTypes": []any{"Issue"}, "allPublicTeams": true})
	run("workflowStateCreate", "workflowState", map[string]any{"teamId": made["team"], "name": "Blocked", "type": "started", "color": "#000000"})
	run("commentCreate", "comment", map[string]any{"issueId": made["issue"], "body": "@bob hi " + w.bob.URL})
	run("commentCreate", "comment", map[string]any{"projectUpdateId": made["projectUpdate"], "body": "good"})
	run("reactionCreate", "reaction", map[string]any{"commentId": made["comment"], "emoji": "eyes"})
	run("favoriteCreate", "favorite", map[string]any{"issueId": made["issue"]})
	run("customViewCreate", "customView", map[string]any{"name": "Mine"})
	run("templateCreate", "template", map[string]any{"name": "T", "type": "issue", "templateData": map[string]any{}})
	w.bob.Comment(w.issue, "@ada look")
	x := w.ada.StartSession(w.app, w.issue, nil)
	w.ada.Prompt(x, "please")
	for _, name := range slices.Sorted(maps.Keys(made)) {
		if made[name] == nil {
			w.tb.Errorf("%s: no id", name)
		}
	}
}
