package bot_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state/memstate"
)

// TestAMentionThatWaitsForItsSessionKeepsItsPlace: in a workspace that has long been
// known to send sessions, a mention waits for one, and what is said after it waits
// with it. If no session comes, all is handled in its order.
func TestAMentionThatWaitsForItsSessionKeepsItsPlace(t *testing.T) {
	t.Parallel()
	for name, policy := range map[string]bot.LanePolicy{"serial": bot.Serial(), "takeover": bot.Takeover()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := memstate.New(memstate.Options{})
				defer store.Close()
				b, err := bot.New(bot.Config{Adapter: newLinearOver(t, instant{}), Store: store, Policy: policy})
				if err != nil {
					t.Fatal(err)
				}
				var (
					mu   sync.Mutex
					runs []string
				)
				note := func(_ context.Context, th *bot.Thread, m *bot.Message) error {
					mu.Lock()
					defer mu.Unlock()
					runs = append(runs, string(th.ID())+" "+told("", m))
					return nil
				}
				b.OnNewMention(note)
				b.OnSubscribedMessage(note)
				th, err := b.Workspace("org").Thread("linear:i2:c:c7")
				if err != nil {
					t.Fatal(err)
				}
				if err := th.Subscribe(t.Context()); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				var wg sync.WaitGroup
				wg.Go(func() { _ = b.Run(ctx) })
				accept := func(body string) {
					t.Helper()
					if err := b.Accept(ctx, signed(body)); err != nil {
						t.Fatal(err)
					}
				}
				if err := b.Accept(ctx, opened()); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				mu.Lock()
				runs = nil
				mu.Unlock()
				start := time.Now()
				said := func(id, parent, text string) {
					t.Helper()
					accept(`{"type":"Comment","action":"create","organizationId":"org","createdAt":"2026-10-02T09:15:04.120Z","actor":` + ada + `,
						"data":{"id":"` + id + `",` + parent + `"issueId":"i2","body":"` + text + `","userId":"ada","user":` + ada + `}}`)
				}
				said("c7", "", "@helper-bot look")
				time.Sleep(time.Second)
				said("c8", `"parentId":"c7",`, "and then?")
				time.Sleep(2 * time.Second)
				mu.Lock()
				if len(runs) != 0 {
					t.Errorf("%q after %s, want that all waits", runs, time.Since(start))
				}
				mu.Unlock()
				time.Sleep(time.Minute)
				cancel()
				wg.Wait()
				want := []string{"linear:i2:c:c7  @helper-bot look []", "linear:i2:c:c7  and then? []"}
				if policy == bot.Takeover() {
					want = []string{"linear:i2:c:c7  and then? [@helper-bot look]"}
				}
				if diff := cmp.Diff(want, runs); diff != "" {
					t.Errorf("runs (-want +got):\n%s", diff)
				}
			})
		})
	}
}
