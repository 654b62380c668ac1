// Package testfiles finds the data that tests of several packages share: the
// captured webhooks, the golden vectors and the types of Linear's GraphQL
// schema.
//
// The data lies in the directory testdata at the root of the repository, so
// that a clone tests everything by itself. Three environment variables put
// other data in its place:
//
//	LINEAR_FIXTURES  a directory with captured/*.json and examples/*.json
//	LINEAR_VECTORS   a directory with one JSON file per subject
//	LINEAR_SCHEMA    a GraphQL schema; a file newer.graphql beside it extends it
//
// A variable that is empty counts as unset. Data that cannot be read fails the
// test that asks for it, with the name of the variable; nothing is skipped.
package testfiles

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// The variables that replace the data of the repository.
const (
	FixturesVar = "LINEAR_FIXTURES"
	VectorsVar  = "LINEAR_VECTORS"
	SchemaVar   = "LINEAR_SCHEMA"
)

// Fixtures returns the paths of the JSON files in the named directories of the
// fixtures, in order of their names: captured and examples if none is named. A
// directory without JSON files fails the test.
func Fixtures(tb testing.TB, dirs ...string) []string {
	tb.Helper()
	root := locate(tb, FixturesVar, "fixtures")
	if len(dirs) == 0 {
		dirs = []string{"captured", "examples"}
	}
	var files []string
	for _, dir := range dirs {
		found, err := filepath.Glob(filepath.Join(root, dir, "*.json"))
		if err != nil || len(found) == 0 {
			tb.Fatalf("%s: no *.json in %s%s", FixturesVar, filepath.Join(root, dir), because(err))
		}
		files = append(files, found...)
	}
	return files
}

// Body returns the webhook body in a file of the fixtures, byte for byte: the
// field "body" of a captured request, or the whole file if there is no such
// field. It is empty if only the headers of a request were captured.
func Body(tb testing.TB, path string) []byte {
	tb.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		tb.Fatalf("%s: %v", FixturesVar, err)
	}
	var captured struct {
		Body json.RawMessage `json:"body"`
	}
	if err := json.Unmarshal(data, &captured); err != nil {
		tb.Fatalf("%s: %s: %v", FixturesVar, path, err)
	}
	switch string(captured.Body) {
	case "":
		return data
	case "null":
		return nil
	default:
		return captured.Body
	}
}

// Vectors fills v from the named file of the vectors.
func Vectors(tb testing.TB, name string, v any) {
	tb.Helper()
	path := filepath.Join(locate(tb, VectorsVar, "vectors"), name)
	data, err := os.ReadFile(path)
	if err != nil {
		tb.Fatalf("%s: %v", VectorsVar, err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		tb.Fatalf("%s: %s: %v", VectorsVar, path, err)
	}
}

// Cases returns the cases of the named file of the vectors. A file without
// cases fails the test.
func Cases[T any](tb testing.TB, name string) []T {
	tb.Helper()
	var file struct {
		Cases []T `json:"cases"`
	}
	Vectors(tb, name, &file)
	if len(file.Cases) == 0 {
		tb.Fatalf("%s: %s has no cases", VectorsVar, name)
	}
	return file.Cases
}

// Schema returns the files that make up Linear's schema: the schema, and
// newer.graphql if that lies beside it.
func Schema(tb testing.TB) []*ast.Source {
	tb.Helper()
	path := locate(tb, SchemaVar, "schema.graphql")
	paths := []string{path}
	newer := filepath.Join(filepath.Dir(path), "newer.graphql")
	if _, err := os.Stat(newer); err == nil {
		paths = append(paths, newer)
	}
	var sources []*ast.Source
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			tb.Fatalf("%s: %v", SchemaVar, err)
		}
		sources = append(sources, &ast.Source{Name: path, Input: string(text)})
	}
	return sources
}

// locate returns the path that a variable names, or else that of a file or
// directory below testdata.
func locate(tb testing.TB, variable, name string) string {
	tb.Helper()
	path, err := find(os.Getenv(variable), name)
	if err != nil {
		tb.Fatalf("%s: %v", variable, err)
	}
	return path
}

// find returns set, or name below testdata if set is empty. What it returns
// exists.
func find(set, name string) (string, error) {
	if set != "" {
		_, err := os.Stat(set)
		return set, err
	}
	dir, err := os.Getwd() // go test starts a test in the directory of its package
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			path := filepath.Join(dir, "testdata", name)
			if _, err := os.Stat(path); err == nil {
				return path, nil
			}
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("unset, and the working directory is not inside a clone that has testdata/" + name)
		}
		dir = parent
	}
}

func because(err error) string {
	if err == nil {
		return ""
	}
	return fmt.Sprintf(": %v", err)
}

// Equal reports a text that is not the one wanted. A nil want is never met.
func Equal(tb testing.TB, what, got string, want *string) {
	tb.Helper()
	switch {
	case want == nil:
		tb.Errorf("%s = %q, and nothing was wanted", what, got)
	case got != *want:
		tb.Errorf("%s = %q, want %q", what, got, *want)
	}
}

// Rows returns the table of a document whose head begins with head.
func Rows(tb testing.TB, path, head string) string {
	tb.Helper()
	page, err := os.ReadFile(path)
	if err != nil {
		tb.Fatalf("%v", err)
	}
	var rows strings.Builder
	for line := range strings.Lines(string(page)) {
		if strings.HasPrefix(line, head) || rows.Len() > 0 && strings.HasPrefix(line, "|") {
			rows.WriteString(line)
		} else if rows.Len() > 0 {
			break
		}
	}
	return rows.String()
}
