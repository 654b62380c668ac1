package bot

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"pgregory.net/rapid"
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

// TestEscapeMarkdown checks that plain text is seen as it was meant. White space
// at the ends is not kept, and neither does Markdown keep that.
func TestEscapeMarkdown(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text, seen := draw(t, "text", plainPieces)
		text, seen = "x"+text, "x"+seen
		if got := PlainText(escapeMarkdown(text)); got != strings.TrimRight(seen, " ") {
			t.Errorf("%q is written as %q and seen as %q, want %q", text, escapeMarkdown(text), got, seen)
		}
	})
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
			"label":    {Card{Children: []Element{CardFields{{Label: text, Value: "v"}}}}, seen + ": v"},
			"value":    {Card{Children: []Element{CardFields{{Label: "l", Value: text}}}}, "l: " + seen},
			"link":     {Card{Children: []Element{CardLink{text, "https://x.io"}}}, seen},
			"alt":      {Card{Children: []Element{CardImage{"https://x.io", text}}}, seen},
			"button":   {Card{Children: []Element{CardActions{Button{Label: text}, LinkButton{text, "u"}}}}, "[" + seen + "] • " + seen},
		} {
			if got := PlainText(c.card.markdown()); got != c.want {
				t.Errorf("%s: %q is written as %q and seen as %q, want %q", what, text, c.card.markdown(), got, c.want)
			}
		}
	})
}

// TestCardLinkLeadsThere checks that a link or a picture is one, whatever its
// address and label.
func TestCardLinkLeadsThere(t *testing.T) {
	t.Parallel()
	addresses := same("https://x.io/", "a", " ", "(", ")", "((", "<", ">", `"`, "'", `\`, "\n", "\t", "&", "&amp;", "%41", "[", "]", "*", "_", "`", "é", "#")
	rapid.Check(t, func(t *rapid.T) {
		label, seen := draw(t, "label", append(slices.Clone(plainPieces), same("\n", "\r\n", "\n\n", "<b>", " <https://x.io/a_b> ", "<")...))
		to, _ := draw(t, "address", addresses)
		label, seen = "x"+label+"x", strings.NewReplacer("\r\n", " ", "\n", " ").Replace("x"+seen+"x")
		doc := parseMarkdown(linkTo(label, to))
		link, ok := doc.root.FirstChild().FirstChild().(*ast.Link)
		if !ok || link.NextSibling() != nil || doc.root.ChildCount() != 1 {
			t.Fatalf("%q is no link", doc.source)
		}
		got, err := url.PathUnescape(decodeAll(string(link.Destination)))
		want, _ := url.PathUnescape(to)
		if err != nil || got != want {
			t.Errorf("%q leads to %q, %v, want %q", doc.source, got, err, want)
		}
		if got := PlainText(doc.source); got != seen {
			t.Errorf("%q is seen as %q, want %q", doc.source, got, seen)
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
		var table CardTable
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
		body := Card{Children: []Element{table}}.markdown()
		parsed, ok := parseMarkdown(body).root.FirstChild().(*extast.Table)
		if !ok || len(parsed.Alignments) != columns {
			t.Fatalf("no table of %d columns:\n%s", columns, body)
		}
		if diff := cmp.Diff(strings.Join(want, "\n"), PlainText(body)); diff != "" {
			t.Errorf("read back from\n%s\n(-want +got):\n%s", body, diff)
		}
	})
}

// TestChartStaysInItsFence checks that nothing in a chart ends its code block.
func TestChartStaysInItsFence(t *testing.T) {
	t.Parallel()
	labels := same("a", " ", "`", "```", "````", "~~~", "\n", "# ", "| ", "*b*", "</pre>")
	rapid.Check(t, func(t *rapid.T) {
		var pie CardPie
		for range rapid.IntRange(0, 3).Draw(t, "slices") {
			label, _ := draw(t, "label", labels)
			pie.Slices = append(pie.Slices, CardPoint{label, 1})
		}
		doc := parseMarkdown(Card{Children: []Element{pie}}.markdown())
		block, ok := doc.root.FirstChild().(*ast.FencedCodeBlock)
		if !ok || doc.root.ChildCount() != 1 {
			t.Fatalf("%q is no code block", doc.source)
		}
		want := strings.Join(pie.grid(asIs), "\n") + "\n"
		if got := string(block.Lines().Value(doc.tame)); got != want {
			t.Errorf("%q holds %q, want %q", doc.source, got, want)
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
	f.Fuzz(func(t *testing.T, text, to string) {
		kinds := func(source string) (out []string) {
			_ = ast.Walk(parseMarkdown(source).root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
				if entering {
					out = append(out, n.Kind().String())
				}
				return ast.WalkContinue, nil
			})
			return out
		}
		for _, kind := range kinds("x" + escapeMarkdown(inLine(text))) {
			switch kind {
			case "Emphasis", "Link", "Image":
				t.Errorf("%q is written as %q, which has a %s", text, escapeMarkdown(text), kind)
			}
		}
		for source, want := range map[string]string{linkTo(text, to): "Link", imageOf(text, to): "Image"} {
			if got := kinds("x" + source + "x"); !slices.Contains(got, want) || slices.Contains(got, "Emphasis") {
				t.Errorf("%q is %v, want a %s", source, got, want)
			}
		}
		table := Card{Children: []Element{CardTable{Headers: []string{"x" + text}, Rows: [][]string{{text}, {"x"}}}}}.markdown()
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
