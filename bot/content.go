package bot

import (
	"cmp"
	"context"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/profiles"
	"github.com/linearbot/linearbot/bot/internal/stream"
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
		body = stream.WithBelow(text, links)
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

// EmojiName returns the well-known name of an emoji that is given as itself, for
// example "👍", in any skin tone, or as a short code in any case, with or without
// colons, for example "thumbsup" or ":+1:". It returns s if the name is unknown, so
// well-known names come back as they are, but for the few that are the short code
// of another emoji: "cry" means "sad".
func EmojiName(s string) string { return emoji.Name(s) }

// reactionEmoji returns what is sent for a reaction: the emoji with that
// well-known name, or name itself.
func reactionEmoji(name string) string { return cmp.Or(emoji.Character(name), name) }

// MentionUser returns the Markdown that mentions a user, "<@" and the id and ">".
// In every post it is replaced by the address of the user's profile, which is how
// platforms spell a mention. External people, integrations and
// automations have no account, and a user without an id cannot be found: they are
// called by their name, through [Escape].
func MentionUser(u adapter.User) string {
	switch {
	case u.ID != "" && u.Kind != adapter.UserExternal && u.Kind != adapter.UserIntegration && u.Kind != adapter.UserAutomation:
		return "<@" + u.ID + ">"
	case u.FullName != "":
		return markdown.Escape(u.FullName)
	default:
		return markdown.Escape(u.Name)
	}
}

// mentions returns what replaces the mentions of one post or stream of the thread.
// quiet says that nothing in it mentions a user.
func (t *Thread) mentions(quiet bool) profiles.Mentions {
	return profiles.Mentions{
		In: directory{t}, Workspace: t.workspace, Thread: t.id, Bulk: t.bot.can.people, Quiet: quiet, Log: &t.bot.log,
	}
}

// mention replaces the mentions of a text that is written at once.
func (t *Thread) mention(ctx context.Context, body string) (string, error) {
	m := t.mentions(false)
	return m.Replace(ctx, body)
}

// directory is the directory of a thread's workspace.
type directory struct{ thread *Thread }

// User looks up a user.
func (d directory) User(ctx context.Context, q adapter.UserQuery) (*adapter.User, error) {
	return d.thread.Workspace().User(ctx, q)
}

// Identity says who the bot is. Within a turn that is known.
func (d directory) Identity(ctx context.Context) (*adapter.Identity, error) {
	t := d.thread
	if turn := t.turnOf(ctx); turn != nil && turn.self != nil && turn.event.Head().Workspace == t.workspace {
		return turn.self, nil
	}
	return t.bot.cfg.Adapter.Identity(ctx, t.workspace)
}
