package bot

import (
	"strings"

	"github.com/yuin/goldmark/ast"
)

// replaceUsers replaces <@id> in a Markdown text by the address of the user's
// profile, which the platform shows as a mention. profileURL returns "" for an
// id that is not known; it stays as it is. So do code, HTML and the text of
// links.
func replaceUsers(body string, profileURL func(id string) string) string {
	if !strings.Contains(body, "<@") {
		return body
	}
	var b strings.Builder
	from := 0
	eachText(parseMarkdown(body).root, func(t *ast.Text) {
		i, end := t.Segment.Start, t.Segment.Stop
		for i < end {
			if body[i] == '\\' {
				i += 2
				continue
			}
			id, n := userMention(body[i:end])
			if n == 0 {
				i++
				continue
			}
			if url := profileURL(id); url != "" {
				b.WriteString(body[from:i])
				b.WriteString(url)
				from = i + n
			}
			i += n
		}
	})
	b.WriteString(body[from:])
	return b.String()
}

// userMention reads the <@id> that s begins with. n is its length, 0 if there
// is none.
func userMention(s string) (id string, n int) {
	if !strings.HasPrefix(s, "<@") {
		return "", 0
	}
	end := strings.IndexByte(s, '>')
	if end <= len("<@") || strings.ContainsAny(s[len("<@"):end], " \t<@") {
		return "", 0
	}
	return s[len("<@"):end], end + 1
}

// eachText calls f with the text below n, in order, but for code, links and
// images.
func eachText(n ast.Node, f func(*ast.Text)) {
	switch n := n.(type) {
	case *ast.Text:
		f(n)
	case *ast.CodeSpan, *ast.Link, *ast.Image:
		return
	}
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		eachText(c, f)
	}
}
