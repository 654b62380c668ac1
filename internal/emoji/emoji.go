// Package emoji knows the well-known names of emoji, their characters and the
// short codes that platforms have for them, from one table.
//
// A well-known name is lower case, as "thumbs_up". [Name] finds it for any
// spelling: the character with or without the selector of its colored form and
// with any skin tone, or a short code. [Replace] puts characters in place of
// placeholders like "{{emoji:rocket}}".
//
// All functions are pure and safe for concurrent use.
package emoji

import (
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark-emoji/definition"
)

// Character returns the emoji with a well-known name, for example "🚀" for
// "rocket", or "" if the name is unknown.
func Character(name string) string {
	if !isWord(name) {
		return ""
	}
	_, line, found := strings.Cut(table, "\n"+name+" ")
	if !found {
		return ""
	}
	character, _, _ := strings.Cut(line, " ")
	return character
}

// Name returns the well-known name of an emoji that is given as itself, for
// example "👍", or as a short code in any case, with or without colons, for
// example "thumbsup" or ":+1:". It returns s if the table has no name for it, so
// well-known names come back as they are, but for the few that are the short code of another
// emoji: "cry" means "sad".
func Name(s string) string {
	if name := nameOfCharacter(s); name != "" {
		return name
	}
	if name := nameOfShortCode(s); name != "" {
		return name
	}
	return s
}

// selector asks for the colored form of the character before it.
const selector = "\ufe0f"

// nameOfCharacter returns the name of an emoji that is given as itself, in any
// skin tone.
func nameOfCharacter(s string) string {
	bare := strings.TrimSuffix(s, selector)
	if r, size := utf8.DecodeLastRuneInString(bare); r >= 0x1F3FB && r <= 0x1F3FF && size < len(bare) {
		bare = bare[:len(bare)-size]
	}
	if bare == "" || bare[0] < utf8.RuneSelf && bare != "?" {
		return ""
	}
	if name := lookUp(bare); name != "" {
		return name
	}
	return lookUp(bare + selector)
}

// nameOfShortCode returns the name of an emoji that is given as a short code. The
// skin tone in ":wave::skin-tone-3:" and "wave_tone3" does not count.
func nameOfShortCode(s string) string {
	short := strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(s, ":"), ":"))
	short = withoutTone(short)
	if short == "" || short[0] >= utf8.RuneSelf || short == "?" {
		return ""
	}
	if name := lookUp(short); name != "" {
		return name
	}
	// A spelling that the table leaves out, for example "collision".
	if e, ok := definition.Github().Get(short); ok && e.IsUnicode() {
		return nameOfCharacter(string(e.Unicode))
	}
	return ""
}

func withoutTone(short string) string {
	if code, tone, ok := strings.Cut(short, "::skin-tone-"); ok && isTone(tone, '2', '6') {
		return code
	}
	if i := strings.LastIndex(short, "_tone"); i > 0 && isTone(short[i+len("_tone"):], '1', '5') {
		return short[:i]
	}
	return short
}

func isTone(s string, low, high byte) bool { return len(s) == 1 && s[0] >= low && s[0] <= high }

// lookUp returns the name of the line that has a word. Empty if no line has it.
func lookUp(word string) string {
	if word == ";" || !isWord(word) {
		return ""
	}
	before, _, found := strings.Cut(table, " "+word+" ")
	if !found {
		return ""
	}
	name, _, _ := strings.Cut(before[strings.LastIndexByte(before, '\n')+1:], " ")
	return name
}

func isWord(s string) bool { return s != "" && !strings.ContainsAny(s, " \n") }

// Same reports whether two spellings mean one emoji, also one without a
// well-known name.
func Same(a, b string) bool { return key(a) == key(b) }

// key is a spelling that all spellings of an emoji share: a well-known name, else
// the bare character, else the name.
func key(s string) string {
	name := strings.Trim(Name(s), ":")
	if Character(name) != "" {
		return name
	}
	if e, ok := definition.Github().Get(strings.ToLower(name)); ok && e.IsUnicode() {
		name = string(e.Unicode)
	}
	return strings.ReplaceAll(name, selector, "")
}
