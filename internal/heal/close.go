package heal

import (
	"slices"
	"strings"
	"unicode"
)

// unclosed returns the open marks that something was written behind, so that
// they are not just being written themselves.
func (s *inlineScan) unclosed() []openMark {
	var out []openMark
	for _, m := range s.marks {
		if m.at+m.n < max(s.meant, s.used) {
			out = append(out, m)
		}
	}
	return out
}

// closers returns what closes the open marks: inside goes before the space at the
// end, after behind it.
func (s *inlineScan) closers() (inside, after string) {
	var b strings.Builder
	for _, m := range slices.Backward(s.unclosed()) {
		switch m.c {
		case '`':
			have := len(s.text) - len(strings.TrimRight(s.text, "`"))
			if have > m.n {
				return "", "" // no number of backticks closes it
			}
			bare := strings.TrimRightFunc(s.text, unicode.IsSpace)
			if m.n >= 3 && len(bare) < len(s.text) && !strings.HasSuffix(bare, "`") { // on a line of its own it would be a fence
				inside = strings.Repeat("`", m.n)
				continue
			}
			b.WriteString(strings.Repeat("`", m.n-have))
		case '$':
			b.WriteString(s.formulaEnd(m))
		case '_':
			if m.n == 1 && b.Len() == 0 {
				inside += "_"
				continue
			}
			fallthrough
		default:
			b.WriteString(strings.Repeat(string(rune(m.c)), m.n))
		}
	}
	return inside, b.String()
}

// closeAt returns how much of the text goes before the closers, and the space
// that goes between inside and after. A backslash at the end would take the
// first closer, marks without a meaning would join them, and behind a space they
// would close nothing.
func (s *inlineScan) closeAt(inside, after string) (end int, space string) {
	end = len(s.text)
	closers := inside + after
	if inside == "" && (after == "" || strings.IndexByte("`$\n", after[0]) >= 0) {
		return end, ""
	}
	if s.dangling {
		end--
	}
	keep := min(end, max(s.meant, s.used))
	if closers[0] == '`' {
		keep = len(strings.TrimRightFunc(s.text, unicode.IsSpace))
	}
	if inside == "" {
		end = keep + len(strings.TrimRightFunc(s.text[keep:end], func(r rune) bool { return r != '\n' && r != '\r' && meansNothing(r) }))
	} else {
		end = keep
		space = s.text[keep:]
		if after != "" || closers[0] == '_' {
			space = strings.Repeat("\n", strings.Count(space, "\n"))
		}
	}
	if bare := strings.TrimRight(s.text[:end], `\`); !s.dangling && end < len(s.text) && closers[0] != '`' && (end-len(bare))%2 == 1 {
		end--
	}
	return end, space
}

func (s *inlineScan) formulaEnd(m openMark) string {
	body := s.text[m.at+2:]
	switch {
	case strings.HasSuffix(body, "$"):
		return "$"
	case strings.Contains(body, "\n") && !strings.HasSuffix(body, "\n"):
		return "\n$$"
	default:
		return "$$"
	}
}
