package bot

import (
	"cmp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
)

// span is a range of bytes.
type span struct{ start, end int }

// visibleText is what a reader sees of a document and may take as addressed to
// somebody: without code, quotes, image descriptions, HTML tags and the text of
// links that are shown as they are. A piece left out within a line stands as
// one object replacement character.
type visibleText struct {
	text []byte
	// runs says, in order, where each stretch of text comes from.
	runs []stretch
	// wraps are the emphases and links around parts of text, in the order in
	// which they begin.
	wraps []wrap
	// links are the places of links whose text does not count.
	links []shownLink

	doc    document
	source string
	// profileLink says what a link to url is. Its text counts if it is
	// notProfile.
	profileLink func(url string) profileKind
	// labels is how many links the walk is in.
	labels int
}

// stretch is a part of visible text that begins at offset vis.
type stretch struct {
	vis int
	src span
	// literal means that the source has the same bytes, so that it can be cut
	// anywhere.
	literal bool
}

// wrap is an emphasis or a link: what it shows and all of its source.
type wrap struct{ vis, src span }

// shownLink is a link to the bot's profile.
type shownLink struct {
	vis int
	src span
}

const leftOut = "\uFFFC"

// visible returns the visible text of d.
func (d document) visible(profileLink func(url string) profileKind) *visibleText {
	v := &visibleText{doc: d, source: d.source, profileLink: profileLink}
	v.block(d.root)
	return v
}

func (v *visibleText) block(n ast.Node) {
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

func (v *visibleText) separate() {
	if len(v.text) > 0 {
		v.add("\n", span{}, false)
	}
}

// add appends visible text that stands for the source at src.
func (v *visibleText) add(s string, src span, literal bool) {
	if s == "" {
		return
	}
	if last := len(v.runs) - 1; last >= 0 && literal && v.runs[last].literal && v.runs[last].src.end == src.start {
		v.runs[last].src.end = src.end
	} else {
		v.runs = append(v.runs, stretch{len(v.text), src, literal})
	}
	v.text = append(v.text, s...)
}

// skip stands for a piece that is left out.
func (v *visibleText) skip() { v.add(leftOut, span{}, false) }

// inlines adds the children of n and returns the source that they take, as far
// as it is known.
func (v *visibleText) inlines(n ast.Node) (src span) {
	src.start = -1
	for c := n.FirstChild(); c != nil; {
		var at span
		if t, ok := c.(*ast.Text); ok {
			at, c = v.texts(t)
		} else {
			at = v.inline(c)
			c = c.NextSibling()
		}
		if src.start < 0 {
			src.start = at.start
		}
		src.end = at.end
	}
	return src
}

// texts adds t and the text nodes behind it that continue it, and returns the
// node after them.
func (v *visibleText) texts(t *ast.Text) (src span, next ast.Node) {
	src = span{t.Segment.Start, t.Segment.Stop}
	broken := t.SoftLineBreak() || t.HardLineBreak()
	for next = t.NextSibling(); next != nil && !broken; next = next.NextSibling() {
		more, ok := next.(*ast.Text)
		if !ok || more.Segment.Start != src.end {
			break
		}
		src.end = more.Segment.Stop
		broken = more.SoftLineBreak() || more.HardLineBreak()
	}
	v.literal(src, decode)
	if broken {
		v.add("\n", span{}, false)
	}
	return src, next
}

// literal adds the source at src: decoded, and without the bare links that the
// parser left because they stand after an open bracket.
func (v *visibleText) literal(src span, decode func(string) (string, int)) {
	from := src.start
	for i := src.start; v.labels == 0 && i < src.end; {
		next := strings.Index(v.source[i:src.end], "://")
		if next < 0 {
			break
		}
		i += next
		start, end := bareLink(v.source, from, i, src.end)
		if end == 0 {
			i++
			continue
		}
		v.decoded(span{from, start}, decode)
		v.bare(span{start, end}, v.source[start:end])
		from, i = end, end
	}
	v.decoded(span{from, src.end}, decode)
}

func (v *visibleText) decoded(src span, decode func(string) (string, int)) {
	eachDecoded(v.source[src.start:src.end], decode, func(visible string, at, n int) {
		at += src.start
		v.add(visible, span{at, at + n}, n == len(visible) && visible == v.source[at:at+n])
	})
}

// bare adds a link that is shown as it is.
func (v *visibleText) bare(src span, url string) {
	if v.profileLink(url) == ownProfile {
		v.links = append(v.links, shownLink{len(v.text), src})
	}
	v.skip()
}

func (v *visibleText) inline(n ast.Node) (src span) {
	switch n := n.(type) {
	case *ast.Emphasis:
		return v.wrapped(n, n.Level)
	case *extast.Strikethrough:
		return v.wrapped(n, 0)
	case *ast.Link:
		return v.link(n)
	case *ast.AutoLink:
		label := n.Label(v.doc.tame)
		src := span{n.Pos(), n.Pos() + len(label)}
		if v.source[src.start] == '<' {
			src.end += len("<>")
		}
		v.bare(src, string(n.URL(v.doc.tame)))
		return src
	case *extast.TaskCheckBox:
	default: // code spans, images, HTML, references to footnotes
		v.skip()
	}
	return span{n.Pos(), n.Pos()}
}

// wrapped adds the children of n, which has that many marks on each side. 0
// stands for strike-through: one or two.
func (v *visibleText) wrapped(n ast.Node, marks int) span {
	at, vis := v.open()
	src := v.inlines(n)
	if marks == 0 {
		marks = 1
		if src.start > 1 && v.source[src.start-2] == '~' && strings.HasPrefix(v.source[src.end:], "~~") {
			marks = 2
		}
	}
	src = span{src.start - marks, src.end + marks}
	v.close(at, wrap{span{vis, len(v.text)}, src})
	return src
}

func (v *visibleText) link(n *ast.Link) span {
	src := span{n.Pos(), n.Pos()}
	if end, ok := n.AttributeString(linkEnd); ok {
		src.end, _ = end.(int)
	}
	switch v.profileLink(decodeAll(string(n.Destination))) {
	case ownProfile:
		v.links = append(v.links, shownLink{len(v.text), src})
		v.skip()
	case otherProfile:
		v.skip()
	case notProfile:
		at, vis := v.open()
		v.labels++
		v.inlines(n)
		v.labels--
		v.close(at, wrap{span{vis, len(v.text)}, src})
	}
	return src
}

// open makes a place for a wrap, so that wraps are ordered by their beginning.
func (v *visibleText) open() (at, vis int) {
	v.wraps = append(v.wraps, wrap{})
	return len(v.wraps) - 1, len(v.text)
}

func (v *visibleText) close(at int, w wrap) {
	if w.src.start < 0 || w.src.end > len(v.source) || w.src.end < w.src.start {
		w.src = span{}
	}
	v.wraps[at] = w
}

// sources returns the source of the visible text at vis, with the emphasis and
// links that show nothing else, in order and without overlap.
func (v *visibleText) sources(vis span) []span {
	var out []span
	i, _ := slices.BinarySearchFunc(v.runs, vis.start+1, func(r stretch, at int) int { return cmp.Compare(r.vis, at) })
	for i--; i >= 0 && i < len(v.runs) && v.runs[i].vis < vis.end; i++ {
		r := v.runs[i]
		src := r.src
		if r.literal {
			src.start = r.src.start + max(0, vis.start-r.vis)
			src.end = min(r.src.end, r.src.start+vis.end-r.vis)
		}
		out = append(out, src)
	}
	i, _ = slices.BinarySearchFunc(v.wraps, vis.start, func(w wrap, at int) int { return cmp.Compare(w.vis.start, at) })
	for ; i < len(v.wraps) && v.wraps[i].vis.start < vis.end; i++ {
		if w := v.wraps[i]; w.vis.end <= vis.end && w.vis.end > w.vis.start {
			out = append(out, w.src)
		}
	}
	return mergeSpans(out)
}

// mergeSpans sorts spans, joins those that touch and drops the empty ones.
func mergeSpans(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end))
	})
	out := spans[:0]
	for _, s := range spans {
		switch last := len(out) - 1; {
		case s.start >= s.end:
		case last >= 0 && s.start <= out[last].end:
			out[last].end = max(out[last].end, s.end)
		default:
			out = append(out, s)
		}
	}
	return out
}
