package markdown

import (
	"fmt"
	"strings"
)

// Link returns a link with a label in plain text, in which code spans and
// strike-through count; see [EscapeLoose]. A line break in the label becomes a
// space, and what would end the address is written in percent.
func Link(label, url string) string { return "[" + escapeLabel(label) + "](" + escapeURL(url) + ")" }

// Label returns plain text in brackets as it is shown where nothing can be
// pressed; see [Link].
func Label(label string) string { return "[" + escapeLabel(label) + "]" }

// Name returns a link whose label is shown exactly as it is; see [Escape].
func Name(label, url string) string { return "[" + Escape(Line(label)) + "](" + escapeURL(url) + ")" }

// maxPlainParens is how deep parentheses may nest in an address that is sent as
// it is: as deep as every parser of Markdown knows them.
const maxPlainParens = 3

// escapeURL makes an address the destination of a link. What would end it is
// written in percent, which means the same.
func escapeURL(s string) string {
	parens := !plainParens(s)
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c <= ' ', c == 0x7f, c == '<', c == '>', c == '\\', parens && (c == '(' || c == ')'):
			fmt.Fprintf(&b, "%%%02X", c)
		case c == '&':
			if _, n := decodeReference(s[i:]); n > 0 {
				b.WriteByte('\\')
			}
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// plainParens reports whether the parentheses of s are balanced and not too deep.
func plainParens(s string) bool {
	depth := 0
	for _, c := range s {
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth < 0 || depth > maxPlainParens {
			return false
		}
	}
	return depth == 0
}

// Cell makes Markdown the cell of a table. A backslash in it is one: it escapes
// nothing, in a cell as little as in a code span; see [EscapeCell]. A line break
// becomes a space.
func Cell(s string) string {
	s = Line(s)
	if !strings.ContainsAny(s, `\|`) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 8)
	code := ScanCode(s)
	for i := 0; i < len(s); {
		if s[i] == '`' {
			span, _ := code.Span(i)
			b.WriteString(strings.ReplaceAll(s[i:i+span], "|", `\|`))
			i += span
			continue
		}
		if s[i] == '\\' || s[i] == '|' {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}

// EscapeCell makes text a cell of a table that shows exactly as it is, also behind
// [Cell]: by character references, as a backslash escapes nothing there.
func EscapeCell(s string) string {
	s = Line(s)
	var b strings.Builder
	b.Grow(len(s) + 8)
	for i := range len(s) {
		if escapes(s, i, false) || strings.IndexByte(`|\&`, s[i]) >= 0 {
			fmt.Fprintf(&b, "&#%d;", s[i])
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// Code returns text as a code span, in which no mark means anything. White space
// becomes single spaces.
func Code(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if s == "" {
		return "` `"
	}
	if !strings.Contains(s, "`") {
		return "`" + s + "`"
	}
	fence := strings.Repeat("`", LongestBackticks(s)+1)
	return fence + " " + s + " " + fence
}
