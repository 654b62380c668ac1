package markdown

import "strings"

// Fence is a block that a line opens and another line closes: fenced code, or a
// section folded by "+++".
type Fence struct {
	// Mark closes the block: three or more backticks or tildes, or "+++".
	Mark string
	// Indent is what stands before the mark on the further lines of the block:
	// quote marks, and spaces in place of the marker of a list item.
	Indent string
	// Info is what follows the mark on the line that opens the block: a language
	// or the title of a section.
	Info string
	// Section says that the block is a folded section, in which Markdown counts.
	Section bool
}

// OpenFence returns the block that a line opens. The line may have its line end. ok
// is false if the line opens no block.
func OpenFence(line string) (f Fence, ok bool) {
	rest := strings.TrimLeft(line, " \t>")
	f.Indent = line[:len(line)-len(rest)]
	if rest == "" {
		return Fence{}, false
	}
	if strings.IndexByte("`~", rest[0]) < 0 && !strings.HasPrefix(rest, "+++") {
		n := ListMarker(rest)
		if n == 0 || n == len(rest) {
			return Fence{}, false
		}
		f.Indent += strings.Repeat(" ", n)
		rest = rest[n:]
	}
	if strings.IndexByte("`~+", rest[0]) < 0 {
		return Fence{}, false
	}
	info := strings.TrimLeft(rest, rest[:1])
	f.Mark = rest[:len(rest)-len(info)]
	f.Info = strings.TrimSpace(info)
	switch {
	case len(f.Mark) < 3 || rest[0] == '`' && strings.Contains(info, "`"):
		return Fence{}, false
	case rest[0] == '+':
		f.Section = true
		return f, len(f.Mark) == 3 && f.Info != "" // a section has a title
	}
	return f, true
}

// Quoted reports whether the block stands in a quote.
func (f Fence) Quoted() bool { return strings.Contains(f.Indent, ">") }

// ClosedBy reports whether a line closes the block.
func (f Fence) ClosedBy(line string) bool {
	rest := strings.TrimLeft(line, " \t>")
	if f.Mark == "" || !strings.HasPrefix(rest, f.Mark) {
		return false
	}
	return strings.TrimSpace(strings.TrimLeft(rest, f.Mark[:1])) == ""
}

// ListMarker returns the length of the marker that begins a list item, with the
// white space and the quote marks around it, or 0.
func ListMarker(line string) int {
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
