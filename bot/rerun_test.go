package bot_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/bottest"
)

// TestUpdatesCountOnce: a turn that runs again, after an error or a question,
// changes its state once, and sees what it saw then.
func TestUpdatesCountOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen []int
		k := bottest.New(t, bot.Config{}, func(b *bot.Bot) {
			b.OnNewMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
				count := bot.State[int](th)
				if err := count.Update(ctx, func(n *int) error { *n++; seen = append(seen, *n); return nil }); err != nil {
					return err
				}
				switch {
				case m.Text() == "fail" && m.Attempt < 3:
					return errors.New("busy")
				case m.Text() == "ask":
					if _, err := bot.Ask(ctx, th, bot.Question{Text: "Sure?"}); err != nil {
						return err
					}
				}
				n, err := count.Get(ctx)
				if err != nil {
					return err
				}
				_, err = th.Post(ctx, bot.Text(fmt.Sprintf("%s: %d", m.Text(), n)))
				return err
			})
		})
		th, who := k.NewThread(), k.User("ada")
		who.Mention(th, "fail")
		k.Sleep(time.Hour)
		who.Mention(th, "ask")
		k.Sleep(time.Second)
		who.Mention(th, "other") // the answer to the question
		k.Sleep(time.Second)
		who.Mention(th, "once")
		k.Sleep(time.Second)
		th.ExpectExactly("fail: 1", "Sure?", "ask: 2", "once: 3")
		if diff := cmp.Diff([]int{1, 1, 1, 2, 2, 3}, seen); diff != "" {
			t.Errorf("what the turns saw (-want +got):\n%s", diff)
		}
	})
}

// TestEditsThatAddAMention go to the handlers of mentions, once.
func TestEditsThatAddAMention(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var edits int
		k := bottest.New(t, bot.Config{}, func(b *bot.Bot) {
			b.OnNewMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
				_, err := th.Post(ctx, bot.Text("answer to "+m.Text()))
				return err
			})
			b.OnMessageUpdated(func(context.Context, *bot.Thread, *bot.Message, string) error { edits++; return nil })
		})
		th, who := k.NewThread(), k.User("ada")
		id := who.Say(th, "what is this?")
		k.Sleep(time.Second)
		th.ExpectNone()
		who.Edit(id, "@helper what is this?")
		k.Sleep(time.Second)
		th.ExpectExactly("answer to what is this?")
		who.Edit(id, "@helper what is that?") // it was mentioned before
		k.Sleep(time.Second)
		th.ExpectExactly("answer to what is this?")
		if edits != 2 {
			t.Errorf("%d edits, want 2", edits)
		}
	})
}

// countingSubjects counts how often the issue of a thread is looked up.
type countingSubjects struct {
	*scripted

	subjects int
}

func (a *countingSubjects) Subject(context.Context, string, adapter.ThreadID) (*adapter.Issue, error) {
	a.subjects++
	return &adapter.Issue{ID: "i1", Identifier: "ENG-1"}, nil
}

// TestTheSubjectIsLookedUpOnce in a run of a turn.
func TestTheSubjectIsLookedUpOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := &countingSubjects{scripted: newScripted()}
		w := newTest(t, withPlatform(a, a.Fake))
		w.bot.OnNewMention(func(ctx context.Context, th *bot.Thread, _ *bot.Message) error {
			for range 3 {
				i, err := th.Subject(ctx)
				if err != nil {
					return err
				}
				w.note("%s", i.Identifier)
				i.Identifier = "changed by its handler"
			}
			return nil
		})
		w.say("ada", "@helper go")
		w.run(time.Second)
		if diff := cmp.Diff([]string{"ENG-1", "ENG-1", "ENG-1"}, w.notes()); diff != "" || a.subjects != 1 {
			t.Errorf("asked %d times, want once (-want +got):\n%s", a.subjects, diff)
		}
	})
}
