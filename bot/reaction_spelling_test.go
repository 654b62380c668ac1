package bot_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/linearbot/linearbot/bot"
)

// TestReactionSpellings registers handlers in one spelling and reacts in another.
func TestReactionSpellings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		filter, arrives string
		want            bool
	}{
		{"🦄", "unicorn_face", true},
		{"unicorn", "🦄", true},
		{"⚠", "warning", true},
		{":thumbs_up:", "thumbs_up", true},
		{"Thumbs_Up", "+1_tone3", true},
		{"👍", "👍🏽", true},
		{"hooray", "party", true},
		{":My-Own:", "my-own", false},
		{"my-own", ":my-own:", true},
		{"eyes", "thumbs_up", false},
	} {
		t.Run(c.filter+" "+c.arrives, func(t *testing.T) {
			t.Parallel()
			inOffice(t, bot.Config{}, func(t *testing.T, w *world, o *office) {
				w.bot.OnReaction(func(context.Context, *bot.Thread, *bot.Reaction) error {
					w.note("seen")
					return nil
				}, c.filter)
				w.event(o, reaction(c.arrives, "m1"))
				w.run(time.Minute)
				if got := strings.Join(w.notes(), " ") == "seen"; got != c.want {
					t.Errorf("handled: %t", got)
				}
			})
		})
	}
}
