package bot

import "strings"

// Content is something that can be posted: [Text], [Markdown], [Card], [Plan] or
// [Stream], or one of them [WithFiles]. A stream can be posted only, the others
// can replace a message too.
type Content interface {
	// body returns the Markdown to send.
	body() string
}

type textContent struct{ text string }

// Text is plain text. It is sent as written, so Markdown in it counts; use it
// for text of your own, and [Markdown] where you mean Markdown.
func Text(s string) Content { return textContent{s} }

func (c textContent) body() string { return replaceEmoji(c.text) }

type markdownContent struct{ text string }

// Markdown is Markdown. It is sent as written, except that placeholders like
// {{emoji:rocket}} and mentions of users are replaced; see [MentionUser].
func Markdown(s string) Content { return markdownContent{s} }

func (c markdownContent) body() string { return replaceEmoji(c.text) }

// body makes Card a Content.
func (c Card) body() string { return c.markdown() }

// render returns what is sent for c with links to files below it, or ErrEmpty.
func render(c Content, links string) (string, error) {
	body := links
	if c != nil {
		body = withLinks(c.body(), links)
	}
	if strings.TrimSpace(body) == "" {
		return "", ErrEmpty
	}
	return body, nil
}
