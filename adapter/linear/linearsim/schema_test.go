package linearsim

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/linearbot/linearbot/adapter/linear/linearsim/internal/schemagen"
)

// own reports whether the schema text defines the type itself.
func own(d *ast.Definition) bool { return !d.BuiltIn && !strings.HasPrefix(d.Name, "__") }

// published returns the texts of Linear's schema: the published one and the
// newer fields beside it.
func published(t *testing.T) []string {
	t.Helper()
	path := os.Getenv("LINEAR_SCHEMA")
	if path == "" {
		t.Skip("set LINEAR_SCHEMA to the path of Linear's published schema.graphql")
	}
	var texts []string
	for _, p := range []string{path, filepath.Join(filepath.Dir(path), "newer.graphql")} {
		text, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	return texts
}

// TestSchemaIsSubset compares every type, field, argument and value with the
// schema that Linear publishes.
func TestSchemaIsSubset(t *testing.T) {
	t.Parallel()
	var sources []*ast.Source
	for _, text := range published(t) {
		sources = append(sources, &ast.Source{Name: "published", Input: text})
	}
	theirs, err := gqlparser.LoadSchema(sources...)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := loadSchemas()
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range ours.offered.Types {
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

// TestSchemaIsGenerated runs the generator again.
func TestSchemaIsGenerated(t *testing.T) {
	t.Parallel()
	text, err := schemagen.Generate(published(t)...)
	if err != nil {
		t.Fatal(err)
	}
	if text != schemaText {
		t.Error("schema.graphql is not what the generator makes of the published schema: run go generate")
	}
	if strings.Contains(text, `"""`) || strings.Contains(text, "@deprecated(") {
		t.Error("prose in the schema")
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
