// Package fold compares text as people see it: without regard to case, to how
// accents are encoded, to how much white space of which kind there is, and to
// characters that do not show.
//
// All functions are pure, take time in proportion to the length of a text, and are
// safe for concurrent use.
package fold

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// invisible reports whether r shows nothing and means nothing to a reader, such as
// the space of no width U+200B, the byte order mark or a mark of direction. The
// joiners U+200C and U+200D change how letters and emoji look, so they are not.
func invisible(r rune) bool {
	switch {
	case r < 0xAD:
		return false
	case r == 0xAD, r == 0x34F, r == 0x61C, r == 0x180E, r == 0x200B, r == 0x200E, r == 0x200F, r == 0xFEFF:
		return true
	case r >= 0x202A && r <= 0x202E, r >= 0x2060 && r <= 0x2064, r >= 0x2066 && r <= 0x206F:
		return true
	}
	return false
}

// Visible returns s without its invisible characters.
func Visible(s string) string {
	if strings.IndexFunc(s, invisible) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if invisible(r) {
			return -1
		}
		return r
	}, s)
}

// ignored reports whether r does not count in a comparison.
func ignored(r rune) bool {
	return invisible(r) || r == 0x200C || r == 0x200D || r >= 0xFE00 && r <= 0xFE0F
}

// Line returns s on one line for comparisons: in lower case, in compatibility form,
// with single spaces and without what does not count.
func Line(s string) string {
	s = strings.Map(func(r rune) rune {
		if ignored(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKC.String(s))
	return strings.Join(strings.Fields(s), " ")
}

// Same reports whether two texts look alike.
func Same(a, b string) bool { return a == b || Line(a) == Line(b) }

// Prefix returns how much of text looks like name. ok is false if text does not
// begin with it, or only with a part of a character's marks.
func Prefix(text []byte, name string) (n int, ok bool) {
	want := runes(name)
	if len(want) == 0 {
		return 0, false
	}
	var it norm.Iter
	it.Init(norm.NFD, text)
	spaced := true // white space at the start counts neither here nor there
	for !it.Done() {
		part := it.Next()
		for len(part) > 0 {
			r, size := utf8.DecodeRune(part)
			part = part[size:]
			switch {
			case ignored(r):
				continue
			case unicode.IsSpace(r):
				if spaced {
					continue
				}
				r, spaced = ' ', true
			default:
				spaced = false
			}
			if len(want) == 0 || lower(r) != want[0] {
				return 0, false
			}
			want = want[1:]
		}
		if len(want) == 0 {
			return it.Pos(), true
		}
	}
	return 0, false
}

// runes returns what Prefix looks for.
func runes(name string) []rune {
	var out []rune
	for _, r := range norm.NFD.String(strings.Join(strings.Fields(name), " ")) {
		if !ignored(r) {
			out = append(out, lower(r))
		}
	}
	return out
}

// lower returns the least letter that differs from r in case only.
func lower(r rune) rune {
	if r < utf8.RuneSelf && r != 'K' && r != 'k' && r != 'S' && r != 's' { // these two have a third form
		return unicode.ToUpper(r)
	}
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	return least
}

// Begins reports whether r can begin what looks like name.
func Begins(r rune, name string) bool {
	if r < utf8.RuneSelf && name != "" && name[0] > ' ' && name[0] < utf8.RuneSelf {
		return lower(r) == lower(rune(name[0]))
	}
	want := runes(name)
	if len(want) == 0 {
		return false
	}
	first, _ := utf8.DecodeRuneInString(norm.NFD.String(string(r)))
	return lower(first) == want[0]
}
