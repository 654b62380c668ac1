package access_test

import (
	"context"
	"testing"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/access"
	"github.com/linearbot/linearbot/bot/bottest"
)

// TestRules mentions a bot as several users. Package bot tests the rules with all
// kinds of events and with look-ups that fail.
func TestRules(t *testing.T) {
	t.Parallel()
	yes := access.If(func(context.Context, adapter.User) (bool, error) { return true, nil })
	for name, c := range map[string]struct {
		rule bot.Access
		// allowed are the users who are answered.
		allowed []string
	}{
		"users by id":          {access.Users("ada", "ci"), []string{"ada", "ci"}},
		"users by email":       {access.Users("ADA@acme.test", "ext@acme.test"), []string{"ada"}},
		"no users":             {access.Users(), nil},
		"domains":              {access.Domains("@Acme.test"), []string{"ada", "gil"}},
		"not external":         {access.NotExternal(), []string{"ada", "gil", "ci"}},
		"not guests":           {access.NotGuests(), []string{"ada", "ci"}},
		"teams":                {access.Teams("ENG"), nil},
		"not synced":           {access.NotSynced(), []string{"ada", "gil", "ci", "ext"}},
		"all":                  {access.All(access.Domains("acme.test"), access.NotGuests()), []string{"ada"}},
		"all of none":          {access.All(), []string{"ada", "gil", "ci", "ext"}},
		"all with nil":         {access.All(yes, nil), nil},
		"any":                  {access.Any(access.Users("ci"), access.NotGuests()), []string{"ada", "ci"}},
		"any of none":          {access.Any(), nil},
		"not":                  {access.Not(access.NotGuests()), []string{"gil", "ext"}},
		"if":                   {access.If(func(_ context.Context, u adapter.User) (bool, error) { return u.Guest, nil }), []string{"gil"}},
		"everyone but a guest": {access.Any(access.NotGuests(), access.Users("ext")), []string{"ada", "ci", "ext"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := bottest.New(t, bot.Config{Access: c.rule, Bots: bot.BotsAlways}, func(b *bot.Bot) {
				b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
					_, err := t.Post(ctx, bot.Text(m.Author.ID))
					return err
				})
			})
			k.UserOf(adapter.User{ID: "ada", Email: "ada@acme.test"})
			k.UserOf(adapter.User{ID: "gil", Email: "gil@acme.test", Guest: true})
			k.UserOf(adapter.User{ID: "ci", Kind: adapter.UserApp, Email: "ci@acme.test"})
			k.UserOf(adapter.User{ID: "ext", Kind: adapter.UserExternal, Email: "ext@acme.test"})
			th := k.NewThread()
			for _, id := range []string{"ada", "gil", "ci", "ext"} {
				k.User(id).Mention(th, "hello")
			}
			th.ExpectExactly(c.allowed...)
		})
	}
}
