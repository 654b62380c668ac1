package logkeys_test

import (
	"go/ast"
	"go/constant"
	"go/types"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/go/packages"

	"github.com/linearbot/linearbot/internal/logkeys"
	"github.com/linearbot/linearbot/internal/testfiles"
)

// builtIn are the keys that zerolog itself writes.
var builtIn = []string{"level", "time", "message", "error"}

// apart are packages whose lines are not those of a bot.
var apart = []string{"/adapter/linear/linearsim", "/internal/bench", "/internal/chaos", "/internal/growth", "/examples/", "/internal/schematypes"}

// logged returns the keys of all fields in the code, with a place for each.
func logged(t *testing.T) map[string]string {
	t.Helper()
	pkgs, err := packages.Load(&packages.Config{
		Context: t.Context(), Dir: "../..",
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedImports,
	}, "./...")
	if err != nil {
		t.Fatal(err)
	}
	keys := make(map[string]string)
	for _, p := range pkgs {
		if slices.ContainsFunc(apart, func(part string) bool { return strings.Contains(p.PkgPath+"/", part) }) {
			continue
		}
		for _, e := range p.Errors {
			t.Fatalf("%s: %v", p.PkgPath, e)
		}
		for _, f := range p.Syntax {
			ast.Inspect(f, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok || len(call.Args) < 2 || !isField(p.TypesInfo, call) {
					return true
				}
				at := p.Fset.Position(call.Pos()).String()
				value := p.TypesInfo.Types[call.Args[0]].Value
				if value == nil || value.Kind() != constant.String {
					t.Errorf("%s: the key of a log line is not a constant", at)
					return true
				}
				keys[constant.StringVal(value)] = at
				return true
			})
		}
	}
	return keys
}

// isField reports whether a call adds a field to a line or to a logger.
func isField(info *types.Info, call *ast.CallExpr) bool {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	f, ok := info.Uses[sel.Sel].(*types.Func)
	if !ok || strings.HasPrefix(f.Name(), "Msg") {
		return false
	}
	sig, ok := f.Type().(*types.Signature)
	if !ok || sig.Recv() == nil || sig.Params().Len() < 2 {
		return false
	}
	name := strings.TrimPrefix(sig.Recv().Type().String(), "*")
	first := sig.Params().At(0).Type().String()
	return (name == "github.com/rs/zerolog.Event" || name == "github.com/rs/zerolog.Context") && first == "string"
}

// TestKeys compares the table with the keys in the code.
func TestKeys(t *testing.T) {
	t.Parallel()
	used := logged(t)
	if len(used) < 20 {
		t.Fatalf("only %d keys were found", len(used))
	}
	known := slices.Clone(builtIn)
	for _, row := range logkeys.Table() {
		known = append(known, row.Key)
		if _, ok := used[row.Key]; !ok && !slices.Contains(builtIn, row.Key) {
			t.Errorf("no line has the key %q", row.Key)
		}
	}
	for key, at := range used {
		if !slices.Contains(known, key) {
			t.Errorf("%s: the key %q is not in the table", at, key)
		}
	}
}

// TestDocumentation compares the table of the documentation with the code.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	rows := testfiles.Rows(t, "../../docs/operations.md", "| log key |")
	if diff := cmp.Diff(logkeys.Markdown(), rows); diff != "" {
		t.Errorf("the table must be (-want +got):\n%s\n%s", diff, logkeys.Markdown())
	}
}
