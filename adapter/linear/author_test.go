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
		{"self by the message", payloadSelf(), commentPayload{ID: wrote, UserID: "x"}, adapter.User{ID: "x", Kind: adapter.UserSelf}},
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
		got, ok := newPeople(tt.self, own).author(&tt.c)
		if diff := cmp.Diff(tt.want, got); diff != "" || !ok {
			t.Errorf("%s: %t (-want +got):\n%s", tt.name, ok, diff)
		}
	}
	if got, ok := newPeople(payloadSelf(), own).author(&commentPayload{}); ok {
		t.Errorf("nobody is %+v", got)
	}
	got, ok := newPeople(payloadSelf(), own).author(&commentPayload{ID: wrote})
	if !ok || !got.IsSelf() || got.ID != "bot" {
		t.Errorf("an own message without author is by %+v", got)
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
		t.Errorf("nobody is %+v", got)
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
