package testfiles

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// failed is what a function told a test before it ended it.
type failed struct {
	testing.TB

	message string
}

func (f *failed) Helper() {}

func (f *failed) Fatalf(format string, args ...any) {
	f.message = strings.Join(strings.Fields(fmt.Sprintf(format, args...)), " ")
	runtime.Goexit()
}

// failure runs fn and returns the message with which it ends the test.
func failure(fn func(f *failed)) string {
	f := &failed{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		fn(f)
	}()
	<-done
	return f.message
}

// names returns the paths of the files of a schema.
func names(sources []*ast.Source) []string {
	var out []string
	for _, s := range sources {
		out = append(out, s.Name)
	}
	return out
}

func unset(t *testing.T) {
	t.Helper()
	for _, name := range []string{FixturesVar, VectorsVar, SchemaVar} {
		t.Setenv(name, "")
	}
}

func TestUnsetMeansTheRepository(t *testing.T) {
	t.Setenv(FixturesVar, "")
	t.Setenv(VectorsVar, "")
	t.Setenv(SchemaVar, "")
	root, err := filepath.Abs("../../testdata")
	if err != nil {
		t.Fatal(err)
	}
	files := Fixtures(t, "captured", "examples", "headers")
	for _, dir := range []string{"captured", "examples", "headers"} {
		if !slices.ContainsFunc(files, func(f string) bool { return filepath.Dir(f) == filepath.Join(root, "fixtures", dir) }) {
			t.Errorf("no file of %s in %q", dir, files)
		}
	}
	if got, want := names(Schema(t)), []string{filepath.Join(root, "schema.graphql")}; !slices.Equal(got, want) {
		t.Errorf("Schema() = %q, want %q", got, want)
	}
	for _, name := range []string{
		"ai_messages.json", "cards.json", "emoji.json", "markdown.json", "mentions.json", "streaming.json",
		"thread_ids.json", "webhooks.json",
	} {
		if len(Cases[struct{}](t, name)) == 0 {
			t.Errorf("no cases in %s", name)
		}
	}
}

func TestSetReplaces(t *testing.T) {
	unset(t)
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	fixture := write("captured/a.json", `{"body": {"b":1} }`)
	bare := write("captured/b.json", `{"type":"Comment"}`)
	headers := write("captured/c.json", `{"headers":{},"body":null}`)
	schema := write("schema.graphql", "type Query { a: Int }")
	write("cards.json", `{"cases":[{"name":"one"}]}`)
	t.Setenv(FixturesVar, dir)
	t.Setenv(VectorsVar, dir)
	t.Setenv(SchemaVar, schema)

	if got, want := Fixtures(t, "captured"), []string{fixture, bare, headers}; !slices.Equal(got, want) {
		t.Errorf("Fixtures() = %q, want %q", got, want)
	}
	for path, want := range map[string]string{fixture: `{"b":1}`, bare: `{"type":"Comment"}`, headers: ""} {
		if got := string(Body(t, path)); got != want {
			t.Errorf("Body(%s) = %q, want %q", path, got, want)
		}
	}
	if got := Cases[struct{ Name string }](t, "cards.json"); len(got) != 1 || got[0].Name != "one" {
		t.Errorf("Cases() = %+v", got)
	}
	if got := names(Schema(t)); !slices.Equal(got, []string{schema}) {
		t.Errorf("Schema() = %q", got)
	}
	newer := write("newer.graphql", "extend type Query { b: Int }")
	if got := names(Schema(t)); !slices.Equal(got, []string{schema, newer}) {
		t.Errorf("Schema() = %q, want the newer file too", got)
	}
}

func TestSetAndUnreadableFails(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	t.Setenv(FixturesVar, none)
	t.Setenv(VectorsVar, none)
	t.Setenv(SchemaVar, none)
	for name, fn := range map[string]func(f *failed){
		FixturesVar: func(f *failed) { Fixtures(f, "captured") },
		VectorsVar:  func(f *failed) { Cases[struct{}](f, "cards.json") },
		SchemaVar:   func(f *failed) { Schema(f) },
	} {
		if got := failure(fn); !strings.Contains(got, name) || !strings.Contains(got, none) {
			t.Errorf("%s: failed with %q, want the variable and the path", name, got)
		}
	}
}

func TestNoDataFails(t *testing.T) {
	unset(t)
	empty := t.TempDir()
	t.Setenv(FixturesVar, empty)
	t.Setenv(VectorsVar, empty)
	if err := os.WriteFile(filepath.Join(empty, "emoji.json"), []byte(`{"cases":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(empty, "markdown.json"), []byte(`{`), 0o600); err != nil {
		t.Fatal(err)
	}
	for what, fn := range map[string]func(f *failed){
		"no fixtures":   func(f *failed) { Fixtures(f, "captured") },
		"no vectors":    func(f *failed) { Cases[struct{}](f, "cards.json") },
		"no cases":      func(f *failed) { Cases[struct{}](f, "emoji.json") },
		"invalid JSON":  func(f *failed) { Cases[struct{}](f, "markdown.json") },
		"no such body":  func(f *failed) { Body(f, filepath.Join(empty, "x.json")) },
		"body not JSON": func(f *failed) { Body(f, filepath.Join(empty, "markdown.json")) },
	} {
		if got := failure(fn); !strings.HasPrefix(got, "LINEAR_") {
			t.Errorf("%s: failed with %q, want the variable", what, got)
		}
	}
	unset(t)
	t.Chdir(t.TempDir())
	if got := failure(func(f *failed) { Schema(f) }); !strings.Contains(got, "testdata/schema.graphql") {
		t.Errorf("outside of a clone: failed with %q", got)
	}
}
