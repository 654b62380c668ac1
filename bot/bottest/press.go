package bottest

import (
	"slices"
	"strings"

	"github.com/linearbot/linearbot/adapter"
)

// Press waits as [Kit.Wait] does and presses the button with a label, or chooses
// the option, in the bot's newest post that has such a button. No user is named
// as who did it: buttons are links, and a link does not tell who follows it.
// Config.Links must make links.
func (k *Kit) Press(th *Thread, label string) {
	k.t.Helper()
	k.Wait()
	posts := th.Posts()
	for _, post := range slices.Backward(posts) {
		_, rest, _ := strings.Cut(post, "["+label+"]("+strings.TrimRight(k.cfg.Links.BaseURL, "/")+adapter.ButtonPath)
		token, _, ok := strings.Cut(rest, ")")
		if !ok {
			continue
		}
		b, err := k.bot.Press(k.t.Context(), token)
		switch {
		case err != nil:
			k.t.Fatalf("bottest: %s: pressing %q: %v", th.id, label, err)
		case b.State == adapter.ButtonUsed:
			k.t.Fatalf("bottest: %s: button %q was used before, or its question is closed", th.id, label)
		case b.State == adapter.ButtonExpired:
			k.t.Fatalf("bottest: %s: button %q has expired at %s", th.id, label, b.Expires)
		}
		return
	}
	hint := ""
	if k.cfg.Links.BaseURL == "" {
		hint = "; with Config.Links unset, buttons are labels"
	}
	k.t.Fatalf("bottest: %s: no post has a button %q%s. The posts are%s", th.id, label, hint, list(posts))
}
