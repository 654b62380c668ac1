package bot_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
)

func TestWorkspace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newDirectory()
		w := newTest(t, withPlatform(o, o.Fake), withSteadyBackoff())
		ctx := t.Context()
		one, two := w.bot.Workspace("W1"), w.bot.Workspace("W2")
		if one.ID() != "W1" || two.ID() != "W2" {
			t.Errorf("ids %q and %q", one.ID(), two.ID())
		}
		th, err := two.Thread(thread)
		if err != nil || th.ID() != thread || th.Workspace().ID() != "W2" {
			t.Fatalf("thread %+v, %v", th, err)
		}
		if _, err := th.Post(ctx, bot.Markdown("for <@ada>")); err != nil {
			t.Fatal(err)
		}
		checkLog(t, o.editable, "post for "+adaURL)
		if _, err := one.Thread("elsewhere:x"); !isIDError(err) {
			t.Errorf("a thread of another platform: %v, want an IDError", err)
		}
		if u, err := two.User(ctx, adapter.UserQuery{ID: "ada"}); err != nil || u.URL != adaURL {
			t.Errorf("user %+v, %v", u, err)
		}
		if self, err := two.Identity(ctx); err != nil || self.Workspace != "W2" {
			t.Errorf("identity %+v, %v", self, err)
		}
		if _, err := w.bot.Workspace("W-dead").Identity(ctx); adapter.CodeOf(err) != adapter.CodeForbidden {
			t.Errorf("identity where the bot is not installed: %v, want Forbidden", err)
		}
		// What one way in sees, the other does, and no other workspace.
		if err := one.Transcript("ada").Append(ctx, bot.TranscriptEntry{Role: "user", Text: "hi"}); err != nil {
			t.Fatal(err)
		}
		for tr, want := range map[*bot.Transcript][]string{
			one.Transcript("ada"): {"hi"}, w.bot.Workspace("W1").Transcript("ada"): {"hi"}, two.Transcript("ada"): nil,
		} {
			entries, err := tr.Entries(ctx)
			var got []string
			for _, e := range entries {
				got = append(got, e.Text)
			}
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("transcript %q, %v, want %q", got, err, want)
			}
		}
	})
}

func isIDError(err error) bool {
	_, ok := errors.AsType[*bot.IDError](err)
	return ok
}
