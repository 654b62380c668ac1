package answer

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/linearbot/linearbot/internal/emoji"
)

// verdict is what a text says to a question of yes or no.
type verdict uint8

const (
	unclear verdict = iota
	yes
	no
)

// Phrases, each between two bars. Longer ones go first where they begin alike.
const (
	yesPhrases = "|yes|y|ya|yeah|yea|yep|yup|yess|aye|ok|okay|okey|k|kk|oki|sure|sure thing|of course|certainly|absolutely|definitely|affirmative|" +
		"approve|approved|approve it|approving|i approve|accept|accepted|i accept|agree|agreed|i agree|allow|allowed|confirm|confirmed|i confirm|" +
		"lgtm|looks good|looks good to me|looks fine|looks great|sounds good|sounds good to me|sgtm|all good|good|good to go|great|perfect|fine|fine by me|fine with me|" +
		"works for me|wfm|roger|okie|okie dokie|you may|go|go ahead|go for it|do that|do it|let's do it|lets do it|do so|ship it|merge it|please do|make it so|proceed|why not|by all means|let's go|lets go|+1|thumbs up|true|"
	noPhrases = "|no|n|nope|nah|nay|no way|no thanks|no thank you|not ok|not okay|not approved|never|negative|absolutely not|definitely not|certainly not|of course not|not lgtm|not good|veto|" +
		"deny|denied|deny it|reject|rejected|reject it|i reject|refuse|refused|decline|declined|disapprove|disapproved|disagree|i disagree|" +
		"don't|dont|do not|don't do it|dont do it|do not do it|don't do that|do not approve|i do not approve|don't approve|i don't approve|cancel|cancel it|abort|-1|thumbs down|false|"
	// courtesies are words that say nothing to the question.
	courtesies = " please pls plz thanks thank thx ty you and so then now it's its it is that's that thats from my side me i'd say choose pick take go with let's lets use want " +
		"hi hey hello all team bot the one cheers "
	// neutral are the courtesies that may stand beside yes or no.
	neutral = "|please|pls|plz|thanks|thank you|thank you very much|many thanks|thx|ty|cheers|and|from me|from my side|for me|with me|to me|by me|i say|i'd say|my answer is|my vote is|it|that|this|now|then|hi|hey|hello|all|team|everyone|bot|me|"
	// longest is the number of words of the longest phrase.
	longest = 4
)

// verdictOf reads a text that fold.Line returned. All of it must be ways of saying
// the same, with courtesies between them: "yes please, looks good 👍" is a yes, "not
// yet" and "yes or no?" are nothing.
func verdictOf(text string) verdict {
	words := tokens(text)
	said := unclear
	for i := 0; i < len(words); {
		n, v := phrase(words[i:])
		if n == 0 {
			return unclear
		}
		i += n
		switch {
		case v == unclear:
		case said != unclear && said != v:
			return unclear
		default:
			said = v
		}
	}
	return said
}

// phrase returns how many words the longest known phrase at the start of words
// takes, and what it says. n is 0 if there is none.
func phrase(words []string) (n int, v verdict) {
	if v, ok := wordVerdict(words[0]); ok {
		return 1, v
	}
	for n := min(longest, len(words)); n > 0; n-- {
		entry := "|" + strings.Join(words[:n], " ") + "|"
		switch {
		case strings.Contains(noPhrases, entry):
			return n, no
		case strings.Contains(yesPhrases, entry):
			return n, yes
		case strings.Contains(neutral, entry):
			return n, unclear
		}
	}
	return 0, unclear
}

// wordVerdict reads an emoji or a short code in colons. One that says neither yes
// nor no is a decoration.
func wordVerdict(word string) (v verdict, ok bool) {
	r, _ := utf8.DecodeRuneInString(word)
	code := len(word) > 2 && word[0] == ':' && strings.HasSuffix(word, ":")
	if !code && !isPictogram(r) {
		return unclear, false
	}
	return emojiVerdict(emoji.Name(word)), true
}

// emojiVerdict reads an emoji, by any name or as itself.
func emojiVerdict(name string) verdict {
	switch emoji.Key(name) {
	case "thumbs_up", "check", "ok_hand", "100", "☑", "🆗":
		return yes
	case "thumbs_down", "x", "⛔", "🚫":
		return no
	}
	return unclear
}

// tokens cuts a text into words, emoji and "?". Other punctuation between words is
// left out.
func tokens(text string) []string {
	var out []string
	for text != "" {
		r, size := utf8.DecodeRuneInString(text)
		end := size
		switch {
		case isPictogram(r):
			end = len(text) - len(strings.TrimLeftFunc(text[size:], isModifier))
		case r == ':' && shortCode(text) > 0:
			end = shortCode(text)
		case isWord(r), (r == '+' || r == '-') && len(text) > 1 && text[1] >= '0' && text[1] <= '9':
			end = size + len(text[size:]) - len(strings.TrimLeftFunc(text[size:], func(r rune) bool { return isWord(r) || r == '\'' || r == '’' }))
		case strings.ContainsRune(" .,;:!…\"'`*_()[]~“”„’‘—–-。！，、", r):
			text = text[size:]
			continue
		}
		out = append(out, squeeze(strings.ReplaceAll(strings.TrimRight(text[:end], "'’"), "’", "'")))
		text = text[end:]
	}
	return out
}

// squeeze returns a word with one letter in place of three or more: "yesss" is "yes".
func squeeze(word string) string {
	var out strings.Builder
	for i := 0; i < len(word); {
		n := i + 1
		for n < len(word) && word[n] == word[i] {
			n++
		}
		if n-i >= 3 && word[i] >= 'a' && word[i] <= 'z' {
			i = n - 1
		}
		out.WriteString(word[i:n])
		i = n
	}
	return out.String()
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

// isPictogram reports whether r begins an emoji.
func isPictogram(r rune) bool {
	return r >= 0x2190 && r != utf8.RuneError && unicode.In(r, unicode.So, unicode.Sm)
}

// isModifier reports whether r changes the emoji before it: its skin tone.
func isModifier(r rune) bool { return r >= 0x1F3FB && r <= 0x1F3FF }

// shortCode returns the length of the ":name:" that text begins with, or 0.
func shortCode(text string) int {
	const most = 80
	for i := 1; i < len(text) && i < most; i++ {
		c := text[i]
		switch {
		case c == ':' && i > 1:
			return i + 1
		case c|0x20 >= 'a' && c|0x20 <= 'z', c >= '0' && c <= '9', c == '_', c == '+', c == '-':
		default:
			return 0
		}
	}
	return 0
}
