package markdown

import (
	"bytes"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// maxLabel is the longest link label that CommonMark allows, in bytes.
const maxLabel = 999

// linkEnd is the attribute of a link that holds the offset behind it.
const linkEnd = "end"

// linkParser parses inline and reference links as goldmark does, notes where
// each link ends, and refuses early what would make the parser scan the same
// text again and again. It serves one parse at a time.
type linkParser struct {
	inner parser.InlineParser
	// open is the number of brackets that are not closed yet.
	open int
	// noAngle is the offset up to which no destination in angle brackets ends.
	noAngle int
	// split counts the labels that were read and go over several lines.
	split int
}

// maxSplit is how many labels of several lines are put together line by line. The
// parser looks for their lines among all of the block.
const maxSplit = 64

// labelReader reads labels without searching the block for their lines.
type labelReader struct {
	text.Reader
	split *int
}

func (r labelReader) Value(at text.Segment) []byte {
	label := r.Source()[at.Start:at.Stop]
	if bytes.IndexByte(label, '\n') < 0 {
		return label
	}
	if *r.split++; *r.split > maxSplit {
		return label // with the marks of a quote around it, if it stands in one
	}
	return r.Reader.Value(at)
}

// maxBrackets is how deep brackets may nest, maxParens how deep parentheses in
// a link destination may: CommonMark asks for at least three of them.
const (
	maxBrackets = 200
	maxParens   = 32
)

// reset makes p ready for another text.
func (p *linkParser) reset() { p.open, p.noAngle, p.split = 0, 0, 0 }

func (p *linkParser) Trigger() []byte { return p.inner.Trigger() }

func (p *linkParser) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, segment := block.PeekLine()
	switch {
	case line[0] == '[' || line[0] == '!' && len(line) > 1 && line[1] == '[':
		if p.open >= maxBrackets {
			return nil
		}
		p.open++
	case line[0] == ']':
		if p.open > 0 && len(line) > 1 && line[1] == '(' && !p.plausible(line[2:], segment.Start+2) {
			return nil
		}
		p.open = max(0, p.open-1)
	}
	node := p.inner.Parse(parent, labelReader{block, &p.split}, pc)
	if link, ok := node.(*ast.Link); ok {
		_, at := block.Position()
		link.SetAttributeString(linkEnd, at.Start)
	}
	return node
}

// CloseBlock ends a paragraph or another block of text.
func (p *linkParser) CloseBlock(parent ast.Node, block text.Reader, pc parser.Context) {
	p.open = 0
	if c, ok := p.inner.(parser.CloseBlocker); ok {
		c.CloseBlock(parent, block, pc)
	}
}

// plausible reports whether rest, which follows "](" and starts at offset at,
// can be a link destination.
func (p *linkParser) plausible(rest []byte, at int) bool {
	n := len(rest)
	rest = trimBlankLeft(rest)
	at += n - len(rest)
	if len(rest) == 0 || rest[0] != '<' {
		return !tooManyParens(rest)
	}
	if at < p.noAngle {
		return false
	}
	for i := 1; i < len(rest); i++ {
		switch rest[i] {
		case '\\':
			i++
		case '>':
			return true
		case '<':
			return false
		}
	}
	p.noAngle = at + len(rest)
	return false
}

func tooManyParens(rest []byte) bool {
	depth := 0
	for i := 0; i < len(rest) && depth >= 0 && !util.IsSpace(rest[i]); i++ {
		switch rest[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth > maxParens {
			return true
		}
	}
	return false
}

// bareLinkParser parses links that are written without any syntax, as GitHub
// does: what starts with a scheme and "://", or with "www.".
type bareLinkParser struct{}

func (bareLinkParser) Trigger() []byte { return []byte{':', '.'} }

func (bareLinkParser) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	if pc.IsInLinkLabel() {
		return nil // perhaps the text of a link; looked at again later
	}
	before, ok := parent.LastChild().(*ast.Text)
	_, segment := block.PeekLine()
	if !ok || before.Segment.Stop != segment.Start || before.SoftLineBreak() || before.HardLineBreak() {
		return nil
	}
	low := before.Segment.Start
	start, end := bareLink(block.Source(), low, segment.Start, segment.Stop)
	if end == 0 {
		return nil
	}
	block.Advance(end - segment.Start)
	if start == low {
		parent.RemoveChild(parent, before)
	} else {
		before.Segment = before.Segment.WithStop(start)
	}
	link := ast.NewAutoLink(ast.AutoLinkURL, ast.NewTextSegment(text.NewSegment(start, end)))
	link.SetPos(start)
	return link
}

// bareLink returns where the bare link begins and ends whose ":" or "." is at
// offset at. It begins no earlier than low and ends no later than high. end is
// 0 if the text has no link there.
func bareLink[T string | []byte](s T, low, at, high int) (start, end int) {
	host := at + 1
	if s[at] == ':' {
		if at+3 >= high || s[at+1] != '/' || s[at+2] != '/' {
			return 0, 0
		}
		host = at + 3
		start = at
		for start > low && at-start < len("https") && isLetter(s[start-1]) {
			start--
		}
		if !isScheme(string(s[start:at])) || start > 0 && isLetter(s[start-1]) {
			return 0, 0
		}
	} else {
		start = at - len("www")
		if start < low || (s[start]|0x20) != 'w' || (s[start+1]|0x20) != 'w' || (s[start+2]|0x20) != 'w' {
			return 0, 0
		}
		if start > 0 && !startsWWW(s[start-1]) {
			return 0, 0
		}
	}
	i := host
	for i < high && i-host <= maxHost && (isHostByte(s[i]) || s[i] == '.') {
		i++
	}
	if i == host || !validHost(s[host:i]) {
		return 0, 0
	}
	for i < high && s[i] != '<' && !util.IsSpace(s[i]) {
		i++
	}
	return start, trimLink(s, start, i)
}

func isScheme(s string) bool {
	return strings.EqualFold(s, "http") || strings.EqualFold(s, "https") || strings.EqualFold(s, "ftp")
}

// isLetter reports whether c is an ASCII letter.
func isLetter[T byte | rune](c T) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isHostByte(c byte) bool {
	return isLetter(c) || c >= '0' && c <= '9' || c == '-' || c == '_' || c >= 0x80
}

func startsWWW(c byte) bool {
	switch c {
	case '*', '_', '~', '(', '[', ']':
		return true
	}
	return util.IsSpace(c)
}

// maxHost is the length of the longest name of a host, in bytes.
const maxHost = 253

// validHost reports whether a host is not too long and the last two parts of it
// are free of underscores.
func validHost[T string | []byte](host T) bool {
	if len(host) > maxHost {
		return false
	}
	dots := 0
	for i := len(host) - 1; i >= 0 && dots < 2; i-- {
		switch host[i] {
		case '_':
			return false
		case '.':
			dots++
		}
	}
	return host[0] != '.'
}

// trimLink returns the end of the link without the punctuation behind it.
func trimLink[T string | []byte](s T, start, end int) int {
	parens := 0 // how many more are closed than opened
	for i := start; i < end; i++ {
		switch s[i] {
		case '(':
			parens--
		case ')':
			parens++
		}
	}
	for end > start {
		switch s[end-1] {
		case '?', '!', '.', ',', ':', '*', '_', '~', '\'', '"', ']':
			end--
			continue
		case ')':
			if parens > 0 {
				parens--
				end--
				continue
			}
		case ';':
			i := end - 2
			for i > start && (isLetter(s[i]) || s[i] >= '0' && s[i] <= '9') {
				i--
			}
			if s[i] == '&' && i < end-2 {
				end = i
				continue
			}
		}
		break
	}
	return end
}

// taskParser parses the "[ ]" or "[x]" at the start of a list item. Unlike
// goldmark's it leaves "[x](url)" to the links.
type taskParser struct{}

func (taskParser) Trigger() []byte { return []byte{'['} }

func (taskParser) Parse(parent ast.Node, block text.Reader, _ parser.Context) ast.Node {
	item := parent.Parent()
	if item == nil || item.Kind() != ast.KindListItem || item.FirstChild() != parent || parent.HasChildren() {
		return nil
	}
	line, _ := block.PeekLine()
	if len(line) < 5 || line[2] != ']' || !util.IsSpace(line[3]) || util.IsBlank(line[3:]) {
		return nil
	}
	switch line[1] {
	case ' ', '\t', 'x', 'X':
	default:
		return nil
	}
	block.Advance(4)
	return extast.NewTaskCheckBox(line[1] == 'x' || line[1] == 'X')
}

// footnoteParser parses the text of footnotes as goldmark does, but leaves it
// where it is, referred to or not.
type footnoteParser struct{ parser.BlockParser }

func (footnoteParser) Close(node ast.Node, _ text.Reader, pc parser.Context) {
	if note, ok := node.(*extast.Footnote); ok {
		pc.AddReference(parser.NewReference(footnoteLabel(note.Ref), nil, nil))
	}
}

// footnoteLabel is the label under which the parser remembers a footnote. No
// link label that a text can have is equal to it.
func footnoteLabel(ref []byte) []byte {
	return append([]byte("]^"), ref...)
}

// footnoteRefParser parses "[^1]" where there is such a footnote.
type footnoteRefParser struct{}

func (footnoteRefParser) Trigger() []byte { return []byte{'['} }

func (footnoteRefParser) Parse(_ ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, _ := block.PeekLine()
	if len(line) < 4 || line[1] != '^' {
		return nil
	}
	end := bytes.IndexAny(line[2:min(len(line), maxLabel)], "[]")
	if end <= 0 || line[2+end] != ']' {
		return nil
	}
	if _, ok := pc.Reference(util.ToLinkReference(footnoteLabel(line[2 : 2+end]))); !ok {
		return nil
	}
	block.Advance(end + 3)
	return extast.NewFootnoteLink(0)
}

// maxDefinitions is about how many lines of link definitions are looked at in
// one go. The parser moves all lines behind a definition, for each definition.
const maxDefinitions = 256

// definitionParser takes link definitions out of the start of a paragraph.
type definitionParser struct{ inner parser.ParagraphTransformer }

func (p definitionParser) Transform(node *ast.Paragraph, reader text.Reader, pc parser.Context) {
	for {
		lines := node.Lines()
		cut := maxDefinitions
		for cut < lines.Len() && !startsDefinition(lines.At(cut), reader.Source()) {
			cut++
		}
		if cut >= lines.Len() || !startsDefinition(lines.At(0), reader.Source()) {
			p.inner.Transform(node, reader, pc)
			return
		}
		head := ast.NewParagraph()
		head.SetLines(text.NewSegments())
		head.Lines().AppendAll(lines.Sliced(0, cut))
		node.Parent().InsertBefore(node.Parent(), node, head)
		p.inner.Transform(head, reader, pc)
		if head.Parent() != nil { // the rest of it is text, and so is all behind it
			left := head.Lines()
			left.AppendAll(lines.Sliced(cut, lines.Len()))
			node.SetLines(left)
			head.Parent().RemoveChild(head.Parent(), head)
			return
		}
		rest := text.NewSegments()
		rest.AppendAll(lines.Sliced(cut, lines.Len()))
		node.SetLines(rest)
	}
}

func startsDefinition(line text.Segment, source []byte) bool {
	return line.Start < line.Stop && source[line.Start] == '['
}
