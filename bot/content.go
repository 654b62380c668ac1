package bot

import (
	"errors"
	"strings"
)

// Content is something that can be posted: [Text], [Markdown], [Card], [Plan] or
// [Stream]. A stream can be posted only, the others can replace a message too.
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

// render returns what is sent for c, or ErrEmpty.
func render(c Content) (string, error) {
	if c == nil {
		return "", ErrEmpty
	}
	if _, ok := c.(streamContent); ok {
		return "", errors.New("bot: a stream can be posted only")
	}
	body := c.body()
	if strings.TrimSpace(body) == "" {
		return "", ErrEmpty
	}
	return body, nil
}
