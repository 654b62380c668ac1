package linearsim

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// The schema that is offered is made from the published one and the file
// newer.graphql beside it: names and types only, the same as
// testdata/schema.graphql. What clients name beyond it is made from the official
// SDK, see internal/clients/newest.mjs.
//
//go:generate go run ../../../internal/schematypes -out schema.graphql -from "the schema that Linear publishes with its SDK (linear/linear, packages/sdk/src/schema.graphql, commit 8335e09a of 2026-07-22, MIT licence) and the fields that @linear/sdk 98.0.0 selects besides"
var (
	//go:embed schema.graphql
	schemaText string
	//go:embed newest.graphql
	newestText string
)

// Both schemas are parsed once in a process, when they are needed: they are
// large, and never change afterwards.
var (
	// loadOffered gives the schema that introspection shows.
	loadOffered = sync.OnceValues(func() (*ast.Schema, error) { //nolint:gochecknoglobals // a constant that takes 15 ms to read
		schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: schemaText})
		if err != nil {
			return nil, fmt.Errorf("linearsim: schema: %w", err)
		}
		return schema, nil
	})
	// loadAccepted gives the schema that operations are validated against: it
	// has a little more, so that clients newer than the published schema work.
	loadAccepted = sync.OnceValues(func() (*ast.Schema, error) { //nolint:gochecknoglobals // a constant that takes 15 ms to read
		schema, err := gqlparser.LoadSchema(
			&ast.Source{Name: "schema.graphql", Input: schemaText}, &ast.Source{Name: "newest.graphql", Input: newestText})
		if err != nil {
			return nil, fmt.Errorf("linearsim: schema: %w", err)
		}
		for line := range strings.Lines(newestText) {
			if err := addArgument(schema, line); err != nil {
				return nil, err
			}
		}
		return schema, nil
	})
)

// addArgument adds an argument that newest.graphql names in a comment, since
// SDL cannot extend the arguments of a field.
func addArgument(s *ast.Schema, line string) error {
	spec, ok := strings.CutPrefix(strings.TrimSpace(line), "# ")
	owner, rest, dot := strings.Cut(spec, ".")
	field, rest, open := strings.Cut(rest, "(")
	argument, last := strings.CutSuffix(rest, ")")
	if !ok || !dot || !open || !last || s.Types[owner] == nil {
		return nil // another comment, or no comment
	}
	part, err := parser.ParseSchema(&ast.Source{Name: "newest.graphql", Input: "type T { f(" + argument + "): Int }"})
	if err != nil {
		return fmt.Errorf("linearsim: newest.graphql: %s: %w", spec, err)
	}
	f := s.Types[owner].Fields.ForName(field)
	if f == nil {
		return fmt.Errorf("linearsim: newest.graphql: no field %s.%s", owner, field)
	}
	f.Arguments = append(f.Arguments, part.Definitions[0].Fields[0].Arguments...)
	return nil
}

// entityOf returns what a connection type lists: Issue for IssueConnection. It
// returns "" for other types.
func entityOf(typ string) string {
	entity, ok := strings.CutSuffix(typ, "Connection")
	if !ok {
		return ""
	}
	return entity
}

// lowerFirst turns a type name into a field name: IssueLabel into issueLabel.
func lowerFirst(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToLower(s[:1]) + s[1:]
}

func upperFirst(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
