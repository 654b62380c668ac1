package linear

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
)

func TestProfileName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://linear.app/acme/profiles/ada":       "ada",
		"https://linear.app/acme/profiles/ada?x=1#y": "ada",
		"https://linear.app/acme/profiles/ada/":      "ada",
		"https://linear.app/acme/profiles/ada.b-c_d": "ada.b-c_d",
		"https://linear.app/acme/profiles/ada%20b":   "ada b",
		"https://linear.app/acme/profiles/a%2Fb":     "a/b",
		"https://linear.app/acme/profiles/%C3%A4da":  "äda",
		"https://example.com/profiles/ada":           "ada",
		"https://example.com/u/ada":                  "",
		"https://linear.app/acme/profiles/":          "",
		"https://linear.app/acme/profiles/ada/x":     "",
		"https://linear.app/acme?a=/profiles/ada":    "",
		"https://linear.app/acme/profiles/%zz":       "",
		"":                                           "",
		"::/profiles/x":                              "",
	} {
		if got := profileName(in); got != want {
			t.Errorf("profileName(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestAuthor(t *testing.T) {
	t.Parallel()
	const wrote = "own"
	own := func(id string) bool { return id == wrote }
	ada := userPayload{ID: "ada", Name: "Ada", Email: "ada@acme.test", URL: "https://linear.app/acme/profiles/ada"}
	adaUser := adapter.User{ID: "ada", Name: "ada", FullName: "Ada", Email: ada.Email, URL: ada.URL, Kind: adapter.UserHuman}
	person := payloadSelf()
	person.App = false
	tests := []struct {
		name string
		self *adapter.Identity
		c    commentPayload
		want adapter.User
	}{
		{"human", payloadSelf(), commentPayload{User: ada}, adaUser},
		{"id only", payloadSelf(), commentPayload{UserID: "ada"}, adapter.User{ID: "ada", Kind: adapter.UserUnknown}},
		{"self", payloadSelf(), commentPayload{UserID: "bot"}, adapter.User{ID: "bot", Kind: adapter.UserSelf}},
		{"an own id under another user", payloadSelf(), commentPayload{ID: wrote, UserID: "x"}, adapter.User{ID: "x"}},
		{"a person with the bot's key", person, commentPayload{UserID: "bot"}, adapter.User{ID: "bot", Kind: adapter.UserHuman}},
		{"the bot with a person's key", person, commentPayload{ID: wrote, UserID: "bot"}, adapter.User{ID: "bot", Kind: adapter.UserSelf}},
		{
			"another app", payloadSelf(),
			commentPayload{User: userPayload{ID: "x", Email: "1@OAuthApp.linear.app"}},
			adapter.User{ID: "x", Email: "1@OAuthApp.linear.app", Kind: adapter.UserApp},
		},
		{
			"Linear's own agent", payloadSelf(),
			commentPayload{User: userPayload{ID: "x", Email: "linear-org@linear.linear.app"}},
			adapter.User{ID: "x", Email: "linear-org@linear.linear.app", Kind: adapter.UserApp},
		},
		{
			"almost an app", payloadSelf(),
			commentPayload{User: userPayload{ID: "x", Email: "1@oauthapp.linear.app.test"}},
			adapter.User{ID: "x", Email: "1@oauthapp.linear.app.test", Kind: adapter.UserHuman},
		},
		{
			"external", payloadSelf(),
			commentPayload{ExternalUser: userPayload{ID: "e", Name: "Eve"}},
			adapter.User{ID: "e", FullName: "Eve", Kind: adapter.UserExternal},
		},
		{
			"integration", payloadSelf(),
			commentPayload{BotActor: botActorPayload{ID: "g", Type: "github", Name: "GitHub"}},
			adapter.User{ID: "g", FullName: "GitHub", Kind: adapter.UserIntegration},
		},
		{
			"a user through an integration", payloadSelf(),
			commentPayload{User: ada, BotActor: botActorPayload{Name: "Slack"}},
			adaUser,
		},
		{"unknown bot", nil, commentPayload{UserID: "bot"}, adapter.User{ID: "bot"}},
	}
	for _, tt := range tests {
		got, ok := newPeople(tt.self, own).who(of(&tt.c))
		if diff := cmp.Diff(tt.want, got); diff != "" || !ok {
			t.Errorf("%s: %t (-want +got):\n%s", tt.name, ok, diff)
		}
	}
	if got, ok := newPeople(payloadSelf(), own).who(&said{}); ok {
		t.Errorf("empty actor: %+v, want no user", got)
	}
	got, ok := newPeople(payloadSelf(), own).who(&said{wrote: wrote})
	if !ok || !got.IsSelf() || got.ID != "bot" {
		t.Errorf("an own message without author is by %+v", got)
	}
}

// of is everything that a comment says about its author.
func of(c *commentPayload) *said {
	return &said{
		user: c.User, userID: c.UserID, external: c.ExternalUser, externalID: c.ExternalUserID, bot: c.BotActor, wrote: c.ID,
	}
}

// TestProgramMail checks the addresses of programs: all in subdomains of
// Linear's.
func TestProgramMail(t *testing.T) {
	t.Parallel()
	for email, want := range map[string]adapter.UserKind{
		"1@oauthapp.linear.app":               adapter.UserApp,
		"linear-acme@linear.linear.app":       adapter.UserApp,
		"0a1b@integration.linear.app":         adapter.UserIntegration,
		"0A1B@Integration.Linear.App":         adapter.UserIntegration,
		"x@integration.linear.app.":           adapter.UserIntegration,
		"x@something-new.linear.app":          adapter.UserApp,
		"x@a.b.linear.app":                    adapter.UserApp,
		"a@b@oauthapp.linear.app":             adapter.UserApp,
		"X@LINEAR.LINEAR.APP.. ":              adapter.UserApp,
		"bot+1@oauth-app.linear.app":          adapter.UserApp,
		"ada@linear.app.":                     adapter.UserUnknown,
		"ada@xlinear.linear.apps":             adapter.UserUnknown,
		"karri@linear.app":                    adapter.UserUnknown,
		"ada@notlinear.app":                   adapter.UserUnknown,
		"ada@oauthapp.linear.app.example.com": adapter.UserUnknown,
		"oauthapp.linear.app@example.com":     adapter.UserUnknown,
		"ada@example.com":                     adapter.UserUnknown,
		"oauthapp.linear.app":                 adapter.UserUnknown,
		"":                                    adapter.UserUnknown,
	} {
		if got := programMail(email); got != want {
			t.Errorf("programMail(%q) = %s, want %s", email, got, want)
		}
	}
}

// TestWho derives an author from everything that a payload says.
func TestWho(t *testing.T) {
	t.Parallel()
	const wrote = "own"
	own := func(id string) bool { return id == wrote }
	actor := func(typ string, u userPayload) actorPayload { return actorPayload{userPayload: u, Type: typ} }
	mail := func(id, email string) userPayload { return userPayload{ID: id, Name: "X", Email: email} }
	for _, tc := range []struct {
		name string
		said said
		want adapter.UserKind
	}{
		{"an external user with an app's address", said{external: mail("x", "1@oauthapp.linear.app")}, adapter.UserApp},
		{"an external actor with an app's address", said{sole: true, actor: actor("externalUser", mail("x", "1@new.linear.app"))}, adapter.UserApp},
		{"id and the same actor, an app", said{userID: "x", actor: actor("user", mail("x", "1@oauthapp.linear.app"))}, adapter.UserApp},
		{"id and the same actor, an integration", said{userID: "x", actor: actor("user", mail("x", "1@integration.linear.app"))}, adapter.UserIntegration},
		{"id and the same actor, a person", said{userID: "x", actor: actor("user", mail("x", "x@acme.test"))}, adapter.UserHuman},
		{"id and the same actor, by its type", said{userID: "x", actor: actor("oauthClient", userPayload{ID: "x"})}, adapter.UserApp},
		{"id and the same actor without a type", said{userID: "x", actor: actor("", userPayload{ID: "x", Name: "X"})}, adapter.UserUnknown},
		{"id and another actor", said{userID: "x", actor: actor("user", mail("y", "y@acme.test"))}, adapter.UserUnknown},
		{"a name without an address", said{user: userPayload{ID: "x", Name: "X"}}, adapter.UserUnknown},
		{"a user without an address, and the same actor", said{user: userPayload{ID: "x", Name: "X"}, actor: actor("user", userPayload{ID: "x"})}, adapter.UserHuman},
		{"id and an integration", said{userID: "x", bot: botActorPayload{Type: "slack"}}, adapter.UserApp},
		{"a person's id under an own id", said{user: mail("x", "x@acme.test"), wrote: wrote}, adapter.UserHuman},
		{"an unknown user under an own id", said{userID: "x", wrote: wrote}, adapter.UserUnknown},
		{"a synced person under an own id", said{externalID: "x", wrote: wrote}, adapter.UserExternal},
		{"another name of the bot's", said{bot: botActorPayload{Type: "oauthClient"}, wrote: wrote}, adapter.UserSelf},
		{"an own id alone", said{wrote: wrote}, adapter.UserSelf},
		{"the actor alone", said{actor: actor("user", mail("x", "x@acme.test")), sole: true}, adapter.UserHuman},
		{"the actor of something else", said{actor: actor("user", mail("x", "x@acme.test"))}, adapter.UserUnknown},
	} {
		if got, _ := newPeople(payloadSelf(), own).who(&tc.said); got.Kind != tc.want {
			t.Errorf("%s: %+v, want %s", tc.name, got, tc.want)
		}
	}
	got, _ := newPeople(payloadSelf(), own).who(&said{userID: "x", actor: actor("user", mail("x", "x@acme.test"))})
	if diff := cmp.Diff(adapter.User{ID: "x", FullName: "X", Email: "x@acme.test", Kind: adapter.UserHuman}, got); diff != "" {
		t.Errorf("what the actor says (-want +got):\n%s", diff)
	}
}

func TestActor(t *testing.T) {
	t.Parallel()
	p := newPeople(payloadSelf(), nil)
	user := userPayload{ID: "x", Name: "X", Email: "x@acme.test"}
	for kind, want := range map[string]adapter.User{
		"user":         {ID: "x", FullName: "X", Email: "x@acme.test", Kind: adapter.UserHuman},
		"":             {ID: "x", FullName: "X", Email: "x@acme.test", Kind: adapter.UserHuman},
		"OauthClient":  {ID: "x", FullName: "X", Kind: adapter.UserApp},
		"Integration":  {ID: "x", FullName: "X", Kind: adapter.UserIntegration},
		"ExternalUser": {ID: "x", FullName: "X", Email: "x@acme.test", Kind: adapter.UserExternal},
	} {
		if diff := cmp.Diff(want, p.actor(&actorPayload{userPayload: user, Type: kind})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", kind, diff)
		}
	}
	if got := p.actor(&actorPayload{}); got != (adapter.User{}) {
		t.Errorf("empty actor: %+v, want no user", got)
	}
	if got := p.actor(&actorPayload{Type: "Integration", Service: "github"}); got.FullName != "github" {
		t.Errorf("a service is %+v", got)
	}
}

func TestMentioned(t *testing.T) {
	t.Parallel()
	p := newPeople(payloadSelf(), nil)
	for s, want := range map[string]bool{
		"@helper-bot":                  true,
		"hey @Helper-Bot, look":        true,
		"@helper-bot.":                 true,
		"@helper-bot-dev":              false,
		"@helper-bot.dev":              false,
		"@helper-bot2 and @helper-bot": true,
		"helper-bot":                   false,
		"https://linear.app/acme/profiles/helper-bot now": true,
		"https://linear.app/acme/profiles/helper-bot-dev": false,
		"": false,
	} {
		if got := p.mentioned(s); got != want {
			t.Errorf("mentioned(%q) = %t", s, got)
		}
	}
	if newPeople(nil, nil).mentioned("@") {
		t.Error("a bot without a name is mentioned")
	}
}
