package heal

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// openMark is a mark that nothing has closed yet.
type openMark struct {
	at int
	// c is the character: one of * _ ~ ` $ [. n is how many of them are still
	// open, size how many there were.
	c       byte
	n, size int
	// both says that the mark could close something as well.
	both bool
	// image says that the bracket begins with "!".
	image bool
	// inside is, for brackets, how many marks were open before it.
	inside int
}

// inlineScan is what is open at the end of a segment.
type inlineScan struct {
	text      string
	from, end int
	last      bool

	marks    []openMark // in order, but for brackets
	brackets []openMark
	// bottoms are how far down marks need not be searched any more, by what
	// is to be closed.
	bottoms [3 * 2 * 3 * 2]int

	// tildes are the offsets of tildes that mean nothing.
	tildes []int
	// cut is where an unfinished picture or tag begins, or -1. tag says which.
	cut int
	tag bool
	// dest is where "](" of an unfinished link is, or -1, and label where its
	// bracket is.
	dest, label int
	// dangling says that the text ends with a backslash that escapes what
	// comes next.
	dangling bool
	// used is the end of the last mark that closed something.
	used int

	// meant is the end of the last thing that is neither space nor mark.
	meant int
	// closing is where a line of nothing but marks begins at the end of the
	// text. There they close what is open, although a space is before them.
	closing int
	// spans are the last places of runs of backticks, by their length. Nil
	// until wanted.
	spans  map[int]int
	noMath bool
}

// meansNothing reports whether r is a space or a mark.
func meansNothing(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("_~*`", r) }

// scanInline finds what is open at the end of a segment. last says that the
// text ends with it, so that what is missing may yet come.
func scanInline(text string, seg segment, last bool) inlineScan {
	s := newInlineScan(text, seg, last)
	s.run()
	return s
}

func newInlineScan(text string, seg segment, last bool) inlineScan {
	s := inlineScan{text: text, from: seg.from, end: seg.to, last: last, cut: -1, dest: -1, closing: seg.to}
	body := text[seg.from:seg.to]
	if last {
		unescaped := strings.TrimRight(body, `\`)
		if (len(body)-len(unescaped))%2 == 1 {
			s.dangling = true
			body = body[:len(body)-1]
		}
		if nl := strings.LastIndexByte(body, '\n'); nl >= 0 && strings.Trim(body[nl+1:], "*_~`$") == "" {
			s.closing = seg.from + nl + 1
		}
	}
	meant := strings.TrimRightFunc(body, meansNothing)
	s.meant = seg.from + len(meant)
	slashes := len(meant) - len(strings.TrimRight(meant, `\`))
	if slashes%2 == 1 && len(meant) < len(body) && strings.IndexByte("_~*`", body[len(meant)]) >= 0 {
		s.meant++ // it is escaped, so it does mean something
	}
	return s
}

func (s *inlineScan) run() {
	for at := s.from; at >= 0 && at < s.end; {
		at = s.step(at)
	}
}

// step reads what is at an offset and returns the offset behind it, or -1 if
// nothing more can be read.
func (s *inlineScan) step(at int) int {
	rest := s.text[at:s.end]
	switch c := rest[0]; c {
	case '\\':
		return at + min(2, len(rest))
	case '`':
		return s.span(at)
	case '$':
		return s.formula(at)
	case '<':
		return s.angle(at)
	case '!':
		if len(rest) > 1 && rest[1] == '[' {
			s.brackets = append(s.brackets, openMark{at: at, c: '[', image: true, inside: len(s.marks)})
			return at + 2
		}
	case '[':
		s.brackets = append(s.brackets, openMark{at: at, c: '[', inside: len(s.marks)})
	case ']':
		return s.closeBracket(at)
	case '*', '_', '~':
		return s.emphasis(at)
	case 'h':
		if strings.HasPrefix(rest, "https://") || strings.HasPrefix(rest, "http://") {
			return at + urlLength(rest)
		}
	}
	return at + 1
}

// length returns how often the character at an offset is repeated.
func (s *inlineScan) length(at int) int {
	end := at + 1
	for end < s.end && s.text[end] == s.text[at] {
		end++
	}
	return end - at
}

func (s *inlineScan) span(at int) int {
	if s.spans == nil {
		s.spans = make(map[int]int)
		for i := at; i < s.end; i++ {
			if s.text[i] == '`' {
				n := s.length(i)
				s.spans[n] = i
				i += n
			}
		}
	}
	n := s.length(at)
	if s.spans[n] > at {
		for i := at + n; i < s.end; i++ {
			if s.text[i] != '`' {
				continue
			}
			m := s.length(i)
			if m == n {
				s.used = i + n
				return i + n
			}
			i += m - 1
		}
	}
	if !s.last {
		return at + n
	}
	if s.meant > at+n {
		s.marks = append(s.marks, openMark{at: at, c: '`', n: n, size: n})
	}
	return -1 // the rest is code, as far as it goes
}

func (s *inlineScan) formula(at int) int {
	if s.noMath || at+1 == s.end || s.text[at+1] != '$' {
		return at + 1
	}
	if n := strings.Index(s.text[at+2:s.end], "$$"); n >= 0 {
		return at + 2 + n + 2
	}
	if s.last && s.meant > at+2 {
		s.marks = append(s.marks, openMark{at: at, c: '$', n: 2, size: 2})
		return -1
	}
	s.noMath = true
	return at + 2
}

func (s *inlineScan) angle(at int) int {
	n, state := htmlTag(s.text[at:s.end])
	switch {
	case state == finished:
		return at + n
	case state == unfinished && s.last:
		before, _ := utf8.DecodeLastRuneInString(s.text[:at])
		if last := len(s.marks) - 1; last >= 0 && s.marks[last].at+s.marks[last].n == at {
			before = ' ' // an open mark, and be it an underscore
		}
		if inWord(before) && at > 0 && s.text[at+1] != '/' {
			break // less than
		}
		s.cut, s.tag = at, true
		return -1
	}
	return at + 1
}

func (s *inlineScan) closeBracket(at int) int {
	last := len(s.brackets) - 1
	if last < 0 {
		return at + 1
	}
	m := s.brackets[last]
	s.brackets = s.brackets[:last]
	if at+1 == s.end || s.text[at+1] != '(' {
		return at + 1
	}
	n, state := linkDestination(s.text[at+1 : s.end])
	switch {
	case state == finished:
		s.truncate(min(m.inside, len(s.marks)))
		return at + 1 + n
	case state == unfinished && s.last && m.image:
		s.cut = m.at
		return -1
	case state == unfinished && s.last:
		s.dest, s.label = at, m.at
		return -1
	}
	return at + 1
}

func (s *inlineScan) emphasis(at int) int {
	c, size := s.text[at], s.length(at)
	before, after := ' ', ' '
	if at > 0 {
		before, _ = utf8.DecodeLastRuneInString(s.text[:at])
	}
	if at+size < s.end {
		after, _ = utf8.DecodeRuneInString(s.text[at+size : s.end])
	}
	opens, closes := flanks(c, size, before, after)
	if at >= s.closing {
		opens, closes = false, true
	}
	if c == '~' {
		switch {
		case size == 1 && inWord(before) && inWord(after):
			s.tildes = append(s.tildes, at)
			return at + 1
		case size == 1 && s.last && at+1 == s.end && closes: // half of two
		case size != 2:
			return at + size
		}
	}
	left := size
	for left > 0 && closes {
		i := s.opener(c, size, opens, s.last && at >= s.meant)
		if i < 0 {
			break
		}
		if c == '_' && s.last && at+size == s.end && i < len(s.marks)-1 {
			return s.end // more likely within a word than around an open mark
		}
		m := &s.marks[i]
		used := min(left, m.n)
		left -= used
		if m.n -= used; m.n == 0 {
			i--
		}
		s.used = at + size - left
		s.truncate(i + 1)
	}
	if left > 0 && opens {
		s.marks = append(s.marks, openMark{at: at + size - left, c: c, n: left, size: size, both: closes})
	}
	return at + size
}

// flanks reports whether a run of marks can open and close something, by the
// rules of CommonMark. A star within a word opens nothing, as it is more often
// a multiplication.
func flanks(c byte, size int, before, after rune) (opens, closes bool) {
	left := !unicode.IsSpace(after) && (!isPunct(after) || unicode.IsSpace(before) || isPunct(before))
	right := !unicode.IsSpace(before) && (!isPunct(before) || unicode.IsSpace(after) || isPunct(after))
	switch c {
	case '_':
		return left && (!right || isPunct(before)), right && (!left || isPunct(after))
	case '*':
		return left && (size > 1 || !inWord(before) || !inWord(after)), right
	default:
		return !unicode.IsSpace(after), !unicode.IsSpace(before)
	}
}

// opener returns the place of the innermost mark that a run can close, or -1.
// If either can both open and close, their sizes must not add up to a multiple
// of three, unless both are one. At the end of the text, where runs stand side
// by side that were added one by one, that does not count.
func (s *inlineScan) opener(c byte, size int, opens, atEnd bool) int {
	kind := strings.IndexByte("*_~", c)*12 + size%3*4
	if opens {
		kind++
	}
	if atEnd {
		kind += 2
	}
	for i := len(s.marks) - 1; i >= s.bottoms[kind]; i-- {
		m := s.marks[i]
		if m.c == c && (c == '~' || atEnd || !m.both && !opens || (m.size+size)%3 != 0 || m.size%3 == 0) {
			return i
		}
	}
	s.bottoms[kind] = len(s.marks)
	return -1
}

func (s *inlineScan) truncate(n int) {
	s.marks = s.marks[:n]
	for i, bottom := range s.bottoms {
		s.bottoms[i] = min(bottom, n)
	}
}

// inWord reports whether r is part of a word of any script.
func inWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }

func isPunct(r rune) bool { return unicode.IsPunct(r) || unicode.IsSymbol(r) }

// urlLength returns the length of the address at the start of s, without the
// marks and signs that end a sentence.
func urlLength(s string) int {
	end := strings.IndexAny(s, " \t\r\n<>[]()`\"*|")
	if end < 0 {
		end = len(s)
	}
	return max(1, len(strings.TrimRight(s[:end], "_~.,:;!?'")))
}
