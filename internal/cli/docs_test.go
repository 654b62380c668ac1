package cli

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDocumentedCommands parses every command of this program that the documents
// show, and looks up every make target that they name.
func TestDocumentedCommands(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range documents(t) {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, shown := range shownCommands(string(raw)) {
			found++
			if target, ok := strings.CutPrefix(shown, "make "); ok {
				if target, _, _ = strings.Cut(target, " "); !strings.Contains(string(makefile), "\n"+target+":") {
					t.Errorf("%s: there is no %q", filepath.Base(file), shown)
				}
				continue
			}
			args, ok := words(shown)
			if !ok {
				t.Errorf("%s: %q has an open quote", filepath.Base(file), shown)
				continue
			}
			exited := -1
			parser, _, err := newParser(t.Context(), &program{name: "linearbot", out: io.Discard, err: io.Discard}, &exited)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parser.Parse(helped(args, nil)); err != nil && exited < 0 && !strings.HasSuffix(err.Error(), "no such file or directory") {
				t.Errorf("%s: %q: %v", filepath.Base(file), shown, err)
			}
		}
	}
	if found < 40 {
		t.Errorf("found %d commands, want the many that there are", found)
	}
}

// documents are the texts that people read.
func documents(t *testing.T) []string {
	t.Helper()
	out, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(out) == 0 {
		t.Fatalf("%d documents, %v", len(out), err)
	}
	return append(out, "../../README.md", "../../CONTRIBUTING.md", "../../SECURITY.md")
}

var (
	inlineCode = regexp.MustCompile("`((?:linearbot|make) [a-z][^`]*)`")
	captured   = regexp.MustCompile(`^\w+=\$\((.*)\)\s*$`)
	variables  = regexp.MustCompile(`^(?:[A-Z_]+=\S* )+`)
)

// shownCommands returns the commands of linearbot and make in a document, in code
// spans and in the lines of code blocks, without what the shell does with them.
func shownCommands(doc string) []string {
	var out []string
	add := func(line string) {
		line, _, _ = strings.Cut(line, " #")
		if m := captured.FindStringSubmatch(line); m != nil {
			line = m[1]
		}
		line = variables.ReplaceAllString(strings.TrimPrefix(strings.TrimSpace(line), "$ "), "")
		line = strings.Replace(line, "go run ./cmd/linearbot ", "linearbot ", 1)
		for part := range strings.SplitSeq(line, " | ") {
			part, _, _ = strings.Cut(part, " > ")
			part, _, _ = strings.Cut(part, " < ")
			part = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(part), "&"))
			if rest, ok := strings.CutPrefix(part, "linearbot "); ok && rest != "" && rest[0] >= 'a' && rest[0] <= 'z' {
				out = append(out, rest)
			} else if strings.HasPrefix(part, "make ") {
				out = append(out, part)
			}
		}
	}
	fenced := false
	for line := range strings.SplitSeq(doc, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
			continue
		}
		if fenced {
			add(line)
			continue
		}
		for _, m := range inlineCode.FindAllStringSubmatch(line, -1) {
			add(m[1])
		}
	}
	return out
}

// words splits a command line at spaces outside of quotes.
func words(s string) (out []string, closed bool) {
	var word strings.Builder
	var quote rune
	begun := false
	for _, c := range s {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(c)
		case c == '"' || c == '\'':
			quote, begun = c, true
		case c == ' ':
			if begun {
				out = append(out, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(c)
			begun = true
		}
	}
	if begun {
		out = append(out, word.String())
	}
	return out, quote == 0
}

// TestNamedTests looks up every test that a document names.
func TestNamedTests(t *testing.T) {
	t.Parallel()
	exist := map[string]bool{}
	defined := regexp.MustCompile(`(?m)^func (Test[A-Z]\w*)\(`)
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git" || d.Name() == ".bin"):
			return filepath.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		raw, err := os.ReadFile(path)
		for _, m := range defined.FindAllSubmatch(raw, -1) {
			exist[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`\bTest[A-Z]\w*(?:…|\*)?`)
	for _, file := range documents(t) {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range named.FindAllString(string(raw), -1) {
			if !exist[name] && name != "TestBot" && !strings.HasSuffix(name, "…") && !strings.HasSuffix(name, "*") {
				t.Errorf("%s names %s, which does not exist", filepath.Base(file), name)
			}
		}
	}
}

// TestRunbook compares the alerts with the parts of the runbook, in their order.
func TestRunbook(t *testing.T) {
	t.Parallel()
	rules, err := os.ReadFile("../../docs/monitoring/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, runbook, _ := strings.Cut(string(doc), "\n## Runbook\n")
	runbook, _, _ = strings.Cut(runbook, "\n## ")
	var alerts, parts []string
	for _, m := range regexp.MustCompile(`(?m)^ +- alert: (\w+)$`).FindAllStringSubmatch(string(rules), -1) {
		alerts = append(alerts, m[1])
		if !strings.Contains(string(rules), "/docs/operations.md#"+strings.ToLower(m[1])+"\n") {
			t.Errorf("%s has no runbook_url", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^### (\w+)$`).FindAllStringSubmatch(runbook, -1) {
		parts = append(parts, m[1])
	}
	if len(alerts) < 10 || !slices.Equal(alerts, parts) {
		t.Errorf("the alerts are\n%q\nand the runbook has\n%q", alerts, parts)
	}
}

// TestLinks follows every link from a document to a file or a part of a document.
func TestLinks(t *testing.T) {
	t.Parallel()
	code := regexp.MustCompile("(?s)```.*?\n *```|`[^`\n]*`")
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	found := 0
	for _, file := range documents(t) {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(code.ReplaceAllString(string(raw), ""), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			found++
			name, part, _ := strings.Cut(m[1], "#")
			to := file
			if name != "" {
				to = filepath.Join(filepath.Dir(file), name)
			}
			there, err := os.Stat(to)
			switch {
			case err != nil:
				t.Errorf("%s: %s leads nowhere", filepath.Base(file), m[1])
			case part != "" && !there.IsDir():
				raw, err := os.ReadFile(to)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Contains(anchors(string(raw)), part) {
					t.Errorf("%s: %s has no part #%s", filepath.Base(file), name, part)
				}
			}
		}
	}
	if found < 60 {
		t.Errorf("found %d links", found)
	}
}

// anchors returns the names that GitHub gives the headings of a document.
func anchors(doc string) []string {
	var out []string
	drop := regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(doc, -1) {
		out = append(out, strings.ReplaceAll(drop.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return out
}

// TestEveryPageIsFound checks that the README leads to every page.
func TestEveryPageIsFound(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range documents(t) {
		if name := filepath.Base(file); strings.HasPrefix(file, "../../docs/") && name != "linearsim-coverage.md" && !strings.Contains(string(readme), "(docs/"+name+")") {
			t.Errorf("the README has no link to docs/%s", name)
		}
	}
}

// TestGoVersion compares the version of Go that the documents ask for with go.mod's.
func TestGoVersion(t *testing.T) {
	t.Parallel()
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(string(mod))
	for _, file := range append(documents(t), "../../Dockerfile") {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?:\bGo |golang:)(\d\.\d+)`).FindAllStringSubmatch(string(raw), -1) {
			if m[1] != want[1] {
				t.Errorf("%s speaks of Go %s, go.mod of %s", filepath.Base(file), m[1], want[1])
			}
		}
	}
}
