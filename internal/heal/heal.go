// Package heal makes Markdown presentable that is still being written. Such a
// text breaks off anywhere: in the middle of an emphasis, a link, a table.
//
// [Glimpse] returns what to show of a text of which more is to come, [Repair]
// closes what is open, and [Settled] tells how much of a text can no longer change
// its meaning. None of them touches what a finished text says.
//
// All functions are pure, take time in proportion to the length of a text, and
// are safe for concurrent use.
package heal

import (
	"slices"
	"strings"

	"github.com/linearbot/linearbot/internal/markdown"
)

// maxRepairs bounds how often a repair may bring another one to light. More than
// two never happen in real text.
const maxRepairs = 8

// Glimpse returns what can be shown of a text of which more is to come: healed,
// and without lines at the end that may turn out to be the head of a table.
func Glimpse(partial string) string { return Repair(withoutTableHead(partial)) }

// Repair repairs the end of a text that breaks off. Open emphasis, code spans and
// formulas are closed, an unfinished link shows its text only, an unfinished
// picture or tag nothing. A fence stays open, as it ends with the text. Repairing
// twice is the same as once.
func Repair(partial string) string {
	text := partial
	for range maxRepairs {
		next := trimSpace(text)
		for range maxRepairs {
			shorter := dropUnfinished(next)
			if shorter == next {
				break
			}
			next = shorter
		}
		if next = closeOpen(next); next == text {
			break
		}
		text = next
	}
	return text
}

// Settled returns the length of the part of a text that means what it will mean
// whatever comes next: whole lines, up to the first mark that is still open and
// without the head of a possible table.
func Settled(partial string) int {
	text := partial[:strings.LastIndexByte(partial, '\n')+1]
	if lastSegment(text).code { // what is written in a fence stays as it is
		return len(partial)
	}
	text = withoutTableHead(text)
	last := lastSegment(text)
	if last.code {
		return len(text)
	}
	s := newInlineScan(text, last, true)
	s.meant = len(text) // an empty formula may get something in it
	s.run()
	end := len(text)
	for _, m := range s.marks {
		if !isPower(text, m) {
			end = min(end, m.at)
		}
	}
	for _, m := range s.brackets {
		end = min(end, m.at)
	}
	if s.cut >= 0 {
		end = min(end, s.cut)
	}
	if s.dest >= 0 {
		end = min(end, s.label)
	}
	return end
}

// isPower reports whether a mark is the sign between two numbers, as in "2**3".
func isPower(text string, m openMark) bool {
	digit := func(i int) bool { return i >= 0 && i < len(text) && text[i] >= '0' && text[i] <= '9' }
	return m.c == '*' && digit(m.at-1) && digit(m.at+m.n)
}

// OpenBlocks returns what closes the blocks that are open at the end of a text, each
// on a line of its own, the innermost first: a fence, and sections that "+++" begins.
func OpenBlocks(text string) []string {
	var open []string
	var fence markdown.Fence
	inFence := false
	for line := range strings.Lines(text) {
		switch {
		case inFence:
			gone := fence.Quoted() && !strings.HasPrefix(strings.TrimLeft(line, " \t"), ">")
			if !gone {
				inFence = !fence.ClosedBy(line)
				continue
			}
			inFence = false
		case strings.TrimSpace(line) == "+++" && len(open) > 0:
			open = open[:len(open)-1]
			continue
		}
		f, ok := markdown.OpenFence(line)
		switch {
		case !ok:
		case f.Section && f.Indent == "":
			open = append(open, "+++")
		case !f.Section:
			fence, inFence = f, true
		}
	}
	if inFence && !fence.Quoted() {
		return append([]string{fence.Indent + fence.Mark}, open...)
	}
	return open
}

// trimSpace takes a single space from the end. Two are a line break.
func trimSpace(s string) string {
	if strings.HasSuffix(s, " ") && !strings.HasSuffix(s, "  ") {
		return s[:len(s)-1]
	}
	return s
}

// dropUnfinished takes away what cannot be closed.
func dropUnfinished(text string) string {
	last := lastSegment(text)
	if last.code {
		return text
	}
	s := scanInline(text, last, true)
	end := len(text)
	if s.dest >= 0 {
		end = s.dest
	}
	if s.cut >= 0 {
		end = s.cut
	}
	var brackets []int
	if s.dest >= 0 {
		brackets = append(brackets, s.label)
	}
	marker := markdown.ListMarker(text[last.from:last.to])
	for _, m := range s.brackets {
		if m.image || marker > 0 && m.at == last.from+marker && isTaskBox(text[m.at:]) {
			end = min(end, m.at)
			break
		}
		brackets = append(brackets, m.at)
	}
	if end == len(text) && len(brackets) == 0 {
		return text
	}
	slices.Sort(brackets)
	var b strings.Builder
	b.Grow(end)
	from := 0
	for _, at := range brackets {
		if at >= end {
			break
		}
		b.WriteString(text[from:at])
		from = at + 1
	}
	b.WriteString(text[from:end])
	if s.tag {
		return strings.TrimRight(b.String(), " \t\r\n")
	}
	return trimSpace(b.String())
}

// isTaskBox reports whether a bracket at the start of a list item and what follows
// it are the box of a task that is being written, as in "- [x".
func isTaskBox(rest string) bool {
	return len(rest) <= len("[x") && strings.Trim(rest[1:], " xX") == ""
}

// closeOpen closes what is open and keeps marks that mean something else than
// they seem to from being taken for marks.
func closeOpen(text string) string {
	var escapes []int
	var inside, space, after string
	code, end := false, len(text)
	for seg := range segments(text) {
		if seg.code {
			code = seg.open
			continue
		}
		escapes = appendComparison(escapes, text, seg)
		if seg.ended && strings.IndexByte(text[seg.from:seg.to], '~') < 0 {
			continue
		}
		s := scanInline(text, seg, !seg.ended)
		escapes = append(escapes, s.tildes...)
		if !seg.ended {
			if inside, after = s.closers(); beginsFence(text, after) {
				inside, after = "", ""
			}
			end, space = s.closeAt(inside, after)
		}
	}
	text = text[:end]
	if inside+after == "" && len(escapes) == 0 && (code || !startsUnderline(text)) {
		return text
	}
	var b strings.Builder
	b.Grow(len(text) + len(inside) + len(after) + len(escapes) + len(wordJoiner))
	from := 0
	for _, at := range escapes {
		b.WriteString(text[from:at])
		b.WriteByte('\\')
		from = at
	}
	b.WriteString(text[from:])
	b.WriteString(inside)
	b.WriteString(space)
	b.WriteString(after)
	if !code && startsUnderline(text) {
		b.WriteString(wordJoiner)
	}
	return b.String()
}

// beginsFence reports whether closers make a fence of the last line.
func beginsFence(text, closers string) bool {
	if !strings.Contains(closers, "`") {
		return false
	}
	fence, _ := opensFence(text[strings.LastIndexByte(text, '\n')+1:] + closers)
	return fence != ""
}

// wordJoiner is a space of no width. Behind "-" it keeps the line before from
// becoming a heading while a list item is being written.
const wordJoiner = "\u200B"

// startsUnderline reports whether the last line makes a heading of the line
// before, as far as it goes.
func startsUnderline(text string) bool {
	nl := strings.LastIndexByte(text, '\n')
	if nl < 0 {
		return false
	}
	switch strings.TrimLeft(text[nl+1:], " \t") {
	case "-", "--", "=", "==":
	default:
		return false
	}
	before := text[:nl]
	return strings.TrimSpace(before[strings.LastIndexByte(before, '\n')+1:]) != ""
}

// appendComparison appends the offset of the ">" of a list item like "- > 25",
// which is a comparison and no quote.
func appendComparison(to []int, text string, seg segment) []int {
	line, _, _ := strings.Cut(text[seg.from:seg.to], "\n")
	at := markdown.ListMarker(line)
	if at == 0 || at >= len(line) || line[at] != '>' {
		return to
	}
	rest := strings.TrimLeft(strings.TrimPrefix(line[at+1:], "="), " \t")
	rest = strings.TrimPrefix(rest, "$")
	if rest == "" || rest[0] < '0' || rest[0] > '9' {
		return to
	}
	return append(to, seg.from+at)
}

// withoutTableHead cuts lines like "| a | b |" off the end, unless they are
// known to belong to a table. The last line counts once it is whole.
func withoutTableHead(text string) string {
	if lastSegment(text).code {
		return text
	}
	end := strings.LastIndexByte(text, '\n') + 1
	head := end
	for head > 0 {
		start := strings.LastIndexByte(text[:head-1], '\n') + 1
		line := strings.TrimSpace(text[start:head])
		if isTableRule(line) {
			return text
		}
		if !isTableRow(line) {
			break
		}
		head = start
	}
	if head == end {
		return text
	}
	return text[:head]
}

// isTableRow reports whether a line without white space around it looks like a
// row.
func isTableRow(line string) bool {
	return len(line) > 1 && line[0] == '|' && line[len(line)-1] == '|'
}

// isTableRule reports whether a line separates the head of a table from its
// body.
func isTableRule(line string) bool {
	if !isTableRow(line) {
		return false
	}
	for cell := range strings.SplitSeq(line[1:len(line)-1], "|") {
		cell = strings.Trim(cell, " \t:")
		if cell == "" || strings.Trim(cell, "-") != "" {
			return false
		}
	}
	return true
}
