package mention

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/linearbot/linearbot/internal/fold"
	"github.com/linearbot/linearbot/internal/markdown"
)

// Names is how one user is called. Fields that are not known are empty.
type Names struct {
	UserID     string
	ProfileURL string
	// Handles are what may follow an "@": names, with or without spaces.
	Handles []string
}

// The rules by which a text addresses a user.
const (
	RuleHandle  = "handle"
	RuleUserID  = "user_id"
	RuleProfile = "profile_url"
)

// Mention is one place where a text addresses a user.
type Mention struct {
	Rule string
	// At is where the mention is in the Markdown: in order, without overlap,
	// not empty. It is more than one span if there is syntax in between that
	// belongs to other text as well.
	At []markdown.Span
}

// Find returns the mentions of a user in a Markdown text, in order.
//
// A mention is "@" and a handle, without regard to case, to how accents are encoded,
// to kinds of white space and to characters that do not show; "@", "<@" or "<@!" and
// the user id; or a link to the profile, whatever its text. It counts only in
// text that is seen and that is the writer's own: not in code, quotes, image
// descriptions, HTML tags and addresses, and not as a part of a longer handle,
// an e-mail address or a name on another server.
func Find(body string, n Names) []Mention {
	if !n.mayOccur(body) {
		return nil
	}
	var own *profile // parsed when there is a link
	v := markdown.OwnOf(body, func(link string) markdown.LinkRole {
		if own == nil {
			p, _ := parseProfile(n.ProfileURL)
			own = &p
		}
		return own.role(link)
	})
	type place struct {
		vis     int
		mention Mention
	}
	var found []place
	for _, l := range v.Links {
		found = append(found, place{l.At, Mention{RuleProfile, []markdown.Span{l.Source}}})
	}
	for i := 0; i < len(v.Text); i++ {
		next := bytes.IndexByte(v.Text[i:], '@')
		if next < 0 {
			break
		}
		i += next
		end, rule := n.match(v.Text, i)
		if rule == "" {
			continue
		}
		vis := markdown.Span{Start: i, End: end}
		if i > 0 && v.Text[i-1] == '<' && end < len(v.Text) && v.Text[end] == '>' {
			vis = markdown.Span{Start: i - 1, End: end + 1}
		}
		if at := v.Sources(vis); len(at) > 0 {
			found = append(found, place{i, Mention{rule, at}})
		}
		i = end - 1
	}
	slices.SortFunc(found, func(a, b place) int { return cmp.Compare(a.vis, b.vis) })
	var out []Mention
	for _, f := range found {
		out = append(out, f.mention)
	}
	return out
}

// mayOccur reports whether it is worth parsing body. It is a quick look that
// spares the parsing of nearly all texts without a mention.
func (n Names) mayOccur(body string) bool {
	for rest := body; ; {
		_, after, ok := strings.Cut(rest, "@")
		if !ok {
			break
		}
		if n.mayFollow(after) {
			return true
		}
		rest = after
	}
	if strings.Contains(body, "&#") || strings.Contains(body, "&commat;") {
		return true
	}
	if n.ProfileURL == "" {
		return false
	}
	// Profiles are told apart by what stands before the last slash, as in
	// "profiles/ann".
	parent := strings.TrimSuffix(n.ProfileURL, "/")
	parent = parent[:max(0, strings.LastIndexByte(parent, '/'))]
	parent = parent[strings.LastIndexByte(parent, '/')+1:]
	return strings.Contains(body, parent) || strings.Contains(body, "%") && strings.Contains(body, "//")
}

// mayFollow reports whether a name may begin at the start of rest, perhaps
// behind some syntax.
func (n Names) mayFollow(rest string) bool {
	r, _ := utf8.DecodeRuneInString(rest)
	switch {
	case rest == "" || unicode.IsSpace(r):
		return false
	case !unicode.IsLetter(r) && !unicode.IsDigit(r):
		return true
	}
	return fold.Begins(r, n.UserID) || slices.ContainsFunc(n.Handles, func(h string) bool { return fold.Begins(r, trimHandle(h)) })
}

// trimHandle returns a name without what may stand around it.
func trimHandle(name string) string {
	return strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(name), "@"))
}

// match looks at the "@" at offset at and returns the end of the longest name
// behind it and the rule that it fulfils. rule is empty if no name matches.
func (n Names) match(text []byte, at int) (end int, rule string) {
	if endsInWord(text[:at]) {
		return 0, ""
	}
	if id, ok := matchName(text, at+1, n.UserID); ok {
		end, rule = id, RuleUserID
	}
	if at > 0 && text[at-1] == '<' && at+1 < len(text) && text[at+1] == '!' {
		if id, ok := matchName(text, at+2, n.UserID); ok && id < len(text) && text[id] == '>' {
			end, rule = id, RuleUserID
		}
	}
	if inEmail(text, at) {
		return end, rule
	}
	for _, h := range n.Handles {
		if e, ok := matchName(text, at+1, trimHandle(h)); ok && e > end {
			end, rule = e, RuleHandle
		}
	}
	return end, rule
}

// matchName returns the end of what looks like name if text has it at offset at and
// nothing behind it makes it another, longer name.
func matchName(text []byte, at int, name string) (end int, ok bool) {
	if name == "" {
		return 0, false
	}
	end, ok = exactly(text, at, name)
	if !ok {
		first, _ := utf8.DecodeRune(text[at:])
		if first < utf8.RuneSelf && (!fold.Begins(first, name) || isPlain(name) && isPlain(text[at:min(len(text), at+len(name))])) {
			return 0, false
		}
		var n int
		if n, ok = fold.Prefix(text[at:min(len(text), at+maxName)], name); !ok {
			return 0, false
		}
		end = at + n
	}
	return end, !continues(text, end)
}

// isPlain reports whether all of s is ASCII that shows, so that what it looks like is
// what it is.
func isPlain[S string | []byte](s S) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// maxName is how far the end of a name is looked for, in bytes.
const maxName = 1000

// exactly returns the end of name if text has it at offset at, letter by letter.
func exactly(text []byte, at int, name string) (end int, ok bool) {
	for _, want := range name {
		r, size := utf8.DecodeRune(text[at:])
		if size == 0 || !equalFold(r, want) {
			return 0, false
		}
		at += size
	}
	return at, true
}

// continues reports whether the text behind offset at makes a name that ends there
// longer: by a letter, ".example", "-2" or "@server".
func continues(text []byte, at int) bool {
	r, size := utf8.DecodeRune(text[at:])
	switch {
	case size == 0:
		return false
	case unicode.IsMark(r):
		return endsInWord(text[:at])
	case r == '.' || r == '-' || r == '\u2010' || r == '\u2011' || r == '@':
		next, _ := utf8.DecodeRune(text[at+size:])
		return isWord(next)
	}
	return isWord(r)
}

// endsInWord reports whether the last character of text is part of a word.
// Combining marks count as the character that they stand on.
func endsInWord(text []byte) bool {
	for len(text) > 0 {
		r, size := utf8.DecodeLastRune(text)
		if !unicode.IsMark(r) {
			return isWord(r)
		}
		text = text[:len(text)-size]
	}
	return false
}

// isWord reports whether r is a letter, a digit or an underscore that keeps a
// handle beside it from being one. In scripts that are written without spaces,
// and in Korean, where particles follow directly, letters do not.
func isWord(r rune) bool {
	if r < utf8.RuneSelf {
		return r == '_' || r >= '0' && r <= '9' || isLetter(r)
	}
	if !unicode.In(r, unicode.L, unicode.Nd, unicode.Nl, unicode.Pc) {
		return false
	}
	switch r { // Chinese and Japanese letters that Unicode counts to no script
	case '\u3006', '\u3031', '\u3032', '\u3033', '\u3034', '\u3035', '\u303C', '\u30FC', '\uFF70', '\uFF9E', '\uFF9F':
		return false
	}
	return !unicode.In(r,
		unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul,
		unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// inEmail reports whether the "@" at offset at is that of an e-mail address.
func inEmail(text []byte, at int) bool {
	named := false
	for i := at - 1; i >= 0 && isLocalByte(text[i]); i-- {
		named = named || isHostByte(text[i]) && text[i] != '-'
	}
	if !named {
		return false
	}
	end := at + 1
	for end < len(text) && text[end] < utf8.RuneSelf && (isHostByte(text[end]) || text[end] == '.') {
		end++
	}
	host := strings.Trim(string(text[at+1:end]), ".-_")
	return strings.Contains(host, ".")
}

func isLocalByte(c byte) bool {
	return c < utf8.RuneSelf && isHostByte(c) || c == '.' || c == '+'
}

// equalFold reports whether a and b are the same letter, without regard to
// case.
func equalFold(a, b rune) bool {
	if a == b {
		return true
	}
	if a < utf8.RuneSelf && b < utf8.RuneSelf {
		return a|0x20 == b|0x20 && isLetter(a)
	}
	for r := unicode.SimpleFold(a); r != a; r = unicode.SimpleFold(r) {
		if r == b {
			return true
		}
	}
	return false
}

// isLetter reports whether c is an ASCII letter.
func isLetter[T byte | rune](c T) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// isHostByte reports whether the name of a host may have c, but for the dot.
func isHostByte(c byte) bool {
	return isLetter(c) || c >= '0' && c <= '9' || c == '-' || c == '_' || c >= utf8.RuneSelf
}
