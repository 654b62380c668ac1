package ticketing

import (
	"strings"

	"golang.org/x/net/html"
)

// plainText reads HTML as text: what stands in it, with lines where blocks end.
func plainText(src string) string {
	z := html.NewTokenizer(strings.NewReader(src))
	var b strings.Builder
	skip := 0
	for {
		switch z.Next() {
		case html.ErrorToken:
			return strings.TrimSpace(b.String())
		case html.TextToken:
			if skip == 0 {
				b.WriteString(string(z.Text()))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, _ := z.TagName()
			switch string(name) {
			case "br":
				b.WriteString("\n")
			case "script", "style":
				skip++
			case "li":
				b.WriteString("\n- ")
			}
		case html.CommentToken, html.DoctypeToken:
		case html.EndTagToken:
			name, _ := z.TagName()
			switch string(name) {
			case "p", "div", "h1", "h2", "h3", "blockquote", "ul", "ol", "pre", "tr":
				b.WriteString("\n\n")
			case "script", "style":
				skip = max(0, skip-1)
			}
		}
	}
}

// escapeMarkdown keeps a name from being anything else.
func escapeMarkdown(s string) string {
	return strings.NewReplacer("\\", "\\\\", "*", "\\*", "_", "\\_", "[", "\\[", "]", "\\]", "`", "\\`", "\n", " ", "\r", " ", "<", "\\<", "@", "\\@").Replace(s)
}
