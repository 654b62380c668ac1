package markdown

import (
	"cmp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
)

// Own is what a reader sees of a text and takes as its writer's own words:
// without code, quotes, image descriptions, HTML tags and the text of links that
// only names where they lead. A piece left out within a line stands as one
// object replacement character.
type Own struct {
	// Text is UTF-8. Lines end in "\n".
	Text []byte
	// Links are the links for which the caller asked by [LinkMarked], in the
	// order in which the parser meets them.
	Links []OwnLink

	// runs says, in order, where each stretch of text comes from.
	runs []stretch
	// wraps are the emphases and links around parts of text, in the order in
	// which they begin.
	wraps []wrap

	doc    Document
	source string
	role   func(url string) LinkRole
	// labels is how many links the walk is in.
	labels int
}

// OwnLink is a link with the role [LinkMarked].
type OwnLink struct {
	// At is the offset in [Own.Text] of what stands for the link.
	At int
	// Source is the whole link in the source.
	Source Span
}

// LinkRole says how the text of a link counts.
type LinkRole uint8

const (
	// LinkText is the role of a link whose text the writer says.
	LinkText LinkRole = iota
	// LinkName is the role of a link whose text only names where it leads. It
	// is left out.
	LinkName
	// LinkMarked is the role of a link that is left out and listed in
	// [Own.Links].
	LinkMarked
)

// stretch is a part of visible text that begins at offset vis.
type stretch struct {
	vis int
	src Span
	// literal means that the source has the same bytes, so that it can be cut
	// anywhere.
	literal bool
}

// wrap is an emphasis or a link: what it shows and all of its source.
type wrap struct{ vis, src Span }

const leftOut = "\uFFFC"

// Own returns the own words of d. role says how the text of the link to an
// address counts; nil stands for [LinkText] always.
func (d Document) Own(role func(url string) LinkRole) *Own {
	if role == nil {
		role = func(string) LinkRole { return LinkText }
	}
	v := &Own{doc: d, source: d.source, role: role}
	v.block(d.root)
	return v
}

func (v *Own) block(n ast.Node) {
	switch n := n.(type) {
	case *ast.Blockquote, *ast.CodeBlock, *ast.FencedCodeBlock, *ast.ThematicBreak, *ast.LinkReferenceDefinition:
		return
	case *ast.HTMLBlock:
		v.separate()
		v.html(n)
		return
	case *ast.Paragraph, *ast.TextBlock, *ast.Heading, *extast.TableCell:
		v.separate()
		v.inlines(n)
		return
	}
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		v.block(c)
	}
}

func (v *Own) separate() {
	if len(v.Text) > 0 {
		v.add("\n", Span{}, false)
	}
}

// add appends visible text that stands for the source at src.
func (v *Own) add(s string, src Span, literal bool) {
	if s == "" {
		return
	}
	if last := len(v.runs) - 1; last >= 0 && literal && v.runs[last].literal && v.runs[last].src.End == src.Start {
		v.runs[last].src.End = src.End
	} else {
		v.runs = append(v.runs, stretch{len(v.Text), src, literal})
	}
	v.Text = append(v.Text, s...)
}

// skip stands for a piece that is left out.
func (v *Own) skip() { v.add(leftOut, Span{}, false) }

// inlines adds the children of n and returns the source that they take, as far
// as it is known.
func (v *Own) inlines(n ast.Node) (src Span) {
	src.Start = -1
	for c := n.FirstChild(); c != nil; {
		var at Span
		if t, ok := c.(*ast.Text); ok {
			at, c = v.texts(t)
		} else {
			at = v.inline(c)
			c = c.NextSibling()
		}
		if src.Start < 0 {
			src.Start = at.Start
		}
		src.End = at.End
	}
	return src
}

// texts adds t and the text nodes behind it that continue it, and returns the
// node after them.
func (v *Own) texts(t *ast.Text) (src Span, next ast.Node) {
	src = Span{t.Segment.Start, t.Segment.Stop}
	broken := t.SoftLineBreak() || t.HardLineBreak()
	for next = t.NextSibling(); next != nil && !broken; next = next.NextSibling() {
		more, ok := next.(*ast.Text)
		if !ok || more.Segment.Start != src.End {
			break
		}
		src.End = more.Segment.Stop
		broken = more.SoftLineBreak() || more.HardLineBreak()
	}
	v.literal(src, decode)
	if broken {
		v.add("\n", Span{}, false)
	}
	return src, next
}

// literal adds the source at src: decoded, and without the bare links that the
// parser left because they stand after an open bracket.
func (v *Own) literal(src Span, decode func(string) (string, int)) {
	from := src.Start
	for i := src.Start; v.labels == 0 && i < src.End; {
		next := strings.Index(v.source[i:src.End], "://")
		if next < 0 {
			break
		}
		i += next
		start, end := bareLink(v.source, from, i, src.End)
		if end == 0 {
			i++
			continue
		}
		v.decoded(Span{from, start}, decode)
		v.bare(Span{start, end}, v.source[start:end])
		from, i = end, end
	}
	v.decoded(Span{from, src.End}, decode)
}

func (v *Own) decoded(src Span, decode func(string) (string, int)) {
	eachDecoded(v.source[src.Start:src.End], decode, func(visible string, at, n int) {
		at += src.Start
		v.add(visible, Span{at, at + n}, n == len(visible) && visible == v.source[at:at+n])
	})
}

// bare adds a link that is shown as it is.
func (v *Own) bare(src Span, url string) {
	if v.role(url) == LinkMarked {
		v.Links = append(v.Links, OwnLink{len(v.Text), src})
	}
	v.skip()
}

func (v *Own) inline(n ast.Node) (src Span) {
	switch n := n.(type) {
	case *ast.Emphasis:
		return v.wrapped(n, n.Level)
	case *extast.Strikethrough:
		return v.wrapped(n, 0)
	case *ast.Link:
		return v.link(n)
	case *ast.AutoLink:
		label := n.Label(v.doc.tame)
		src := Span{n.Pos(), n.Pos() + len(label)}
		if v.source[src.Start] == '<' {
			src.End += len("<>")
		}
		v.bare(src, string(n.URL(v.doc.tame)))
		return src
	case *extast.TaskCheckBox:
	default: // code spans, images, HTML, references to footnotes
		v.skip()
	}
	return Span{n.Pos(), n.Pos()}
}

// wrapped adds the children of n, which has that many marks on each side. 0
// stands for strike-through: one or two.
func (v *Own) wrapped(n ast.Node, marks int) Span {
	at, vis := v.open()
	src := v.inlines(n)
	if marks == 0 {
		marks = 1
		if src.Start > 1 && v.source[src.Start-2] == '~' && strings.HasPrefix(v.source[src.End:], "~~") {
			marks = 2
		}
	}
	src = Span{src.Start - marks, src.End + marks}
	v.close(at, wrap{Span{vis, len(v.Text)}, src})
	return src
}

func (v *Own) link(n *ast.Link) Span {
	src := Span{n.Pos(), n.Pos()}
	if end, ok := n.AttributeString(linkEnd); ok {
		src.End, _ = end.(int)
	}
	switch v.role(Decode(string(n.Destination))) {
	case LinkMarked:
		v.Links = append(v.Links, OwnLink{len(v.Text), src})
		v.skip()
	case LinkName:
		v.skip()
	case LinkText:
		at, vis := v.open()
		v.labels++
		v.inlines(n)
		v.labels--
		v.close(at, wrap{Span{vis, len(v.Text)}, src})
	}
	return src
}

// open makes a place for a wrap, so that wraps are ordered by their beginning.
func (v *Own) open() (at, vis int) {
	v.wraps = append(v.wraps, wrap{})
	return len(v.wraps) - 1, len(v.Text)
}

func (v *Own) close(at int, w wrap) {
	if w.src.Start < 0 || w.src.End > len(v.source) || w.src.End < w.src.Start {
		w.src = Span{}
	}
	v.wraps[at] = w
}

// Sources returns the source of the visible text at vis, with the emphasis and
// links that show nothing else, in order and without overlap.
func (v *Own) Sources(vis Span) []Span {
	var out []Span
	i, _ := slices.BinarySearchFunc(v.runs, vis.Start+1, func(r stretch, at int) int { return cmp.Compare(r.vis, at) })
	for i--; i >= 0 && i < len(v.runs) && v.runs[i].vis < vis.End; i++ {
		r := v.runs[i]
		src := r.src
		if r.literal {
			src.Start = r.src.Start + max(0, vis.Start-r.vis)
			src.End = min(r.src.End, r.src.Start+vis.End-r.vis)
		}
		out = append(out, src)
	}
	i, _ = slices.BinarySearchFunc(v.wraps, vis.Start, func(w wrap, at int) int { return cmp.Compare(w.vis.Start, at) })
	for ; i < len(v.wraps) && v.wraps[i].vis.Start < vis.End; i++ {
		if w := v.wraps[i]; w.vis.End <= vis.End && w.vis.End > w.vis.Start {
			out = append(out, w.src)
		}
	}
	return mergeSpans(out)
}

// mergeSpans sorts spans, joins those that touch and drops the empty ones.
func mergeSpans(spans []Span) []Span {
	slices.SortFunc(spans, func(a, b Span) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
	})
	out := spans[:0]
	for _, s := range spans {
		switch last := len(out) - 1; {
		case s.Start >= s.End:
		case last >= 0 && s.Start <= out[last].End:
			out[last].End = max(out[last].End, s.End)
		default:
			out = append(out, s)
		}
	}
	return out
}
