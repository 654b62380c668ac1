package linearsim

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// The schema is made from the published one and the file newer.graphql beside
// it: names and types only, see the package internal/schemagen.
//
//go:generate go run ./internal/schemagen/cmd/schemagen schema.graphql $LINEAR_SCHEMA
//go:embed schema.graphql
var schemaText string

// loadSchema parses the schema once in a process: it is large, and never
// changes afterwards.
var loadSchema = sync.OnceValues(func() (*ast.Schema, error) { //nolint:gochecknoglobals // a constant that takes 15 ms to read
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: schemaText})
	if err != nil {
		return nil, fmt.Errorf("linearsim: schema: %w", err)
	}
	return schema, nil
})

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
