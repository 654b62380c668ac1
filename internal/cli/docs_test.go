package cli

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
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
	variables  = regexp.MustCompile(`^(?:[A-Z_]+=\S* )+`)
)

// shownCommands returns the commands of linearbot and make in a document, in code
// spans and in the lines of code blocks, without what the shell does with them.
func shownCommands(doc string) []string {
	var out []string
	add := func(line string) {
		line, _, _ = strings.Cut(line, " #")
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
