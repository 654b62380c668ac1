package linear

import (
	"cmp"
	"net/url"
	"strings"

	"github.com/linearbot/linearbot/adapter"
)

// These end the mail address of every user that is an app, and that of Linear's
// own agent. They are all that a delivery says about that.
const (
	appMailSuffix   = "@oauthapp.linear.app"
	agentMailSuffix = "@linear.linear.app"
)

// automationID, and automationName as both names, stand for the platform acting
// by a rule of the workspace.
const (
	automationID   = "linear-automation"
	automationName = "Linear automation"
)

// people tells who wrote what, in the eyes of one bot.
type people struct {
	self adapter.Identity
	// own reports whether the bot wrote the message with an id.
	own func(id string) bool
}

func newPeople(self *adapter.Identity, own func(id string) bool) *people {
	p := &people{own: own}
	if self != nil {
		p.self = *self
	}
	return p
}

// isSelf reports whether a user id is the bot's. A bot that acts with a
// person's key shares that id with the person, so it never is.
func (p *people) isSelf(userID string) bool {
	return p.self.App && userID != "" && userID == p.self.UserID
}

func (p *people) wrote(messageID string) bool {
	return messageID != "" && p.own != nil && p.own(messageID)
}

// user turns a nested user into a user. id stands in for a missing id.
func (p *people) user(u *userPayload, id string) adapter.User {
	user := adapter.User{
		ID:       cmp.Or(u.ID, id),
		Name:     profileName(u.URL),
		FullName: u.Name,
		Email:    u.Email,
		URL:      u.URL,
		Avatar:   u.AvatarURL,
	}
	user.Kind = p.kind(u, user.ID)
	return user
}

// kind tells what sort of user a nested user with that id is. Of a bare id
// nothing is known but whether it is the bot's. Older deliveries name people
// without their address; what is named and is not known as an app is a person.
func (p *people) kind(u *userPayload, id string) adapter.UserKind {
	switch {
	case p.isSelf(id):
		return adapter.UserSelf
	case isAppMail(u.Email):
		return adapter.UserApp
	case u.Email != "" || u.Name != "" || u.URL != "":
		return adapter.UserHuman
	case id != "" && id == p.self.UserID: // the bot acts with that person's key
		return adapter.UserHuman
	default:
		return adapter.UserUnknown
	}
}

// userRef is user for optional users: nil if there is none.
func (p *people) userRef(u *userPayload, id string) *adapter.User {
	if *u == (userPayload{}) && id == "" {
		return nil
	}
	user := p.user(u, id)
	return &user
}

// external turns a synced-in person into a user.
func external(u *userPayload, id string) adapter.User {
	return adapter.User{ID: cmp.Or(u.ID, id), FullName: u.Name, Email: u.Email, Kind: adapter.UserExternal}
}

func integration(b *botActorPayload) adapter.User {
	return adapter.User{
		ID:       b.ID,
		FullName: cmp.Or(b.UserDisplayName, b.Name, b.Type),
		Avatar:   b.AvatarURL,
		Kind:     adapter.UserIntegration,
	}
}

func automation() adapter.User {
	return adapter.User{ID: automationID, Name: automationName, FullName: automationName, Kind: adapter.UserAutomation}
}

// actor turns the actor of an envelope into a user: zero if it names no one.
func (p *people) actor(a *actorPayload) adapter.User {
	switch strings.ToLower(a.Type) {
	case "integration":
		return adapter.User{ID: a.ID, FullName: cmp.Or(a.Name, a.Service), Kind: adapter.UserIntegration}
	case "oauthclient":
		return adapter.User{ID: a.ID, FullName: a.Name, Kind: adapter.UserApp}
	case "externaluser":
		return external(&a.userPayload, "")
	}
	if a.userPayload == (userPayload{}) {
		return adapter.User{}
	}
	return p.user(&a.userPayload, "")
}

// author finds who wrote a comment: a user, else a person who is synced in,
// else an integration. The bot's own messages are known by their id too.
func (p *people) author(c *commentPayload) (adapter.User, bool) {
	var u adapter.User
	switch {
	case c.User != userPayload{} || c.UserID != "":
		u = p.user(&c.User, c.UserID)
	case c.ExternalUser != userPayload{} || c.ExternalUserID != "":
		u = external(&c.ExternalUser, c.ExternalUserID)
	case c.BotActor.present():
		u = integration(&c.BotActor)
	default:
		if !p.wrote(c.ID) {
			return adapter.User{}, false
		}
		u = p.me()
	}
	if p.wrote(c.ID) {
		u.Kind = adapter.UserSelf
	}
	return u, true
}

// me is the bot as a user.
func (p *people) me() adapter.User {
	return adapter.User{
		ID: p.self.UserID, Name: p.self.Name, FullName: p.self.FullName,
		URL: p.self.ProfileURL, Kind: adapter.UserSelf,
	}
}

// ref is what is known of a user from an id alone, or from one of the users
// given, if the id is theirs.
func (p *people) ref(id string, known ...adapter.User) adapter.User {
	for _, u := range known {
		if id != "" && u.ID == id {
			return u
		}
	}
	return p.user(&userPayload{}, id)
}

func isAppMail(email string) bool {
	at := strings.LastIndexByte(email, '@')
	return at >= 0 && (strings.EqualFold(email[at:], appMailSuffix) || strings.EqualFold(email[at:], agentMailSuffix))
}

// profileName is the handle in the address of a profile,
// https://linear.app/{workspace}/profiles/{handle}. It is empty for any other
// address.
func profileName(address string) string {
	if !strings.Contains(address, "/profiles/") {
		return ""
	}
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	path := strings.TrimSuffix(u.EscapedPath(), "/")
	dir, name, ok := cutLast(path, "/")
	if !ok || !strings.HasSuffix(dir, "/profiles") {
		return ""
	}
	name, err = url.PathUnescape(name)
	if err != nil {
		return ""
	}
	return name
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
