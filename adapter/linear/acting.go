package linear

import (
	"cmp"
	"context"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// bot is the bot in one workspace: its identity and its client.
type bot struct {
	api    *linearapi.Client
	self   *adapter.Identity
	people *people
	ids    writeIDs
}

// bot returns the bot in a workspace. Its errors are those of Identity.
func (a *Adapter) bot(ctx context.Context, workspace string) (*bot, error) {
	self, err := a.Identity(ctx, workspace)
	if err != nil {
		return nil, err
	}
	acc, err := a.account(workspace)
	if err != nil {
		return nil, err
	}
	ids, err := a.secrets.load(ctx)
	if err != nil {
		return nil, err
	}
	return &bot{api: acc.api, self: self, people: newPeople(self, a.own(self)), ids: ids}, nil
}

// own returns a function that reports whether the bot wrote the message with an
// id.
func (a *Adapter) own(self *adapter.Identity) func(id string) bool {
	ids := a.secrets.known()
	return func(id string) bool {
		if self == nil {
			return false
		}
		_, ok := a.written.get(commentKey{self.Workspace, id})
		return ok || ids.own(self.UserID, id)
	}
}

// key names a comment, or anything else with an id, in the bot's workspace.
func (b *bot) key(id string) commentKey { return commentKey{b.self.Workspace, id} }

// writeID is the id of what the bot writes under a key.
func (b *bot) writeID(key string) string { return b.ids.id(b.self.Workspace, b.self.UserID, key) }

// account converts a user returned by the API.
func (p *people) account(u *linearapi.User) adapter.User {
	user := p.user(&userPayload{ID: u.ID, Name: u.Name, Email: u.Email, URL: u.URL, AvatarURL: u.AvatarURL}, "")
	user.Name = cmp.Or(u.DisplayName, user.Name)
	user.Guest = u.Guest
	switch { // the API says which users are apps
	case user.IsBot():
	case u.App:
		user.Kind = adapter.UserApp
	default:
		user.Kind = adapter.UserHuman
	}
	return user
}

// accountRef is account for optional users: nil if there is none.
func (p *people) accountRef(u *linearapi.User) *adapter.User {
	if u == nil {
		return nil
	}
	user := p.account(u)
	return &user
}

// anyAccount returns who did something, given the candidates. ok is false if
// all are nil.
func (p *people) anyAccount(u *linearapi.User, e *linearapi.ExternalUser, b *linearapi.ActorBot) (_ adapter.User, ok bool) {
	switch {
	case u != nil:
		return p.account(u), true
	case e != nil:
		user := external(&userPayload{ID: e.ID, Name: cmp.Or(e.Name, e.DisplayName), Email: e.Email}, "")
		user.AvatarURL = e.AvatarURL
		return user, true
	case b != nil:
		return integration(&botActorPayload{
			ID: b.ID, Type: b.Type, Name: b.Name, UserDisplayName: b.UserDisplayName, AvatarURL: b.AvatarURL,
		}), true
	default:
		return adapter.User{}, false
	}
}

// commentAuthor returns who wrote a comment. A comment without an author is
// attributed to Linear.
func (p *people) commentAuthor(c *linearapi.Comment) adapter.User {
	user, ok := p.anyAccount(c.User, c.ExternalUser, c.BotActor)
	own := p.wrote(c.ID)
	switch {
	case !ok && own:
		return p.me()
	case !ok:
		return automation()
	case own && c.ExternalUser == nil && (c.User == nil || user.ID == p.self.UserID):
		user.Kind = adapter.UserSelf
	}
	return user
}
