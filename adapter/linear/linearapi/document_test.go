package linearapi

import (
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

func TestDocuments(t *testing.T) {
	t.Parallel()
	const (
		a = "fragment a on A {\n  id\n}\n"
		b = "fragment b on B {\n  ...a\n  c {\n    ...c\n  }\n}\n"
		c = "fragment c on C {\n  ... on D {\n    ...a\n  }\n}\n"
	)
	for _, tc := range []struct {
		name, text string
		want       string // what is joined to the text, or the error
	}{
		{"no fragment", "{ a }\n", ""},
		{"one", "{ a { ...a } }\n", a},
		{"one twice", "{ a { ...a } x { ...a } }\n", a},
		{"of a fragment, each once", "{ a { ...b ...a } }\n", b + a + c},
		{"with a directive", "{ ...a@include(if: $x) }\n", a},
		{"after white space", "{ ...\n\ta }\n", a},
		{"inline", "{ ... on A { id } ... { id } ...@skip(if: $x) { id } }\n", ""},
		{"inline around one", "{ ...on A { ...a } }\n", a},
		{"unknown", "{ ...a ...once }\n", "operation q: there is no fragment once"},
		{"unknown to a fragment", "{ ...bad }\n", "operation q: there is no fragment nope"},
		{"in a circle", "{ ...loop }\n", "fragment loop on A {\n  ...loop\n}\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			files := fstest.MapFS{"operations/q.graphql": {Data: []byte(tc.text)}}
			for name, text := range map[string]string{
				"a": "# a says little.\n" + a, "b": b, "c": "# c spreads ...nope\n#\n" + c,
				"bad": "fragment bad on A {\n  ...nope\n}\n", "loop": "fragment loop on A {\n  # again\n  ...loop\n}\n",
			} {
				files["operations/fragments/"+name+".graphql"] = &fstest.MapFile{Data: []byte(text)}
			}
			docs, err := documents(files)
			got := strings.TrimPrefix(docs["q"], tc.text)
			if err != nil {
				got = err.Error()
			} else if len(docs) != 1 || !strings.HasPrefix(docs["q"], tc.text) {
				t.Errorf("documents %q do not begin with %q", docs, tc.text)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("joined (-want +got):\n%s", diff)
			}
		})
	}
}

// TestFragmentFiles checks that a file holds only the fragment of its name,
// that the fragment is used, and that a sent text holds exactly the fragments
// that it spreads.
func TestFragmentFiles(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(operationFiles, "operations/fragments/*.graphql")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	unused := map[string]bool{}
	for _, file := range files {
		text, err := fs.ReadFile(operationFiles, file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(path.Base(file), ".graphql")
		doc, err := parser.ParseQuery(&ast.Source{Name: file, Input: string(text)})
		if err != nil {
			t.Fatal(err)
		}
		if len(doc.Operations) != 0 || len(doc.Fragments) != 1 || doc.Fragments[0].Name != name {
			t.Errorf("%s must hold one fragment of the file's name and nothing else", file)
		}
		unused[name] = true
	}
	for name, text := range sent(t) {
		doc, err := parser.ParseQuery(&ast.Source{Name: name, Input: text})
		if err != nil {
			t.Fatal(err)
		}
		if len(doc.Operations) != 1 || doc.Operations[0].Name != name {
			t.Errorf("%s must hold one operation of the file's name", name)
			continue
		}
		want := map[string]int{}
		spreadIn(doc, doc.Operations[0].SelectionSet, want)
		got := map[string]int{}
		for _, f := range doc.Fragments {
			got[f.Name]++
			delete(unused, f.Name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: how often each fragment is sent (-want +got):\n%s", name, diff)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(unused)) {
		t.Errorf("no operation spreads the fragment %s", name)
	}
}

// spreadIn adds the fragments that set spreads, directly or indirectly.
func spreadIn(doc *ast.QueryDocument, set ast.SelectionSet, names map[string]int) {
	for _, sel := range set {
		switch sel := sel.(type) {
		case *ast.Field:
			spreadIn(doc, sel.SelectionSet, names)
		case *ast.InlineFragment:
			spreadIn(doc, sel.SelectionSet, names)
		case *ast.FragmentSpread:
			if names[sel.Name] > 0 {
				continue
			}
			names[sel.Name] = 1
			if f := doc.Fragments.ForName(sel.Name); f != nil {
				spreadIn(doc, f.SelectionSet, names)
			}
		}
	}
}

// TestUnknownOperation checks that a name without a file is rejected before
// anything is sent.
func TestUnknownOperation(t *testing.T) {
	t.Parallel()
	s := always(200, `{"data":{}}`)
	_, err := newClient(t, s, nil).exec(t.Context(), operation{name: "nope"}, nil)
	if err == nil || !strings.Contains(err.Error(), "nope") || len(s.seen()) != 0 {
		t.Errorf("error %v after %d requests", err, len(s.seen()))
	}
}
