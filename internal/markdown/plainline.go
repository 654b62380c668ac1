package markdown

import "strings"

// OwnOf returns the own words of a text, as Parse(source).Own(role) does. It does
// not parse a text of one line without any marks, as most short messages are.
func OwnOf(source string, role func(url string) LinkRole) *Own {
	if !isPlainLine(source) {
		return Parse(source).Own(role)
	}
	v := &Own{source: source}
	v.add(source, Span{0, len(source)}, true)
	return v
}

// maxPlainLine is how long a text may be that is looked at letter by letter.
const maxPlainLine = 1000

// isPlainLine reports whether a text is one paragraph of one line that shows
// exactly as it is. It is false for some texts of which that is true.
func isPlainLine(s string) bool {
	if s == "" || len(s) > maxPlainLine || !isASCIILetter(s[0]) && s[0] != '@' || s[len(s)-1] == ' ' {
		return false // perhaps a list, a heading, indented or a code block
	}
	for i := range len(s) {
		switch c := s[i]; {
		case isASCIILetter(c), c >= '0' && c <= '9':
		case c == '@':
			if i > 0 && s[i-1] != ' ' && s[i-1] != '(' {
				return false // perhaps an e-mail address
			}
		case c == '.':
			if i >= 3 && strings.EqualFold(s[i-3:i], "www") {
				return false
			}
		case strings.IndexByte(" ,?!'\"();-/", c) >= 0:
		default:
			return false
		}
	}
	return true
}

func isASCIILetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
