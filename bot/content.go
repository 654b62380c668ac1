package bot

import (
	"strings"

	"github.com/linearbot/linearbot/internal/content"
	"github.com/linearbot/linearbot/internal/emoji"
	"github.com/linearbot/linearbot/internal/markdown"
)

// Content is something that can be posted: [Text], [Markdown], a card of package
// card, [Plan] or [Stream], or one of them [WithFiles]. A stream can be posted
// only, the others can replace a message too. The set is closed: content.Form is
// internal.
type Content interface {
	// Render returns the Markdown to send.
	Render(f content.Form) (markdown string, err error)
}

type textContent struct{ text string }

// Text is plain text. It arrives exactly as it was written: nothing in it is
// emphasis, a link, a list, a mention or a placeholder. Use it for text of other
// people, and [Markdown] with [Escape] where both meet.
func Text(s string) Content { return textContent{s} }

func (c textContent) Render(content.Form) (string, error) { return markdown.Escape(c.text), nil }

type markdownContent struct{ text string }

// Markdown is Markdown. It is sent as written, except that placeholders like
// {{emoji:rocket}} and mentions of users are replaced; see [MentionUser]. Put text
// of other people into it through [Escape].
func Markdown(s string) Content { return markdownContent{s} }

func (c markdownContent) Render(content.Form) (string, error) { return emoji.Replace(c.text), nil }

// render returns what is sent for c with links to files below it, or ErrEmpty.
func render(c Content, f content.Form, links string) (string, error) {
	body := links
	if c != nil {
		text, err := c.Render(f)
		if err != nil {
			return "", err
		}
		body = withLinks(text, links)
	}
	if strings.TrimSpace(body) == "" {
		return "", ErrEmpty
	}
	return body, nil
}
