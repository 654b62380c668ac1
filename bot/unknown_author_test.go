package bot_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
)

// An author of whom only the id is known may be a program, so the bot hears
// one only if mentioned.
func TestUnknownAuthor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		kind       adapter.UserKind
		want       []string
	}{
		{"a person", "hello", adapter.UserHuman, []string{"heard hello"}},
		{"unknown", "hello", adapter.UserUnknown, nil},
		{"unknown that mentions", "@helper hello", adapter.UserUnknown, []string{"heard @helper hello"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newScripted()
				w := newTest(t, withPlatform(o, o.Fake), withSteadyBackoff())
				w.bot.OnNewMessage(nil, func(_ context.Context, _ *bot.Thread, m *bot.Message) error {
					w.note("heard %s", m.Body)
					return nil
				})
				w.event(o, &adapter.MessageEvent{Message: &adapter.Message{ID: "m1", Author: adapter.User{ID: "x", Kind: c.kind}, Body: c.text}})
				w.run(time.Second)
				w.noted(c.want...)
			})
		})
	}
}

// An approval needs a person, or the one that was asked for.
func TestUnknownAuthorApproves(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		from []string
		kind adapter.UserKind
		want string
	}{
		{"a person", nil, adapter.UserHuman, "approved true"},
		{"unknown", nil, adapter.UserUnknown, "reaction"},
		{"unknown, and asked for", []string{"ada"}, adapter.UserUnknown, "approved true"},
		{"an app that was asked for", []string{"ada"}, adapter.UserApp, "reaction"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newScripted()
				w := newTest(t, withPlatform(o, o.Fake), withSteadyBackoff())
				w.bot.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
					a, err := bot.RequestApproval(ctx, t, bot.ApprovalRequest{Title: "Deploy?", Approvers: c.from})
					if err == nil {
						w.note("approved %v", a.Approved)
					}
					return err
				})
				w.bot.OnReaction(func(context.Context, *bot.Thread, *adapter.ReactionEvent) error { w.note("reaction"); return nil })
				ev := reaction("thumbs_up", "post-0")
				ev.User.Kind = c.kind
				o.events["m2"] = ev
				w.say("ada", "@helper deploy")
				stop := w.start()
				synctest.Wait()
				w.deliver(w.fake.Said("fake:room:reactions", "m2", "ada", ""))
				time.Sleep(time.Hour)
				synctest.Wait()
				stop()
				w.noted(c.want)
			})
		})
	}
}
