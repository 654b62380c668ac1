package ticketing

import (
	"math"
	"slices"
	"strings"
	"unicode"
)

// likeness compares texts with one text, by their trigrams. The text is prepared
// once, however many it is compared with. It is not safe for concurrent use.
type likeness struct {
	grams, scratch []uint64
	// ref is the short name of a ticket, if the text is one.
	ref string
}

func likenessTo(text string) *likeness {
	ref, _ := issueRef(text)
	return &likeness{grams: trigrams(nil, text), ref: ref}
}

// of returns how much a text is like the prepared one: 1 is the same.
func (l *likeness) of(text string) float64 {
	l.scratch = trigrams(l.scratch[:0], text)
	x, y := l.grams, l.scratch
	if len(x) == 0 || len(y) == 0 {
		return 0
	}
	both, i := 0, 0
	for _, g := range y {
		for i < len(x) && x[i] < g {
			i++
		}
		if i < len(x) && x[i] == g {
			both++
		}
	}
	return 2 * float64(both) / float64(len(x)+len(y))
}

// score is of for a ticket, rounded. A ticket that the text names has 1.
func (l *likeness) score(number, title string) float64 {
	if number != "" && strings.EqualFold(l.ref, number) {
		return 1
	}
	return math.Round(l.of(title)*100) / 100
}

// maxCompared is how much of a text is compared, in characters.
const maxCompared = 2000

// trigrams appends the trigrams of the words of a text to empty, sorted and each
// once. A word has two blanks before it and one after it. A trigram is three code
// points of 21 bits.
func trigrams(empty []uint64, text string) []uint64 {
	const blank, width = ' ', 21
	out := empty
	var last uint64 // the last two code points
	in := false     // in a word
	push := func(r rune) {
		gram := (last<<width | uint64(r)) & (1<<(3*width) - 1) //nolint:gosec // no code point is negative
		last = gram & (1<<(2*width) - 1)
		out = append(out, gram)
	}
	n := 0
	for _, r := range text {
		if n++; n > maxCompared {
			break
		}
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			if in {
				push(blank)
			}
			in = false
			continue
		}
		if !in {
			last, in = blank<<width|blank, true
		}
		push(unicode.ToLower(r))
	}
	if in {
		push(blank)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
