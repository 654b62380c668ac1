package cmdline

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/linearbot/linearbot/internal/fold"
	"github.com/linearbot/linearbot/internal/markdown"
	"github.com/linearbot/linearbot/internal/mention"
)

// Message is a message that may call a command: by a mention of the bot and a name, by
// a slash and a name, or by a name alone where the platform addresses the message to
// the bot.
type Message struct {
	Body string
	// Mentions are the mentions of the bot in Body, and Mentioned says that they count.
	Mentions  []mention.Mention
	Mentioned bool
	// Addressed says that the message is for the bot without a mention.
	Addressed bool
	// Slash says that commands may begin with a slash.
	Slash bool
	// Bot is what the bot is called where the use of a command is explained.
	Bot string
	// Names returns what the bot is called. It is asked if the text that counts is not
	// all of Body.
	Names func() mention.Names
}

// Read reads a message. ok is false if it cannot be a command.
func (s *Set) Read(m *Message) (c Call, ok bool) {
	var text, prefix string
	body, mentions := fold.Visible(markdown.OwnWords(m.Body)), m.Mentions
	if unwrapped := unwrapped(body); unwrapped != m.Body {
		body, mentions = unwrapped, mention.Find(unwrapped, m.Names())
	}
	start := trimIndent(body)
	switch n := mention.Leading(body, mentions); {
	case n > 0 && m.Mentioned:
		text, prefix = mention.Strip(body, mentions[:n]), "@"+m.Bot+" "
		last := mentions[n-1].At
		if setOff(body[last[len(last)-1].End:]) > 0 {
			text = text[setOff(text):]
		}
	case m.Addressed && len(mentions) == 0:
		text = start
	case m.Slash && strings.HasPrefix(start, "/"):
		text, prefix = start, "/"
	default:
		return Call{}, false
	}
	return s.Call(strings.TrimLeftFunc(unwrapped(text), unicode.IsSpace), prefix)
}

// unwrapped returns Markdown without the emphasis around what it begins with, bold
// and italic at the same time included.
func unwrapped(text string) string { return markdown.Unwrapped(markdown.Unwrapped(text)) }

// setOff returns the length of the dash or the like that sets a name off from what
// follows on its line: "@bot - deploy". It is 0 without one. A colon or comma is part
// of the mention.
func setOff(text string) int {
	rest := strings.TrimLeft(text, " \t")
	r, size := utf8.DecodeRuneInString(rest)
	if !strings.ContainsRune("-–—!;.", r) || !strings.HasPrefix(rest[size:], " ") {
		return 0
	}
	return len(text) - len(rest) + size
}

// trimIndent returns body without blank lines and spaces before it. A text that
// is indented so far that it is code stays indented.
func trimIndent(body string) string {
	body = markdown.TrimBlankLines(body)
	if text := strings.TrimLeft(body, " "); len(body)-len(text) < 4 {
		return text
	}
	return body
}
