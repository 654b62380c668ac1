package linear

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The acts; see forms.decode.

func actComment(commentID string) string   { return "comment:" + commentID }
func actDescription(issueID string) string { return "issue:" + issueID + ":description" }

func actDelegate(issueID, userID string) string { return "delegate:" + issueID + ":" + userID }

func actUndelegate(issueID, userID string) string { return "undelegate:" + issueID + ":" + userID }

func actReaction(id, userID, emoji string) string {
	return "reaction:" + id + ":" + userID + ":" + emoji
}

// mentioned reports whether a text names the bot by its handle or by the
// address of its profile. It is used only to name acts and delegations: package
// bot decides, by a stricter rule, whether a message is a mention.
func (p *people) mentioned(s string) bool {
	return namedIn(s, "@", p.self.Name) || namedIn(s, "", p.self.ProfileURL)
}

func namedIn(s, sigil, name string) bool {
	if name == "" {
		return false
	}
	s, name = strings.ToLower(s), strings.ToLower(sigil+name)
	for {
		_, after, found := strings.Cut(s, name)
		if !found {
			return false
		}
		if !continuesName(after) {
			return true
		}
		s = after
	}
}

// continuesName reports whether a handle continues at the start of s.
func continuesName(s string) bool {
	r, size := utf8.DecodeRuneInString(s)
	switch {
	case size == 0:
		return false
	case r == '-' || r == '.':
		return size < len(s) && continuesName(s[size:])
	default:
		return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r)
	}
}
