package markdown

import (
	"iter"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// Target is where a link or a picture leads.
type Target struct {
	// URL is the address, with escapes resolved. It is as written otherwise and
	// may be anything.
	URL string
	// Text is the label in plain text, on one line. Empty for an address that
	// shows as it is.
	Text string
	// Image says that the address is that of a picture which is shown.
	Image bool
	// Bare says that the address stands in the text without any syntax.
	Bare bool
}

// Targets yields the links and pictures of d in the order in which they begin. A
// picture in the text of a link comes after the link. Links in code and HTML do
// not count.
func (d Document) Targets() iter.Seq[Target] {
	return func(yield func(Target) bool) {
		// The walk returns no error: the visitor returns none.
		_ = ast.Walk(d.root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
			if !entering {
				return ast.WalkContinue, nil
			}
			var t Target
			next := ast.WalkContinue
			switch n := n.(type) {
			case *ast.Image:
				t, next = Target{URL: Decode(string(n.Destination)), Text: d.label(n), Image: true}, ast.WalkSkipChildren
			case *ast.Link:
				t = Target{URL: Decode(string(n.Destination)), Text: d.label(n)}
			case *ast.AutoLink:
				t = Target{URL: string(n.URL(d.tame)), Bare: d.source[n.Pos()] != '<'}
			default:
				return next, nil
			}
			if !yield(t) {
				next = ast.WalkStop
			}
			return next, nil
		})
	}
}

// Links calls f with where each link is in d, in order, and where it leads. A
// link's label is its Markdown between the brackets; bare links and those in angle
// brackets have none. Pictures are left out.
func (d Document) Links(f func(at Span, url, label string)) {
	// The walk returns no error: the visitor returns none.
	_ = ast.Walk(d.root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Image:
			return ast.WalkSkipChildren, nil
		case *ast.Link:
			end, _ := n.AttributeString(linkEnd)
			to, _ := end.(int)
			if to <= n.Pos() {
				return ast.WalkSkipChildren, nil
			}
			f(Span{n.Pos(), to}, Decode(string(n.Destination)), d.labelSource(n, to))
			return ast.WalkSkipChildren, nil
		case *ast.AutoLink:
			at := Span{n.Pos(), n.Pos() + len(n.Label(d.tame))}
			if d.source[at.Start] == '<' {
				at.End += len("<>")
			}
			f(at, string(n.URL(d.tame)), "")
		}
		return ast.WalkContinue, nil
	})
}

// labelSource returns the Markdown in the brackets of a link that ends at offset
// to.
func (d Document) labelSource(n *ast.Link, to int) string {
	s := d.source[n.Pos():to]
	if end := closing(s, '[', ']'); end > 1 {
		return s[1 : end-1]
	}
	return Escape(d.label(n))
}

// label returns the text of a link or a picture on one line.
func (d Document) label(n ast.Node) string {
	p := plainText{doc: d}
	p.inlines(n)
	return strings.TrimSpace(Line(string(p.out)))
}

// Texts calls f with where there is text in d, in order: not in code, HTML, links
// and pictures. The parser cuts text at signs that might have meant something;
// here it is whole again, with its escapes.
func (d Document) Texts(f func(at Span)) { eachText(d.root, f) }

func eachText(n ast.Node, f func(at Span)) {
	var run Span
	flush := func() {
		if run.Start < run.End {
			f(run)
		}
		run = Span{}
	}
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			if c.Segment.Start != run.End {
				flush()
				run.Start = c.Segment.Start
			}
			run.End = c.Segment.Stop
			continue
		case *ast.CodeSpan, *ast.Link, *ast.Image:
		default:
			flush()
			eachText(c, f)
		}
		flush()
	}
	flush()
}
