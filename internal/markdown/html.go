package markdown

import (
	"strings"

	"github.com/yuin/goldmark/ast"
)

// html adds the text of an HTML block: what stands between tags, comments,
// scripts and style sheets.
func (v *Own) html(n *ast.HTMLBlock) {
	var s htmlScanner
	lines := n.Lines()
	for i := range lines.Len() {
		seg := lines.At(i)
		s.line(v, Span{seg.Start, seg.Stop})
	}
	if n.HasClosure() {
		s.line(v, Span{n.ClosureLine.Start, n.ClosureLine.Stop})
	}
}

// htmlScanner reads HTML line by line.
type htmlScanner struct {
	// until ends what is being left out. Empty within text and tags.
	until string
	// tag is the name of the tag being read. Empty outside of tags.
	tag string
	// quote is the quotation mark around the attribute being read.
	quote byte
}

func (s *htmlScanner) line(v *Own, at Span) {
	for i := at.Start; i < at.End; {
		rest := v.source[i:at.End]
		switch {
		case s.until != "":
			n := indexFold(rest, s.until)
			if n < 0 {
				return
			}
			i += n + len(s.until)
			s.until = ""
		case s.tag != "":
			i += s.inTag(rest)
		default:
			n := strings.IndexByte(rest, '<')
			if n < 0 {
				v.literal(Span{i, at.End}, decodeReference)
				return
			}
			v.literal(Span{i, i + n}, decodeReference)
			i += n
			n = s.open(rest[n:])
			if n == 0 {
				v.add("<", Span{i, i + 1}, true)
				n = 1
			} else {
				v.skip()
			}
			i += n
		}
	}
}

// open looks at a "<" and returns how much of rest begins something that is
// left out. 0 if it is a mere "<".
func (s *htmlScanner) open(rest string) int {
	for _, p := range [...]struct{ open, until string }{
		{"<!--", "-->"},
		{"<![CDATA[", "]]>"},
		{"<?", "?>"},
	} {
		if strings.HasPrefix(rest, p.open) {
			s.until = p.until
			return len(p.open)
		}
	}
	n := 1
	if len(rest) > 1 && (rest[1] == '/' || rest[1] == '!') {
		n = 2
	}
	start := n
	for n < len(rest) && isLetter(rest[n]) {
		n++
	}
	if n == start {
		return 0
	}
	s.tag = rest[:n]
	return n
}

// inTag reads rest, which is within a tag, and returns how much of it is.
func (s *htmlScanner) inTag(rest string) int {
	if s.quote != 0 {
		n := strings.IndexByte(rest, s.quote)
		if n < 0 {
			return len(rest)
		}
		s.quote = 0
		return n + 1
	}
	n := strings.IndexAny(rest, `>"'`)
	if n < 0 {
		return len(rest)
	}
	if rest[n] != '>' {
		s.quote = rest[n]
		return n + 1
	}
	if name := s.tag[1:]; strings.EqualFold(name, "script") || strings.EqualFold(name, "style") {
		s.until = "</" + name
	}
	s.tag = ""
	return n + 1
}

// indexFold is strings.Index without regard to the case of ASCII letters.
func indexFold(s, sub string) int {
	for i := 0; i+len(sub) <= len(s); i++ {
		n := strings.IndexByte(s[i:], sub[0])
		if n < 0 {
			return -1
		}
		i += n
		if i+len(sub) <= len(s) && strings.EqualFold(s[i:i+len(sub)], sub) {
			return i
		}
	}
	return -1
}
