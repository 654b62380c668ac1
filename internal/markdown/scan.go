package markdown

import "strings"

// CodeScan finds code spans in a text, in time in proportion to its length however
// many spans are asked for. Make one with [ScanCode].
type CodeScan struct {
	text string
	// last says where the last run of backticks of each length begins. Nil until
	// wanted.
	last map[int]int
}

// ScanCode returns what finds the code spans of s.
func ScanCode(s string) *CodeScan { return &CodeScan{text: s} }

// Span returns the length of the code span that begins at offset at, or of the
// backticks there if nothing closes them.
func (c *CodeScan) Span(at int) (n int, closed bool) {
	n = backticks(c.text[at:])
	if c.last == nil {
		c.last = lastBackticks(c.text, at)
	}
	if n == 0 || c.last[n] <= at {
		return n, false
	}
	for i := at + n; i < len(c.text); {
		next := strings.IndexByte(c.text[i:], '`')
		if next < 0 {
			break
		}
		i += next
		run := backticks(c.text[i:])
		i += run
		if run == n {
			return i - at, true
		}
	}
	return n, false
}

// lastBackticks returns where the last run of backticks of each length begins,
// from offset from on.
func lastBackticks(s string, from int) map[int]int {
	last := map[int]int{}
	for i := from; i < len(s); {
		next := strings.IndexByte(s[i:], '`')
		if next < 0 {
			break
		}
		i += next
		n := backticks(s[i:])
		last[n] = i
		i += n
	}
	return last
}

// backticks returns how many backticks s begins with.
func backticks(s string) int {
	n := 0
	for n < len(s) && s[n] == '`' {
		n++
	}
	return n
}

// LongestBackticks returns the length of the longest run of backticks in s.
func LongestBackticks(s string) int {
	longest := 0
	for n := range lastBackticks(s, 0) {
		longest = max(longest, n)
	}
	return longest
}

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
