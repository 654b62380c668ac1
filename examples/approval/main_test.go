package main

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/bottest"
	"github.com/linearbot/linearbot/linearbottest"
)

const question = `**Deploy api?**

1. Approve
2. Deny

Answer with one of these, or react with 👍 or 👎.`

func TestReplyAfterRestart(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ answer, shown, outcome string }{
		{"approve", "**Deploy api?**\n\n_Approved by bob._", "Approved by bob: deployed api."},
		{"2", "**Deploy api?**\n\n_Denied by bob._", "Denied by bob: api stays as it is."},
	} {
		t.Run(tt.answer, func(t *testing.T) {
			t.Parallel()
			k := bottest.New(t, bot.Config{}, register)
			th := k.NewThread()
			k.User("ada").Mention(th, "deploy api")
			th.ExpectExactly(question)
			k.Restart()
			k.User("bob").Say(th, "not sure yet") // no answer
			th.ExpectExactly(question)
			k.User("bob").Say(th, tt.answer)
			th.ExpectExactly(tt.shown, tt.outcome)
		})
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := bottest.New(t, bot.Config{}, register)
		th := k.NewThread()
		k.User("ada").Mention(th, "deploy api")
		th.ExpectExactly(question)
		k.Sleep(25 * time.Hour)
		th.ExpectExactly("**Deploy api?**\n\n_Timed out._", "No one approved in time: api stays as it is.")
	})
}

// In Linear a reaction to the question answers it, and one to the request does
// not.
func TestReaction(t *testing.T) {
	t.Parallel()
	s := linearbottest.New(t, linearbot.Config{Register: register, Environ: []string{"LINEARBOT_PUBLIC_URL="}})
	root := s.Ada.Comment(s.Issue("Checkout fails"), "@helper-bot deploy api")
	s.Replies(root, 1)
	s.Ada.React(root, "👍")
	s.Ada.React(s.OwnReplies(root)[0], "👍")
	want := []string{"**Deploy api?**\n\n_Approved by Ada Byron._", "Approved by Ada Byron: deployed api."}
	if diff := cmp.Diff(want, s.Replies(root, 2)); diff != "" {
		t.Errorf("replies (-want +got):\n%s", diff)
	}
}
