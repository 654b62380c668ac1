package bot

import (
	"cmp"

	"github.com/linearbot/linearbot/internal/emoji"
	"github.com/linearbot/linearbot/internal/markdown"
)

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
