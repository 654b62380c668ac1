package bot

import (
	"slices"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/mention"
)

// Message is a message as handlers see it: what the platform says, and what the
// bot makes of it.
type Message struct {
	adapter.Message
	// Mentioned says whether the message is addressed to the bot.
	Mentioned bool
	// Rule says why: "addressed" if the platform knows, "handle", "user_id"
	// or "profile_url" for what was found in the text, "skipped" if only a
	// skipped message mentions the bot. Empty if not mentioned.
	Rule string
	// Late says that the delivery arrived more than a minute after it was
	// first sent, most likely as a retry.
	Late bool
	// Attempt counts the runs of this turn, from 1 on.
	Attempt int

	// Skipped are the messages that came before this one and that no handler
	// gets by themselves, oldest first. Only the policies Latest, Debounce and
	// Burst skip. They are there again when the turn runs again, also after a
	// question.
	Skipped []*Message

	// Choice is the option that a message in an agent session chooses, of those that
	// [Session.Ask] offered. Nil if it chooses none.
	Choice *adapter.Choice

	mentions []mention.Mention
	// request is what Text is of, with its mentions, if that is not Body.
	request  string
	requests []mention.Mention
}

// Text returns the message without the mentions of the bot: what was asked.
// It is Markdown, otherwise as written. Of an issue that was delegated to the bot, it
// is the title and the description.
func (m *Message) Text() string {
	if m.request != "" {
		return mention.Strip(m.request, m.requests)
	}
	return mention.Strip(m.Body, m.mentions)
}

// PlainText returns the message as plain text, mentions included.
func (m *Message) PlainText() string { return PlainText(m.Body) }

// ruleSkipped is the rule of a message that is addressed to the bot because a
// skipped one is.
const ruleSkipped = "skipped"

// newMessage decides whether a message is for the bot.
func (b *Bot) newMessage(from *adapter.Message, self *adapter.Identity, late bool, attempt int) *Message {
	m := &Message{Message: *from, Late: late, Attempt: attempt}
	m.mentions = mention.Find(from.Body, b.names(self))
	switch {
	case from.Addressed == adapter.TernaryYes:
		m.Mentioned, m.Rule = true, "addressed"
	case from.Addressed == adapter.TernaryNo:
	case len(m.mentions) > 0:
		m.Mentioned, m.Rule = true, m.mentions[0].Rule
	}
	if s := from.Session; s != nil && s.New && s.Request != "" && s.Request != from.Body {
		m.request, m.requests = s.Request, mention.Find(s.Request, b.names(self))
	}
	return m
}

// names lists what the bot is called in the workspace of self.
func (b *Bot) names(self *adapter.Identity) mention.Names {
	handles := make([]string, 0, 2+len(b.cfg.Aliases))
	handles = append(append(handles, b.cfg.Name, self.Name), b.cfg.Aliases...)
	handles = slices.DeleteFunc(handles, func(h string) bool { return h == "" })
	return mention.Names{UserID: self.UserID, ProfileURL: self.ProfileURL, Handles: handles}
}
