package bot_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
)

// A stop says once what it waits for, the oldest first, and once more what it ends
// when the drain time is over.
func TestDrainNamesWhatItWaitsFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		w := newTest(t, withConfig(bot.Config{
			DrainTimeout: 20 * time.Second, TurnTimeout: 2 * time.Hour, Logger: zerolog.New(zerolog.SyncWriter(&log)).Level(zerolog.InfoLevel),
		}))
		w.bot.OnNewMention(func(ctx context.Context, _ *bot.Thread, m *bot.Message) error {
			if strings.Contains(m.Text(), "short") {
				time.Sleep(22 * time.Second)
				return nil
			}
			<-ctx.Done()
			return ctx.Err()
		})
		say := func(thread adapter.ThreadID, issue *adapter.Issue, text string) {
			t.Helper()
			d, err := w.fake.Delivery(&adapter.MessageEvent{
				Meta:    adapter.Meta{Thread: thread},
				Message: &adapter.Message{ID: "m-" + string(thread), Thread: thread, Author: adapter.User{ID: "ada"}, Body: text, Issue: issue},
			})
			if err != nil {
				t.Fatal(err)
			}
			w.deliver(d)
		}
		stop := w.start()
		say("fake:a:1", &adapter.Issue{Identifier: "ENG-1"}, "@helper this takes forever")
		synctest.Wait()
		time.Sleep(10 * time.Second)
		say("fake:b:2", nil, "@helper a short one")
		synctest.Wait()
		time.Sleep(5 * time.Second)
		stop()
		type line struct {
			Level, Message string
			Turns          int
			Running        []string
		}
		var got []line
		for text := range strings.Lines(log.String()) {
			var l line
			if err := json.Unmarshal([]byte(text), &l); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(l.Message, "stopping: ") {
				got = append(got, l)
			}
		}
		want := []line{
			{"info", "stopping: waiting for running turns", 2, []string{"ENG-1 fake:a:1 for 15s", "fake:b:2 for 5s"}},
			{
				"warn", "stopping: the drain time is over, the turns that still run are ended and run again elsewhere, or after the next start", 1,
				[]string{"ENG-1 fake:a:1 for 35s"},
			},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s\n%s", diff, &log)
		}
	})
}
