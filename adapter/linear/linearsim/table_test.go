package linearsim

import (
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	graphql "github.com/vektah/gqlparser/v2/ast"
)

var update = flag.Bool("update", false, "write docs/linearsim-coverage.md")

const coverageFile = "../../../docs/linearsim-coverage.md"

// TestCoverageTable compares the table in the docs with the code. Run it with
// -update to write the table.
func TestCoverageTable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	w.oneOfEverything()
	text := coverage(w)
	if *update {
		if err := os.WriteFile(coverageFile, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(coverageFile)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != text {
		t.Error("docs/linearsim-coverage.md is out of date: go test ./adapter/linear/linearsim -run TestCoverageTable -update")
	}
}

// coverage writes what the simulator does, ignores and refuses.
func coverage(w *world) string {
	c := coverer{w: w, r: &request{srv: w.srv, user: w.ada, ws: w.ws, token: &token{user: w.ada, key: true}}, words: words(w)}
	var b strings.Builder
	b.WriteString(`# What linearsim does, ignores and refuses

Generated from the code by ` + "`go test ./adapter/linear/linearsim -run TestCoverageTable -update`" + `. The schema that the simulator offers is the published one, whole; this page says what stands behind it.

- **Behaves**: code answers it.
- **Keeps**: creates, updates, deletes and archives by the names in the schema, with webhooks if the type has a payload; nothing else happens.
- **Looks up**: a query answered from what is kept. Nothing kept means an empty list, null, or "Entity not found".
- **Refuses**: answered with the code FEATURE_NOT_ACCESSIBLE and a message that names the field.
- **Ignored input**: accepted without effect.

`)
	c.operations(&b, "Queries", w.srv.query, w.srv.schema.Query)
	c.operations(&b, "Mutations", w.srv.mutate, w.srv.schema.Mutation)
	c.inputs(&b)
	c.types(&b)
	return b.String()
}

type coverer struct {
	w     *world
	r     *request
	words map[string]bool
}

func (c coverer) operations(b *strings.Builder, title string, root operations, d *graphql.Definition) {
	groups := map[string][]string{}
	for _, f := range d.Fields {
		if strings.HasPrefix(f.Name, "__") {
			continue
		}
		kind := "Behaves"
		if _, ok := root.ops[f.Name]; !ok {
			kind = c.kind(root.name, f)
		}
		groups[kind] = append(groups[kind], "`"+f.Name+"`")
	}
	fmt.Fprintf(b, "## %s\n\n| | |\n|---|---|\n", title)
	for _, kind := range []string{"Behaves", "Keeps", "Looks up", "Refuses"} {
		if names := groups[kind]; len(names) > 0 {
			slices.Sort(names)
			fmt.Fprintf(b, "| **%s** (%d) | %s |\n", kind, len(names), strings.Join(names, ", "))
		}
	}
	b.WriteByte('\n')
}

func (c coverer) kind(root string, f *graphql.FieldDefinition) string {
	if root == "Mutation" {
		if typ, _ := c.r.verb(f); slices.Contains(recorded(), typ) {
			return "Keeps"
		}
		return "Refuses"
	}
	composite := c.w.srv.schema.Types[f.Type.Name()].IsCompositeType()
	if f.Type.Elem != nil || !f.Type.NonNull || entityOf(f.Type.Name()) != "" || composite && f.Arguments.ForName("id") != nil {
		return "Looks up"
	}
	return "Refuses"
}

// inputs lists the input fields without effect of mutations that are not
// refused.
func (c coverer) inputs(b *strings.Builder) {
	b.WriteString("## Ignored input\n\n| input | ignored |\n|---|---|\n")
	seen := map[string]bool{}
	for _, f := range c.w.srv.schema.Mutation.Fields {
		_, behaves := c.w.srv.mutate.ops[f.Name]
		typ, _ := c.r.verb(f)
		for _, p := range c.w.srv.schema.Types[f.Type.Name()].Fields {
			if typ == "" && slices.Contains(recorded(), p.Type.NamedType) {
				typ = p.Type.NamedType
			}
		}
		keeps := slices.Contains(recorded(), typ) || typ == "Team" || typ == "Issue"
		in := f.Arguments.ForName("input")
		if !behaves && !keeps || in == nil || seen[in.Type.Name()] {
			continue
		}
		seen[in.Type.Name()] = true
		var ignored []string
		for _, field := range c.w.srv.schema.Types[in.Type.Name()].Fields {
			if !c.words[field.Name] && (!keeps || !c.assigns(typ, field.Name)) {
				ignored = append(ignored, "`"+field.Name+"`")
			}
		}
		if len(ignored) > 0 {
			slices.Sort(ignored)
			fmt.Fprintf(b, "| `%s` | %s |\n", in.Type.Name(), strings.Join(ignored, ", "))
		}
	}
	b.WriteByte('\n')
}

// assigns reports whether generic mutations keep an input field.
func (c coverer) assigns(typ, field string) bool {
	if typ == "Issue" {
		return slices.Contains(keptOfIssue(), field)
	}
	d := c.w.srv.schema.Types[typ]
	for _, name := range []string{field, strings.TrimSuffix(field, "Id"), strings.TrimSuffix(field, "Ids") + "s"} {
		if d.Fields.ForName(name) != nil {
			return true
		}
	}
	return false
}

// types lists which fields code answers, for each type that has an entity.
func (c coverer) types(b *strings.Builder) {
	b.WriteString("## Fields\n\nA field that is not named has a default: null, an empty list, what refers to the entity, or the zero value.\n\n" +
		"| type | answered by code or kept | of |\n|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(c.w.srv.schema.Types)) {
		d := c.w.srv.schema.Types[name]
		n := c.sample(name)
		if n == nil {
			continue
		}
		var answered []string
		total := 0
		for _, f := range d.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			total++
			_, err := n.field(c.r, f.Name, args{})
			if _, missing := errors.AsType[*fieldError](err); !missing {
				answered = append(answered, "`"+f.Name+"`")
			}
		}
		fmt.Fprintf(b, "| %s | %s | %d |\n", name, strings.Join(answered, ", "), total)
	}
}

func (c coverer) sample(typ string) node {
	if typ == "Organization" {
		return c.w.ws
	}
	if typ == "Reaction" {
		for _, comment := range c.w.ws.comments {
			if len(comment.reactions) > 0 {
				return comment.reactions[0]
			}
		}
	}
	if all := c.r.all(typ, true); len(all) > 0 && all[0].typename() == typ {
		return all[0]
	}
	return nil
}

// words are the string literals of the package: an input field that is among
// them is read somewhere.
func words(w *world) map[string]bool {
	w.tb.Helper()
	out := map[string]bool{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		w.tb.Fatal(err)
	}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(gotoken.NewFileSet(), path, nil, 0)
		if err != nil {
			w.tb.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == gotoken.STRING {
				if s, err := strconv.Unquote(lit.Value); err == nil {
					out[s] = true
				}
			}
			return true
		})
	}
	delete(out, "bodyData") // fields of that name are answered, inputs are not read
	delete(out, "descriptionData")
	return out
}
