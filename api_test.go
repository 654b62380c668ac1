package linearbot_test

import (
	"bytes"
	"flag"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// apiFile lists every exported name of the module, for those who compare versions.
const apiFile = "testdata/api.txt"

var updateAPI = flag.Bool("update-api", false, "write "+apiFile+" anew")

// TestAPI compares the public names with the recorded ones, so that a change of what
// programs can rely on is seen where it is made. Whether it breaks them is what
// `make apidiff` says.
func TestAPI(t *testing.T) {
	t.Parallel()
	got := publicNames(t)
	if *updateAPI {
		if err := os.WriteFile(apiFile, []byte(strings.Join(got, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(apiFile)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for _, line := range missing(got, want) {
		t.Errorf("not recorded: %s", line)
	}
	for _, line := range missing(want, got) {
		t.Errorf("recorded, but gone or changed: %s", line)
	}
	if t.Failed() {
		t.Log("if that is meant: go test . -run TestAPI -update-api")
	}
}

// TestAPILines checks what is listed of a package and what is not.
func TestAPILines(t *testing.T) {
	t.Parallel()
	const source = `package p

type T struct {
	A, b int
	*E
}
type E interface{ M(x int) error; m() }
func (t *T) Do(n int) (string, error) { return "", nil }
func (t *T) do() {}
func New[K comparable](k K) *T { return nil }
const C, c = 1, 2
var ErrX = New(1)
type hidden struct{ F int }
func (hidden) F() {}
`
	want := []string{
		"const C", "func New[K comparable](k K) *T", "method (t *T) Do(n int) (string, error)", "type E interface",
		"type E interface, M(x int) error", "type T struct", "type T struct, *E", "type T struct, A int", "var ErrX",
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "p.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := namesOf(set, []*ast.File{file}); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func missing(lines, from []string) []string {
	var out []string
	for _, line := range lines {
		if _, found := slices.BinarySearch(from, line); !found {
			out = append(out, line)
		}
	}
	return out
}

// publicNames returns a sorted line for each exported name of each public package.
func publicNames(t *testing.T) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(".", func(dir string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		switch name := d.Name(); {
		case name == "internal", name == "testdata", name == "examples", name == "cmd", name != "." && strings.HasPrefix(name, "."):
			return filepath.SkipDir
		}
		set := token.NewFileSet()
		files := sources(t, set, dir)
		if len(files) == 0 || files[0].Name.Name == "main" {
			return nil
		}
		for _, line := range namesOf(set, files) {
			out = append(out, filepath.ToSlash(dir)+": "+line)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

func sources(t *testing.T, set *token.FileSet, dir string) []*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

// namesOf returns a sorted line for each exported name in the files of a package.
func namesOf(set *token.FileSet, files []*ast.File) []string {
	var out []string
	show := func(node any) string {
		var b bytes.Buffer
		if err := printer.Fprint(&b, set, node); err != nil {
			return err.Error()
		}
		return strings.Join(strings.Fields(b.String()), " ")
	}
	for _, file := range files {
		ast.FileExports(file)
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				decl.Body, decl.Doc = nil, nil
				line := show(decl)
				if decl.Recv != nil {
					if !exportedReceiver(decl.Recv.List[0].Type) {
						continue
					}
					line = "method " + strings.TrimPrefix(line, "func ")
				}
				out = append(out, line)
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					switch spec := spec.(type) {
					case *ast.ValueSpec:
						for _, name := range spec.Names {
							if name.IsExported() {
								out = append(out, decl.Tok.String()+" "+name.Name)
							}
						}
					case *ast.TypeSpec:
						out = append(out, typeLines(spec, show)...)
					}
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

// exportedReceiver reports whether a method's type is one that programs can name.
func exportedReceiver(typ ast.Expr) bool {
	switch typ := typ.(type) {
	case *ast.StarExpr:
		return exportedReceiver(typ.X)
	case *ast.IndexExpr:
		return exportedReceiver(typ.X)
	case *ast.Ident:
		return typ.IsExported()
	default:
		return true
	}
}

// typeLines returns a line for a type, and one for each exported field or method of a
// struct or an interface.
func typeLines(spec *ast.TypeSpec, show func(any) string) []string {
	var members *ast.FieldList
	kind := ""
	switch typ := spec.Type.(type) {
	case *ast.StructType:
		kind, members = "struct", typ.Fields
	case *ast.InterfaceType:
		kind, members = "interface", typ.Methods
	}
	spec.Doc, spec.Comment = nil, nil
	if members == nil {
		return []string{"type " + show(spec)}
	}
	head := "type " + spec.Name.Name
	if spec.TypeParams != nil {
		list := make([]string, 0, len(spec.TypeParams.List))
		for _, p := range spec.TypeParams.List {
			for _, name := range p.Names {
				list = append(list, name.Name+" "+show(p.Type))
			}
		}
		head += "[" + strings.Join(list, ", ") + "]"
	}
	head += " " + kind
	out := []string{head}
	for _, field := range members.List {
		if len(field.Names) == 0 {
			out = append(out, head+", "+show(field.Type))
		}
		for _, name := range field.Names {
			sign := show(field.Type)
			if kind == "interface" {
				sign = strings.TrimPrefix(sign, "func")
			} else {
				sign = " " + sign
			}
			out = append(out, head+", "+name.Name+sign)
		}
	}
	return out
}
