package bot_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/bottest"
)

// shown returns what the bot ever wrote into a session, as "kind text".
func shown(th *bottest.Thread) []string {
	var out []string
	for _, a := range th.AllActivities() {
		out = append(out, string(a.Kind)+" "+a.Name+a.Body)
	}
	return out
}

// TestFirstActivity: people see that the bot is at work while the handler has said
// nothing, also after a prompt; what the handler writes comes after it.
func TestFirstActivity(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		goOn := make(chan struct{})
		k := bottest.New(t, bot.Config{Sessions: bot.SessionConfig{FirstActivity: "Reading…"}}, func(b *bot.Bot) {
			b.OnNewMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
				<-goOn
				_, err := th.Post(ctx, bot.Text("done "+m.Body))
				return err
			})
		})
		s, ada := k.NewSession(), k.User("ada")
		for n, text := range []string{"one", "two"} {
			ada.Say(s, text)
			synctest.Wait()
			if got := shown(s); len(got) != 2*n+1 || got[2*n] != "thought Reading…" || !s.AllActivities()[2*n].Ephemeral {
				t.Errorf("before the handler speaks: %q", got)
			}
			goOn <- struct{}{}
			synctest.Wait()
		}
		want := []string{"thought Reading…", "response done one", "thought Reading…", "response done two"}
		if diff := cmp.Diff(want, shown(s)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// TestFirstActivityFails: a handler runs, and answers, although the first activity
// cannot be sent.
func TestFirstActivityFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := bottest.New(t, bot.Config{}, func(b *bot.Bot) {
			b.OnNewMention(func(ctx context.Context, th *bot.Thread, _ *bot.Message) error {
				_, err := th.Post(ctx, bot.Text("done"))
				return err
			})
		})
		k.Platform().FailWrites(&adapter.Error{Code: adapter.CodeUnavailable, Op: "activity"})
		s := k.NewSession()
		k.User("ada").Say(s, "go")
		s.ExpectExactly("done")
		if diff := cmp.Diff([]string{"response done"}, shown(s)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// TestKeepAlive: a handler that is silent for hours is never silent for as long as it
// takes Linear to call a session stale. One that speaks, or waits for an answer, is
// left alone.
func TestKeepAlive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		k := bottest.New(t, bot.Config{TurnTimeout: 12 * time.Hour}, func(b *bot.Bot) {
			b.OnNewMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
				switch m.Body {
				case "silent":
					time.Sleep(3*time.Hour + time.Minute)
				case "talks":
					for range 18 {
						time.Sleep(10 * time.Minute)
						if err := th.Session().Think(ctx, "hm"); err != nil {
							return err
						}
					}
				case "asks":
					if _, err := bot.Ask(ctx, th, bot.Question{Text: "Which?"}); err != nil {
						return err
					}
				}
				_, err := th.Post(ctx, bot.Text("done"))
				return err
			})
		})
		ada := k.User("ada")
		silent, talks, asks := k.NewSession(), k.NewSession(), k.NewSession()
		ada.Say(silent, "silent")
		ada.Say(talks, "talks")
		ada.Say(asks, "asks")
		began := time.Now()
		seen := 0
		for time.Since(began) < 3*time.Hour {
			time.Sleep(time.Minute)
			synctest.Wait()
			if n := len(shown(silent)); n > seen {
				seen, at = n, append(at, time.Now())
			}
			if len(at) == 0 || time.Since(at[len(at)-1]) >= 30*time.Minute {
				t.Fatalf("silent for half an hour after %s: %q", time.Since(began), shown(silent))
			}
		}
		k.Sleep(time.Hour)
		if got := shown(silent); !slices.Contains(got, "thought Still working…") || len(got) > 15 || got[len(got)-1] != "response done" {
			t.Errorf("the silent handler: %q", got)
		}
		if got := shown(talks); slices.Contains(got, "thought Still working…") {
			t.Errorf("the one that talks: %q", got)
		}
		if diff := cmp.Diff([]string{"thought On it…", "elicitation Which?"}, shown(asks)); diff != "" {
			t.Errorf("the one that asks (-want +got):\n%s", diff)
		}
	})
}

// TestStale: on Linear's clock, an attended session is never stale and one without a
// keeper is.
func TestStale(t *testing.T) {
	t.Parallel()
	for name, alive := range map[string]time.Duration{"attended": 20 * time.Millisecond, "not kept alive": -1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := linearsim.NewClock(time.Now())
			w := newAcmeOn(t, linearsim.Config{Clock: clock}, bot.Config{DrainTimeout: -1, Sessions: bot.SessionConfig{KeepAlive: alive}}, func(b *bot.Bot, _ *acme) {
				b.OnNewMention(func(ctx context.Context, _ *bot.Thread, _ *bot.Message) error {
					<-ctx.Done()
					return ctx.Err()
				})
			}, "AgentSessionEvent")
			w.ada.Comment(w.issue, "@helper-bot go")
			x := w.session(0)
			w.wait("the first activity", func() bool { return x.Status() == "active" })
			for range 4 {
				if err := w.srv.Advance(25 * time.Minute); err != nil {
					t.Fatal(err)
				}
				if alive < 0 {
					continue
				}
				w.wait("a sign of life", func() bool { return x.Timing().Silent == 0 })
				if c := x.Timing(); c.Stale || c.Unresponsive {
					t.Errorf("clock %+v", c)
				}
			}
			if got := x.Timing().Stale; got != (alive < 0) {
				t.Errorf("stale %t", got)
			}
		})
	}
}

// TestQueued: prompts that arrive while the bot is busy are told how many come before.
func TestQueued(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := bottest.New(t, bot.Config{}, func(b *bot.Bot) {
			b.OnNewMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
				time.Sleep(time.Minute)
				_, err := th.Post(ctx, bot.Text("done "+m.Body))
				return err
			})
		})
		s, ada := k.NewSession(), k.User("ada")
		for _, text := range []string{"one", "two", "three"} {
			ada.Say(s, text)
			time.Sleep(time.Second)
		}
		k.Sleep(time.Hour)
		want := []string{
			"thought On it…", "thought Queued behind 1 other.", "thought Queued behind 2 others.", "response done one",
			"thought On it…", "response done two", "thought On it…", "response done three",
		}
		if diff := cmp.Diff(want, shown(s)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// TestNoWorkerFree: a session gets its first activity within seconds although no
// worker is free, and none after its answer.
func TestNoWorkerFree(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := bottest.New(t, bot.Config{Workers: 1}, func(b *bot.Bot) {
			b.OnNewMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
				time.Sleep(time.Minute)
				_, err := th.Post(ctx, bot.Text("done "+m.Body))
				return err
			})
		})
		busy, waits, ada := k.NewSession(), k.NewSession(), k.User("ada")
		ada.Say(busy, "one")
		time.Sleep(time.Second)
		ada.Say(waits, "two")
		time.Sleep(5 * time.Second)
		if diff := cmp.Diff([]string{"thought I'll start as soon as I can."}, shown(waits)); diff != "" {
			t.Errorf("within seconds (-want +got):\n%s", diff)
		}
		k.Sleep(time.Hour)
		if diff := cmp.Diff([]string{"thought I'll start as soon as I can.", "thought On it…", "response done two"}, shown(waits)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// TestDeployInMidTurn hands a turn to the next process. People see nothing of that.
func TestDeployInMidTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		k := bottest.New(t, bot.Config{DrainTimeout: time.Second}, func(b *bot.Bot) {
			b.OnNewMention(func(ctx context.Context, th *bot.Thread, _ *bot.Message) error {
				if err := th.Session().Think(ctx, "looking"); err != nil {
					return err
				}
				if runs++; runs == 1 {
					<-ctx.Done()
					return context.Cause(ctx)
				}
				_, err := th.Post(ctx, bot.Text("done"))
				return err
			})
		})
		s := k.NewSession()
		k.User("ada").Say(s, "go")
		time.Sleep(time.Second)
		k.Restart()
		k.Sleep(time.Minute)
		if diff := cmp.Diff([]string{"thought On it…", "thought looking", "response done"}, shown(s)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// TestOtherWords: what a turn that runs again says in other words is not lost.
func TestOtherWords(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := bottest.New(t, bot.Config{}, func(b *bot.Bot) {
			b.OnNewMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
				word := fmt.Sprint("word ", m.Attempt)
				if err := th.Session().Think(ctx, word); err != nil {
					return err
				}
				if err := th.Session().Think(ctx, "the same"); err != nil {
					return err
				}
				src := chunks(
					bot.TextChunk{Text: "First " + word + ".\n\n"}, bot.TaskChunk{ID: "1", Title: "Search", Status: bot.TaskComplete, Output: word},
					bot.TextChunk{Text: "Then " + word},
				)
				if _, err := th.Post(ctx, bot.Stream(src)); err != nil {
					return err
				}
				if m.Attempt == 1 {
					return errBoom
				}
				return nil
			})
		})
		s := k.NewSession()
		k.User("ada").Say(s, "go")
		k.Sleep(time.Minute)
		got := strings.Join(shown(s), "|")
		for _, want := range []string{"thought word 1", "thought word 2", "thought First word 1.", "thought First word 2.", "response Then word 1"} {
			if !strings.Contains(got, want) {
				t.Errorf("%q is lost: %s", want, got)
			}
		}
		if n := strings.Count(got, "thought the same"); n != 1 {
			t.Errorf("what was said in the same words is there %d times: %s", n, got)
		}
	})
}

// TestRetryIsShown: people hear that the bot will try again.
func TestRetryIsShown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := bottest.New(t, bot.Config{Backoff: func(int) time.Duration { return 2 * time.Minute }}, func(b *bot.Bot) {
			b.OnNewMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
				if m.Attempt == 1 {
					return errBoom
				}
				_, err := th.Post(ctx, bot.Text("done"))
				return err
			})
		})
		s := k.NewSession()
		k.User("ada").Say(s, "go")
		k.Sleep(time.Hour)
		want := []string{"thought On it…", "thought Something went wrong. I'll try again in 2m.", "response done"}
		if diff := cmp.Diff(want, shown(s)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// TestEndComesLater: if the end of a session cannot be written at once, it is written
// later, and the handler does not run again for it.
func TestEndComesLater(t *testing.T) {
	t.Parallel()
	for name, fails := range map[string]error{"done": nil, "failed": bot.Permanent(errBoom)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				runs := 0
				var k *bottest.Kit
				k = bottest.New(t, bot.Config{}, func(b *bot.Bot) {
					b.OnNewMention(func(ctx context.Context, th *bot.Thread, _ *bot.Message) error {
						runs++
						if err := th.Session().Think(ctx, "looking"); err != nil {
							return err
						}
						down := &adapter.Error{Code: adapter.CodeUnavailable, Op: "activity"}
						k.Platform().FailWrites(down, down, down)
						return fails
					})
				})
				s := k.NewSession()
				k.User("ada").Say(s, "go")
				k.Sleep(time.Minute)
				got := shown(s)
				if last := got[len(got)-1]; runs != 1 || last != "response Done." && !strings.HasPrefix(last, "error Sorry") {
					t.Errorf("%d runs, %q", runs, got)
				}
			})
		})
	}
}

// TestDelegated routes delegations to their own handlers, and to those of mentions if
// there are none.
func TestDelegated(t *testing.T) {
	t.Parallel()
	for _, own := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			k := bottest.New(t, bot.Config{Sessions: bot.SessionConfig{BecomeDelegate: true, StartIssue: true}}, func(b *bot.Bot) {
				say := func(who string) bot.MessageHandler {
					return func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
						_, err := th.Post(ctx, bot.Markdown(who+": "+m.Text()))
						return err
					}
				}
				b.OnNewMention(say("mention"))
				if own {
					b.OnDelegated(say("delegated"))
				}
			})
			s := k.User("ada").Delegate("Fix it", "It fails.")
			who := "mention"
			if own {
				who = "delegated"
			}
			s.ExpectExactly(who + ": Fix it\n\nIt fails.")
			if got := s.Taken(); !got.Delegate || !got.Start {
				t.Errorf("taken %+v", got)
			}
		})
	}
}

// TestChoice: the answer to a question that no turn waits for says which option it is.
func TestChoice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := bottest.New(t, bot.Config{}, func(b *bot.Bot) {
			b.OnNewMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
				if m.Body == "go" {
					return th.Session().Ask(ctx, bot.Elicitation{Text: "Where?", Options: []adapter.Choice{{Value: "eu", Label: "Europe"}, {Value: "us"}}})
				}
				choice := "none"
				if m.Choice != nil {
					choice = m.Choice.Value
				}
				_, err := th.Post(ctx, bot.Text(choice))
				return err
			})
		})
		ada := k.User("ada")
		for text, want := range map[string]string{"Europe": "eu", "us": "us", "somewhere else": "none"} {
			s := k.NewSession()
			ada.Say(s, "go")
			synctest.Wait()
			ada.Say(s, text)
			s.ExpectExactly("Where?", want)
			ada.Say(s, "us") // it was asked once
			s.ExpectExactly("Where?", want, "none")
		}
	})
}

// TestStopAtTheOtherInstance has one instance work on a session while the other one
// takes the stop. The turn ends within a second, one activity confirms it, and a later
// prompt starts clean.
func TestStopAtTheOtherInstance(t *testing.T) {
	t.Parallel()
	for name, registered := range map[string]bool{"confirmed by the bot": false, "handler without words": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var stopped time.Time
				handle := func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
					if m.Body != "long" {
						_, err := th.Post(ctx, bot.Text("done "+m.Body))
						return err
					}
					for ctx.Err() == nil {
						if err := th.Session().Think(ctx, "hm "+time.Now().String()); err != nil {
							break
						}
						time.Sleep(100 * time.Millisecond)
					}
					stopped = time.Now()
					_, err := th.Post(ctx, bot.Text("too late"))
					return err
				}
				// The first instance has one worker, which is busy with the turn.
				k := bottest.New(t, bot.Config{Workers: 1}, func(b *bot.Bot) {
					b.OnNewMention(handle)
					if registered {
						b.OnStop(func(context.Context, *bot.Thread, *bot.Message) error { return nil })
					}
				})
				s, ada := k.NewSession(), k.User("ada")
				ada.Say(s, "long")
				time.Sleep(2 * time.Second)
				other := bot.Config{Adapter: k.Platform(), Store: k.Store()}
				second, err := bot.New(other)
				if err != nil {
					t.Fatal(err)
				}
				second.OnNewMention(handle)
				if registered {
					second.OnStop(func(context.Context, *bot.Thread, *bot.Message) error { return nil })
				}
				ctx, cancel := context.WithCancel(t.Context())
				var running sync.WaitGroup
				running.Go(func() { _ = second.Run(ctx) })
				defer running.Wait()
				defer cancel()
				synctest.Wait()
				asked := time.Now()
				ada.Stop(s)
				time.Sleep(5 * time.Second)
				got := shown(s)
				if d := stopped.Sub(asked); stopped.IsZero() || d > time.Second {
					t.Errorf("the turn ended %s after the stop", d)
				}
				confirmed := 0
				for _, a := range got {
					if a == "response Stopped." {
						confirmed++
					}
				}
				if confirmed != 1 || got[len(got)-1] != "response Stopped." {
					t.Errorf("%d confirmations, the end is %q", confirmed, got[len(got)-2:])
				}
				ada.Say(s, "next")
				k.Sleep(time.Minute)
				if got := shown(s); got[len(got)-1] != "response done next" {
					t.Errorf("after the stop: %q", got[len(got)-2:])
				}
			})
		})
	}
}

// TestStopWithoutAFreeWorker stops a session while its own turn, and another one, hold
// all workers: the stop does not wait for one of them to end by itself.
func TestStopWithoutAFreeWorker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ended := map[string]time.Duration{}
		k := bottest.New(t, bot.Config{Workers: 1}, func(b *bot.Bot) {
			b.OnNewMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
				began := time.Now()
				select {
				case <-ctx.Done():
				case <-time.After(4 * time.Minute):
				}
				ended[m.PlainText()] = time.Since(began)
				if err := context.Cause(ctx); err != nil {
					return err
				}
				_, err := th.Post(ctx, bot.Text("done "+m.PlainText()))
				return err
			})
		})
		ada := k.User("ada")
		s, other := k.NewSession(), k.NewSession()
		ada.Say(s, "one")
		time.Sleep(time.Second)
		ada.Say(other, "two")
		time.Sleep(time.Second)
		ada.Stop(other)
		ada.Stop(s)
		k.Sleep(time.Hour)
		if one, begun := ended["one"]; one > 3*time.Second || !begun {
			t.Errorf("the turn ended after %v, want the time of the stop", one)
		}
		if _, begun := ended["two"]; begun {
			t.Error("a message ran that was stopped while it waited for a worker")
		}
	})
}
