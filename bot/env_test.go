package bot_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/bot"
)

func TestConfigFromEnv(t *testing.T) {
	for _, tt := range []struct {
		name, user, base, secrets string
		want                      bot.Config
	}{
		{"nothing", "", "", "s", bot.Config{}},
		{"name", "my-bot", "", "", bot.Config{Name: "my-bot"}},
		{"links", "", "https://h", " new, old,,", bot.Config{Links: bot.LinkConfig{BaseURL: "https://h", Secrets: []string{"new", "old"}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("LINEAR_BOT_USERNAME", tt.user)
			t.Setenv("LINEARBOT_PUBLIC_URL", tt.base)
			t.Setenv("LINEAR_WEBHOOK_SECRET", tt.secrets)
			got := bot.ConfigFromEnv()
			if diff := cmp.Diff(tt.want.Links, got.Links); diff != "" || got.Name != tt.want.Name {
				t.Errorf("name %q, links (-want +got):\n%s", got.Name, diff)
			}
		})
	}
}
