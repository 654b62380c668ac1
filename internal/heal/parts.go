package heal

import "strings"

// progress says how far something that has an end was written.
type progress uint8

const (
	impossible progress = iota
	unfinished
	finished
)

// maxDestination is the length of a link's address and title beyond which it is
// taken for something else.
const maxDestination = 4096

// linkDestination reads the "(address "title")" that s begins with. n is its
// length if it is finished.
func linkDestination(s string) (n int, p progress) {
	if len(s) > maxDestination {
		s = s[:maxDestination]
	}
	i := pastSpace(s, 1)
	if i == len(s) {
		return 0, unfinished
	}
	if i, p = linkAddress(s, i); p != finished {
		return 0, p
	}
	spaced := pastSpace(s, i)
	switch {
	case spaced == len(s):
		return 0, unfinished
	case s[spaced] == ')':
		return spaced + 1, finished
	case spaced == i:
		return 0, impossible
	}
	closer := s[spaced]
	switch closer {
	case '"', '\'':
	case '(':
		closer = ')'
	default:
		return 0, impossible
	}
	for i = spaced + 1; i < len(s) && s[i] != closer; i++ {
		if s[i] == '\\' {
			i++
		}
	}
	if i >= len(s) {
		return 0, unfinished
	}
	i = pastSpace(s, i+1)
	switch {
	case i == len(s):
		return 0, unfinished
	case s[i] == ')':
		return i + 1, finished
	default:
		return 0, impossible
	}
}

// linkAddress returns the end of the address at offset i.
func linkAddress(s string, i int) (end int, p progress) {
	if s[i] == '<' {
		n := strings.IndexAny(s[i:], ">\n")
		switch {
		case n < 0:
			return 0, unfinished
		case s[i+n] == '\n':
			return 0, impossible
		default:
			return i + n + 1, finished
		}
	}
	for depth := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth == 0 {
				return i, finished
			}
			depth--
		case ' ', '\t', '\r', '\n':
			if depth > 0 {
				return 0, impossible
			}
			return i, finished
		}
	}
	return 0, unfinished
}

// maxBareAttributes is how many attributes without a value a tag may have
// before it is taken for a comparison with words behind it.
const maxBareAttributes = 2

// htmlTag reads the tag or the link in angle brackets that s begins with. n is
// its length if it is finished.
func htmlTag(s string) (n int, p progress) {
	i := 1
	if i < len(s) && s[i] == '/' {
		i++
		if i == len(s) {
			return 0, unfinished
		}
	}
	if i == len(s) || !isLetter(s[i]) {
		return 0, impossible
	}
	for i < len(s) && (isLetter(s[i]) || s[i] >= '0' && s[i] <= '9' || s[i] == '-') {
		i++
	}
	if i < len(s) && !strings.ContainsRune(" \t\r\n>/", rune(s[i])) { // a link
		for i < len(s) && !strings.ContainsRune(" \t\r\n<>", rune(s[i])) {
			i++
		}
		switch {
		case i == len(s):
			return 0, unfinished
		case s[i] == '>':
			return i + 1, finished
		default:
			return 0, impossible
		}
	}
	for bare := 0; bare <= maxBareAttributes; {
		spaced := pastSpace(s, i)
		switch {
		case spaced == len(s):
			return 0, unfinished
		case s[spaced] == '>':
			return spaced + 1, finished
		case s[spaced] == '/':
			switch {
			case spaced+1 == len(s):
				return 0, unfinished
			case s[spaced+1] == '>':
				return spaced + 2, finished
			default:
				return 0, impossible
			}
		case spaced == i:
			return 0, impossible
		}
		var valued bool
		if i, valued, p = htmlAttribute(s, spaced); p != finished {
			return 0, p
		}
		if !valued {
			bare++
		}
	}
	return 0, impossible
}

// htmlAttribute returns the end of the attribute at offset i and whether it has
// a value.
func htmlAttribute(s string, i int) (end int, valued bool, p progress) {
	start := i
	for i < len(s) && (isLetter(s[i]) || strings.IndexByte("_:", s[i]) >= 0 ||
		i > start && (s[i] >= '0' && s[i] <= '9' || s[i] == '.' || s[i] == '-')) {
		i++
	}
	if i == start {
		return 0, false, impossible
	}
	at := pastSpace(s, i)
	if at == len(s) {
		return 0, false, unfinished
	}
	if s[at] != '=' {
		return i, false, finished
	}
	at = pastSpace(s, at+1)
	if at == len(s) {
		return 0, true, unfinished
	}
	if c := s[at]; c == '"' || c == '\'' {
		n := strings.IndexByte(s[at+1:], c)
		if n < 0 {
			return 0, true, unfinished
		}
		return at + 1 + n + 1, true, finished
	}
	n := strings.IndexAny(s[at:], " \t\r\n\"'=<>`")
	switch {
	case n < 0:
		return 0, true, unfinished
	case n == 0:
		return 0, true, impossible
	default:
		return at + n, true, finished
	}
}

func pastSpace(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\t' || s[i] == '\r' || s[i] == '\n') {
		i++
	}
	return i
}

// isLetter reports whether c is an ASCII letter.
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
