package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/linearbot/linearbot/internal/testfiles"
)

const sample = `# a comment
"What a query is."
type Query {
  "An issue."
  issue("Its id." id: String!, deep: Boolean = true): Issue @deprecated(reason: "Use node.")
  node: Node
}
"""
Something
with an id.
"""
interface Node { id: ID! }
type Issue implements Node { id: ID! state: State! filter(by: Filter): [Issue!]! }
enum State { "Not begun." todo done @deprecated(reason: "No.") }
input Filter { and: [Filter!] state: State = todo }
type Unused { id: ID! when: Time }
scalar Time
`

func body(t *testing.T, text string) string {
	t.Helper()
	_, body, ok := strings.Cut(text, "\n\n")
	if !ok {
		t.Fatalf("no head: %q", text)
	}
	return body
}

func TestTypes(t *testing.T) {
	t.Parallel()
	sources := []*ast.Source{
		{Name: "schema.graphql", Input: sample},
		{Name: "newer.graphql", Input: "extend type Issue { title: String }"},
	}
	got, err := types(sources, "a sample", nil)
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(got, "\n\n")
	for _, want := range []string{"DO NOT EDIT", "of a sample.", "schema.graphql, SHA-256 ", "newer.graphql, SHA-256 "} {
		if !strings.Contains(head, want) {
			t.Errorf("the head lacks %q:\n%s", want, head)
		}
	}
	want := `enum State {
  todo
  done @deprecated
}
`
	if !strings.Contains(got, want) || !strings.Contains(got, "  title: String\n") || !strings.Contains(got, "scalar Time\n") {
		t.Errorf("got\n%s", got)
	}
	for _, prose := range []string{"comment", "What a query", "Something", "Not begun", "Use node", "reason", `"`} {
		if strings.Contains(body(t, got), prose) {
			t.Errorf("%q is still there", prose)
		}
	}
}

func TestTypesOfRoots(t *testing.T) {
	t.Parallel()
	got, err := types([]*ast.Source{{Name: "s", Input: sample}}, "", []string{"Filter"})
	if err != nil {
		t.Fatal(err)
	}
	want := `input Filter {
  and: [Filter!]
  state: State = todo
}
enum State {
  todo
  done @deprecated
}
`
	if diff := cmp.Diff(want, body(t, got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, err = types([]*ast.Source{{Name: "s", Input: sample}}, "", []string{"Query"}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"type Issue ": true, "interface Node ": true, "Unused": false, "Time": false} {
		if strings.Contains(got, name) != want {
			t.Errorf("%q stays: %t, want %t\n%s", name, !want, want, got)
		}
	}
	if _, err := types([]*ast.Source{{Name: "s", Input: sample}}, "", []string{"Nope"}); err == nil {
		t.Error("an unknown root is accepted")
	}
}

// The types of the types are the types: generating twice changes nothing but
// the head.
func TestSchemaInTheTree(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", "testdata", "schema.graphql")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := types([]*ast.Source{{Name: "schema.graphql", Input: string(text)}}, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if body(t, again) != body(t, string(text)) {
		t.Error("testdata/schema.graphql has other text than this program writes: run go generate ./internal/schematypes")
	}
}

// What LINEAR_SCHEMA names may be newer than the file in the tree; what both
// have is then still a valid schema.
func TestSchemaLoads(t *testing.T) {
	t.Parallel()
	text, err := types(testfiles.Schema(t), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gqlparser.LoadSchema(&ast.Source{Name: "types", Input: text}); err != nil {
		t.Error(err)
	}
}

func TestRun(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "schema.graphql"), filepath.Join(dir, "out.graphql")
	if err := os.WriteFile(in, []byte(sample), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("LINEAR_SCHEMA", "")
	if err := run([]string{"-out", out}); err == nil || !strings.Contains(err.Error(), "LINEAR_SCHEMA") {
		t.Errorf("no input: %v", err)
	}
	if err := run([]string{"-out", out, filepath.Join(dir, "none")}); err == nil {
		t.Error("an absent file is accepted")
	}
	if err := run([]string{"-out", out, "-root", "State, Time", in}); err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(out)
	if err != nil || !strings.HasSuffix(string(first), "scalar Time\n") {
		t.Errorf("%v\n%s", err, first)
	}
	t.Setenv("LINEAR_SCHEMA", in)
	if err := os.WriteFile(filepath.Join(dir, "newer.graphql"), []byte("extend enum State { late }"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{"-out", out}); err != nil {
		t.Fatal(err)
	}
	if second, err := os.ReadFile(out); err != nil || !strings.Contains(string(second), "  late\n") {
		t.Errorf("%v\n%s", err, second)
	}
}
