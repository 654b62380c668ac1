package linearsim

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"
)

// plainMentions gives the text the form that it has in webhooks: a profile
// address of a user of the workspace reads @displayName.
func plainMentions(w *Workspace, text string) string {
	if !strings.Contains(text, w.address("/profiles/")) {
		return text
	}
	var b strings.Builder
	for _, part := range split(w, text, false) {
		if part.user != nil {
			b.WriteString("@" + part.user.DisplayName)
		} else {
			b.WriteString(part.text)
		}
	}
	return b.String()
}

// part is a run of text or a mention.
type part struct {
	text string
	user *User
}

// split cuts a text at its mentions. With typed set "@name" is one, too.
func split(w *Workspace, text string, typed bool) []part {
	var out []part
	from := 0
	profile := w.address("/profiles/")
	for i := 0; i < len(text); {
		var u *User
		n := 0
		switch {
		case strings.HasPrefix(text[i:], profile):
			u, n = w.longest(text[i+len(profile):])
			n += len(profile)
		case typed && text[i] == '@' && boundary(text[:i]):
			u, n = w.longest(text[i+1:])
			n++
		}
		if u == nil {
			i++
			continue
		}
		start, end := i, i+n
		if start > from && text[start-1] == '<' && strings.HasPrefix(text[end:], ">") {
			start, end = start-1, end+1
		}
		if start > from {
			out = append(out, part{text: text[from:start]})
		}
		out = append(out, part{user: u})
		i, from = end, end
	}
	if from < len(text) {
		out = append(out, part{text: text[from:]})
	}
	return out
}

// longest finds the user whose display name starts the text and ends there:
// @bot-2 does not mention @bot.
func (w *Workspace) longest(text string) (*User, int) {
	var best *User
	for _, u := range w.users {
		n := len(u.DisplayName)
		if strings.HasPrefix(text, u.DisplayName) && ends(text[n:]) && (best == nil || n > len(best.DisplayName)) {
			best = u
		}
	}
	if best == nil {
		return nil, 0
	}
	return best, len(best.DisplayName)
}

// ends reports whether a name may end before the rest of the text. A full stop
// belongs to the name only when more of a name follows.
func ends(rest string) bool {
	rest = strings.TrimLeft(rest, ".")
	r, _ := utf8.DecodeRuneInString(rest)
	return rest == "" || !inName(r)
}

func boundary(before string) bool {
	r, _ := utf8.DecodeLastRuneInString(before)
	return before == "" || !inName(r) && r != '/'
}

func inName(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_' }

// prose is a node of the editor's document format.
type prose struct {
	Type    string         `json:"type"`
	Attrs   map[string]any `json:"attrs,omitempty"`
	Text    string         `json:"text,omitempty"`
	Content []prose        `json:"content,omitempty"`
}

// editorText is the text as the editor stores it: paragraphs of plain text and
// mentions. Other Markdown stays text.
func editorText(w *Workspace, text string, typed bool) string {
	doc := prose{Type: "doc"}
	for para := range strings.SplitSeq(text, "\n\n") {
		if strings.TrimSpace(para) == "" {
			continue
		}
		p := prose{Type: "paragraph"}
		for _, part := range split(w, para, typed) {
			if part.user != nil {
				p.Content = append(p.Content, prose{Type: "suggestion_userMentions", Attrs: map[string]any{
					"id": part.user.ID, "label": part.user.DisplayName,
				}})
			} else {
				p.Content = append(p.Content, prose{Type: "text", Text: part.text})
			}
		}
		doc.Content = append(doc.Content, p)
	}
	out, err := json.Marshal(doc)
	if err != nil {
		return `{"type":"doc"}`
	}
	return string(out)
}
