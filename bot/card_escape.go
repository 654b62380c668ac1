package bot

import (
	"fmt"
	"strings"
)

// escapeMarkdown makes plain text Markdown, as far as it stands within a line:
// what looks like emphasis, a link, an escape or a character reference shows as
// it is. Code spans, tags and strike-through count, as people write them in
// plain text too. Within code spans and bare links nothing is escaped, because
// there a backslash would show. Placeholders are replaced first, as their names
// have underscores.
func escapeMarkdown(s string) string { return escapeText(replaceEmoji(s), true) }

// escapeLabel is escapeMarkdown for text in brackets. There bare links are none,
// and an address in angle brackets must not be one.
func escapeLabel(s string) string { return escapeText(inLine(replaceEmoji(s)), false) }

func escapeText(s string, links bool) string {
	if !strings.ContainsAny(s, "\\*_[]`&<") {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 8)
	low := 0 // where a bare link can begin at the earliest
	for i := 0; i < len(s); {
		n := 1 // how much of s is taken as it is, behind a backslash or not
		escape := false
		switch s[i] {
		case '\\', '*', '_', '[', ']':
			escape = true
		case '`':
			if span := codeSpan(s[i:]); span > backticks(s[i:]) {
				n, low = span, i+span
			} else {
				escape = true
			}
		case '<':
			escape = !links
		case '&':
			_, reference := decodeReference(s[i:])
			escape = reference > 0
		case ':', '.':
			if !links {
				break
			}
			// Of a link that ends with marks the parser takes these off.
			if _, end := bareLink(s, low, i, len(s)); end > 0 {
				n = len(s[i:])
				if space := strings.IndexAny(s[end:], " \t\r\n<"); space >= 0 {
					n = end + space - i
				}
				low = i + n
			}
		}
		if escape {
			b.WriteByte('\\')
		}
		b.WriteString(s[i : i+n])
		i += n
	}
	return b.String()
}

// inLine returns s with spaces in place of line breaks.
func inLine(s string) string {
	if !strings.ContainsAny(s, "\r\n") {
		return s
	}
	return strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ").Replace(s)
}

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

// tableCell makes Markdown the cell of a table. A backslash is one: it escapes
// nothing, in a cell as little as in a code span.
func tableCell(s string) string {
	s = inLine(replaceEmoji(s))
	if !strings.ContainsAny(s, `\|`) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 8)
	for i := 0; i < len(s); {
		if s[i] == '`' {
			span := codeSpan(s[i:])
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
