package emoji

import (
	"cmp"
	"strings"
	"unicode/utf8"
)

// Replace replaces placeholders like {{emoji:rocket}} by emoji, in code as
// well: well-known names, other short codes in lower case like {{emoji:+1}}, and
// emoji themselves. A name that is not known is left without the braces.
func Replace(text string) string { return replaceBy(text, named) }

// named returns the emoji that the name in a placeholder stands for, or "".
func named(name string) string {
	if strings.ToLower(name) != name {
		return "" // names are in lower case
	}
	return cmp.Or(Character(name), Symbol(name))
}

// replaceBy is Replace with other names. lookup returns "" for a name
// that is not known.
func replaceBy(text string, lookup func(name string) string) string {
	if !strings.Contains(text, "{{") {
		return text
	}
	var b strings.Builder
	from := 0
	for i := 0; ; {
		next := strings.Index(text[i:], "{{")
		if next < 0 {
			break
		}
		i += next
		name, n := placeholder(text[i:])
		if n == 0 {
			i++
			continue
		}
		b.WriteString(text[from:i])
		if e := lookup(name); e != "" {
			b.WriteString(e)
		} else {
			b.WriteString(name)
		}
		i += n
		from = i
	}
	if from == 0 {
		return text
	}
	b.WriteString(text[from:])
	return b.String()
}

// placeholder reads the placeholder that s begins with. n is its length, 0 if
// there is none.
func placeholder(s string) (name string, n int) {
	const open = "{{emoji:"
	if len(s) < len(open) || !strings.EqualFold(s[:len(open)], open) {
		return "", 0
	}
	end := len(open)
	if end < len(s) && (s[end] == '+' || s[end] == '-') {
		end++
	}
	for end < len(s) && end < maxName && (isLetter(s[end]) || s[end] >= '0' && s[end] <= '9' || s[end] == '_' || s[end] >= utf8.RuneSelf) {
		end++
	}
	if end == len(open) || !strings.HasPrefix(s[end:], "}}") {
		return "", 0
	}
	return s[len(open):end], end + len("}}")
}

// maxName is where the name in a placeholder ends at the latest.
const maxName = 100

// WithoutOpen returns a text of which more is to come without the beginning of a
// placeholder at its end.
func WithoutOpen(partial string) string {
	const open = "{{emoji:"
	from := max(0, len(partial)-maxName-len("}}"))
	at := strings.LastIndexByte(partial[from:], '{')
	if at < 0 {
		return partial
	}
	at += from
	if at > 0 && partial[at-1] == '{' {
		at--
	}
	rest := partial[at:]
	if len(rest) <= len(open) {
		if strings.EqualFold(rest, open[:len(rest)]) {
			return partial[:at]
		}
		return partial
	}
	if !strings.EqualFold(rest[:len(open)], open) || strings.Contains(rest, "}}") || strings.ContainsAny(rest, " \t\r\n") {
		return partial
	}
	if _, n := placeholder(strings.TrimRight(rest, "}") + "}}"); n == 0 && strings.TrimRight(rest, "}") != open && strings.TrimLeft(rest[len(open):], "+-") != "" {
		return partial
	}
	return partial[:at]
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
