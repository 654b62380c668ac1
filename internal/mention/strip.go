package mention

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/linearbot/linearbot/internal/markdown"
)

// Strip returns a Markdown text without the mentions ms, which [Find] found in it. A colon or comma behind a mention goes with it, and
// so does white space that would be one too many. All other bytes stay.
func Strip(body string, ms []Mention) string {
	if len(ms) == 0 {
		return body
	}
	out := make([]byte, 0, len(body))
	from := 0
	for _, m := range ms {
		for _, at := range m.At {
			out = append(out, body[from:max(from, at.Start)]...)
			from = max(from, at.End)
		}
		var skip int
		out, skip = tidy(out, body[from:])
		from += skip
	}
	rest := body[from:]
	if len(out) == 0 {
		rest = markdown.TrimBlankLines(rest)
	}
	out = append(out, rest...)
	if strings.TrimSpace(rest) == "" {
		return strings.TrimRight(string(out), " \t\r\n")
	}
	return string(out)
}

// tidy repairs the place where a mention was cut out, between before and after.
// It returns before, perhaps without white space at the end, and how many bytes
// of after are to go.
func tidy(before []byte, after string) (kept []byte, skip int) {
	skip = separator(after)
	spaces := len(after) - skip - len(strings.TrimLeft(after[skip:], " \t"))
	rest := after[skip+spaces:]
	endOfLine := rest == "" || rest[0] == '\n' || strings.HasPrefix(rest, "\r\n")

	kept = bytes.TrimRight(before, " \t")
	spaced := len(kept) < len(before)
	switch {
	case endsLine(kept) && endOfLine: // the line had nothing else
		newline := strings.IndexByte(rest, '\n') + 1
		return kept, skip + spaces + newline
	case endsLine(kept) || endsMarker(kept):
		return before, skip + spaces
	case endOfLine:
		return kept, skip
	case spaced && spaces == 0 && strings.IndexByte(".,;!?)]}", rest[0]) >= 0:
		return kept, skip
	case spaced || bytes.IndexByte([]byte("([{"), kept[len(kept)-1]) >= 0:
		return before, skip + spaces
	}
	return before, skip
}

func endsLine(b []byte) bool { return len(b) == 0 || b[len(b)-1] == '\n' }

// endsMarker reports whether the last line of b is nothing but the mark of a
// heading, a list item, a task or a table cell.
func endsMarker(b []byte) bool {
	for range 40 {
		if endsLine(b) {
			return true
		}
		if strings.IndexByte("-+*#>|0123456789.)[]xX \t", b[len(b)-1]) < 0 {
			return false
		}
		b = b[:len(b)-1]
	}
	return false
}

// separator returns the length of the colon or comma that sets the name off
// from what is said. The colon of an emoji like ":tada:" does not count.
func separator(s string) int {
	r, size := utf8.DecodeRuneInString(s)
	switch r {
	case ',', '，', '、', '：':
		return size
	case ':':
		word := strings.TrimLeft(s[1:], "abcdefghijklmnopqrstuvwxyz0123456789_+-")
		if len(word) < len(s)-1 && strings.HasPrefix(word, ":") {
			return 0
		}
		return size
	}
	return 0
}

// Leading counts the mentions ms, which [Find] found in body, that body begins
// with.
func Leading(body string, ms []Mention) int {
	from := 0
	for n, m := range ms {
		start, end := m.At[0].Start, m.At[len(m.At)-1].End
		if start < from {
			return n
		}
		between := strings.TrimFunc(body[from:start], func(r rune) bool {
			return unicode.IsSpace(r) || n > 0 && strings.ContainsRune(",:，、：", r)
		})
		if between != "" {
			return n
		}
		from = end
	}
	return len(ms)
}
