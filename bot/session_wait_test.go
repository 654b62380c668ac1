package bot_test

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/bottest"
)

// TestLongWait: a turn that waits for hours for another attempt does not let its session
// go stale, whatever it waits for, though the process is another one in between. After
// a stop, or while a question waits, nothing is said.
func TestLongWait(t *testing.T) {
	t.Parallel()
	const hours = 5 * time.Hour
	var (
		again   = bot.RetryAfter(hours, errBoom)
		limited = &adapter.Error{Code: adapter.CodeRateLimited, Op: "post", RetryAfter: hours}
	)
	once := func(err error) bot.MessageHandler {
		var failed atomic.Bool
		return func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
			if err != nil && !failed.Swap(true) {
				return err
			}
			_, err := th.Post(ctx, bot.Text("done "+m.Body))
			return err
		}
	}
	var refused, failed atomic.Bool
	for name, c := range map[string]struct {
		cfg    bot.Config
		handle bot.MessageHandler
		// meanwhile happens after an hour.
		meanwhile func(k *bottest.Kit, ada *bottest.User, s *bottest.Thread)
		// quiet says that nothing is said from then on.
		quiet bool
		end   string
	}{
		"as the handler says": {handle: once(again), end: "response done go"},
		"for a budget":        {handle: once(limited), end: "response done go"},
		"with a backoff":      {cfg: bot.Config{Backoff: func(int) time.Duration { return hours }}, handle: once(errBoom), end: "response done go"},
		"the lane waits": {
			cfg:    bot.Config{HoldFor: 2 * hours, Backoff: func(int) time.Duration { return hours }},
			handle: once(errBoom), end: "response done go",
		},
		"before its handler": {cfg: bot.Config{Access: func(context.Context, *bot.Turn) (bot.Decision, error) {
			if !refused.Swap(true) {
				return bot.Decision{}, again
			}
			return bot.Allow(), nil
		}}, handle: once(nil), end: "response done go"},
		"across a restart": {handle: once(again), meanwhile: func(k *bottest.Kit, _ *bottest.User, _ *bottest.Thread) { k.Restart() }, end: "response done go"},
		"stopped": {
			handle: once(again), meanwhile: func(_ *bottest.Kit, ada *bottest.User, s *bottest.Thread) { ada.Stop(s) },
			quiet: true, end: "response Stopped.",
		},
		"deleted": {
			handle: once(again), meanwhile: func(_ *bottest.Kit, ada *bottest.User, _ *bottest.Thread) { ada.Delete("m1") },
			quiet: true, end: "response The message was deleted, so I've stopped.",
		},
		"a question": {
			handle: func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
				switch {
				case m.Body == "ask":
					return th.Session().Ask(ctx, bot.Elicitation{Text: "Which account?"})
				case !failed.Swap(true):
					return again
				}
				_, err := th.Post(ctx, bot.Text("done "+m.Body))
				return err
			},
			meanwhile: func(_ *bottest.Kit, ada *bottest.User, s *bottest.Thread) { ada.Say(s, "ask") },
			quiet:     true, end: "response done go",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				k := bottest.New(t, c.cfg, func(b *bot.Bot) { b.OnNewMention(c.handle) })
				s, ada := k.NewSession(), k.User("ada")
				ada.Say(s, "go")
				synctest.Wait()
				seen, last, began := len(shown(s)), time.Now(), time.Now()
				if seen == 0 {
					t.Error("nothing is shown at first")
				}
				quietFrom := 0
				for time.Since(began) < hours-time.Minute {
					time.Sleep(time.Minute)
					synctest.Wait()
					if c.meanwhile != nil && time.Since(began) == time.Hour {
						c.meanwhile(k, ada, s)
						time.Sleep(3 * time.Second)
						synctest.Wait()
						quietFrom = len(shown(s))
						began = began.Add(3 * time.Second)
					}
					if n := len(shown(s)); n > seen {
						seen, last = n, time.Now()
					}
					if time.Since(last) >= 30*time.Minute && (!c.quiet || quietFrom == 0) {
						t.Fatalf("silent for half an hour after %s: %q", time.Since(began), shown(s))
					}
				}
				if got := shown(s); c.quiet && len(got) > quietFrom {
					t.Errorf("said %q while it was to be quiet", got[quietFrom:])
				}
				k.Sleep(time.Hour)
				got := shown(s)
				if got[len(got)-1] != c.end {
					t.Errorf("it ends with %q, want %q", got[len(got)-1], c.end)
				}
				if n := len(slices.DeleteFunc(slices.Clone(got), func(line string) bool { return !strings.Contains(line, "try again") })); n > 25 {
					t.Errorf("says %d times that it waits", n)
				}
			})
		})
	}
}
