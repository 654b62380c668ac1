package markdown

import "strings"

// EscapeLoose makes plain text Markdown as far as people mean it plainly: what
// looks like emphasis, a link, an escape or a character reference shows as it is;
// code spans, tags and strike-through count, as people write them in plain text
// too, and so do bare links and marks that begin a block. What would mention a user,
// "<@id>" and the address of a profile, is text. Within code spans and other bare
// links nothing is escaped, because there a backslash would show. Use
// [Escape] for text that must show exactly as it is.
func EscapeLoose(s string) string { return escapeText(s, true) }

// escapeLabel is EscapeLoose for text in brackets, in which bare links do not
// count and an address in angle brackets must not become a link.
func escapeLabel(s string) string { return escapeText(Line(s), false) }

// marks are the characters that EscapeLoose may escape.
const marks = "\\*_[]`&<"

func escapeText(s string, links bool) string {
	if !strings.ContainsAny(s, marks) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 8)
	low := 0 // where a bare link can begin at the earliest
	code := ScanCode(s)
	for i := 0; i < len(s); {
		n := 1 // how much of s is taken as it is, behind a backslash or not
		escape := false
		switch s[i] {
		case '\\', '*', '_', '[', ']':
			escape = true
		case '`':
			run, closed := code.Span(i)
			if !closed {
				b.WriteString(strings.Repeat("\\`", run))
				i += run
				continue
			}
			n, low = run, i+run
		case '<':
			escape = !links || strings.HasPrefix(s[i:], "<@")
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
				// The address of a profile mentions its user. Of a link on whose end
				// parsers differ, one would take the marks for emphasis.
				if s[i] == ':' && strings.Contains(s[i:i+n], "/profiles/") || strings.ContainsAny(s[i:i+n], marks) && !strictLink(s[i:i+n]) {
					n, escape = 1, true
					break
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

// Line returns s with spaces in place of line breaks.
func Line(s string) string {
	if !strings.ContainsAny(s, "\r\n") {
		return s
	}
	return strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ").Replace(s)
}

// strictLink reports whether every parser takes all of a bare link, given from
// its first ":" or ".", for one: its host has a dot and ends with lower-case
// letters, and nothing behind the host is unusual.
func strictLink(s string) bool {
	rest := strings.TrimPrefix(strings.TrimPrefix(s, "://"), ".")
	path := strings.IndexAny(rest, "/?#")
	if path < 0 {
		path = len(rest)
	}
	host, port, found := strings.Cut(rest[:path], ":")
	if found && (port == "" || strings.Trim(port, "0123456789") != "") {
		return false
	}
	top := host[strings.LastIndexByte(host, '.')+1:]
	if len(top) == len(host) || top == "" || strings.Trim(top, "abcdefghijklmnopqrstuvwxyz") != "" {
		return false
	}
	for i := range len(host) {
		if c := host[i]; c >= 0x80 || c == '_' || !isHostByte(c) && c != '.' {
			return false
		}
	}
	for i := path; i < len(rest); i++ {
		if c := rest[i]; !isLetter(c) && (c < '0' || c > '9') && strings.IndexByte("-@:%_+.~#$!?&/=();,'\">^{}[]`", c) < 0 {
			return false
		}
	}
	return true
}
