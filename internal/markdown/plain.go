package markdown

import (
	"bytes"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

// Plain returns Markdown as text without marks. See [Document.Plain].
func Plain(source string) string { return Parse(source).Plain() }

// Plain returns d as text without marks: paragraphs and other blocks are
// separated by an empty line, list items, quoted blocks and table rows by a line
// break, table cells by a tab. Links are their text, images their description,
// code and HTML stay as they are.
func (d Document) Plain() string {
	p := plainText{doc: d}
	p.block(d.root)
	return string(p.out)
}

type plainText struct {
	doc Document
	out []byte
}

func (p *plainText) block(n ast.Node) {
	from := len(p.out)
	switch n := n.(type) {
	case *ast.Document:
		p.children(n, "\n\n")
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		p.lines(n.Lines())
		p.trimNewline(from)
	case *ast.HTMLBlock:
		p.lines(n.Lines())
		if n.HasClosure() {
			p.segment(n.ClosureLine)
		}
		p.trimNewline(from)
	case *ast.ThematicBreak, *ast.LinkReferenceDefinition:
	case *extast.TableHeader, *extast.TableRow:
		p.row(n)
	case *ast.Paragraph, *ast.TextBlock, *ast.Heading:
		p.inlines(n)
	default:
		p.children(n, "\n")
	}
}

// children adds the children of n that are not empty, with a separator between
// them.
func (p *plainText) children(n ast.Node, separator string) {
	start := len(p.out)
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		before := len(p.out)
		if before > start {
			p.out = append(p.out, separator...)
		}
		from := len(p.out)
		if p.block(c); len(p.out) == from {
			p.out = p.out[:before]
		}
	}
}

// row adds a row of a table, unless all of its cells are empty. A row may have
// fewer or more cells than the table has columns; it keeps its number.
func (p *plainText) row(n ast.Node) {
	start := len(p.out)
	empty := true
	cells := 0
	cell := func(add func()) {
		if cells++; cells > 1 {
			p.out = append(p.out, '\t')
		}
		from := len(p.out)
		add()
		empty = empty && len(p.out) == from
	}
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if c.Lines().Len() > 0 { // else the parser made it up
			cell(func() { p.inlines(c) })
		}
	}
	if n.Kind() == extast.KindTableRow && cells == n.ChildCount() {
		for _, extra := range p.extraCells(n.Pos(), cells) {
			cell(func() { p.out = append(p.out, Plain(extra)...) })
		}
	}
	if empty {
		p.out = p.out[:start]
	}
}

// extraCells returns the cells of the row at offset at that the parser left
// out because the table has only that many columns.
func (p *plainText) extraCells(at, columns int) []string {
	if at < 0 {
		return nil
	}
	line, _ := cutLine(p.doc.source[at:])
	line = strings.TrimPrefix(strings.TrimSpace(line), "|")
	var cells []string
	for n := 0; line != ""; n++ {
		end := 0
		for end < len(line) && (line[end] != '|' || end > 0 && line[end-1] == '\\') {
			end++
		}
		if n >= columns {
			cells = append(cells, strings.TrimSpace(line[:end]))
		}
		line = line[min(len(line), end+1):]
	}
	return cells
}

func (p *plainText) lines(lines *text.Segments) {
	for i := range lines.Len() {
		p.segment(lines.At(i))
	}
}

func (p *plainText) segment(s text.Segment) {
	for range s.Padding {
		p.out = append(p.out, ' ')
	}
	p.out = append(p.out, p.doc.source[s.Start:s.Stop]...)
}

// trimNewline takes away the line break at the end of what begins at offset
// from.
func (p *plainText) trimNewline(from int) {
	block := bytes.TrimSuffix(p.out[from:], []byte("\n"))
	block = bytes.TrimSuffix(block, []byte("\r"))
	p.out = p.out[:from+len(block)]
}

func (p *plainText) inlines(n ast.Node) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		p.inline(c)
	}
}

func (p *plainText) inline(n ast.Node) {
	switch n := n.(type) {
	case *ast.Text:
		s := p.doc.source[n.Segment.Start:n.Segment.Stop]
		if n.IsRaw() {
			p.out = append(p.out, s...)
		} else {
			eachDecoded(s, decode, func(visible string, _, _ int) { p.out = append(p.out, visible...) })
		}
		switch {
		case n.HardLineBreak():
			p.out = append(p.out, '\n')
		case n.SoftLineBreak():
			p.out = append(p.out, p.lineBreak(n.Segment.Stop)...)
		}
	case *ast.CodeSpan:
		from := len(p.out)
		p.inlines(n)
		for i, c := range p.out[from:] {
			if c == '\n' {
				p.out[from+i] = ' '
			}
		}
	case *ast.RawHTML:
		p.lines(n.Segments)
	case *ast.AutoLink:
		p.out = append(p.out, n.Label(p.doc.tame)...)
	default:
		p.inlines(n)
	}
}

// lineBreak returns the line break at or behind offset at.
func (p *plainText) lineBreak(at int) string {
	end := strings.IndexAny(p.doc.source[at:], "\r\n")
	if end >= 0 && strings.HasPrefix(p.doc.source[at+end:], "\r\n") {
		return "\r\n"
	}
	return "\n"
}
