package markdown

import (
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
)

// Bold returns Markdown with all text in it bold, as far as Markdown can: each
// paragraph, list item and cell by itself, and no code or HTML blocks. Headings are
// bold as they are.
func Bold(source string) string { return styled(source, "**", "__", false) }

// Italic is [Bold] for italic text, headings included.
func Italic(source string) string { return styled(source, "_", "*", true) }

// styled puts mark around each stretch of text, or other where mark would join marks
// that are there.
func styled(source, mark, other string, headings bool) string {
	d := Parse(source)
	var b strings.Builder
	from := 0
	for _, at := range d.stretches(headings) {
		if at.Start < from {
			continue
		}
		text := source[at.Start:at.End]
		m := mark
		if c := mark[:1]; strings.HasPrefix(text, c) || strings.HasSuffix(text, c) {
			m = other
		}
		b.WriteString(source[from:at.Start])
		b.WriteString(m)
		b.WriteString(text)
		if slashes := len(text) - len(strings.TrimRight(text, `\`)); slashes%2 == 1 {
			b.WriteByte('\\') // else it would escape the mark
		}
		b.WriteString(m)
		from = at.End
	}
	b.WriteString(source[from:])
	return b.String()
}

// stretches returns where the paragraphs and cells of d have text, without white
// space around it.
func (d Document) stretches(headings bool) []Span {
	var out []Span
	// The walk returns no error: the visitor returns none.
	_ = ast.Walk(d.root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n.(type) {
		case *ast.Heading:
			if !headings {
				return ast.WalkSkipChildren, nil
			}
		case *ast.Paragraph, *ast.TextBlock, *extast.TableCell:
		case *ast.Document, *ast.Blockquote, *ast.List, *ast.ListItem, *extast.Table, *extast.TableHeader, *extast.TableRow:
			return ast.WalkContinue, nil
		default:
			return ast.WalkSkipChildren, nil
		}
		if lines := n.Lines(); lines.Len() > 0 {
			at := Span{lines.At(0).Start, lines.At(lines.Len() - 1).Stop}
			if box, ok := n.FirstChild().(*extast.TaskCheckBox); ok && box != nil {
				at.Start += len("[x] ")
			}
			at.Start = min(at.Start, at.End)
			text := d.source[at.Start:at.End]
			at.Start += len(text) - len(strings.TrimLeft(text, blank+"\r\n"))
			at.End = at.Start + len(strings.Trim(text, blank+"\r\n"))
			if at.Start < at.End {
				out = append(out, at)
			}
		}
		return ast.WalkSkipChildren, nil
	})
	slices.SortFunc(out, func(a, b Span) int { return a.Start - b.Start })
	return out
}
