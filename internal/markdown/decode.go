package markdown

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark/util"
)

// decode returns what a backslash escape or a character reference at the start
// of s stands for, and how many bytes it takes. n is 0 if there is neither.
func decode(s string) (visible string, n int) {
	if len(s) < 2 {
		return "", 0
	}
	switch s[0] {
	case '\\':
		if util.IsPunct(s[1]) {
			return s[1:2], 2
		}
	case '&':
		return decodeReference(s)
	}
	return "", 0
}

// maxReference is the length of the longest name of a character reference,
// with some room.
const maxReference = 40

// decodeReference is decode for HTML, where a backslash is a backslash.
func decodeReference(s string) (visible string, n int) {
	if len(s) < 3 || s[0] != '&' {
		return "", 0
	}
	end := strings.IndexByte(s[:min(len(s), maxReference)], ';')
	if end < 2 {
		return "", 0
	}
	name := s[1:end]
	if name[0] != '#' {
		if e, ok := util.LookUpHTML5EntityByName(name); ok {
			return string(e.Characters), end + 1
		}
		return "", 0
	}
	digits, base, most := name[1:], 10, 7
	if digits != "" && (digits[0] == 'x' || digits[0] == 'X') {
		digits, base, most = digits[1:], 16, 6
	}
	if len(digits) > most {
		return "", 0
	}
	code, err := strconv.ParseUint(digits, base, 32)
	if err != nil {
		return "", 0
	}
	if code == 0 || code > utf8.MaxRune {
		code = utf8.RuneError
	}
	return string(rune(code)), end + 1 //nolint:gosec // code is at most utf8.MaxRune
}

// Decode returns s with escapes and character references resolved.
func Decode(s string) string {
	if !strings.ContainsAny(s, `\&`) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	eachDecoded(s, decode, func(visible string, _, _ int) { b.WriteString(visible) })
	return b.String()
}

// eachDecoded calls emit with the visible form of s, stretch by stretch, and
// the position and length of the stretch in s.
func eachDecoded(s string, decode func(string) (string, int), emit func(visible string, at, n int)) {
	from := 0
	for i := 0; i < len(s); {
		next := strings.IndexAny(s[i:], `\&`)
		if next < 0 {
			break
		}
		i += next
		visible, n := decode(s[i:])
		if n == 0 {
			i++
			continue
		}
		if from < i {
			emit(s[from:i], from, i-from)
		}
		emit(visible, i, n)
		i += n
		from = i
	}
	if from < len(s) {
		emit(s[from:], from, len(s)-from)
	}
}
