package e2e

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

const root = "github.com/linearbot/linearbot"

// TestSnippets checks the types of every piece of Go in the documents. A piece
// need not be complete: names that it takes from its surroundings, and variables
// that it does not use, are fine. What it says of the packages must be so.
func TestSnippets(t *testing.T) {
	t.Parallel()
	known := snippetImports(t)
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range append(files, "../../README.md", "../../CONTRIBUTING.md") {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range goBlocks(string(raw)) {
			found++
			for _, problem := range checkSnippet(s.text, known) {
				t.Errorf("%s:%d: %s", filepath.Base(file), s.line, problem)
			}
		}
	}
	if found < 15 {
		t.Errorf("found %d pieces of Go", found)
	}
}

// TestSnippetsAreChecked checks that the check finds what it is for.
func TestSnippetsAreChecked(t *testing.T) {
	t.Parallel()
	known := snippetImports(t)
	for _, c := range []struct{ snippet, want string }{
		{`_, err := t.Post(ctx, bot.Text("hi"))`, ""},
		{`b.OnNewMention(answer)`, ""},
		{`_, err := t.Post(ctx, bot.Txt("hi"))`, "undefined: bot.Txt"},
		{`b.OnMention(answer)`, "b.OnMention undefined"},
		{`b, err := bot.New(bot.Config{Nickname: "x"})`, "unknown field Nickname"},
		{"b.OnNewMention(func(ctx context.Context, t *bot.Thread) error { return nil })", "as bot.MessageHandler value"},
		{`t.Post(`, "expected"},
	} {
		got := strings.Join(checkSnippet(c.snippet, known), "\n")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.snippet, got, c.want)
		}
	}
}

// imported are packages by the names under which pieces of Go use them.
type imported map[string]*types.Package

func (i imported) Import(path string) (*types.Package, error) {
	for _, p := range i {
		if p.Path() == path {
			return p, nil
		}
	}
	return nil, fmt.Errorf("snippets import %q, which is not on the list", path)
}

func snippetImports(t *testing.T) imported {
	t.Helper()
	paths := []string{
		root, root + "/linearbottest", root + "/bot", root + "/bot/access", root + "/bot/ai", root + "/bot/bottest", root + "/bot/card",
		root + "/adapter", root + "/adapter/linear", root + "/adapter/linear/linearapi", root + "/adapter/linear/linearsim",
		root + "/adapter/linear/workspaces", root + "/state", root + "/state/filestate", root + "/state/memstate", root + "/state/redisstate",
		root + "/state/stateurl", root + "/ticketing", root + "/webhook",
		"bytes", "context", "encoding/json", "errors", "fmt", "io", "maps", "net/http", "os", "regexp", "slices", "strconv", "strings", "sync", "testing", "testing/synctest", "time",
	}
	got, err := packages.Load(&packages.Config{Mode: packages.NeedName | packages.NeedTypes | packages.NeedImports}, paths...)
	if err != nil {
		t.Fatal(err)
	}
	out := imported{}
	for _, p := range got {
		if len(p.Errors) > 0 || p.Types == nil {
			t.Fatalf("%s: %v", p.PkgPath, p.Errors)
		}
		out[p.Types.Name()] = p.Types
	}
	return out
}

type snippet struct {
	line int
	text string
}

// goBlocks returns the fenced blocks of Go in a document.
func goBlocks(doc string) []snippet {
	var out []snippet
	inside := false
	for i, line := range strings.Split(doc, "\n") {
		switch {
		case strings.HasPrefix(line, "```go"):
			inside = true
			out = append(out, snippet{line: i + 2})
		case strings.HasPrefix(line, "```"):
			inside = false
		case inside:
			out[len(out)-1].text += line + "\n"
		}
	}
	return out
}

// What a piece of a function may use: in a bot, and in a test.
const (
	inBot  = "func _(ctx context.Context, b *bot.Bot, t *bot.Thread, m *bot.Message) error {\n"
	inTest = "func _(ctx context.Context, b *bot.Bot, t *testing.T) error {\n"
)

var allowed = regexp.MustCompile(`^(undefined: [a-z]\w*$|declared and not used: |no new variables on left side of :=|missing return|"[^"]+" imported and not used)`)

// checkSnippet returns what is wrong with a piece of Go: a program, declarations,
// or a part of a function of a bot or of a test.
func checkSnippet(text string, known imported) []string {
	if strings.HasPrefix(strings.TrimSpace(text), "package ") {
		return checkFile(text, known)
	}
	head := "package snippet\n\nimport (\n"
	for _, name := range slices.Sorted(maps.Keys(known)) {
		head += fmt.Sprintf("\t%q\n", known[name].Path())
	}
	head += ")\n\n"
	var problems []string
	for _, around := range []string{inTest, "", inBot} {
		source := head + text
		if around != "" {
			source = head + around + text + "\nreturn nil\n}\n"
		}
		if problems = checkFile(source, known); len(problems) == 0 {
			return nil
		}
	}
	return problems
}

func checkFile(source string, known imported) []string {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", source, parser.SkipObjectResolution)
	if err != nil {
		return []string{err.Error()}
	}
	var problems []string
	conf := types.Config{Importer: known, Error: func(err error) {
		e, ok := errors.AsType[types.Error](err)
		if !ok || !allowed.MatchString(e.Msg) {
			problems = append(problems, err.Error())
		}
	}}
	_, _ = conf.Check("snippet", fset, []*ast.File{file}, nil) // the errors were reported
	return problems
}

// TestNamesOfTheMigration looks up every name that the tables of docs/migration.md
// map the other bot's API to.
func TestNamesOfTheMigration(t *testing.T) {
	t.Parallel()
	known := snippetImports(t)
	of := func(pkg, name string) types.Type { return known[pkg].Scope().Lookup(name).Type() }
	values := map[string]types.Type{
		"b": of("bot", "Bot"), "t": of("bot", "Thread"), "w": of("bot", "Workspace"), "m": of("bot", "Message"),
		"Thread": of("bot", "Thread"), "Transcript": of("bot", "Transcript"), "Config": of("bot", "Config"), "Message": of("bot", "Message"),
		"Adapter": of("linear", "Adapter"),
	}
	raw, err := os.ReadFile("../../docs/migration.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	span, name := regexp.MustCompile("`[^`]+`"), regexp.MustCompile(`\b([A-Za-z]+)\.([A-Z]\w*)(?:\.([A-Z]\w*))?`)
	for line := range strings.Lines(string(raw)) {
		if !strings.HasPrefix(line, "|") {
			continue
		}
		for _, code := range span.FindAllString(line, -1) {
			for _, m := range name.FindAllStringSubmatch(code, -1) {
				found++
				in, ok := values[m[1]]
				member := m[2]
				if pkg := known[m[1]]; pkg != nil && !ok {
					obj := pkg.Scope().Lookup(m[2])
					if obj == nil {
						t.Errorf("%s: there is no %s.%s", code, m[1], m[2])
						continue
					}
					in, member = obj.Type(), m[3]
				} else if !ok {
					t.Errorf("%s: what is %s?", code, m[1])
					continue
				}
				if member == "" {
					continue
				}
				if obj, _, _ := types.LookupFieldOrMethod(types.NewPointer(in), true, nil, member); obj == nil {
					t.Errorf("%s: %s has no %s", code, in, member)
				}
			}
		}
	}
	if found < 80 {
		t.Errorf("found %d names", found)
	}
}
