package card

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	gmtext "github.com/yuin/goldmark/text"
	"pgregory.net/rapid"

	"github.com/linearbot/linearbot/internal/markdown"
)

// piece is something plain text is made of, and what is seen of it.
type piece struct{ text, seen string }

// same are pieces that are seen as they are.
func same(texts ...string) []piece {
	out := make([]piece, len(texts))
	for i, s := range texts {
		out[i] = piece{s, s}
	}
	return out
}

// plainPieces are the pieces of plain text within a line. Words keep marks that
// begin a block away from the start of the line.
var plainPieces = slices.Concat(
	same("word ", "a", "7", " ", "  ", "*", "**", "_", "__", "[", "]", "](x)", "![", `\`, `\\`, "(", ")", "!", "|", "#", "-", ".", ":", "$",
		"&", "&amp;", "&#42;", "&copy", "{{", "世", "👍", " https://x.io/a_b*c ", " www.x.io/_a_. "),
	[]piece{{" `code` ", " code "}, {" `a_*b*` ", " a_*b* "}, {" ``[a](`b`)`` ", " [a](`b`) "}, {"{{emoji:rocket}}", "🚀"}, {"{{emoji:no_such}}", "no_such"}},
)

// draw returns some pieces, joined.
func draw(t *rapid.T, label string, from []piece) (text, seen string) {
	var a, b strings.Builder
	for _, p := range rapid.SliceOfN(rapid.SampledFrom(from), 0, 8).Draw(t, label) {
		a.WriteString(p.text)
		b.WriteString(p.seen)
	}
	return a.String(), b.String()
}

// parse parses Markdown as GitHub does.
func parse(source string) ast.Node {
	return goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(gmtext.NewReader([]byte(source)))
}

// TestCardText checks the same where cards have plain text.
func TestCardText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text, seen := draw(t, "text", plainPieces)
		text, seen = "x"+text+"x", "x"+seen+"x"
		for what, c := range map[string]struct {
			card Card
			want string
		}{
			"title":    {Card{Title: text}, seen},
			"subtitle": {Card{Subtitle: text}, seen},
			"label":    {Card{Children: []Element{Fields{{Label: text, Value: "v"}}}}, seen + ": v"},
			"value":    {Card{Children: []Element{Fields{{Label: "l", Value: text}}}}, "l: " + seen},
			"link":     {Card{Children: []Element{Link{text, "https://x.io"}}}, seen},
			"alt":      {Card{Children: []Element{Image{"https://x.io", text}}}, seen},
			"button":   {Card{Children: []Element{Actions{Button{Label: text}, LinkButton{text, "u"}}}}, "[" + seen + "] • " + seen},
		} {
			if got := markdown.Plain(render(t, c.card)); got != c.want {
				t.Errorf("%s: %q is written as %q and seen as %q, want %q", what, text, render(t, c.card), got, c.want)
			}
		}
	})
}

// TestCardTableParses reads tables back cell by cell.
func TestCardTableParses(t *testing.T) {
	t.Parallel()
	pieces := slices.Concat(
		same("word ", "a", " ", "|", "||", `\`, `\\`, "-", ":", "世", ` C:\_temp\x `),
		[]piece{
			{"\n", " "},
			{"\r\n", " "},
			{" **b** ", " b "},
			{"[l](https://x.io)", "l"},
			{" `a|b` ", " a|b "},
			{" `a\\b` ", ` a\b `},
			{" ~~s~~ ", " s "},
			{"{{emoji:green_circle}}", "🟢"},
		},
	)
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.IntRange(1, 4).Draw(t, "columns")
		rows := rapid.IntRange(0, 3).Draw(t, "rows")
		var table Table
		var want []string
		for range rows + 1 {
			var cells, seen []string
			for range columns {
				text, s := draw(t, "cell", pieces)
				cells, seen = append(cells, "x"+text+"x"), append(seen, "x"+s+"x")
			}
			want = append(want, strings.Join(seen, "\t"))
			if table.Headers == nil {
				table.Headers = cells
			} else {
				table.Rows = append(table.Rows, cells)
			}
		}
		for range rapid.IntRange(0, columns).Draw(t, "aligned") {
			table.Align = append(table.Align, rapid.SampledFrom([]Alignment{AlignDefault, AlignLeft, AlignCenter, AlignRight}).Draw(t, "align"))
		}
		body := render(t, Card{Children: []Element{table}})
		parsed, ok := parse(body).FirstChild().(*extast.Table)
		if !ok || len(parsed.Alignments) != columns {
			t.Fatalf("no table of %d columns:\n%s", columns, body)
		}
		if diff := cmp.Diff(strings.Join(want, "\n"), markdown.Plain(body)); diff != "" {
			t.Errorf("read back from\n%s\n(-want +got):\n%s", body, diff)
		}
	})
}

// TestChartStaysInItsFence checks that nothing in a chart ends its code block.
func TestChartStaysInItsFence(t *testing.T) {
	t.Parallel()
	labels := same("a", " ", "`", "```", "````", "~~~", "\n", "# ", "| ", "*b*", "</pre>")
	rapid.Check(t, func(t *rapid.T) {
		var pie Pie
		for range rapid.IntRange(0, 3).Draw(t, "slices") {
			label, _ := draw(t, "label", labels)
			pie.Slices = append(pie.Slices, Point{label, 1})
		}
		source := render(t, Card{Children: []Element{pie}})
		doc := parse(source)
		block, ok := doc.FirstChild().(*ast.FencedCodeBlock)
		if !ok || doc.ChildCount() != 1 {
			t.Fatalf("%q is not a code block", source)
		}
		var rows [][]string
		for _, p := range pie.Slices {
			rows = append(rows, []string{p.Label, "1"})
		}
		want := strings.Join(grid([]string{"Label", "Value"}, rows), "\n") + "\n"
		if got := string(block.Lines().Value([]byte(source))); got != want {
			t.Errorf("%q holds %q, want %q", source, got, want)
		}
	})
}

// FuzzCard gives any text to the parts of a card. Plain text must not become
// emphasis, a link or a picture, a link must be one, and a table must keep its
// shape.
func FuzzCard(f *testing.F) {
	for _, s := range []string{
		"", "a*b_c[d]e\\f `g` <h>", "[a](b)", "![a](<b", "https://x.io/a_b* ", "www.a.b]", "`*`` *", "&amp;&#42;", "a|b\\|c\n`|`", "a\r\n\r\nb", "\x00\xff", "<a *b*>", "\\`*a*`",
	} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, plain, to string) {
		kinds := func(source string) (out []string) {
			_ = ast.Walk(parse(source), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
				if entering {
					out = append(out, n.Kind().String())
				}
				return ast.WalkContinue, nil
			})
			return out
		}
		for _, kind := range kinds("x" + text(markdown.Line(plain))) {
			switch kind {
			case "Emphasis", "Link", "Image":
				t.Errorf("%q is written as %q, which has a %s", plain, text(plain), kind)
			}
		}
		for source, want := range map[string]string{link(plain, to): "Link", picture(plain, to): "Image"} {
			if got := kinds("x" + source + "x"); !slices.Contains(got, want) || slices.Contains(got, "Emphasis") {
				t.Errorf("%q is %v, want a %s", source, got, want)
			}
		}
		table := render(t, Card{Children: []Element{Table{Headers: []string{"x" + plain}, Rows: [][]string{{plain}, {"x"}}}}})
		rows := 0
		for _, kind := range kinds(table) {
			if kind == "TableRow" {
				rows++
			}
		}
		if rows != 2 {
			t.Errorf("%d rows, want 2:\n%s", rows, table)
		}
	})
}
