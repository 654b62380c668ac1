package bot_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
)

// TestLanes has messages arrive at the same time in two threads of one room and in
// another room.
func TestLanes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lanes bot.LaneScope
		want  map[string]string
	}{
		"per thread":  {bot.LanePerThread, map[string]string{"a": "1m0s []", "c": "2m0s [b]", "d": "1m0s []", "e": "1m0s []"}},
		"per channel": {bot.LanePerChannel, map[string]string{"a": "1m0s []", "c": "3m0s [b]", "d": "2m0s []", "e": "1m0s []"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newTest(t, withConfig(bot.Config{Lanes: c.lanes, Policy: bot.Latest()}))
				start := time.Now()
				got := map[string]string{}
				w.bot.OnSubscribedMessage(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
					time.Sleep(time.Minute)
					if err := bot.State[string](th).Update(ctx, func(v *string) error { *v += m.Body; return nil }); err != nil {
						return err
					}
					w.mu.Lock()
					defer w.mu.Unlock()
					got[m.Body] = time.Since(start).Round(time.Second).String() + " " + told("", m)[len(m.Body)+2:]
					return nil
				})
				one, two, other := adapter.ThreadID("fake:room:t1"), adapter.ThreadID("fake:room:t2"), adapter.ThreadID("fake:other:t1")
				for _, in := range []adapter.ThreadID{one, two, other} {
					if err := w.handle(in).Subscribe(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				stop := w.start()
				w.sayIn(one, "ada", "a")
				synctest.Wait()
				w.sayIn(two, "ada", "d")
				w.sayIn(one, "ada", "b")
				w.sayIn(one, "ada", "c")
				w.sayIn(other, "ada", "e")
				time.Sleep(time.Hour)
				stop()
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("turns (-want +got):\n%s", diff)
				}
				if kept, err := bot.State[string](w.handle(one)).Get(t.Context()); err != nil || kept != "ac" {
					t.Errorf("state of the thread: %q, %v, want its own messages", kept, err)
				}
			})
		})
	}
}
