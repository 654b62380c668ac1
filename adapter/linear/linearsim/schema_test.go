package linearsim

import (
	"os"
	"path/filepath"
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
	theirs, err := gqlparser.LoadSchema(testfiles.Schema(t)...)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := loadOffered()
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

// TestSchemaIsTheShared compares the embedded schema with the one that all tests
// share: go generate makes both.
func TestSchemaIsTheShared(t *testing.T) {
	t.Parallel()
	shared, err := os.ReadFile(filepath.Join("..", "..", "..", "testdata", "schema.graphql"))
	if err != nil {
		t.Fatal(err)
	}
	if schemaText != string(shared) {
		t.Error("schema.graphql differs from testdata/schema.graphql: run go generate in this package and in internal/schematypes")
	}
	if strings.Contains(schemaText, `"""`) || strings.Contains(schemaText, "@deprecated(") {
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
