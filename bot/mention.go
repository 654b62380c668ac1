package bot

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// names is how the bot is called in one workspace. Fields that are not known
// are empty.
type names struct {
	userID     string
	profileURL string
	// handles are what may follow an "@": names, with or without spaces.
	handles []string
}

// The rules by which a text addresses the bot.
const (
	ruleHandle  = "handle"
	ruleUserID  = "user_id"
	ruleProfile = "profile_url"
	ruleSkipped = "skipped" // only a skipped message mentions the bot
)

// mention is one place where a text addresses the bot.
type mention struct {
	rule string
	// at is where the mention is in the Markdown: in order, without overlap,
	// not empty. It is more than one span if there is syntax in between that
	// belongs to other text as well.
	at []span
}

// findMentions returns the mentions of the bot in a Markdown text, in order.
//
// A mention is "@" and a handle, without regard to case; "@", "<@" or "<@!" and
// the user id; or a link to the profile, whatever its text. It counts only in
// text that is seen and that is the writer's own: not in code, quotes, image
// descriptions, HTML tags and addresses, and not as a part of a longer handle,
// an e-mail address or a name on another server.
func findMentions(body string, n names) []mention {
	if !n.mayOccur(body) {
		return nil
	}
	own, _ := parseProfile(n.profileURL)
	v := parseMarkdown(body).visible(own.kind)
	type place struct {
		vis     int
		mention mention
	}
	var found []place
	for _, l := range v.links {
		found = append(found, place{l.vis, mention{ruleProfile, []span{l.src}}})
	}
	for i := 0; i < len(v.text); i++ {
		next := bytes.IndexByte(v.text[i:], '@')
		if next < 0 {
			break
		}
		i += next
		end, rule := n.match(v.text, i)
		if rule == "" {
			continue
		}
		vis := span{i, end}
		if i > 0 && v.text[i-1] == '<' && end < len(v.text) && v.text[end] == '>' {
			vis = span{i - 1, end + 1}
		}
		if at := v.sources(vis); len(at) > 0 {
			found = append(found, place{i, mention{rule, at}})
		}
		i = end - 1
	}
	slices.SortFunc(found, func(a, b place) int { return cmp.Compare(a.vis, b.vis) })
	var out []mention
	for _, f := range found {
		out = append(out, f.mention)
	}
	return out
}

// mayOccur reports whether it is worth parsing body. It is a quick look that
// spares the parsing of nearly all texts without a mention.
func (n names) mayOccur(body string) bool {
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
	if n.profileURL == "" {
		return false
	}
	// Profiles are told apart by what stands before the last slash, as in
	// "profiles/ann".
	parent := strings.TrimSuffix(n.profileURL, "/")
	parent = parent[:max(0, strings.LastIndexByte(parent, '/'))]
	parent = parent[strings.LastIndexByte(parent, '/')+1:]
	return strings.Contains(body, parent) || strings.Contains(body, "%") && strings.Contains(body, "//")
}

// mayFollow reports whether a name may begin at the start of rest, perhaps
// behind some syntax.
func (n names) mayFollow(rest string) bool {
	r, _ := utf8.DecodeRuneInString(rest)
	switch {
	case rest == "" || unicode.IsSpace(r):
		return false
	case !unicode.IsLetter(r) && !unicode.IsDigit(r):
		return true
	}
	begins := func(name string) bool {
		first, _ := utf8.DecodeRuneInString(name)
		return equalFold(r, first)
	}
	return begins(n.userID) || slices.ContainsFunc(n.handles, func(h string) bool { return begins(trimHandle(h)) })
}

// trimHandle returns a name without what may stand around it.
func trimHandle(name string) string {
	return strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(name), "@"))
}

// match looks at the "@" at offset at and returns the end of the longest name
// behind it and the rule that it fulfils. rule is empty if there is none.
func (n names) match(text []byte, at int) (end int, rule string) {
	if endsInWord(text[:at]) {
		return 0, ""
	}
	if id, ok := matchName(text, at+1, n.userID); ok {
		end, rule = id, ruleUserID
	}
	if at > 0 && text[at-1] == '<' && at+1 < len(text) && text[at+1] == '!' {
		if id, ok := matchName(text, at+2, n.userID); ok && id < len(text) && text[id] == '>' {
			end, rule = id, ruleUserID
		}
	}
	if inEmail(text, at) {
		return end, rule
	}
	for _, h := range n.handles {
		if e, ok := matchName(text, at+1, trimHandle(h)); ok && e > end {
			end, rule = e, ruleHandle
		}
	}
	return end, rule
}

// matchName returns the end of name if text has it at offset at and nothing
// behind it makes it another, longer name.
func matchName(text []byte, at int, name string) (end int, ok bool) {
	if name == "" {
		return 0, false
	}
	for _, want := range name {
		r, size := utf8.DecodeRune(text[at:])
		if size == 0 || !equalFold(r, want) {
			return 0, false
		}
		at += size
	}
	return at, !continues(text, at)
}

// continues reports whether a name that ends at offset at goes on behind it: in
// a letter, in ".example" or "-2", or in "@server".
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
