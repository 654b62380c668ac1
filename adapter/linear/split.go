package linear

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/linearbot/linearbot/internal/markdown"
)

// splitBody cuts a Markdown text into parts of at most limit characters. It
// cuts between blocks where it can, else between lines, else between words. A
// code block or folded section that is cut is closed in one part and reopened
// in the next; apart from that, only blank lines and the space at a cut are
// added or lost. Definitions of link references work in their own part only. A
// part may exceed the limit by the lines that close and reopen a block, and to
// hold at least one character.
func splitBody(body string, limit int) []string {
	if limit <= 0 || utf8.RuneCountInString(body) <= limit {
		return []string{body}
	}
	s := &splitter{limit: limit}
	for line := range strings.Lines(body) {
		s.line(line)
	}
	s.flush()
	return s.parts
}

// splitter cuts a text that arrives line by line.
type splitter struct {
	limit int
	parts []string
	// part is the part being built, and size its length in characters.
	part strings.Builder
	size int
	// block is the offset in part of the last block that may be cut before, and
	// blockSize is size at that offset. Zero if there is none.
	block, blockSize int
	// base is the size of a part with nothing in it but the line that opens
	// its fence.
	base  int
	blank bool // the last line was blank
	// open are the blocks that are still open, the outer one first: a block of
	// code, a folded section, or code in a section.
	open []openBlock
}

// openBlock is a block with the line that reopens it and the one that closes
// it.
type openBlock struct {
	fence     markdown.Fence
	open, end string
}

// inner is the innermost open block, nil outside of blocks.
func (s *splitter) inner() *openBlock {
	if len(s.open) == 0 {
		return nil
	}
	return &s.open[len(s.open)-1]
}

func (s *splitter) line(line string) {
	text := strings.TrimSpace(line)
	fence, opens := opensBlock(line)
	in := s.inner()
	opens = opens && (in == nil || in.fence.Section && !fence.Section && len(s.open) == 1)
	if in == nil && (s.blank || opens) && text != "" && line[0] != ' ' && line[0] != '\t' && s.part.Len() > 0 {
		s.block, s.blockSize = s.part.Len(), s.size
	}
	closing := 0 // the space needed to close the open blocks
	closes := in != nil && in.fence.ClosedBy(line)
	for i, b := range s.open {
		if !closes || i < len(s.open)-1 {
			closing += len(b.end) + 1
		}
	}
	n := utf8.RuneCountInString(line)
	for s.size+n+closing > s.limit && s.size > s.base {
		s.cut()
	}
	for s.size+n+closing > s.limit && n > 1 {
		head, rest := cutWords(line, max(1, s.limit-s.size-closing), in == nil)
		if rest == "" || rest == "\n" { // which fits into the part: it ends there
			break
		}
		s.add(head)
		s.flushOpen()
		if in != nil && in.fence.Quoted() { // the rest of the line stays in the quote
			s.add(in.fence.Indent)
			s.base = s.size
		}
		line, n = rest, n-utf8.RuneCountInString(head)
	}
	s.add(line)
	s.blank = text == ""
	switch {
	case closes:
		s.open = s.open[:len(s.open)-1]
	case opens:
		s.open = append(s.open, openBlock{fence, s.opener(fence), fence.Indent + fence.Mark})
		if s.size == n+s.base && s.base > 0 || s.size == n { // nothing precedes the block in this part
			s.base = s.size
		}
	}
}

func (s *splitter) add(text string) {
	s.part.WriteString(text)
	s.size += utf8.RuneCountInString(text)
}

// cut ends a part before the last block, or here if there is no block to cut
// at.
func (s *splitter) cut() {
	if s.block == 0 {
		s.flushOpen()
		return
	}
	all := s.part.String()
	rest, size := all[s.block:], s.size-s.blockSize
	s.part.Reset()
	s.part.WriteString(all[:s.block])
	s.flush()
	s.part.WriteString(rest)
	s.size = size
}

// flush ends a part.
func (s *splitter) flush() {
	if text := strings.Trim(s.part.String(), "\r\n"); strings.TrimSpace(text) != "" {
		s.parts = append(s.parts, text)
	}
	s.part.Reset()
	s.size, s.base, s.block, s.blockSize = 0, 0, 0, 0
}

// flushOpen ends a part, closes the open blocks in it and reopens them in the
// next.
func (s *splitter) flushOpen() {
	for _, b := range slices.Backward(s.open) {
		if !strings.HasSuffix(s.part.String(), "\n") {
			s.part.WriteString("\n")
		}
		s.part.WriteString(b.end)
	}
	s.flush()
	for _, b := range s.open {
		s.add(b.open)
	}
	s.base = s.size
}

// opener returns the line that reopens a block. Long ones are reduced to what
// is needed.
func (s *splitter) opener(f markdown.Fence) string {
	open := f.Indent + f.Mark
	switch {
	case f.Section && utf8.RuneCountInString(open+" "+f.Info) <= s.limit/2:
		return open + " " + f.Info + "\n"
	case f.Section:
		return open + " …\n"
	case utf8.RuneCountInString(open+f.Info) <= s.limit/2:
		return open + f.Info + "\n"
	default:
		return open + "\n"
	}
}

// maxIndent is how far a block may be indented, quote marks included, to be
// reopened after a cut.
const maxIndent = 32

// opensBlock returns the code block or folded section that a line opens.
func opensBlock(line string) (f markdown.Fence, ok bool) {
	f, ok = markdown.OpenFence(line)
	return f, ok && len(f.Indent) <= maxIndent
}

// cutWords cuts text after at most n characters, at the last space if words is
// set and there is one in the second half.
func cutWords(text string, n int, words bool) (head, rest string) {
	at, count, space := 0, 0, -1
	for i, r := range text {
		if count == n {
			break
		}
		count++
		at = i + utf8.RuneLen(r)
		if r == utf8.RuneError {
			_, size := utf8.DecodeRuneInString(text[i:])
			at = i + size
		}
		if unicode.IsSpace(r) && count > n/2 {
			space = at
		}
	}
	if words && space > 0 && at < len(text) {
		at = space
	}
	return text[:at], text[at:]
}
