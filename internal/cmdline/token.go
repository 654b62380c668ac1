package cmdline

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/linearbot/linearbot/internal/markdown"
)

// token is one argument or flag as it was written.
type token struct {
	text string
	// literal means that the token began with a quotation mark or a
	// backslash, so that it is an argument even if it looks like a flag.
	literal bool
	// eq is where the first "=" is that stands for itself, or -1.
	eq int
}

// tokens splits one line. ok is false if a quotation mark is not closed.
func tokens(line string) (out []token, ok bool) {
	code := markdown.ScanCode(line)
	for i := skipSpace(line, 0); i < len(line); i = skipSpace(line, i) {
		t, end, ok := scanToken(line, i, code)
		if !ok {
			return out, false
		}
		out = append(out, t)
		i = end
	}
	return out, true
}

// Words returns the words that the first line of text begins with, n at the most,
// and where each of them ends. They end before a quoted word, which is never a
// name.
func Words(text string, n int) (words []string, ends []int) {
	line, _ := FirstLine(text)
	code := markdown.ScanCode(line)
	for i := skipSpace(line, 0); i < len(line) && len(words) < n; i = skipSpace(line, i) {
		t, end, ok := scanToken(line, i, code)
		if !ok || t.literal {
			break
		}
		words, ends = append(words, t.text), append(ends, end)
		i = end
	}
	return words, ends
}

// scanToken reads the token at offset i and returns the offset behind it.
func scanToken(line string, i int, code *markdown.CodeScan) (t token, end int, ok bool) {
	t.eq = -1
	start, from := i, i // the source from offset from on is not in b yet
	var b []byte
	opens := true // a quotation mark opens a quotation here
	for i < len(line) {
		c := line[i]
		switch {
		case c == '\\' && escapes(line[i+1:]):
			t.literal = t.literal || i == start
			b = append(b, line[from:i]...)
			from = i + 1
			i += 2
		case c == '`':
			n, _ := code.Span(i)
			i += n
		case c == '[':
			i += markdown.LinkSpan(line[i:])
		case c == '=' && t.eq < 0:
			t.eq = len(b) + i - from
			i++
			opens = true
			continue
		default:
			r, size := utf8.DecodeRuneInString(line[i:])
			if unicode.IsSpace(r) {
				return t.with(b, line[from:i]), i, true
			}
			if closers := closersOf(r); opens && closers != "" {
				t.literal = t.literal || i == start
				b = append(b, line[from:i]...)
				if b, i, ok = scanQuoted(b, line, i+size, closers, code); !ok {
					return t, i, false
				}
				from = i
				break
			}
			i += size
		}
		opens = false
	}
	return t.with(b, line[from:i]), i, true
}

func (t token) with(b []byte, rest string) token {
	if b == nil {
		t.text = rest
	} else {
		t.text = string(append(b, rest...))
	}
	return t
}

// scanQuoted appends what is quoted from offset i on and returns the offset
// behind the closing mark.
func scanQuoted(b []byte, line string, i int, closers string, code *markdown.CodeScan) (_ []byte, end int, ok bool) {
	if b == nil {
		b = []byte{} // even an empty quotation is an argument
	}
	from := i
	for i < len(line) {
		r, size := utf8.DecodeRuneInString(line[i:])
		switch {
		case r == '\\' && escapes(line[i+1:]):
			b = append(b, line[from:i]...)
			from = i + 1
			i += 2
		case r == '`':
			n, _ := code.Span(i)
			i += n
		case r != utf8.RuneError && strings.ContainsRune(closers, r):
			return append(b, line[from:i]...), i + size, true
		default:
			i += size
		}
	}
	return b, i, false
}

// closersOf returns the marks that close a quotation that r opens. It is empty
// if r opens none. An apostrophe opens none.
func closersOf(r rune) string {
	switch r {
	case '"':
		return `"`
	case '“':
		return "”"
	case '„':
		return "“”"
	}
	return ""
}

// escapes reports whether a backslash before rest escapes its first character.
func escapes(rest string) bool {
	return rest != "" && (rest[0] == ' ' || isPunct(rest[0]))
}

// isPunct reports whether c is ASCII punctuation, which Markdown lets escape.
func isPunct(c byte) bool {
	return c >= '!' && c <= '/' || c >= ':' && c <= '@' || c >= '[' && c <= '`' || c >= '{' && c <= '~'
}

func skipSpace(s string, i int) int {
	return len(s) - len(strings.TrimLeftFunc(s[i:], unicode.IsSpace))
}

// FirstLine cuts s at its first line end. A backslash there is a hard line
// break and no part of the line.
func FirstLine(s string) (line, rest string) {
	i := strings.IndexAny(s, "\r\n")
	if i < 0 {
		return s, ""
	}
	line, rest = s[:i], s[i+1:]
	if s[i] == '\r' {
		rest = strings.TrimPrefix(rest, "\n")
	}
	if marks := len(line) - len(strings.TrimRight(line, `\`)); marks%2 == 1 {
		line = line[:len(line)-1]
	}
	return line, rest
}

// Quote returns s as it is written to be one argument of a command: in
// quotation marks and with backslashes if need be. Line breaks, which an
// argument cannot have, become spaces.
func Quote(s string) string {
	plain := s != "" && s[0] != '-' && s[0] != '/'
	for _, r := range s {
		if r == '-' || r == '.' || r == '/' || r == utf8.RuneError {
			continue
		}
		if r == '_' || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	b := make([]byte, 0, len(s)+2)
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '"', '\\', '`':
			b = append(b, '\\', c)
		case '\r', '\n':
			b = append(b, ' ')
		default:
			b = append(b, c)
		}
	}
	return string(append(b, '"'))
}
