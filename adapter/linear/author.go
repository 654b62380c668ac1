package linear

import (
	"cmp"
	"net/url"
	"strings"

	"github.com/linearbot/linearbot/adapter"
)

// mailDomain is the domain of Linear. Its employees have addresses in it;
// addresses in its subdomains belong to programs, and are the only sign of that
// in a delivery.
const mailDomain = "linear.app"

// programMail returns what kind of program a mail address belongs to, or
// UserUnknown if it is not a program's.
func programMail(email string) adapter.UserKind {
	at := strings.LastIndexByte(email, '@')
	if at < 0 {
		return adapter.UserUnknown
	}
	domain := strings.ToLower(strings.TrimRight(strings.TrimSpace(email[at+1:]), "."))
	sub, ok := strings.CutSuffix(domain, "."+mailDomain)
	switch {
	case !ok:
		return adapter.UserUnknown
	case sub == "integration":
		return adapter.UserIntegration
	default: // "oauthapp"; "linear", of Linear's own agent; future ones
		return adapter.UserApp
	}
}

// automationID, and automationName as both names, stand for the platform
// applying a rule of the workspace.
const (
	automationID   = "linear-automation"
	automationName = "Linear automation"
)

// people identifies authors, from the point of view of one bot.
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

// isSelf reports whether a user id is the bot's. It is always false for a bot
// that acts with a person's key, because the bot shares that id with the
// person.
func (p *people) isSelf(userID string) bool {
	return p.self.App && userID != "" && userID == p.self.UserID
}

func (p *people) wrote(messageID string) bool {
	return messageID != "" && p.own != nil && p.own(messageID)
}

// said is everything that a payload says about who did something. Any part may
// be missing.
type said struct {
	user     userPayload
	userID   string
	external userPayload
	// externalID is the id of a person who is synced in.
	externalID string
	bot        botActorPayload
	// actor is the actor of the envelope. It did what the delivery reports,
	// which need not be the act in question: it adds what it says about the
	// same user, and is used on its own only if sole is set.
	actor actorPayload
	sole  bool
	// wrote is the id of what was written.
	wrote string
}

// who builds a user from everything that a payload says: from an account, else
// a synced-in person, else an integration, else the actor. ok is false if it
// says nothing. The bot's own messages are recognized by their ids, but an id
// never overrides an author who is known to be another user.
func (p *people) who(s *said) (user adapter.User, ok bool) {
	id := cmp.Or(s.user.ID, s.userID)
	switch {
	case s.user != userPayload{} || id != "":
		user = p.user(s.mergedUser(id), id)
		if user.Kind == adapter.UserUnknown {
			user.Kind = s.kindOf(id)
		}
	case s.external != userPayload{} || s.externalID != "":
		return external(&s.external, s.externalID), true
	case s.bot.present():
		user = integration(&s.bot)
		if p.wrote(s.wrote) { // under another name
			user.Kind = adapter.UserSelf
		}
		return user, true
	case s.sole && s.actor != actorPayload{}:
		user = p.actor(&s.actor)
	}
	switch {
	case user != adapter.User{}:
	case p.wrote(s.wrote):
		return p.me(), true
	default:
		return user, false
	}
	if user.ID == p.self.UserID && p.wrote(s.wrote) {
		user.Kind = adapter.UserSelf
	}
	return user, true
}

// mergedUser returns the nested user, completed with what the actor says about
// the same user.
func (s *said) mergedUser(id string) *userPayload {
	u := s.user
	if a := &s.actor; id != "" && a.ID == id {
		u.Name, u.Email = cmp.Or(u.Name, a.Name), cmp.Or(u.Email, a.Email)
		u.URL, u.AvatarURL = cmp.Or(u.URL, a.URL), cmp.Or(u.AvatarURL, a.AvatarURL)
	}
	return &u
}

// kindOf returns the kind of a user of whom only the id is known.
func (s *said) kindOf(id string) adapter.UserKind {
	if id != "" && s.actor.ID == id {
		if kind := s.actor.kind(); kind != adapter.UserUnknown {
			return kind
		}
	}
	if s.bot.present() {
		return adapter.UserApp
	}
	return adapter.UserUnknown
}

// kind returns the kind of user that the type of an actor stands for.
func (a *actorPayload) kind() adapter.UserKind {
	switch strings.ToLower(a.Type) {
	case "user":
		return adapter.UserHuman
	case "integration":
		return adapter.UserIntegration
	case "oauthclient", "app", "agent":
		return adapter.UserApp
	case "externaluser":
		return adapter.UserExternal
	default:
		return adapter.UserUnknown
	}
}

// user turns a nested user into a user. id stands in for a missing id.
func (p *people) user(u *userPayload, id string) adapter.User {
	user := adapter.User{
		ID:        cmp.Or(u.ID, id),
		Name:      profileName(u.URL),
		FullName:  u.Name,
		Email:     u.Email,
		URL:       u.URL,
		AvatarURL: u.AvatarURL,
	}
	user.Kind = p.kind(u, user.ID)
	return user
}

// kind returns the kind of a nested user with that id. A bare id shows only
// whether it is the bot's, and a name alone may be a program's.
func (p *people) kind(u *userPayload, id string) adapter.UserKind {
	program := programMail(u.Email)
	switch {
	case p.isSelf(id):
		return adapter.UserSelf
	case program != adapter.UserUnknown:
		return program
	case u.Email != "" || profileName(u.URL) != "":
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

// external turns a synced-in person into a user. One with the address of a program is
// that program.
func external(u *userPayload, id string) adapter.User {
	user := adapter.User{ID: cmp.Or(u.ID, id), FullName: u.Name, Email: u.Email, Kind: adapter.UserExternal}
	if program := programMail(u.Email); program != adapter.UserUnknown {
		user.Kind = program
	}
	return user
}

func integration(b *botActorPayload) adapter.User {
	return adapter.User{
		ID:        b.ID,
		FullName:  cmp.Or(b.UserDisplayName, b.Name, b.Type),
		AvatarURL: b.AvatarURL,
		Kind:      adapter.UserIntegration,
	}
}

func automation() adapter.User {
	return adapter.User{ID: automationID, Name: automationName, FullName: automationName, Kind: adapter.UserAutomation}
}

// actor turns the actor of an envelope into a user: zero if the payload is
// empty.
func (p *people) actor(a *actorPayload) adapter.User {
	switch kind := a.kind(); kind {
	case adapter.UserIntegration, adapter.UserApp:
		if p.isSelf(a.ID) {
			kind = adapter.UserSelf
		}
		return adapter.User{ID: a.ID, FullName: cmp.Or(a.Name, a.Service), Kind: kind}
	case adapter.UserExternal:
		return external(&a.userPayload, "")
	default:
	}
	if a.userPayload == (userPayload{}) {
		return adapter.User{}
	}
	user := p.user(&a.userPayload, "")
	if user.Kind == adapter.UserUnknown {
		user.Kind = a.kind()
	}
	return user
}

// me is the bot as a user.
func (p *people) me() adapter.User {
	return adapter.User{
		ID: p.self.UserID, Name: p.self.Name, FullName: p.self.FullName,
		URL: p.self.ProfileURL, Kind: adapter.UserSelf,
	}
}

// ref returns what is known about a user from an id alone, or the one of the
// given users that has this id.
func (p *people) ref(id string, known ...adapter.User) adapter.User {
	for _, u := range known {
		if id != "" && u.ID == id {
			return u
		}
	}
	return p.user(&userPayload{}, id)
}

// notPlain reports whether r means something in an address, besides the slash and the
// dot, or would be escaped there.
func notPlain(r rune) bool {
	return r != '/' && r != '.' && r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
}

// profileName is the handle in the address of a profile,
// https://linear.app/{workspace}/profiles/{handle}. It is empty for any other
// address.
func profileName(address string) string {
	if !strings.Contains(address, "/profiles/") {
		return ""
	}
	if rest, ok := strings.CutPrefix(address, "https://"); ok && !strings.ContainsFunc(rest, notPlain) {
		// Nearly all addresses need no parser.
		_, path, _ := strings.Cut(rest, "/")
		dir, name, _ := cutLast(strings.TrimSuffix(path, "/"), "/")
		if dir != "profiles" && !strings.HasSuffix(dir, "/profiles") {
			return ""
		}
		return name
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
