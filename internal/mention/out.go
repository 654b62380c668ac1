package mention

import (
	"strings"

	"github.com/linearbot/linearbot/internal/markdown"
)

// Place is a <@id> in a text.
type Place struct {
	ID string
	At markdown.Span
}

// Places finds the <@id> in a Markdown text, in order. Those in code, in
// HTML, in the text of links and behind a backslash do not count.
func Places(body string) []Place {
	if !strings.Contains(body, "<@") {
		return nil
	}
	var places []Place
	markdown.Parse(body).Texts(func(text markdown.Span) {
		i, end := text.Start, text.End
		for i < end {
			if body[i] == '\\' {
				i += 2
				continue
			}
			id, n := reference(body[i:end])
			if n == 0 {
				i++
				continue
			}
			places = append(places, Place{id, markdown.Span{Start: i, End: i + n}})
			i += n
		}
	})
	return places
}

// Replace puts the addresses of profiles in their places. profileURL returns ""
// for an id that is not known; it stays as it is.
func Replace(body string, places []Place, profileURL func(id string) string) string {
	var b strings.Builder
	from := 0
	for _, p := range places {
		url := profileURL(p.ID)
		if url == "" {
			continue
		}
		b.WriteString(body[from:p.At.Start])
		if standsAlone(body[:p.At.Start], body[p.At.End:]) {
			b.WriteString(url)
		} else {
			b.WriteString("<" + url + ">")
		}
		from = p.At.End
	}
	if from == 0 {
		return body
	}
	b.WriteString(body[from:])
	return b.String()
}

// standsAlone reports whether a bare address between before and after is read
// as that address: "'s" behind it, for example, would become a part of it.
func standsAlone(before, after string) bool {
	const blank = " \t\r\n"
	if before != "" && !strings.ContainsAny(before[len(before)-1:], blank+"*_~(") {
		return false
	}
	after = strings.TrimLeft(after, "?!.,:*_~)")
	return after == "" || strings.ContainsAny(after[:1], blank)
}

// reference reads the <@id> that s begins with. n is its length, 0 if there
// is none. Where plain text was made Markdown, the id has escapes in it.
func reference(s string) (id string, n int) {
	if !strings.HasPrefix(s, "<@") {
		return "", 0
	}
	end := strings.IndexByte(s, '>')
	if end <= len("<@") || strings.ContainsAny(s[len("<@"):end], " \t<@") {
		return "", 0
	}
	return markdown.Decode(s[len("<@"):end]), end + 1
}

// WithoutOpen returns a text of which more is to come without the beginning
// of a <@id> at its end.
func WithoutOpen(partial string) string {
	at := strings.LastIndexByte(partial, '<')
	if at < 0 {
		return partial
	}
	if rest := partial[at:]; len(rest) > maxID || len(rest) > 1 && rest[1] != '@' || strings.ContainsAny(rest, "> \t\r\n") {
		return partial
	}
	return partial[:at]
}

// maxID is the length from which on what follows "<" cannot be an id.
const maxID = 100
