package bot

import (
	"testing"

	"github.com/linearbot/linearbot/adapter"
)

func TestMentionUser(t *testing.T) {
	t.Parallel()
	for want, u := range map[string]adapter.User{
		"<@u1>":         {ID: "u1", Name: "ann", FullName: "Ann"},
		"<@self>":       {ID: "self", Kind: adapter.UserSelf},
		"<@app>":        {ID: "app", Kind: adapter.UserApp},
		"Eve \\_ Adams": {ID: "e1", FullName: "Eve _ Adams", Kind: adapter.UserExternal},
		"GitHub":        {ID: "i1", FullName: "GitHub", Kind: adapter.UserIntegration},
		"linear":        {ID: "a1", Name: "linear", Kind: adapter.UserAutomation},
		"Ann":           {Name: "ann", FullName: "Ann"},
		"":              {},
	} {
		if got := MentionUser(u); got != want {
			t.Errorf("MentionUser(%+v) = %q, want %q", u, got, want)
		}
	}
}
