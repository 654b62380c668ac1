package bot_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/adaptertest"
	"github.com/linearbot/linearbot/bot"
)

// panicking panics at what it decodes, as an adapter with a bug does.
type panicking struct{ *adaptertest.Fake }

func (p panicking) Decode(*adapter.Delivery, *adapter.Identity) (adapter.Event, error) {
	panic("decode")
}

// What an adapter cannot decode without a panic is a dead letter, and the bot goes
// on: otherwise one message ends every instance in turn.
func TestAPanicWhileDecodingIsADeadLetter(t *testing.T) {
	t.Parallel()
	for _, policy := range []bot.LanePolicy{bot.Serial(), bot.Takeover()} {
		synctest.Test(t, func(t *testing.T) {
			fake := adaptertest.NewFake("helper")
			w := newTest(t, withPlatform(panicking{fake}, fake), func(_ *testBot, cfg *bot.Config) { cfg.Policy = policy })
			w.bot.OnNewMention(func(context.Context, *bot.Thread, *bot.Message) error { return nil })
			w.say("ada", "@helper hello")
			w.say("ada", "@helper once more")
			w.run(time.Second)
			if dead := w.dead(); len(dead) != 2 {
				t.Errorf("%d dead letters, want 2", len(dead))
			}
		})
	}
}

// leaving calls left once, after the bot's identity is known and before the turn
// begins.
type leaving struct {
	*adaptertest.Fake

	left func(workspace string)
}

func (l *leaving) Decode(d *adapter.Delivery, self *adapter.Identity) (adapter.Event, error) {
	ev, err := l.Fake.Decode(d, self)
	if left := l.left; left != nil && err == nil {
		l.left = nil
		left(ev.Head().Workspace)
	}
	return ev, err
}

// A turn that was being opened when its workspace left ends, one that is opened
// later runs.
func TestLeftBeforeTheTurnBegins(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		left func(b *bot.Bot) func(string)
		want []string
	}{
		{"its workspace", func(b *bot.Bot) func(string) { return b.WorkspaceRemoved }, []string{"two"}},
		{"another one", func(b *bot.Bot) func(string) { return func(string) { b.WorkspaceRemoved("W-other") } }, []string{"one", "two"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			fake := adaptertest.NewFake("helper")
			l := &leaving{Fake: fake}
			w := newTest(t, withPlatform(l, fake))
			l.left = tt.left(w.bot)
			w.bot.OnNewMessage(nil, func(_ context.Context, _ *bot.Thread, m *bot.Message) error {
				w.note("%s", m.Text())
				return nil
			})
			w.say("ada", "one")
			w.say("ada", "two")
			w.run(time.Minute)
			if diff := cmp.Diff(tt.want, w.notes()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.name, diff)
			}
		})
	}
}
