package bot

import (
	"iter"
	"strings"
)

// segment is a stretch of text in which marks can belong together: a paragraph,
// a heading, a list item, a row of a table. Or it is code.
type segment struct {
	from, to int
	// code says that the segment is a fence with what is in it, and fence is
	// what closes it. open says that nothing did yet.
	code, open bool
	fence      string
	// ended says that what comes behind the segment is not part of it.
	ended bool
}

// lastSegment returns the segment that the end of text is in. It is empty if
// whatever comes next is a new one.
func lastSegment(text string) segment {
	last := segment{ended: true}
	for seg := range segments(text) {
		last = seg
	}
	if last.ended {
		return segment{from: len(text), to: len(text)}
	}
	return last
}

// segments yields the segments of a text in order. Lines that belong to none
// are left out.
func segments(text string) iter.Seq[segment] {
	return func(yield func(segment) bool) {
		cur := segment{from: -1}
		flush := func(at int) bool {
			if cur.from < 0 {
				return true
			}
			seg := cur
			seg.to, cur = at, segment{from: -1}
			seg.ended = !seg.open
			return yield(seg)
		}
		quoted := false
		for at := 0; at < len(text); {
			end := at + strings.IndexByte(text[at:], '\n') + 1
			whole := end > at
			if !whole {
				end = len(text)
			}
			line := text[at:end]
			if cur.code {
				closed, gone := closesFence(line, cur.fence), quoted && !strings.HasPrefix(strings.TrimLeft(line, " \t"), ">")
				if !closed && !gone {
					at = end
					continue
				}
				cur.open = false
				if closed {
					at = end
				}
				if !flush(at) {
					return
				}
				continue
			}
			kind := lineKindOf(line, whole)
			if kind != plainLine && kind != rowLine && !flush(at) {
				return
			}
			switch kind {
			case blankLine:
			case fenceLine:
				fence, inQuote := opensFence(line)
				cur, quoted = segment{from: at, code: true, open: true, fence: fence}, inQuote
			case plainLine, rowLine, itemLine, aloneLine:
				if cur.from < 0 {
					cur.from = at
				}
				if (kind == aloneLine || kind == rowLine) && whole && !flush(end) {
					return
				}
			}
			at = end
		}
		if cur.from >= 0 {
			cur.to = len(text)
			yield(cur)
		}
	}
}

// lineKind says how a line goes with the ones around it.
type lineKind uint8

const (
	plainLine lineKind = iota
	blankLine
	fenceLine
	itemLine  // begins a segment
	rowLine   // ends a segment
	aloneLine // is a segment
)

func lineKindOf(line string, whole bool) lineKind {
	trimmed := strings.TrimSpace(line)
	if trimmed == "" {
		return blankLine
	}
	if fence, _ := opensFence(line); fence != "" {
		return fenceLine
	}
	if isHeading(trimmed) || isUnderline(trimmed) || strings.HasPrefix(trimmed, "+++") {
		return aloneLine
	}
	if listMarker(line) > 0 {
		return itemLine
	}
	if whole && isTableRow(trimmed) {
		return rowLine
	}
	return plainLine
}

func isHeading(trimmed string) bool {
	rest := strings.TrimLeft(trimmed, "#")
	n := len(trimmed) - len(rest)
	return n > 0 && n <= 6 && (rest == "" || rest[0] == ' ' || rest[0] == '\t')
}

// isUnderline reports whether a line is a rule or the underline of a heading,
// also if it only begins to be one.
func isUnderline(trimmed string) bool {
	trimmed = strings.TrimSuffix(trimmed, wordJoiner)
	if trimmed == "" {
		return false
	}
	switch c := trimmed[:1]; c {
	case "-", "=":
		return strings.Trim(trimmed, c) == ""
	case "*", "_":
		return len(trimmed) >= 3 && strings.Trim(trimmed, c) == ""
	default:
		return false
	}
}

// listMarker returns the length of the marker that begins a list item, with the
// white space around it. 0 if there is none.
func listMarker(line string) int {
	rest := strings.TrimLeft(line, " \t>")
	at := len(line) - len(rest)
	if rest == "" {
		return 0
	}
	n := 1
	switch c := rest[0]; {
	case c == '-' || c == '+' || c == '*':
	case c >= '0' && c <= '9':
		for n < len(rest) && n < 10 && rest[n] >= '0' && rest[n] <= '9' {
			n++
		}
		if n == len(rest) || rest[n] != '.' && rest[n] != ')' {
			return 0
		}
		n++
	default:
		return 0
	}
	after := strings.TrimLeft(rest[n:], " \t")
	if len(after) == len(rest[n:]) && strings.Trim(after, "\r\n") != "" {
		return 0
	}
	return at + len(rest) - len(after)
}

// opensFence returns what closes the fence that a line opens, "" if it opens
// none, and whether the line is quoted.
func opensFence(line string) (fence string, quoted bool) {
	rest := strings.TrimLeft(line, " \t>")
	quoted = strings.Contains(line[:len(line)-len(rest)], ">")
	if rest == "" {
		return "", false
	}
	if rest[0] != '`' && rest[0] != '~' {
		n := listMarker(rest)
		if n == 0 || n == len(rest) {
			return "", false
		}
		rest = rest[n:]
	}
	c := rest[:1]
	if c != "`" && c != "~" {
		return "", false
	}
	info := strings.TrimLeft(rest, c)
	n := len(rest) - len(info)
	if n < 3 || c == "`" && strings.Contains(info, "`") {
		return "", false
	}
	return rest[:n], quoted
}

func closesFence(line, fence string) bool {
	rest := strings.TrimLeft(line, " \t>")
	if !strings.HasPrefix(rest, fence) {
		return false
	}
	return strings.TrimSpace(strings.TrimLeft(rest, fence[:1])) == ""
}
