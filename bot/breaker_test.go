package bot_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
)

// TestTwoBotsDoNotTalkForEver lets another bot answer every answer.
func TestTwoBotsDoNotTalkForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withConfig(bot.Config{Bots: bot.BotsAlways, BotTurns: 3}))
		n := 0
		other := func() {
			n++
			w.deliver(w.fake.SaidBy(adapter.User{ID: "other", Kind: adapter.UserApp}, "W1", thread, fmt.Sprint("o", n), "@helper no, you"))
		}
		w.bot.OnNewMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
			if _, err := th.Post(ctx, bot.Text("answer to "+m.ID)); err != nil {
				return err
			}
			if m.Author.IsBot() && m.Attempt == 1 && m.ID == "o2" {
				return errBoom // a turn that runs twice counts once
			}
			return nil
		})
		stop := w.start()
		for range 6 {
			other()
			time.Sleep(10 * time.Second)
		}
		answers := func() (told int, answered int) {
			for _, text := range w.fake.Posted(thread) {
				if strings.Contains(text, "I'll stop answering here") {
					told++
				} else {
					answered++
				}
			}
			return told, answered
		}
		if told, answered := answers(); told != 1 || answered != 3 {
			t.Errorf("%d answers and %d notes, want 3 and 1: %q", answered, told, w.fake.Posted(thread))
		}
		// Another thread is not concerned, and a person is always heard.
		w.deliver(w.fake.SaidBy(adapter.User{ID: "other", Kind: adapter.UserApp}, "W1", "fake:room:t2", "x", "@helper hi"))
		w.say("ada", "@helper please go on")
		time.Sleep(10 * time.Second)
		if got := w.fake.Posted("fake:room:t2"); len(got) != 1 {
			t.Errorf("the other thread holds %q", got)
		}
		other()
		time.Sleep(10 * time.Second)
		if told, answered := answers(); told != 1 || answered != 5 {
			t.Errorf("after a person: %d answers and %d notes, want 5 and 1", answered, told)
		}
		// After a quiet time the count begins anew by itself.
		for range 4 {
			other()
			time.Sleep(time.Second)
		}
		time.Sleep(11 * time.Minute)
		other()
		time.Sleep(time.Second)
		if told, answered := answers(); told != 2 || answered != 8 {
			t.Errorf("after a quiet time: %d answers and %d notes, want 8 and 2", answered, told)
		}
		stop()
	})
}
