package bot_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/adapter"
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
			synctest.Test(t, func(t *testing.T) {
				o := newScripted()
				w := newTest(t, withPlatform(o, o.Fake))
				w.bot.OnReaction(func(context.Context, *bot.Thread, *adapter.ReactionEvent) error {
					w.note("seen")
					return nil
				}, c.filter)
				o.events["m1"] = reaction(c.arrives, "m0")
				w.say("ada", "reacts")
				w.run(time.Minute)
				if got := strings.Join(w.notes(), " ") == "seen"; got != c.want {
					t.Errorf("handled: %t", got)
				}
			})
		})
	}
}
