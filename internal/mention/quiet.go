package mention

import (
	"cmp"
	"slices"
	"strings"

	"github.com/linearbot/linearbot/internal/markdown"
)

// Quiet returns a Markdown text in which nothing addresses a user: links to
// profiles are the text that they show, and references as "<@id>" are text.
func Quiet(body string) string {
	if !strings.Contains(body, profiles) && !strings.Contains(body, "<@") && !strings.Contains(body, "%") {
		return body
	}
	type change struct {
		at   markdown.Span
		with string
	}
	var changes []change
	d := markdown.Parse(body)
	d.Links(func(at markdown.Span, url, label string) {
		switch {
		case !isProfile(url):
		case label != "":
			changes = append(changes, change{at, quietText(label)})
		default:
			changes = append(changes, change{at, markdown.Escape(strings.Trim(body[at.Start:at.End], "<>"))})
		}
	})
	d.Texts(func(at markdown.Span) {
		if text := body[at.Start:at.End]; quietText(text) != text {
			changes = append(changes, change{at, quietText(text)})
		}
	})
	// Links and texts do not overlap, but they come one kind after the other.
	slices.SortFunc(changes, func(a, b change) int { return cmp.Compare(a.at.Start, b.at.Start) })
	var b strings.Builder
	from := 0
	for _, c := range changes {
		if c.at.Start < from {
			continue
		}
		b.WriteString(body[from:c.at.Start])
		b.WriteString(c.with)
		from = c.at.End
	}
	b.WriteString(body[from:])
	return b.String()
}

const profiles = "/profiles/"

// isProfile reports whether an address may be that of a profile, on any host.
func isProfile(url string) bool {
	p, ok := parseProfile(url)
	return ok && len(p.path) >= 2 && p.collection() == "profiles" || strings.Contains(url, profiles)
}

// quietText returns text, in which marks count, with a backslash in each reference
// and each address that the parser took for neither.
func quietText(text string) string {
	if !strings.Contains(text, "<@") && !strings.Contains(text, profiles) {
		return text
	}
	var b strings.Builder
	for i := range len(text) {
		slashed := i > 0 && text[i-1] == '\\'
		switch {
		case slashed:
		case text[i] == '<' && strings.HasPrefix(text[i:], "<@"), text[i] == ':' && strings.HasPrefix(text[i:], "://"):
			b.WriteByte('\\')
		}
		b.WriteByte(text[i])
	}
	return b.String()
}
