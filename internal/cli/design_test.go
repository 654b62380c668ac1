package cli

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDesignNamesEveryPackage compares the packages of docs/design.md with those that
// there are.
func TestDesignNamesEveryPackage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/design.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(page), "## Packages\n")
	list, _, found := strings.Cut(list, "What may import what")
	if !found {
		t.Fatal("the list of packages is not where it was")
	}
	var named []string
	for _, row := range regexp.MustCompile(`(?m)^ *(\S+) +`).FindAllStringSubmatch(list, -1) {
		if len(row[0]) == 25 { // the column of what they are for
			named = append(named, path.Base(row[1]))
		}
	}
	var there []string
	for _, dir := range packageDirs(t, "../..") {
		base := path.Base(dir)
		there = append(there, base)
		if !slices.Contains(named, base) {
			t.Errorf("%s is not in the list of packages", dir)
		}
	}
	for _, name := range named {
		if !slices.Contains(there, name) && !slices.Contains([]string{"linearbot.go", "internal", "examples", "deploy", "clients"}, name) {
			t.Errorf("the list names %s, which is gone", name)
		}
	}
}

// packageDirs returns the directories with Go code that is not a test's alone,
// without examples and test data.
func packageDirs(t *testing.T, root string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		switch base := d.Name(); {
		case base == "testdata", base == "node_modules", base == "examples", base != ".." && strings.HasPrefix(base, "."):
			return fs.SkipDir
		}
		files, err := filepath.Glob(filepath.Join(name, "*.go"))
		if len(files) > 0 && name != root {
			rel, _ := filepath.Rel(root, name)
			out = append(out, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
