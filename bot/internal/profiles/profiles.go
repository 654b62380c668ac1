// Package profiles looks up the users that a text mentions, and puts the addresses of
// their profiles in place of the mentions, which is how platforms spell one.
package profiles

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/mention"
)

// Directory is where the users of a workspace are looked up.
type Directory interface {
	// Identity returns who the bot is there.
	Identity(ctx context.Context) (*adapter.Identity, error)
	// User returns one user.
	User(ctx context.Context, q adapter.UserQuery) (*adapter.User, error)
}

// maxMentioned is how many users are looked up for one text. A text that names more of
// them is not a message to people.
const maxMentioned = 50

// Mentions replaces the mentions of one post or one stream. It looks each id up once.
// It is not safe for concurrent use.
type Mentions struct {
	In Directory
	// Workspace is that of the directory, for Bulk.
	Workspace string
	// Thread is where the text goes, for the log.
	Thread adapter.ThreadID
	// Bulk looks up several users at once. Nil if the platform cannot.
	Bulk adapter.BulkDirectory
	// Quiet says that the text mentions no one.
	Quiet bool
	// Log is told of users that are unknown to the platform.
	Log *zerolog.Logger

	// known are the addresses of the profiles by id, "" for unknown ids.
	known map[string]string
}

// Replace returns body with the address of a profile for every known <@id>. Unknown
// ids, and those behind the first 50 ids, stay as written. What no platform stores is
// left out. The error is that of a look-up that may work later.
func (m *Mentions) Replace(ctx context.Context, body string) (string, error) {
	body = sendable(body)
	if m.Quiet {
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
func (m *Mentions) learn(ctx context.Context, ids []string) error {
	if m.known == nil && len(ids) > 0 {
		m.known = make(map[string]string, len(ids))
	}
	if m.Bulk != nil && len(ids) > 1 {
		found, err := m.Bulk.UsersByID(ctx, m.Workspace, ids)
		switch {
		case err == nil:
			for _, id := range ids {
				m.known[id] = ""
				if u := found[id]; u != nil {
					m.known[id] = u.URL
				}
			}
			return nil
		case mayWorkLater(err):
			return fmt.Errorf("bot: mentions of %d users: %w", len(ids), err)
		default:
			m.Log.Debug().Err(err).Str("thread", string(m.Thread)).Msg("users could not be looked up at once")
		}
	}
	for _, id := range ids {
		url, err := m.profileURL(ctx, id)
		if err != nil {
			return err
		}
		m.known[id] = url
	}
	return nil
}

// profileURL returns the address of the profile of a user, or "" if there is none, or
// if the platform will never tell.
func (m *Mentions) profileURL(ctx context.Context, id string) (string, error) {
	self, err := m.In.Identity(ctx)
	if err != nil {
		return "", fmt.Errorf("bot: mention of %s: %w", id, err)
	}
	if id == self.UserID && self.ProfileURL != "" {
		return self.ProfileURL, nil
	}
	u, err := m.In.User(ctx, adapter.UserQuery{ID: id})
	switch {
	case err == nil && u != nil:
		return u.URL, nil
	case err != nil && mayWorkLater(err):
		return "", fmt.Errorf("bot: mention of %s: %w", id, err)
	case err != nil:
		m.Log.Debug().Err(err).Str("thread", string(m.Thread)).Str("user", id).Msg("mention stays as it was written")
	}
	return "", nil
}

func mayWorkLater(err error) bool {
	code := adapter.CodeOf(err)
	return code.Retryable() || code == adapter.CodeCanceled
}

// sendable returns body without what no platform stores: U+0000 is removed, and bytes
// that are not valid UTF-8 become U+FFFD.
func sendable(body string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(body, "\x00", ""), "\uFFFD")
}
