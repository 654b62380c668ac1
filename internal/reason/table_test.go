package reason

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/linearbot/linearbot/adapter"
)

func TestTable(t *testing.T) {
	t.Parallel()
	word := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	seen := map[string]bool{}
	for _, i := range Table() {
		switch {
		case seen[i.Code]:
			t.Errorf("%s has two rows", i.Code)
		case !word.MatchString(i.Code):
			t.Errorf("%q is not a snake_case word", i.Code)
		case !strings.HasSuffix(i.Says, ".") || strings.Contains(i.Says, "\n"):
			t.Errorf("%s: %q is not one sentence", i.Code, i.Says)
		case i.Do != "" && !strings.HasSuffix(i.Do, "."):
			t.Errorf("%s: %q does not end like a sentence", i.Code, i.Do)
		case (i.Kind == Failed) && i.Do == "":
			t.Errorf("%s does not say what to do", i.Code)
		}
		seen[i.Code] = true
		if Of(i.Code) != i {
			t.Errorf("Of(%q) = %v", i.Code, Of(i.Code))
		}
	}
	if got := Of("new_word"); got.Code != "new_word" || got.Says == "" {
		t.Errorf("a code of another version is %v", got)
	}
}

// The table in the documentation is the one in the code.
func TestDocs(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/traces.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(string(page), "\n\n"+Markdown()) {
		t.Errorf("docs/traces.md must end with this table:\n%s", Markdown())
	}
}

// Every code of an error of the platform can be the reason for which a turn is
// tried again or buried.
func TestErrorCodes(t *testing.T) {
	t.Parallel()
	kinds := Kinds()
	for c := adapter.CodeUnknown; c <= adapter.CodeUnsupported; c++ {
		if kind := kinds[c.String()]; kind != Failed && c != adapter.CodeCanceled { // a canceled call is turn_timeout
			t.Errorf("%s has the kind %q", c, kind)
		}
	}
}

// Where the code decides, it takes its word from here.
func TestReasonsComeFromTheTable(t *testing.T) {
	t.Parallel()
	used := make(map[string]bool)
	for _, dir := range []string{
		"../../bot", "../../bot/internal/*", "../../webhook", "../../adapter/linear", "../../adapter/linear/linearapi",
		"../admin", "../trace",
	} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", dir, err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.SelectorExpr:
					if x, ok := n.X.(*ast.Ident); ok && x.Name == "reason" {
						used[n.Sel.Name] = true
					}
				case *ast.CallExpr:
					if f, arg := called(n); arg >= 0 && arg < len(n.Args) && isText(n.Args[arg]) {
						t.Errorf("%s: %s is called with a word that is not from the table", name, f)
					}
				case *ast.CompositeLit:
					if lit, given := coded(n); given {
						t.Errorf("%s: a %s has a code that is not from the table", name, lit)
					}
				case *ast.KeyValueExpr:
					if key, ok := n.Key.(*ast.Ident); ok && (key.Name == "ignored" || key.Name == "Ignore" || key.Name == "ignore") && isText(n.Value) {
						t.Errorf("%s: %s has a word that is not from the table", name, key.Name)
					}
				}
				return true
			})
		}
	}
	src, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	kinds := Kinds()
	values := make(map[string]bool)
	ast.Inspect(src, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for i, name := range spec.Names {
			lit, ok := spec.Values[i].(*ast.BasicLit)
			if !ok {
				t.Fatalf("%s is not a text", name.Name)
			}
			code, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			values[code] = true
			if _, ok := kinds[code]; !ok {
				t.Errorf("%s = %q is not in the table", name.Name, code)
			}
			if !used[name.Name] && !elsewhere(code) {
				t.Errorf("%s is used nowhere", name.Name)
			}
		}
		return true
	})
	for code := range kinds {
		if !values[code] {
			t.Errorf("%s has no name in codes.go", code)
		}
	}
}

// called returns the name of a function that takes a reason, and the place of the
// argument.
func called(call *ast.CallExpr) (name string, arg int) {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		name = f.Name
	case *ast.SelectorExpr:
		name = f.Sel.Name
	}
	switch name {
	case "ignored", "other", "step":
		return name, 0
	case "Why":
		return name, 1
	case "ignore":
		return name, 2
	default:
		return name, -1
	}
}

// coded returns the name of a type whose code is a reason, if a literal of it has a
// text for one.
func coded(lit *ast.CompositeLit) (name string, given bool) {
	typ, ok := lit.Type.(*ast.SelectorExpr)
	if !ok || typ.Sel.Name != "TraceStep" && typ.Sel.Name != "Cause" {
		return "", false
	}
	for _, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if key, ok := kv.Key.(*ast.Ident); ok && key.Name == "Code" && isText(kv.Value) {
				return typ.Sel.Name, true
			}
		}
	}
	return "", false
}

func isText(e ast.Expr) bool {
	lit, ok := e.(*ast.BasicLit)
	return ok && lit.Kind == token.STRING
}

// elsewhere reports whether a code is the name of an error code, or comes from
// package workspaces.
func elsewhere(code string) bool {
	for c := adapter.CodeUnknown; c <= adapter.CodeUnsupported; c++ {
		if c.String() == code {
			return true
		}
	}
	return code == NeedsReauth
}
