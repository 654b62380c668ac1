// Package answer reads the answers that people type to a question with choices: the
// text or the number of a choice, or the many ways of saying yes and no.
//
// All functions are pure, take time in proportion to the length of a text, and are
// safe for concurrent use.
package answer

import (
	"slices"
	"strconv"
	"strings"

	"github.com/linearbot/linearbot/internal/emoji"
	"github.com/linearbot/linearbot/internal/fold"
	"github.com/linearbot/linearbot/internal/markdown"
)

// Choice is one of the answers to choose from. Label defaults to Value.
type Choice struct{ Value, Label string }

// maxLength is the length of the longest text that is taken for an answer, in
// bytes. A longer text says more than which choice it names.
const maxLength = 1000

// Match returns the value of the choice that a message names, which is Markdown in
// its writer's own words: by value or label, by number, or by yes and no where there
// is one choice of each kind. ok is false if the message names none, or several,
// or asks a question.
func Match(message string, choices []Choice) (value string, ok bool) {
	if len(message) > maxLength {
		return "", false
	}
	plain := fold.Line(markdown.Plain(message))
	raw := fold.Line(message) // in Markdown "1)" is an empty list
	for _, text := range [...]string{raw, trim(raw)} {
		if value, ok := named(text, choices); ok {
			return value, true
		}
	}
	if rest := strings.TrimLeft(raw, "0123456789"); len(rest) < len(raw) && rest != "" && strings.Contains(".)", rest[:1]) {
		return numbered(raw, choices) // a list, of which plain has lost the number
	}
	for _, text := range [...]string{plain, trim(plain)} {
		if value, ok := named(text, choices); ok {
			return value, true
		}
	}
	if strings.ContainsAny(raw, "?") {
		return "", false
	}
	for _, text := range [...]string{raw, plain} {
		if value, ok := numbered(text, choices); ok {
			return value, true
		}
	}
	if value, ok := named(withoutCourtesy(plain), choices); ok {
		return value, true
	}
	v := verdictOf(raw)
	if v == unclear { // "\+1" is written to be read as it is
		v = verdictOf(plain)
	}
	return byVerdict(v, choices)
}

// MatchEmoji returns the value of the choice that a reaction means, which is given
// as the emoji itself or by a name: 👍 and the like stand for yes, 👎 for no.
func MatchEmoji(name string, choices []Choice) (value string, ok bool) {
	return byVerdict(emojiVerdict(emoji.Name(strings.TrimSpace(name))), choices)
}

// named returns the value of the choice whose value or label is text.
func named(text string, choices []Choice) (value string, ok bool) {
	if text == "" {
		return "", false
	}
	for _, c := range choices {
		for _, name := range [...]string{c.Value, c.Label, markdown.Plain(c.Label)} {
			if name = fold.Line(name); name != "" && (text == name || text == trim(name)) {
				return c.Value, true
			}
		}
	}
	return "", false
}

// trim returns text without the punctuation around it.
func trim(text string) string { return strings.Trim(text, " .,;:!\"'`*_()[]…。！“”„’‘") }

// numbered returns the value of the choice whose number text is: "2", "#2", "2)",
// "option 2", "the second one". What follows the number must be the choice's text.
func numbered(text string, choices []Choice) (value string, ok bool) {
	if value, ok := number(trim(text), choices); ok { // "option one" loses its number with the courtesies
		return value, true
	}
	return number(trim(withoutCourtesy(text)), choices)
}

// number is numbered for a text without courtesies.
func number(text string, choices []Choice) (value string, ok bool) {
	short := false
	for _, word := range [...]string{"option", "number", "answer", "choice", "nr", "no", "num"} {
		if rest, ok := strings.CutPrefix(text, word); ok && strings.TrimLeft(rest, " .:#") != rest {
			text, short = strings.TrimLeft(rest, " .:"), word == "no" // "no. 1", but not "no one"
			break
		}
	}
	text = strings.TrimLeft(text, "# ([")
	if n, ok := ordinal(text); ok && !short {
		return at(n, choices)
	}
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	if digits == 0 || digits > 4 {
		return "", false
	}
	n, err := strconv.Atoi(text[:digits])
	if err != nil {
		return "", false
	}
	value, ok = at(n, choices)
	rest := strings.TrimPrefix(text[digits:], "\u20e3") // a keycap
	said := trim(strings.TrimLeft(rest, ".):]-–—"))
	if rest != "" && !strings.ContainsAny(rest[:1], " .):]-") && !strings.HasPrefix(rest, "–") && !strings.HasPrefix(rest, "—") {
		return "", false
	}
	if said != "" {
		if also, same := named(said, choices); !same || also != value {
			return "", false
		}
	}
	return value, ok
}

func at(n int, choices []Choice) (value string, ok bool) {
	if n < 1 || n > len(choices) {
		return "", false
	}
	return choices[n-1].Value, true
}

// ordinal reads "first", "the 2nd one" and the like.
func ordinal(text string) (n int, ok bool) {
	text = strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(text, "the "), " one"), " option")
	for i, names := range [...]string{"first 1st one", "second 2nd two", "third 3rd three", "fourth 4th four", "fifth 5th five", "sixth 6th six"} {
		if slices.Contains(strings.Fields(names), text) {
			return i + 1, true
		}
	}
	return 0, false
}

// withoutCourtesy returns text without words like "please" at its ends.
func withoutCourtesy(text string) string {
	words := strings.Fields(text)
	polite := func(word string) bool { return strings.Contains(courtesies, " "+trim(word)+" ") }
	for len(words) > 1 && polite(words[0]) {
		words = words[1:]
	}
	for len(words) > 1 && polite(words[len(words)-1]) {
		words = words[:len(words)-1]
	}
	return trim(strings.Join(words, " "))
}

// byVerdict returns the only choice that says yes, or no, if there is one of each.
func byVerdict(v verdict, choices []Choice) (value string, ok bool) {
	if v == unclear {
		return "", false
	}
	found := map[verdict][]string{}
	for _, c := range choices {
		of := verdictOf(fold.Line(c.Value))
		if of == unclear {
			of = verdictOf(fold.Line(markdown.Plain(c.Label)))
		}
		found[of] = append(found[of], c.Value)
	}
	if len(found[yes]) != 1 || len(found[no]) != 1 {
		return "", false
	}
	return found[v][0], true
}
