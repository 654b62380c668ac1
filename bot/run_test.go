package bot_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/adaptertest"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

func TestFateOfATurn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		// result is what the handler returns on its n-th run.
		result func(n int) error
		runs   int
		code   string // of the dead letter, if there is to be one
		text   string // in the dead letter's message
	}{
		{name: "nil is done", result: func(int) error { return nil }, runs: 1},
		{name: "permanent is buried at once", result: func(int) error { return bot.Permanent(errBoom) }, runs: 1, code: "permanent", text: "boom"},
		{name: "permanent nil is nil", result: func(int) error { return bot.Permanent(nil) }, runs: 1},
		{name: "an error is tried again", result: failing(3, errBoom), runs: 4},
		{name: "and buried in the end", result: failing(100, errBoom), runs: 5, code: "unknown", text: "boom"},
		{name: "the code of an adapter's error is kept", result: failing(100, &adapter.Error{Code: adapter.CodeUnavailable, Op: "commentCreate"}), runs: 5, code: "unavailable", text: "commentCreate"},
		{name: "forbidden is tried few times", result: failing(100, &adapter.Error{Code: adapter.CodeForbidden}), runs: 3, code: "forbidden"},
		{name: "not found is buried at once", result: failing(100, &adapter.Error{Code: adapter.CodeNotFound}), runs: 1, code: "not_found"},
		{name: "invalid is buried at once", result: failing(100, fmt.Errorf("post: %w", &adapter.Error{Code: adapter.CodeInvalid})), runs: 1, code: "invalid"},
		{name: "unsupported is buried at once", result: failing(100, errors.ErrUnsupported), runs: 1, code: "unsupported"},
		{name: "append only is buried at once", result: failing(100, &adapter.Error{Code: adapter.CodeAppendOnly}), runs: 1, code: "append_only"},
		{name: "conflict is buried at once", result: failing(100, &adapter.Error{Code: adapter.CodeConflict}), runs: 1, code: "conflict"},
		{name: "a retry that the handler asks for", result: failing(2, bot.RetryAfter(time.Second, &adapter.Error{Code: adapter.CodeNotFound})), runs: 3},
		{name: "a rate limit without a time", result: failing(20, &adapter.Error{Code: adapter.CodeRateLimited}), runs: 21},
		{name: "retry after spends no attempt", result: failing(20, bot.RetryAfter(time.Minute, errBoom)), runs: 21},
		{name: "retry after without a reason", result: failing(1, bot.RetryAfter(0, nil)), runs: 2},
		{name: "a rate limit spends no attempt", result: failing(20, &adapter.Error{Code: adapter.CodeRateLimited, RetryAfter: time.Minute}), runs: 21},
		{name: "a panic is an error", result: func(int) error { panic("at the disco") }, runs: 5, code: "panic", text: "at the disco"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newTest(t, withConfig(bot.Config{MaxAttempts: 5}))
				runs := 0
				w.bot.OnNewMention(func(context.Context, *bot.Thread, *bot.Message) error {
					runs++
					return c.result(runs)
				})
				w.say("ada", "@helper")
				w.run(time.Hour)
				if runs != c.runs {
					t.Errorf("%d runs, want %d", runs, c.runs)
				}
				dead := w.dead()
				if (len(dead) == 1) != (c.code != "") {
					t.Fatalf("%d dead letters", len(dead))
				}
				if c.code == "" {
					return
				}
				if got := dead[0].Cause; got.Code != c.code || !strings.Contains(got.Message, c.text) {
					t.Errorf("cause %+v, want code %s and %q", got, c.code, c.text)
				}
				if c.code == "panic" && !strings.Contains(dead[0].Cause.Stack, "run_test.go") {
					t.Errorf("stack does not name the handler: %s", dead[0].Cause.Stack)
				}
			})
		})
	}
}

// failing fails n times with err and then succeeds.
func failing(n int, err error) func(int) error {
	return func(run int) error {
		if run <= n {
			return err
		}
		return nil
	}
}

func TestOneReplyHoweverOftenTheTurnRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		runs := 0
		w.bot.OnNewMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
			runs++
			if m.Attempt != runs {
				t.Errorf("attempt %d in run %d", m.Attempt, runs)
			}
			for _, text := range []string{"one", "two"} {
				if _, err := th.Post(ctx, bot.Text(text)); err != nil {
					return err
				}
				if runs <= 2 && text == "one" || runs == 3 {
					return errBoom
				}
			}
			return nil
		})
		w.bot.OnNewMention(func(ctx context.Context, th *bot.Thread, _ *bot.Message) error {
			_, err := th.Post(ctx, bot.Text("another handler"))
			return err
		})
		// The first answer is lost on the way once, as if the platform had
		// done it and not said so.
		w.say("ada", "@helper")
		w.run(time.Hour)
		want := []string{"one", "two", "another handler"}
		w.posted(want...)
		if runs != 4 {
			t.Errorf("%d runs, want 4", runs)
		}
	})
}

func TestATurnThatChangesItsSubscriptionIsRoutedTheSameWayAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		answer := func(text string, change func(*bot.Thread, context.Context) error) bot.MessageHandler {
			return func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
				if err := change(th, ctx); err != nil {
					return err
				}
				if _, err := th.Post(ctx, bot.Text(text)); err != nil {
					return err
				}
				if m.Attempt == 1 {
					return errBoom // as a crash before the turn is settled
				}
				return nil
			}
		}
		w.bot.OnNewMention(answer("hello", (*bot.Thread).Subscribe))
		w.bot.OnSubscribedMessage(answer("bye", (*bot.Thread).Unsubscribe))
		w.say("ada", "@helper one")
		w.say("ada", "@helper two")
		w.say("ada", "@helper three")
		w.run(time.Minute)
		want := []string{"hello", "bye", "hello"}
		w.posted(want...)
	})
}

// TestReplaysAreRoutedTheSameWay: a message whose turn subscribed its thread goes to
// the same handler when it is replayed, or comes back from the dead letters, so that
// nothing is posted twice. Later messages are routed by the subscription.
func TestReplaysAreRoutedTheSameWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		var runs []string
		w.bot.OnNewMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
			runs = append(runs, "mention "+m.ID)
			if err := th.Subscribe(ctx); err != nil {
				return err
			}
			if _, err := th.Post(ctx, bot.Text("hello")); err != nil {
				return err
			}
			if m.ID == "m2" && len(runs) < 3 {
				return bot.Permanent(errBoom)
			}
			return nil
		})
		w.bot.OnSubscribedMessage(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
			runs = append(runs, "subscribed "+m.ID)
			if err := th.Unsubscribe(ctx); err != nil {
				return err
			}
			_, err := th.Post(ctx, bot.Text("noted"))
			return err
		})
		first, second := w.fake.Said(thread, "m1", "ada", "@helper one"), w.fake.Said(thread, "m2", "ada", "@helper two")
		stop := w.start()
		for _, d := range []*adapter.Delivery{first, second} {
			w.deliver(d)
			synctest.Wait()
		}
		for _, d := range []*adapter.Delivery{first, second, first} {
			if err := w.bot.Replay(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		stop()
		if diff := cmp.Diff([]string{"mention m1", "subscribed m2", "mention m1", "subscribed m2", "mention m1"}, runs); diff != "" {
			t.Errorf("runs (-want +got):\n%s", diff)
		}
		w.posted("hello", "noted")
	})
}

func TestDuplicatesRunOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		w.bot.OnNewMention(w.noting("mention"))
		d := w.fake.Said(thread, "m1", "ada", "@helper")
		w.deliver(d)
		w.deliver(d)
		stop := w.start()
		synctest.Wait()
		w.deliver(d)
		time.Sleep(7 * time.Hour)
		w.deliver(d)
		// The same happening in other bytes, as a retry that was stamped anew.
		again := *d
		again.Body = append([]byte(" "), d.Body...)
		w.deliver(&again)
		synctest.Wait()
		stop()
		if got := w.notes(); len(got) != 1 {
			t.Errorf("ran %q, want once", got)
		}
		if n := w.bot.Counts()["duplicate"]; n != 4 {
			t.Errorf("%d duplicates counted, want 4", n)
		}
	})
}

func TestOneAtATimeInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withConfig(bot.Config{Workers: 8}))
		var inThread [4]atomic.Int32
		var running, most atomic.Int32
		got := make([][]string, 4)
		w.bot.OnNewMessage(nil, func(_ context.Context, th *bot.Thread, m *bot.Message) error {
			i := int(th.ID()[len(th.ID())-1] - '0')
			if inThread[i].Add(1) != 1 {
				t.Errorf("two handlers at once in %s", th.ID())
			}
			if n := running.Add(1); n > most.Load() {
				most.Store(n)
			}
			time.Sleep(time.Second)
			got[i] = append(got[i], m.Body)
			running.Add(-1)
			inThread[i].Add(-1)
			return nil
		})
		stop := w.start()
		var want []string
		for n := range 20 {
			text := fmt.Sprint(n)
			want = append(want, text)
			for i := range 4 {
				w.sayIn(adapter.ThreadID(fmt.Sprintf("fake:room:%d", i)), "ada", text)
			}
			time.Sleep(300 * time.Millisecond) // they keep coming while handlers run
		}
		time.Sleep(time.Minute)
		stop()
		for i := range got {
			if diff := cmp.Diff(want, got[i]); diff != "" {
				t.Errorf("thread %d (-want +got):\n%s", i, diff)
			}
		}
		if most.Load() != 4 {
			t.Errorf("at most %d threads at once, want 4", most.Load())
		}
	})
}

func TestAFailingTurnStepsAside(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		start := time.Now()
		w.bot.OnNewMessage(nil, func(_ context.Context, _ *bot.Thread, m *bot.Message) error {
			w.note("%s after %s", m.Body, time.Since(start).Round(time.Second))
			if m.Body == "bad" && m.Attempt < 7 {
				return errBoom
			}
			return nil
		})
		w.say("ada", "bad")
		w.say("ada", "good")
		w.run(time.Hour)
		// 1+2+4+8 s are short enough to wait for; 16 s more would be over
		// the 30 s, so the fifth failure steps aside.
		want := []string{
			"bad after 0s", "bad after 1s", "bad after 3s", "bad after 7s", "bad after 15s",
			"good after 15s", "bad after 31s", "bad after 1m3s",
		}
		w.noted(want...)
	})
}

func TestATimeoutEndsTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withConfig(bot.Config{TurnTimeout: time.Minute, MaxAttempts: 1}))
		w.bot.OnNewMention(func(ctx context.Context, _ *bot.Thread, _ *bot.Message) error {
			<-ctx.Done()
			w.note("%v", context.Cause(ctx))
			return ctx.Err()
		})
		w.say("ada", "@helper")
		w.run(time.Hour)
		w.noted(bot.ErrTurnTimeout.Error())
		if dead := w.dead(); len(dead) != 1 || !strings.Contains(dead[0].Cause.Message, "too long") || dead[0].Cause.Code != "turn_timeout" {
			t.Errorf("dead letters %+v, want one that says why", dead)
		}
	})
}

func TestALongTurnKeepsItsLease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withConfig(bot.Config{LeaseTTL: time.Second, TurnTimeout: time.Hour}))
		w.bot.OnNewMention(func(ctx context.Context, _ *bot.Thread, m *bot.Message) error {
			w.note("begin %d", m.Attempt)
			time.Sleep(time.Minute)
			w.note("end %v", ctx.Err())
			return nil
		})
		w.say("ada", "@helper")
		w.run(2 * time.Minute)
		w.noted("begin 1", "end <nil>")
	})
}

// cutStore fails all lease calls while it is cut.
type cutStore struct {
	state.Store
	cut atomic.Bool
}

var errCut = fmt.Errorf("%w: cut", state.ErrUnavailable)

func (s *cutStore) Lease(ctx context.Context, r state.LeaseRequest) ([]*state.Lease, error) {
	if s.cut.Load() {
		return nil, errCut
	}
	return s.Store.Lease(ctx, r)
}

func (s *cutStore) Extend(ctx context.Context, l *state.Lease, d time.Duration) error {
	if s.cut.Load() {
		return errCut
	}
	return s.Store.Extend(ctx, l, d)
}

func (s *cutStore) Settle(ctx context.Context, l *state.Lease, how state.Settlement) error {
	if s.cut.Load() {
		return errCut
	}
	return s.Store.Settle(ctx, l, how)
}

func (s *cutStore) Enqueue(ctx context.Context, e state.Entry) (state.Receipt, error) {
	if s.cut.Load() {
		return state.Receipt{}, errCut
	}
	return s.Store.Enqueue(ctx, e)
}

func TestALostLeaseEndsTheTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &cutStore{Store: memstate.New(memstate.Options{})}
		defer store.Close()
		w := newTest(t, withStore(store), withConfig(bot.Config{LeaseTTL: 3 * time.Second}))
		w.bot.OnNewMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
			if m.Attempt > 1 {
				w.note("again")
				return nil
			}
			store.cut.Store(true)
			<-ctx.Done()
			w.note("%v", context.Cause(ctx))
			store.cut.Store(false)
			_, err := th.Post(ctx, bot.Text("too late"))
			if err == nil {
				t.Error("a turn without a lease could post")
			}
			return err
		})
		w.say("ada", "@helper")
		w.run(time.Minute)
		w.noted(bot.ErrLeaseLost.Error(), "again")
	})
}

func TestAStoreThatIsDownIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &cutStore{Store: memstate.New(memstate.Options{})}
		defer store.Close()
		w := newTest(t, withStore(store))
		w.bot.OnNewMention(w.noting("mention"))
		store.cut.Store(true)
		stop := w.start()
		err := w.bot.Accept(t.Context(), w.fake.Said(thread, "x", "ada", "@helper lost?"))
		if adapter.CodeOf(err) != adapter.CodeUnavailable || !errors.Is(err, state.ErrUnavailable) {
			t.Errorf("Accept without a store: %v, want code unavailable", err)
		}
		time.Sleep(10 * time.Minute)
		store.cut.Store(false)
		w.say("ada", "@helper")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		stop()
		if got := w.notes(); len(got) != 1 {
			t.Errorf("handled %q, want one", got)
		}
	})
}

// downStore cannot be read for the first so many times.
type downStore struct {
	state.Store
	down atomic.Int32
}

func (s *downStore) Subscribed(ctx context.Context, k state.Key) (bool, error) {
	if s.down.Add(-1) >= 0 {
		return false, errCut
	}
	return s.Store.Subscribed(ctx, k)
}

func TestAStoreOutageSpendsNoAttempts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &downStore{Store: memstate.New(memstate.Options{})}
		defer store.Close()
		store.down.Store(30)
		w := newTest(t, withStore(store), withConfig(bot.Config{MaxAttempts: 2}))
		w.bot.OnSubscribedMessage(w.noting("subscribed"))
		w.bot.OnNewMention(func(_ context.Context, _ *bot.Thread, m *bot.Message) error {
			w.note("attempt %d", m.Attempt)
			return nil
		})
		w.say("ada", "@helper")
		w.run(10 * time.Minute)
		w.noted("attempt 1")
	})
}

func TestIdentityIsLearnedLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withConfig(bot.Config{MaxAttempts: 2}))
		down := &adapter.Error{Code: adapter.CodeUnavailable, Op: "viewer"}
		w.fake.FailIdentity(down, down, down, errBoom, &adapter.Error{Code: adapter.CodeUnauthenticated, Op: "viewer"})
		w.bot.OnNewMention(func(_ context.Context, _ *bot.Thread, m *bot.Message) error {
			w.note("attempt %d", m.Attempt)
			return nil
		})
		w.say("ada", "@helper")
		w.run(time.Hour)
		w.noted("attempt 1")
	})
}

func TestAStrangeWorkspaceEndsInTheDeadLetters(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withConfig(bot.Config{MaxAttempts: 3}))
		w.bot.OnNewMention(w.noting("mention"))
		w.deliver(w.fake.SaidBy(adapter.User{ID: "ada"}, "dead", thread, "m1", "@helper"))
		w.run(time.Hour)
		if dead := w.dead(); len(dead) != 1 || dead[0].Cause.Code != "forbidden" {
			t.Errorf("dead letters %+v, want one with code forbidden", dead)
		}
	})
}

func TestDrain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		takes time.Duration
		want  []string
		again bool
	}{
		{"a turn that is soon done is let finish", 10 * time.Second, []string{"done"}, false},
		{"a turn that takes too long is handed back", time.Hour, []string{bot.ErrDraining.Error()}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newTest(t, withConfig(bot.Config{DrainTimeout: 20 * time.Second, TurnTimeout: 2 * time.Hour}))
				w.bot.OnNewMention(func(ctx context.Context, _ *bot.Thread, m *bot.Message) error {
					if m.Attempt != 1 {
						t.Errorf("attempt %d: handing back must not count", m.Attempt)
					}
					select {
					case <-time.After(c.takes):
						w.note("done")
						return nil
					case <-ctx.Done():
						w.note("%v", context.Cause(ctx))
						return ctx.Err()
					}
				})
				w.say("ada", "@helper")
				w.say("ada", "@helper, this one waits")
				stop := w.start()
				synctest.Wait()
				stop()
				w.noted(c.want...)
				stats, err := w.store.Stats(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				left := 1
				if c.again {
					left = 2
				}
				if stats.Entries != left || stats.Leased != 0 {
					t.Errorf("store holds %+v, want %d entries and no lease", stats, left)
				}
			})
		})
	}
}

func TestRunSaysThatAHandlerDoesNotReturn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withConfig(bot.Config{DrainTimeout: time.Second}))
		release := make(chan struct{})
		w.bot.OnNewMention(func(context.Context, *bot.Thread, *bot.Message) error {
			<-release
			return nil
		})
		w.say("ada", "@helper")
		end := w.begin()
		synctest.Wait()
		if err := end(); err == nil || !strings.Contains(err.Error(), "did not return") {
			t.Errorf("Run: %v, want it to say so", err)
		}
		close(release)
		synctest.Wait()
	})
}

func TestRunOnlyOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		stop := w.start()
		synctest.Wait()
		if err := w.bot.Run(t.Context()); !errors.Is(err, bot.ErrRunning) {
			t.Errorf("second Run: %v, want ErrRunning", err)
		}
		stop()
	})
}

func TestWorkersAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withConfig(bot.Config{Workers: 3}))
		most := w.mostAtOnce()
		for i := range 30 {
			w.sayIn(adapter.ThreadID(fmt.Sprintf("fake:room:%d", i)), "ada", "x")
		}
		w.run(time.Minute)
		if *most != 3 {
			t.Errorf("%d handlers at once, want 3", *most)
		}
		if n := w.bot.Counts()["handled"]; n != 30 {
			t.Errorf("%d handled, want 30", n)
		}
	})
}

func TestDamagedEntryIsBuried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		w.bot.OnNewMention(w.noting("mention"))
		lane := state.Key{Workspace: "W1", Kind: "thread", ID: string(thread)}
		for _, body := range []string{"", "\x09from the future", "\x01short"} {
			if _, err := w.store.Enqueue(t.Context(), state.Entry{ID: "damaged" + body, Lane: lane, Body: []byte(body)}); err != nil {
				t.Fatal(err)
			}
		}
		w.say("ada", "@helper")
		w.run(time.Second)
		if n := len(w.dead()); n != 3 {
			t.Errorf("%d dead letters, want 3", n)
		}
		if n := len(w.notes()); n != 1 {
			t.Errorf("what stood behind was handled %d times, want once", n)
		}
	})
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]bot.Config{
		"nothing":           {},
		"negative workers":  {Workers: -1},
		"negative attempts": {MaxAttempts: -1},
		"a negative lease":  {LeaseTTL: -1},
		"a hasty lease":     {LeaseTTL: time.Millisecond},
		"an unknown policy": {Bots: 9},
	} {
		if name != "nothing" {
			store := memstate.New(memstate.Options{})
			defer store.Close()
			cfg.Adapter, cfg.Store = adaptertest.NewFake("helper"), store
		}
		if _, err := bot.New(cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
