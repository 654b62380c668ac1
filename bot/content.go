package bot

import (
	"cmp"
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

// PlainText returns Markdown as text without marks: paragraphs and other blocks
// are separated by an empty line, list items, quoted blocks and table rows by a
// line break, table cells by a tab. Links are their text, images their
// description, code and HTML stay as they are. Emoji placeholders stay as well.
func PlainText(source string) string { return markdown.Plain(source) }

// Escape returns text as Markdown that shows exactly as the text is. Every text
// of other people that becomes a part of Markdown goes through it: their names,
// titles and messages may hold links, mentions such as "<@id>" or headings.
//
// White space at the start of a line stays. As in all Markdown, several blank
// lines show as one. In a table use card.Cell.
func Escape(text string) string { return markdown.Escape(text) }

// Emoji returns the emoji with a well-known name, for example "🚀" for
// "rocket", or "" if the name is unknown. Names are lower case.
func Emoji(name string) string { return emoji.Character(name) }

// EmojiName returns the well-known name of an emoji that is given as itself, for
// example "👍", in any skin tone, or as a short code in any case, with or without
// colons, for example "thumbsup" or ":+1:". It returns s if the name is unknown, so
// well-known names come back as they are, but for the few that are the short code
// of another emoji: "cry" means "sad".
func EmojiName(s string) string { return emoji.Name(s) }

// reactionEmoji returns what is sent for a reaction: the emoji with that
// well-known name, or name itself.
func reactionEmoji(name string) string { return cmp.Or(emoji.Character(name), name) }
