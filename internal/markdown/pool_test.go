package markdown

import (
	"fmt"
	"strings"
	"testing"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

// TestParserForgets has one parser parse a text after another one. The second
// comes out as from a new parser.
func TestParserForgets(t *testing.T) {
	t.Parallel()
	texts := []string{
		"", "plain", "[a](/b) and ![c](/d \"t\")", strings.Repeat("[", 300), "](<", "[x](<y", strings.Repeat("![", 250) + "](z)",
		"[a](<b>) [c](<d> \"e\")", "[^1]\n\n[^1]: note", "[^1] without", "[ref]\n\n[ref]: /there", "[ref]", "| a | b |\n|---|---|\n| 1 | 2 |",
		"- [ ] task\n- [x] done", "> quote\n> [a](/b", "```\n[a](/b)\n", "https://example.com/a_(b) @x *y* ~~z~~ `[`", "<b>[a](/b)</b>",
	}
	for _, first := range texts {
		for _, second := range texts {
			used := newDocParser()
			dump(t, used, first)
			used.links.reset()
			if got, want := dump(t, used, second), dump(t, newDocParser(), second); got != want {
				t.Errorf("%q after %q:\n%s\nwant\n%s", second, first, got, want)
			}
		}
	}
}

// dump describes what a parser makes of a text.
func dump(t *testing.T, p *docParser, source string) string {
	t.Helper()
	src := tame(source)
	var b strings.Builder
	err := ast.Walk(p.parser.Parse(text.NewReader(src)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			b.WriteByte(')')
			return ast.WalkContinue, nil
		}
		fmt.Fprintf(&b, "(%s", n.Kind())
		switch n := n.(type) {
		case *ast.Text:
			fmt.Fprintf(&b, " %q", n.Segment.Value(src))
		case *ast.Link:
			end, _ := n.AttributeString(linkEnd)
			fmt.Fprintf(&b, " %q %v", n.Destination, end)
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
