package markdown

import (
	"strings"
	"testing"

	"github.com/yuin/goldmark/ast"
)

func TestNestingIsLimited(t *testing.T) {
	t.Parallel()
	for _, marker := range []string{">", "> ", "1. ", "+ - ", "[^a]:"} {
		text := strings.Repeat(marker, 1000) + "x"
		depth := 0
		for n := Parse(text).root; n != nil; n = n.FirstChild() {
			depth++
		}
		if depth > 4*maxNesting {
			t.Errorf("%q nests %d deep", marker, depth)
		}
		if got := Plain(text); !strings.HasSuffix(got, "x") {
			t.Errorf("%q: the text ends in %q", marker, got[max(0, len(got)-10):])
		}
	}
}

func TestNestingOverLinesIsLimited(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for n := range 200 {
		b.WriteString(strings.Repeat("  ", n) + "- a\n")
	}
	depth := 0
	for n := Parse(b.String()).root; n != nil; n = n.LastChild() {
		depth++
	}
	if depth > 4*maxNesting {
		t.Errorf("a list nests %d deep", depth)
	}
	if got := strings.Count(Plain(b.String()), "a"); got != 200 {
		t.Errorf("%d items are left", got)
	}
}

func TestThematicBreakIsNoNesting(t *testing.T) {
	t.Parallel()
	root := Parse(strings.Repeat("* ", 1000)).root
	if _, ok := root.FirstChild().(*ast.ThematicBreak); !ok || root.ChildCount() != 1 {
		t.Errorf("a long line of stars is %v", root.FirstChild().Kind())
	}
}

func TestManyDefinitions(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("[a]: /a\n", 3*maxDefinitions) + "[b]: /b\n'title'\n" +
		strings.Repeat("[c]: /c\n", 2*maxDefinitions) + "one [b]\ntwo [c]"
	root := Parse(text).root
	var links []string
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if l, ok := n.(*ast.Link); ok && entering {
			links = append(links, string(l.Destination)+string(l.Title))
		}
		return ast.WalkContinue, nil
	})
	if got := strings.Join(links, " "); got != "/btitle /c" {
		t.Errorf("links lead to %q", got)
	}
	if got := Plain(text); got != "one b\ntwo c" {
		t.Errorf("text is %q", got)
	}
}
