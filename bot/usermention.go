package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/markdown"
	"github.com/linearbot/linearbot/internal/mention"
)

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

// maxMentioned is how many users are looked up for one post. A text that names
// more of them is not a message to people.
const maxMentioned = 50

// mentioner replaces the <@id> of one post or one stream. It looks each id up
// once.
type mentioner struct {
	thread *Thread
	// quiet says that the text mentions no one.
	quiet bool
	// known are the addresses of the profiles by id, "" for unknown
	// ids.
	known map[string]string
}

// replace returns body with the address of a profile for every known <@id>.
// Unknown ids, and those behind the first maxMentioned ids, stay as written. The
// error is that of a look-up that may work later.
func (m *mentioner) replace(ctx context.Context, body string) (string, error) {
	body = sendable(body)
	if m.quiet {
		return mention.Quiet(body), nil
	}
	places := mention.Places(body)
	var ids []string
	for _, p := range places {
		if _, ok := m.known[p.ID]; !ok && !slices.Contains(ids, p.ID) && len(m.known)+len(ids) < maxMentioned {
			ids = append(ids, p.ID)
		}
	}
	if err := m.learn(ctx, ids); err != nil {
		return "", err
	}
	return mention.Replace(body, places, func(id string) string { return m.known[id] }), nil
}

// learn looks up ids, all at once where the platform can.
func (m *mentioner) learn(ctx context.Context, ids []string) error {
	if m.known == nil && len(ids) > 0 {
		m.known = make(map[string]string, len(ids))
	}
	if people := m.thread.bot.can.people; people != nil && len(ids) > 1 {
		found, err := people.UsersByID(ctx, m.thread.workspace, ids)
		switch code := adapter.CodeOf(err); {
		case err == nil:
			for _, id := range ids {
				m.known[id] = ""
				if u := found[id]; u != nil {
					m.known[id] = u.URL
				}
			}
			return nil
		case code.Retryable() || code == adapter.CodeCanceled:
			return fmt.Errorf("bot: mentions of %d users: %w", len(ids), err)
		default:
			m.thread.bot.log.Debug().Err(err).Str(keyThread, string(m.thread.id)).Msg("users could not be looked up at once")
		}
	}
	for _, id := range ids {
		url, err := m.thread.profileURL(ctx, id)
		if err != nil {
			return err
		}
		m.known[id] = url
	}
	return nil
}

// sendable returns body without what no platform stores: U+0000 is removed, and
// bytes that are not valid UTF-8 become U+FFFD.
func sendable(body string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(body, "\x00", ""), "\uFFFD")
}

// mention replaces the <@id> of a text that is written at once.
func (t *Thread) mention(ctx context.Context, body string) (string, error) {
	m := mentioner{thread: t}
	return m.replace(ctx, body)
}

// profileURL returns the address of the profile of a user, or "" if there is
// none, or if the platform will never tell.
func (t *Thread) profileURL(ctx context.Context, id string) (string, error) {
	self, err := t.self(ctx)
	if err != nil {
		return "", fmt.Errorf("bot: mention of %s: %w", id, err)
	}
	if id == self.UserID && self.ProfileURL != "" {
		return self.ProfileURL, nil
	}
	u, err := t.Workspace().User(ctx, adapter.UserQuery{ID: id})
	switch code := adapter.CodeOf(err); {
	case err == nil && u != nil:
		return u.URL, nil
	case err != nil && (code.Retryable() || code == adapter.CodeCanceled):
		return "", fmt.Errorf("bot: mention of %s: %w", id, err)
	case err != nil:
		t.bot.log.Debug().Err(err).Str(keyThread, string(t.id)).Str("user", id).Msg("mention stays as it was written")
	}
	return "", nil
}

// self says who the bot is in the thread's workspace.
func (t *Thread) self(ctx context.Context) (*adapter.Identity, error) {
	turn := t.turnOf(ctx)
	if turn != nil && turn.self != nil && turn.event.Head().Workspace == t.workspace {
		return turn.self, nil
	}
	return t.bot.cfg.Adapter.Identity(ctx, t.workspace)
}
