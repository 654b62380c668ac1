package markdown

import "strings"

// CodeSpan returns the length of the code span at the start of s, or of the
// backticks there if nothing closes them.
func CodeSpan(s string) int {
	n := Backticks(s)
	for i := n; i < len(s); {
		next := strings.IndexByte(s[i:], '`')
		if next < 0 {
			break
		}
		i += next
		run := Backticks(s[i:])
		i += run
		if run == n {
			return i
		}
	}
	return n
}

// Backticks returns how many backticks s begins with.
func Backticks(s string) int { return len(s) - len(strings.TrimLeft(s, "`")) }

// maxAddress bounds how far LinkSpan looks for the end of an address, so that
// many open brackets do not make it slow.
const maxAddress = 2048

// LinkSpan returns the length of the inline link at the start of s, which begins
// with "[", or 1 if the bracket begins no link.
func LinkSpan(s string) int {
	near := s[:min(len(s), maxLabel+1)]
	if !strings.Contains(near, "](") {
		return 1 // true of nearly all brackets
	}
	label := closing(near, '[', ']')
	if label == 0 || !strings.HasPrefix(s[label:], "(") {
		return 1
	}
	address := closing(s[label:min(len(s), label+maxAddress)], '(', ')')
	if address == 0 {
		return 1
	}
	return label + address
}

// closing returns the offset behind the bracket that closes the one at the start
// of s, or 0.
func closing(s string, open, shut byte) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case open:
			depth++
		case shut:
			depth--
			if depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}

// TrimBlankLines returns s without the blank lines that it begins with.
func TrimBlankLines(s string) string {
	for {
		line, rest, ok := strings.Cut(s, "\n")
		if !ok || strings.TrimSpace(line) != "" {
			return s
		}
		s = rest
	}
}
