// Package vectortest reads golden vectors: files of cases that say what goes in
// and what comes out. The directory of the files is in LINEAR_VECTORS.
package vectortest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// Cases returns the cases of a file. T is what a test reads of a case.
func Cases[T any](t *testing.T, file string) []T {
	t.Helper()
	dir := os.Getenv("LINEAR_VECTORS")
	if dir == "" {
		t.Skip("set LINEAR_VECTORS to the directory with the golden vectors")
	}
	b, err := os.ReadFile(filepath.Join(dir, file)) //nolint:gosec // the directory is that of the tests
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Cases []T `json:"cases"`
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if len(doc.Cases) == 0 {
		t.Fatalf("%s has no cases", file)
	}
	return doc.Cases
}

// Equal reports a text that is not the one wanted. A nil want is never met.
func Equal(t *testing.T, what, got string, want *string) {
	t.Helper()
	switch {
	case want == nil:
		t.Errorf("%s = %q, and nothing was wanted", what, got)
	case got != *want:
		t.Errorf("%s = %q, want %q", what, got, *want)
	}
}
