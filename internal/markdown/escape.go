package markdown

import (
	"fmt"
	"strings"

	"github.com/yuin/goldmark/util"
)

// Escape makes text Markdown that shows exactly as the text is: no emphasis, code
// or link, bare ones included, no heading, list, quote, table or section, no
// mention as in "<@id>" and no placeholder as in "{{emoji:name}}". White space at
// the start of a line stays. As in all Markdown, several blank lines show as one,
// and white space at the end of a line does not show.
func Escape(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + len(s)/8 + 8)
	for i := 0; i < len(s); {
		line, rest := cutLine(s[i:])
		escapeLine(&b, line)
		b.WriteString(s[i+len(line) : len(s)-len(rest)])
		i = len(s) - len(rest)
	}
	return b.String()
}

// plain reports whether s has nothing but letters, digits and what stands between
// them in ordinary sentences.
func plain(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case isLetter(c), c >= 0x80:
		case c == ' ' && i > 0 && s[i-1] != '\n' && s[i-1] != '\r', c == '\n':
		case c >= '0' && c <= '9' && i > 0 && (isLetter(s[i-1]) || s[i-1] == ' '):
		case c == ',' || c == ';' || c == '\'' || c == '"' || c == '?' || c == '!':
		default:
			return false
		}
	}
	return true
}

// cutLine cuts s behind its first line end.
func cutLine(s string) (line, rest string) {
	i := strings.IndexAny(s, "\r\n")
	if i < 0 {
		return s, ""
	}
	return s[:i], s[i+1:]
}

// escapeLine writes a line without its end.
func escapeLine(b *strings.Builder, line string) {
	if strings.TrimLeft(line, blank) == "" {
		b.WriteString(line)
		return
	}
	from := 0
	if strings.IndexByte(blank, line[0]) >= 0 {
		fmt.Fprintf(b, "&#%d;", line[0]) // any other would be indentation
		from = 1
	} else if n := blockMark(line); n > 0 {
		b.WriteString(line[:n-1])
		b.WriteByte('\\')
		b.WriteByte(line[n-1])
		from = n
	}
	for i := from; i < len(line); i++ {
		if escapes(line, i, true) {
			b.WriteByte('\\')
		}
		b.WriteByte(line[i])
	}
}

const blank = " \t"

// blockMark returns the offset behind the character at the start of a line that
// is to be escaped, so that the line begins no block, or 0.
func blockMark(line string) int {
	switch c := line[0]; {
	case strings.IndexByte("#>-+=", c) >= 0, strings.HasPrefix(line, ":-"):
		return 1
	case c >= '0' && c <= '9':
		n := len(line) - len(strings.TrimLeft(line, "0123456789"))
		if n < len(line) && (line[n] == '.' || line[n] == ')') && (n+1 == len(line) || strings.IndexByte(blank, line[n+1]) >= 0) {
			return n + 1
		}
	}
	return 0
}

// escapes reports whether the character at offset i of a line means something.
// references says that a "&" matters only where a character reference begins.
func escapes(line string, i int, references bool) bool {
	switch c := line[i]; c {
	case '\\', '*', '_', '`', '[', ']', '<', '~', '|':
		return true
	case '&':
		_, n := decodeReference(line[i:])
		return n > 0 || !references
	case '$':
		return strings.HasPrefix(line[i+1:], "$") || i > 0 && line[i-1] == '$'
	case '{':
		const placeholder = "{emoji:"
		return len(line)-i >= len(placeholder) && strings.EqualFold(line[i:i+len(placeholder)], placeholder)
	case ':':
		return strings.HasPrefix(line[i+1:], "//") || shortcode(line, i)
	case '.':
		return i >= 3 && strings.EqualFold(line[i-3:i], "www") && i+1 < len(line) && !util.IsSpace(line[i+1])
	case '@':
		return i > 0 && i+1 < len(line) && isHostByte(line[i+1]) && (isHostByte(line[i-1]) || strings.IndexByte("+.", line[i-1]) >= 0)
	}
	return false
}

// shortcode reports whether the ":" at offset i begins an emoji like ":tada:".
func shortcode(line string, i int) bool {
	if i > 0 && isHostByte(line[i-1]) {
		return false
	}
	rest := line[i+1:]
	end := 0
	for end < len(rest) && end < maxShortcode && (isLetter(rest[end]) || rest[end] >= '0' && rest[end] <= '9' || strings.IndexByte("_+-", rest[end]) >= 0) {
		end++
	}
	return end > 0 && end < len(rest) && rest[end] == ':'
}

// maxShortcode is the length of the longest name of an emoji, with some room.
const maxShortcode = 80
