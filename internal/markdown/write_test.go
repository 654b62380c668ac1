package markdown

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark/ast"
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
	[]piece{{" `code` ", " code "}, {" `a_*b*` ", " a_*b* "}, {" ``[a](`b`)`` ", " [a](`b`) "}},
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

// TestEscapeLoose checks that plain text is seen as it was meant. White space
// at the ends is not kept, and neither does Markdown keep that.
func TestEscapeLoose(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text, seen := draw(t, "text", plainPieces)
		text, seen = "x"+text, "x"+seen
		if got := Plain(EscapeLoose(text)); got != strings.TrimRight(seen, " ") {
			t.Errorf("%q is written as %q and seen as %q, want %q", text, EscapeLoose(text), got, seen)
		}
	})
}

// TestLinkLeadsThere checks that a link or a picture is one, whatever its
// address and label.
func TestLinkLeadsThere(t *testing.T) {
	t.Parallel()
	addresses := same("https://x.io/", "a", " ", "(", ")", "((", "<", ">", `"`, "'", `\`, "\n", "\t", "&", "&amp;", "%41", "[", "]", "*", "_", "`", "é", "#")
	rapid.Check(t, func(t *rapid.T) {
		label, seen := draw(t, "label", append(slices.Clone(plainPieces), same("\n", "\r\n", "\n\n", "<b>", " <https://x.io/a_b> ", "<")...))
		to, _ := draw(t, "address", addresses)
		label, seen = "x"+label+"x", strings.NewReplacer("\r\n", " ", "\n", " ").Replace("x"+seen+"x")
		doc := Parse(Link(label, to))
		link, ok := doc.root.FirstChild().FirstChild().(*ast.Link)
		if !ok || link.NextSibling() != nil || doc.root.ChildCount() != 1 {
			t.Fatalf("%q is not a link", doc.source)
		}
		got, err := url.PathUnescape(Decode(string(link.Destination)))
		want, _ := url.PathUnescape(to)
		if err != nil || got != want {
			t.Errorf("%q leads to %q, %v, want %q", doc.source, got, err, want)
		}
		if got := Plain(doc.source); got != seen {
			t.Errorf("%q is seen as %q, want %q", doc.source, got, seen)
		}
	})
}
