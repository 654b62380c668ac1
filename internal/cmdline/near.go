package cmdline

import "strings"

// Nearest returns the name that word was probably meant to be, or "".
func Nearest(word string, names []string) string {
	best, out := -1, ""
	for _, n := range names {
		if d := distance(word, n); d >= 0 && (best < 0 || d < best) {
			best, out = d, n
		}
	}
	return out
}

// distance returns how many letters must be added, left out, replaced or
// swapped with their neighbour to get from word to name, without regard to
// case. It is -1 if that is more than a slip: one for short names, two for
// others, none for names of one or two letters.
func distance(word, name string) int {
	a, b := []rune(strings.ToLower(Shorten(word))), []rune(strings.ToLower(name))
	limit := 2
	switch {
	case len(b) <= 2:
		limit = 0
	case len(b) <= 4:
		limit = 1
	}
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return -1
	}
	// Three rows of the usual table: the one before the last is for swaps.
	older, old, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range old {
		old[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(old[j]+1, row[j-1]+1, old[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], older[j-2]+1)
			}
		}
		older, old, row = old, row, older
	}
	if d := old[len(b)]; d <= limit {
		return d
	}
	return -1
}

// maxShown is how many characters of other people's text are repeated.
const maxShown = 40

// Shorten cuts text of other people to what may be repeated.
func Shorten(s string) string {
	n := 0
	for i := range s {
		if n == maxShown {
			return s[:i] + "…"
		}
		n++
	}
	return s
}
