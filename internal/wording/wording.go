// Package wording makes the small parts of sentences that people read: counts, ages,
// excerpts, and what stands in place of secrets.
package wording

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Redacted stands in place of a secret.
const Redacted = "[redacted]"

// Count is a number with what is counted: "1 delivery", "2 deliveries".
func Count[N int | int64](n N, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.FormatInt(int64(n), 10) + " " + many
}

// Clip returns s with at most n characters, of which the last is "…" if some are
// missing. Invalid bytes become U+FFFD. The result does not keep the rest of s alive.
func Clip(s string, n int) string {
	if len(s) <= n && utf8.ValidString(s) {
		return s
	}
	count, end := 0, 0
	for i := range s {
		if count == n {
			return strings.ToValidUTF8(s[:end], "\uFFFD") + "…"
		}
		if count++; count == n {
			end = i
		}
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// Ago says how long ago something was: "now", "5 s ago", "3 days ago".
func Ago(d time.Duration) string {
	if d < time.Second {
		return "now"
	}
	return length(d) + " ago"
}

// In says how soon something will be: "in 5 s", "in 2 h 59 min", "in 3 days". Hours come
// with minutes, because people wait for them.
func In(d time.Duration) string {
	if d < 2*time.Hour || d >= 10*time.Hour {
		return "in " + length(d)
	}
	return fmt.Sprintf("in %d h %d min", int(d.Hours()), int(d.Minutes())%60)
}

// length is a time in one unit, rounded down: "5 s", "90 min", "7 h", "3 days".
func length(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	default:
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	}
}

// Capital returns s with a capital first letter, to begin a sentence or a title.
func Capital(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	if size == 0 || r == utf8.RuneError {
		return s
	}
	return string(unicode.ToUpper(r)) + s[size:]
}

// Printable replaces what does not show, such as line feeds and escapes, so that
// what others wrote stays in its line of a terminal.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
}

// ID is how an id is shown in logs, on pages and in flags: what does not print, such as
// the zero bytes in ids that a bot makes itself, is a colon.
func ID(id string) string {
	plain := true
	for i := range len(id) {
		if c := id[i]; c < ' ' || c > '~' {
			plain = false
			break
		}
	}
	if plain { // as nearly all are
		return id
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ':'
		}
		return r
	}, id)
}
