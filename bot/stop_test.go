package bot_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/bottest"
	"github.com/linearbot/linearbot/state/memstate"
)

// prompt is what a person says in session s1; stop makes it the stop button.
func prompt(id, text string, stop bool) *adapter.Delivery {
	signal := ""
	if stop {
		signal = `,"signal":"stop"`
	}
	user := `{"id":"ada","name":"Ada Byron","url":"https://linear.app/acme/profiles/ada"}`
	return &adapter.Delivery{SentAt: time.Now(), ReceivedAt: time.Now(), Body: fmt.Appendf(nil,
		`{"type":"AgentSessionEvent","action":"prompted","organizationId":"org","appUserId":"bot-user",
		"agentSession":{"id":"s1","issueId":"i1","appUserId":"bot-user","creatorId":"ada","creator":%s},
		"agentActivity":{"id":%q,"content":{"type":"prompt","body":%q},"userId":"ada","user":%s%s}}`, user, id, text, user, signal)}
}

// TestStopStops has one instance work on a session while another one receives
// the stop.
func TestStopStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := memstate.New(memstate.Options{})
		defer store.Close()
		lin := newLinear(t)
		var (
			mu    sync.Mutex
			notes []string
		)
		note := func(format string, args ...any) {
			mu.Lock()
			defer mu.Unlock()
			notes = append(notes, fmt.Sprintf(format, args...))
		}
		newBot := func() *bot.Bot {
			b, err := bot.New(bot.Config{Adapter: lin, Store: store, Workers: 4})
			if err != nil {
				t.Fatal(err)
			}
			b.OnNewMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
				note("begin %s", m.Body)
				if !strings.Contains(m.Body, "long") {
					return nil
				}
				select {
				case <-ctx.Done():
				case <-time.After(time.Hour):
				}
				note("end %s: %v", m.Body, context.Cause(ctx))
				if _, err := th.Post(ctx, bot.Text("too late")); !errors.Is(err, bot.ErrStopped) {
					t.Errorf("a post after the stop: %v, want ErrStopped", err)
				}
				return errBoom
			})
			b.OnStop(func(context.Context, *bot.Thread, *bot.Message) error {
				note("stop")
				return nil
			})
			return b
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		defer wg.Wait()
		defer cancel()
		first, second := newBot(), newBot()
		run := func(b *bot.Bot) {
			wg.Go(func() {
				if err := b.Run(ctx); err != nil {
					t.Errorf("Run: %v", err)
				}
			})
		}
		run(first)
		accept := func(d *adapter.Delivery) {
			if err := second.Accept(ctx, d); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		accept(prompt("a1", "something long", false))
		time.Sleep(time.Minute)
		accept(prompt("a2", "and also this", false)) // waits behind it
		time.Sleep(time.Second)
		// Only the second instance has free hands for the stop.
		run(second)
		accept(prompt("a3", "Stop", true))
		time.Sleep(5 * time.Second)
		accept(prompt("a4", "something else", false))
		time.Sleep(time.Minute)
		mu.Lock()
		defer mu.Unlock()
		want := []string{
			"begin something long", "stop", "end something long: " + bot.ErrStopped.Error(), "begin something else",
		}
		got := append([]string{}, notes...)
		if len(got) > 2 && got[1] != "stop" { // the handler may be told first
			got[1], got[2] = got[2], got[1]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if n := first.Counts()["ignored:stopped"] + second.Counts()["ignored:stopped"]; n != 2 {
			t.Errorf("%d turns counted as stopped, want the running and the waiting one", n)
		}
		for d, err := range store.Dead(t.Context()) {
			t.Errorf("dead letter %+v %v", d.Cause, err)
		}
	})
}

// TestThreadStop stops a thread of comments from another one.
func TestThreadStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var notes []string
		k := bottest.New(t, bot.Config{}, func(b *bot.Bot) {
			b.OnNewMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
				notes = append(notes, "begin "+m.Text())
				if m.Text() != "long" {
					_, err := th.Post(ctx, bot.Text("done: "+m.Text()))
					return err
				}
				if _, err := th.PostAt(ctx, time.Now().Add(2*time.Hour), bot.Text("never")); err != nil {
					return err
				}
				select {
				case <-ctx.Done():
				case <-time.After(time.Hour):
				}
				notes = append(notes, fmt.Sprint("end ", context.Cause(ctx)))
				_, err := th.Post(ctx, bot.Text("too late"))
				return err
			})
			b.OnNewMessage(regexp.MustCompile("^stop "), func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
				which, err := b.Workspace("W1").Thread(adapter.ThreadID(strings.TrimPrefix(m.Body, "stop ")))
				if err != nil {
					return err
				}
				if err := errors.Join(which.Stop(ctx), th.Stop(ctx)); err != nil {
					return err
				}
				_, err = th.Post(ctx, bot.Text("stopped")) // its own turn keeps running
				return err
			})
		})
		th, other := k.NewThread(), k.NewThread()
		ada := k.User("ada")
		ada.Mention(th, "long")
		ada.Mention(th, "waits")
		time.Sleep(time.Minute)
		ada.Say(other, "stop "+string(th.ID()))
		time.Sleep(5 * time.Second)
		ada.Mention(th, "after")
		k.Sleep(time.Second)
		ada.Mention(other, "elsewhere")
		k.Sleep(3 * time.Hour)
		th.ExpectExactly("done: after")
		other.ExpectExactly("stopped", "done: elsewhere")
		want := []string{"begin long", "end " + bot.ErrStopped.Error(), "begin after", "begin elsewhere"}
		if diff := cmp.Diff(want, notes); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// TestStopClosesQuestions: a message after a stop does not answer a question
// from before it.
func TestStopClosesQuestions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := bottest.New(t, bot.Config{Links: withLinks()}, func(b *bot.Bot) {
			b.OnNewMention(func(ctx context.Context, th *bot.Thread, _ *bot.Message) error {
				a, err := bot.Ask(ctx, th, bot.Question{Text: "Which?", Options: []adapter.Choice{{Value: "one"}}, Timeout: time.Hour})
				if err != nil {
					return err
				}
				_, err = th.Post(ctx, bot.Text(fmt.Sprintf("%q %t", a.Value, a.TimedOut)))
				return err
			})
			b.OnNewMessage(nil, func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
				_, err := th.Post(ctx, bot.Text("heard "+m.Body))
				return err
			})
		})
		th, ada := k.NewThread(), k.User("ada")
		ada.Mention(th, "go")
		th.Expect("Which?")
		h, err := k.Bot().Workspace("W1").Thread(th.ID())
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, link, _ := strings.Cut(th.Posts()[0], adapter.ButtonPath)
		token, _, _ := strings.Cut(link, ")")
		if page, err := k.Bot().Button(t.Context(), token); err != nil || page.State != adapter.ButtonUsed {
			t.Errorf("the link of the question is %+v, %v", page, err)
		}
		time.Sleep(time.Second)
		ada.Say(th, "one")
		k.Sleep(2 * time.Hour) // the time of the question passes
		posts := th.Posts()
		if diff := cmp.Diff([]string{"heard one"}, posts[1:]); diff != "" {
			t.Errorf("after the stop (-want +got):\n%s", diff)
		}
		ada.Mention(th, "again")
		ada.Say(th, "one")
		th.Expect("Which?", "heard one", "Which?", `"one" false`)
	})
}

// TestStopAtOneInstant: what people write in the instant of a stop is handled if it
// comes after it, and only then. So it is with Thread.Stop.
func TestStopAtOneInstant(t *testing.T) {
	t.Parallel()
	for _, scope := range []bot.LaneScope{bot.LanePerThread, bot.LanePerChannel} {
		synctest.Test(t, func(t *testing.T) {
			k := bottest.New(t, bot.Config{Lanes: scope}, func(b *bot.Bot) {
				b.OnNewMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
					if strings.Contains(m.Text(), "before") {
						time.Sleep(time.Minute)
					}
					_, err := th.Post(ctx, bot.Text("done: "+m.Text()))
					return err
				})
			})
			th, s, ada := k.NewThread(), k.NewSession(), k.User("ada")
			ada.Say(s, "before")
			ada.Say(s, "also before")
			ada.Stop(s)
			ada.Say(s, "after")
			ada.Mention(th, "before")
			ada.Mention(th, "also before")
			h, err := k.Bot().Workspace("W1").Thread(th.ID())
			if err != nil {
				t.Fatal(err)
			}
			if err := h.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			ada.Mention(th, "after")
			k.Sleep(time.Hour)
			if got := s.Posts(); !slices.Equal(got, []string{"Stopped.", "done: after"}) {
				t.Errorf("in the session: %q", got)
			}
			th.ExpectExactly("done: after")
		})
	}
}

// A prompt that comes right after a stop is answered after the stop is confirmed, also
// if the turn that was stopped takes its time, and by a handler of the bot's.
func TestStopIsConfirmedFirst(t *testing.T) {
	t.Parallel()
	for _, handled := range []bool{false, true} {
		for _, linger := range []time.Duration{0, 300 * time.Millisecond, time.Minute} {
			for _, after := range []time.Duration{0, 200 * time.Millisecond, 750 * time.Millisecond} {
				synctest.Test(t, func(t *testing.T) {
					k := bottest.New(t, bot.Config{Workers: 4}, func(b *bot.Bot) {
						b.OnNewMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
							if m.Text() == "before" {
								<-ctx.Done()
								time.Sleep(linger)
								return ctx.Err()
							}
							_, err := th.Post(ctx, bot.Text("done: "+m.Text()))
							return err
						})
						if handled {
							b.OnStop(func(ctx context.Context, th *bot.Thread, _ *bot.Message) error {
								time.Sleep(500 * time.Millisecond)
								_, err := th.Post(ctx, bot.Text("Stopped."))
								return err
							})
						}
					})
					s, ada := k.NewSession(), k.User("ada")
					ada.Say(s, "before")
					time.Sleep(10 * time.Second)
					ada.Stop(s)
					time.Sleep(after)
					ada.Say(s, "after")
					k.Sleep(time.Hour)
					if got := s.Posts(); !slices.Equal(got, []string{"Stopped.", "done: after"}) {
						t.Errorf("handler %t, %s until the turn ends, %s after the stop: %q", handled, linger, after, got)
					}
				})
			}
		}
	}
}

// A stop whose turn fails delays nothing: what a person writes later is answered at once.
func TestFailedStopDelaysNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var took []time.Duration
		var said time.Time
		k := bottest.New(t, bot.Config{}, func(b *bot.Bot) {
			b.OnNewMention(func(context.Context, *bot.Thread, *bot.Message) error {
				took = append(took, time.Since(said))
				return nil
			})
			b.OnStop(func(context.Context, *bot.Thread, *bot.Message) error { return bot.Permanent(errBoom) })
		})
		s, ada := k.NewSession(), k.User("ada")
		ada.Stop(s)
		k.Sleep(time.Minute)
		for range 2 {
			said = time.Now()
			ada.Say(s, "after")
			k.Sleep(time.Minute)
		}
		if len(took) != 2 || slices.Max(took) > time.Second {
			t.Errorf("what was written after the stop begins after %s", took)
		}
	})
}
