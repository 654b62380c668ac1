package linearsim

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/linearbot/linearbot/internal/testfiles"
)

// own reports whether the schema text defines the type itself.
func own(d *ast.Definition) bool { return !d.BuiltIn && !strings.HasPrefix(d.Name, "__") }

// TestSchemaIsSubset compares every type, field, argument and value with the
// schema that Linear publishes.
func TestSchemaIsSubset(t *testing.T) {
	t.Parallel()
	var sources []*ast.Source
	for _, path := range testfiles.Schema(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, &ast.Source{Name: path, Input: string(text)})
	}
	theirs, err := gqlparser.LoadSchema(sources...)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := gqlparser.LoadSchema(schemaSources()...)
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range ours.Types {
		if !own(d) {
			continue
		}
		p := theirs.Types[name]
		if p == nil || p.Kind != d.Kind {
			t.Errorf("%s: not published, or of another kind", name)
			continue
		}
		compareDefinition(t, d, p)
	}
}

func compareDefinition(t *testing.T, d, p *ast.Definition) {
	t.Helper()
	for _, i := range d.Interfaces {
		found := false
		for _, j := range p.Interfaces {
			found = found || i == j
		}
		if !found {
			t.Errorf("%s: does not implement %s", d.Name, i)
		}
	}
	for _, v := range d.EnumValues {
		if p.EnumValues.ForName(v.Name) == nil {
			t.Errorf("%s: no value %s", d.Name, v.Name)
		}
	}
	for _, m := range d.Types {
		found := false
		for _, q := range p.Types {
			found = found || m == q
		}
		if !found {
			t.Errorf("%s: no member %s", d.Name, m)
		}
	}
	for _, f := range d.Fields {
		if strings.HasPrefix(f.Name, "__") {
			continue
		}
		q := p.Fields.ForName(f.Name)
		if q == nil {
			t.Errorf("%s.%s: not published", d.Name, f.Name)
			continue
		}
		if f.Type.String() != q.Type.String() {
			t.Errorf("%s.%s: %s, published %s", d.Name, f.Name, f.Type, q.Type)
		}
		if !sameValue(f.DefaultValue, q.DefaultValue) {
			t.Errorf("%s.%s: other default", d.Name, f.Name)
		}
		for _, a := range f.Arguments {
			b := q.Arguments.ForName(a.Name)
			if b == nil || a.Type.String() != b.Type.String() || !sameValue(a.DefaultValue, b.DefaultValue) {
				t.Errorf("%s.%s(%s): differs", d.Name, f.Name, a.Name)
			}
		}
		for _, b := range q.Arguments {
			if b.Type.NonNull && b.DefaultValue == nil && f.Arguments.ForName(b.Name) == nil {
				t.Errorf("%s.%s: lacks the required argument %s", d.Name, f.Name, b.Name)
			}
		}
	}
	if d.Kind == ast.InputObject {
		for _, q := range p.Fields {
			if q.Type.NonNull && q.DefaultValue == nil && d.Fields.ForName(q.Name) == nil {
				t.Errorf("%s: lacks the required field %s", d.Name, q.Name)
			}
		}
	}
}

func sameValue(a, b *ast.Value) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.String() == b.String()
}

// TestEveryFieldResolves asks a sample of every object type for every field of
// the schema.
func TestEveryFieldResolves(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	c := w.ada.Comment(w.issue, "hello")
	reaction := w.ada.React(c, "eyes")
	label := w.ws.AddLabel("bug", "")
	r := &request{srv: w.srv, user: w.ada, ws: w.ws, token: &token{user: w.ada}}
	done := func(typ, key string) node {
		return payload{typ, map[string]any{"success": true, "lastSyncId": 1, key: nil}}
	}
	limits, _ := r.limits().(payload)
	list, _ := limits.values["limits"].([]any)
	limit, _ := list[0].(payload)
	c.AsUser = "Grace"
	actor, _ := c.bot().(payload)
	samples := []node{
		w.srv.query, w.srv.mutate, actor, c, w.ws.AddExternalUser("Eve", "eve@example.com"), w.issue, label, w.ws,
		reaction, w.team, w.ada, w.team.State("Todo"), limits, limit,
		done("CommentPayload", "comment"), done("DeletePayload", "entityId"), done("IssueArchivePayload", "entity"),
		done("IssueLabelPayload", "issueLabel"), done("IssuePayload", "issue"), done("ReactionPayload", "reaction"),
	}
	samples = append(samples, w.workSamples(r)...)
	samples = append(samples,
		payload{"ExternalEntityInfo", map[string]any{"id": "1", "service": "slack"}},
		payload{"SyncedExternalThread", map[string]any{
			"displayName": nil, "id": nil, "isConnected": true, "name": nil, "subType": "slack", "type": "integration", "url": nil,
		}},
	)
	for _, conn := range []node{
		connection[*Comment]{typ: "Comment", items: []*Comment{c}},
		connection[*Issue]{typ: "Issue", items: []*Issue{w.issue}},
		connection[*Label]{typ: "IssueLabel", items: []*Label{label}},
		connection[*Team]{typ: "Team", items: []*Team{w.team}},
		connection[*User]{typ: "User", items: []*User{w.ada}},
		connection[*State]{typ: "WorkflowState", items: w.team.states},
	} {
		samples = append(samples, conn)
		for _, name := range []string{"edges", "pageInfo"} {
			v, err := conn.field(r, name, nil)
			if err != nil {
				t.Fatal(err)
			}
			if l, ok := v.([]any); ok {
				v = l[0]
			}
			n, ok := v.(node)
			if !ok {
				t.Fatalf("%T is no node", v)
			}
			samples = append(samples, n)
		}
	}
	byType := map[string]node{}
	for _, n := range samples {
		byType[n.typename()] = n
	}
	for name, d := range w.srv.schema.Types {
		if d.Kind != ast.Object || !own(d) {
			continue
		}
		n := byType[name]
		if n == nil {
			t.Errorf("%s: no sample", name)
			continue
		}
		for _, f := range d.Fields {
			if o, ok := n.(operations); ok {
				if _, ok := o.ops[f.Name]; !ok && !strings.HasPrefix(f.Name, "__") {
					t.Errorf("%s.%s: no operation", name, f.Name)
				}
				continue
			}
			_, err := n.field(r, f.Name, args{})
			if _, missing := errors.AsType[*fieldError](err); missing {
				t.Error(err)
			} else if err != nil {
				t.Errorf("%s.%s: %v", name, f.Name, err)
			}
		}
	}
}

// TestEveryFilterFieldIsTested looks for filter fields of the schema that the
// tables do not know.
func TestEveryFilterFieldIsTested(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	f := w.srv.filters
	known := map[string]func(string) bool{
		"Comment": has(f.comment), "Issue": has(f.issue), "IssueLabel": has(f.label),
		"Team": has(f.team), "User": has(f.user), "WorkflowState": has(f.state),
		"AgentActivity": has(w.srv.things.activity), "Cycle": has(w.srv.things.cycle), "Project": has(w.srv.things.project),
	}
	for name, d := range w.srv.schema.Types {
		entity, ok := strings.CutSuffix(strings.TrimPrefix(name, "Nullable"), "Filter")
		if !ok || strings.HasSuffix(entity, "Collection") {
			continue
		}
		test := known[entity]
		if test == nil {
			t.Errorf("%s: no table", name)
			continue
		}
		for _, field := range d.Fields {
			switch field.Name {
			case "and", "or", "null":
			default:
				if !test(field.Name) {
					t.Errorf("%s.%s: no test", name, field.Name)
				}
			}
		}
	}
}

func has[T any](f *filter[T]) func(string) bool {
	return func(name string) bool { _, ok := f.tests[name]; return ok }
}
