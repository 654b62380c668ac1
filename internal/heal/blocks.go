package heal

import (
	"iter"
	"strings"

	"github.com/linearbot/linearbot/internal/markdown"
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
	if markdown.ListMarker(line) > 0 {
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

// opensFence returns what closes the fenced code that a line opens, "" if it opens
// none, and whether the line is quoted.
func opensFence(line string) (fence string, quoted bool) {
	f, ok := markdown.OpenFence(line)
	if !ok || f.Section {
		return "", false
	}
	return f.Mark, f.Quoted()
}

func closesFence(line, fence string) bool { return markdown.Fence{Mark: fence}.ClosedBy(line) }
