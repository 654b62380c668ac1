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
	"unicode"
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

// Symbol returns the emoji that any spelling means, as it is sent: for a well-known
// name, a short code in any case, with or without colons, or an emoji itself. Empty
// if no table knows s.
func Symbol(s string) string {
	if c := Character(s); c != "" {
		return c
	}
	name := Name(s)
	if c := Character(name); c != "" {
		return c
	}
	if e, ok := byCode(bareCode(name)); ok {
		return string(e.Unicode)
	}
	if r, _ := utf8.DecodeRuneInString(s); r >= 0x2000 && r != utf8.RuneError && unicode.In(r, unicode.S, unicode.P) {
		return s
	}
	return ""
}

// Name returns the well-known name of an emoji that is given as itself, for
// example "👍", or as a short code in any case, with or without colons, for
// example "thumbsup" or ":+1:". It returns s if the table has no name for it, so
// well-known names come back unchanged, except the few that are the short code of
// another emoji: "cry" means "sad".
func Name(s string) string {
	if name := nameOfCharacter(s); name != "" {
		return name
	}
	if name := nameOfShortCode(s); name != "" {
		return name
	}
	if code := bareCode(s); code != s && Character(code) != "" {
		return code // a well-known name in colons, or in another case
	}
	return s
}

// bareCode returns a short code without colons and skin tone, in lower case.
func bareCode(s string) string {
	return withoutTone(strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(s, ":"), ":")))
}

// selector asks for the colored form of the character before it.
const selector = "\ufe0f"

// nameOfCharacter returns the name of an emoji that is given as itself, in any
// skin tone.
func nameOfCharacter(s string) string {
	bare := strings.TrimSuffix(withoutTones(s), selector)
	if bare == "" || bare[0] < utf8.RuneSelf && bare != "?" {
		return ""
	}
	if name := lookUp(bare); name != "" {
		return name
	}
	if name := lookUp(bare + selector); name != "" {
		return name
	}
	if at := strings.Index(bare, joiner); at > 0 { // a man or a woman who does it
		if sign := bare[at+len(joiner):]; sign == "♂" || sign == "♀" {
			return nameOfCharacter(bare[:at])
		}
	}
	return ""
}

// joiner makes one emoji of several.
const joiner = "\u200d"

// withoutTones returns an emoji without its skin tones. A tone by itself stays.
func withoutTones(s string) string {
	isTone := func(r rune) bool { return r >= 0x1F3FB && r <= 0x1F3FF }
	if i := strings.IndexFunc(s, isTone); i <= 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if isTone(r) {
			return -1
		}
		return r
	}, s)
}

// nameOfShortCode returns the name of an emoji that is given as a short code. The
// skin tone in ":wave::skin-tone-3:" and "wave_tone3" does not count.
func nameOfShortCode(s string) string {
	short := bareCode(s)
	if short == "" || short[0] >= utf8.RuneSelf || short == "?" {
		return ""
	}
	if name := lookUp(short); name != "" {
		return name
	}
	// A spelling that the table leaves out, for example "collision".
	if e, ok := byCode(short); ok {
		return nameOfCharacter(string(e.Unicode))
	}
	return ""
}

// byCode returns the emoji with a short code, GitHub's or one that differs from it
// as other platforms' do: 🦄 is "unicorn" and "unicorn_face".
func byCode(short string) (e *definition.Emoji, ok bool) {
	if short == "" || short[0] >= utf8.RuneSelf {
		return nil, false
	}
	if _, rest, found := strings.Cut(aliases, "\n"+short+" "); found {
		short, _, _ = strings.Cut(rest, "\n")
	}
	low := strings.ReplaceAll(short, "-", "_")
	if e := flag(low); e != nil {
		return e, true
	}
	person := low // of a profession
	if rest, ok := strings.CutPrefix(low, "female_"); ok {
		person = "woman_" + rest
	} else if rest, ok := strings.CutPrefix(low, "male_"); ok {
		person = "man_" + rest
	}
	codes := definition.Github()
	for _, code := range [...]string{short, low, strings.TrimSuffix(low, "_face"), low + "_face", strings.TrimPrefix(low, "large_"), person, "family_" + low} {
		if e, ok := codes.Get(code); ok && e.IsUnicode() {
			return e, true
		}
	}
	return nil, false
}

// flag returns the flag of a country that is given as "flag_at", or nil.
func flag(code string) *definition.Emoji {
	country, ok := strings.CutPrefix(code, "flag_")
	if !ok || len(country) != 2 || !isLetter(country[0]) || !isLetter(country[1]) {
		return nil
	}
	const a = '🇦'
	return &definition.Emoji{Unicode: []rune{a + rune(country[0]-'a'), a + rune(country[1]-'a')}}
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
func Same(a, b string) bool { return Key(a) == Key(b) }

// Key returns a spelling that all spellings of an emoji share: a well-known name, else
// the bare character, else the name.
func Key(s string) string {
	name := strings.Trim(Name(s), ":")
	if Character(name) != "" {
		return name
	}
	if e, ok := byCode(bareCode(name)); ok {
		name = string(e.Unicode)
	}
	return strings.ReplaceAll(withoutTones(name), selector, "")
}
