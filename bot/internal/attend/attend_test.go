package attend_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/attend"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

// agent shows what is written into one session, each key once.
type agent struct {
	adapter.Agent

	mu    sync.Mutex
	keys  []string
	shown []string
	alone []string // keys of what no comment shows
	err   error
}

func (a *agent) IsSession(id adapter.ThreadID) bool { return id == here.ID }

func (a *agent) Activity(_ context.Context, act *adapter.Activity) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil {
		return a.err
	}
	if act.Existed = slices.Contains(a.keys, act.Key); !act.Existed {
		a.keys, a.shown = append(a.keys, act.Key), append(a.shown, act.Body)
		if act.WithoutComment {
			a.alone = append(a.alone, act.Key)
		}
	}
	return nil
}

func (a *agent) saw() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.shown)
}

var here = attend.Thread{Workspace: "W1", ID: "fake:s"}

// inSession runs a test in a bubble, with sessions of which an agent shows one.
func inSession(t *testing.T, test func(t *testing.T, s *attend.Sessions, a *agent)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		store := memstate.New(memstate.Options{})
		defer store.Close()
		a := &agent{}
		test(t, attend.New(attend.Config{
			Agent: a, First: "On it…", KeepAlive: 15 * time.Minute, Alive: context.Cause,
		}, notes.New(store)), a)
	})
}

// takes says which issues were taken.
type takes struct {
	adapter.SessionOwner

	of []adapter.ThreadID
}

func (o *takes) TakeIssue(_ context.Context, _ string, id adapter.ThreadID, _ adapter.TakeIssue) error {
	o.of = append(o.of, id)
	return nil
}

// plans counts the plans that were canceled.
type plans struct{ canceled int }

func (p *plans) CancelPlan(context.Context, string, adapter.ThreadID) error {
	p.canceled++
	return nil
}

// asks is a message of a person to a new session.
func asks() *adapter.MessageEvent {
	return &adapter.MessageEvent{Message: &adapter.Message{
		Author: adapter.User{Kind: adapter.UserHuman}, Session: &adapter.Session{New: true}, Issue: &adapter.Issue{URL: "https://example.com/1"},
	}}
}

// turnOf returns a run of a turn here.
func turnOf(s *attend.Sessions, ev adapter.Event, attempt int) *attend.Turn {
	e := &state.Queued{Entry: state.Entry{ID: "e1", Lane: state.Key{ID: "lane"}}, EnqueuedAt: time.Now()}
	e.Attempt = attempt
	return s.Turn(attend.Of{Thread: here, Event: ev, Entry: e, Name: "e1"})
}

func write(ctx context.Context, t *attend.Turn, kind adapter.ActivityKind) error {
	return t.Write(ctx, kind, func() {}, func(context.Context) error { return nil })
}

func expect(t *testing.T, a *agent, when string, want ...string) {
	t.Helper()
	if got := a.saw(); !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", when, got, want)
	}
}

// TestKeeperSpeaksFirst: what the turn writes waits for the first activity, and the
// issue is taken before the turn ends.
func TestKeeperSpeaksFirst(t *testing.T) {
	t.Parallel()
	inSession(t, func(t *testing.T, s *attend.Sessions, a *agent) {
		owner := &takes{}
		s.Owner, s.Take = owner, adapter.TakeIssue{Start: true}
		turn := turnOf(s, asks(), 1)
		turn.Begin(t.Context())
		if err := turn.Write(t.Context(), adapter.ActivityResponse, nil, func(context.Context) error {
			expect(t, a, "before the turn writes", "On it…")
			return nil
		}); err != nil {
			t.Error(err)
		}
		if err := turn.End(t.Context(), attend.Over{}); err != nil || !slices.Equal(owner.of, []adapter.ThreadID{here.ID}) {
			t.Errorf("%v, taken %v", err, owner.of)
		}
		expect(t, a, "in the end", "On it…")
	})
}

// TestKeeperShowsLife: a silent turn shows that it is at work, one that has ended does
// not, and one that begins again shows it soon.
func TestKeeperShowsLife(t *testing.T) {
	t.Parallel()
	inSession(t, func(t *testing.T, s *attend.Sessions, a *agent) {
		turn, failed := turnOf(s, asks(), 1), errors.New("failed")
		turn.Begin(t.Context())
		time.Sleep(10 * time.Minute)
		if err := write(t.Context(), turn, adapter.ActivityThought); err != nil {
			t.Fatal(err)
		}
		time.Sleep(14 * time.Minute)
		expect(t, a, "a turn that writes", "On it…")
		time.Sleep(2 * time.Minute)
		expect(t, a, "a silent turn", "On it…", "Still working…")
		if err := turn.End(t.Context(), attend.Over{Err: failed}); !errors.Is(err, failed) {
			t.Error(err)
		}
		time.Sleep(time.Hour)
		expect(t, a, "a turn that is over", "On it…", "Still working…")

		again := turnOf(s, asks(), 2)
		again.Begin(t.Context())
		time.Sleep(2 * time.Minute)
		expect(t, a, "its next run", "On it…", "Still working…", "Still working…")
		if err := write(t.Context(), again, adapter.ActivityResponse); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		expect(t, a, "after its answer", "On it…", "Still working…", "Still working…")
		if err := again.End(t.Context(), attend.Over{}); err != nil {
			t.Error(err)
		}
	})
}

// TestKeeperKeepsCount tries what may follow what.
func TestKeeperKeepsCount(t *testing.T) {
	t.Parallel()
	const thought, elicits, answer, failure = adapter.ActivityThought, adapter.ActivityElicitation, adapter.ActivityResponse, adapter.ActivityFailure
	for name, c := range map[string]struct {
		writes []adapter.ActivityKind
		want   error // of the last
		open   bool
		failed int
		twice  int
	}{
		"nothing":                    {nil, nil, true, 0, 0},
		"progress":                   {[]adapter.ActivityKind{thought}, nil, true, 0, 0},
		"an answer":                  {[]adapter.ActivityKind{thought, answer}, nil, false, 0, 0},
		"three answers":              {[]adapter.ActivityKind{answer, answer, answer}, nil, false, 0, 1},
		"a question":                 {[]adapter.ActivityKind{elicits}, nil, false, 0, 0},
		"progress after a question":  {[]adapter.ActivityKind{elicits, thought}, attend.ErrAsked, false, 0, 0},
		"an answer after a question": {[]adapter.ActivityKind{elicits, answer}, nil, false, 0, 0},
		"a failure":                  {[]adapter.ActivityKind{answer, failure}, nil, false, 1, 0},
		"progress after an answer":   {[]adapter.ActivityKind{answer, thought}, nil, true, 0, 0},
	} {
		inSession(t, func(t *testing.T, s *attend.Sessions, a *agent) {
			planner := &plans{}
			s.Planner = planner
			turn := turnOf(s, asks(), 1)
			turn.Begin(t.Context())
			var err error
			twice := 0
			for _, kind := range c.writes {
				err = turn.Write(t.Context(), kind, func() { twice++ }, func(context.Context) error { return nil })
			}
			if end := turn.End(t.Context(), attend.Over{}); end != nil || !errors.Is(err, c.want) || planner.canceled != c.failed || twice != c.twice {
				t.Errorf("%s: %v, %v, canceled %d, %d warnings; want %v, %d, %d", name, end, err, planner.canceled, twice, c.want, c.failed, c.twice)
			}
			want := []string{"On it…"}
			if c.open {
				want = append(want, attend.Done)
			}
			expect(t, a, name, want...)
		})
	}
}

// TestTurnLeavesOrLosesItsWrites: an answer that was not written is none, a turn whose
// work continues elsewhere has no end, and one that is over writes nothing.
func TestTurnLeavesOrLosesItsWrites(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	inSession(t, func(t *testing.T, s *attend.Sessions, a *agent) {
		turn := turnOf(s, &adapter.StopEvent{}, 1) // of which nothing is announced
		turn.Begin(t.Context())
		if err := turn.Write(t.Context(), adapter.ActivityResponse, func() {}, func(context.Context) error { return broken }); !errors.Is(err, broken) {
			t.Error(err)
		}
		if err := turn.End(t.Context(), attend.Over{}); err != nil {
			t.Error(err)
		}
		expect(t, a, "an answer that was not written", attend.Stopped)
	})
	inSession(t, func(t *testing.T, s *attend.Sessions, a *agent) {
		turn := turnOf(s, asks(), 1)
		turn.Begin(t.Context())
		turn.Leave()
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(broken)
		if err := write(ctx, turn, adapter.ActivityThought); !errors.Is(err, broken) {
			t.Errorf("a turn that is over writes: %v", err)
		}
		if err := turn.End(t.Context(), attend.Over{}); err != nil {
			t.Error(err)
		}
		expect(t, a, "a turn whose work continues elsewhere", "On it…")
	})
}

// TestOutsideOfSessions: there is no turn to look after, and what it writes is written.
func TestOutsideOfSessions(t *testing.T) {
	t.Parallel()
	inSession(t, func(t *testing.T, s *attend.Sessions, a *agent) {
		turn := s.Turn(attend.Of{Thread: attend.Thread{Workspace: "W1", ID: "fake:comments"}, Event: asks()})
		failed, wrote := errors.New("failed"), false
		turn.Greeted(true)
		turn.Begin(t.Context())
		turn.Leave()
		turn.Count()
		turn.Bury(t.Context(), nil)
		turn.CancelPlan(t.Context())
		turn.Retry(t.Context(), attend.Retry{After: time.Hour})
		if err := turn.Write(t.Context(), adapter.ActivityResponse, nil, func(context.Context) error { wrote = true; return nil }); err != nil || !wrote {
			t.Errorf("%v, written %t", err, wrote)
		}
		if turn != nil || turn.Settle(t.Context()) || turn.PointElsewhere(t.Context()) != nil || turn.Fail(t.Context(), "no") != nil {
			t.Error("a thread of comments is looked after")
		}
		if err := turn.End(t.Context(), attend.Over{Err: failed}); !errors.Is(err, failed) {
			t.Error(err)
		}
		expect(t, a, "in the end")
	})
}

// TestFirstWord: one of the intake and the turn says it, and nothing comes after the
// turn has settled it.
func TestFirstWord(t *testing.T) {
	t.Parallel()
	goes := func(context.Context) bool { return false }
	stops := func(context.Context) bool { return true }
	for name, c := range map[string]struct {
		settled, announced bool // by the turn, before and after
		ahead              int
		stopped            func(context.Context) bool
		want               []string
	}{
		"the turn is next":         {false, true, 0, goes, []string{"I'll start as soon as I can."}},
		"behind one":               {false, true, 1, goes, []string{"Queued behind 1 other."}},
		"behind others":            {false, true, 3, goes, []string{"Queued behind 3 others."}},
		"the turn ends first":      {true, false, 1, goes, nil},
		"the turn is stopped":      {false, false, 1, stops, nil},
		"stopped, in the meantime": {false, true, 1, after(1), nil},
	} {
		inSession(t, func(t *testing.T, s *attend.Sessions, a *agent) {
			if c.settled && s.Settle(t.Context(), here, "e1", false) {
				t.Errorf("%s: the intake has spoken before it was asked to", name)
			}
			g := &attend.Greeting{Thread: here, Entry: "e1", Ahead: c.ahead, Stopped: c.stopped}
			start := time.Now()
			if spoken := s.Greet(t.Context(), g); spoken != (len(c.want) > 0) {
				t.Errorf("%s: spoken %t", name, spoken)
			}
			if waited := time.Since(start); (waited >= attend.GreetAfter) != (c.ahead == 0) {
				t.Errorf("%s: it waited for %v", name, waited)
			}
			expect(t, a, name, c.want...)
			if got := s.Announced(t.Context(), here, "e1"); got != c.announced {
				t.Errorf("%s: announced %t, want %t", name, got, c.announced)
			}
		})
	}
}

// after returns what is false so many times.
func after(times int) func(context.Context) bool {
	return func(context.Context) bool {
		times--
		return times < 0
	}
}

// TestSettleAfterClaim: if the intake has claimed the word and not said it yet, the
// turn says it, so that nothing comes after.
func TestSettleAfterClaim(t *testing.T) {
	t.Parallel()
	inSession(t, func(t *testing.T, s *attend.Sessions, a *agent) {
		s.Greet(t.Context(), &attend.Greeting{Thread: here, Entry: "e1", Ahead: 1, Stopped: after(1)})
		expect(t, a, "claimed and not said")
		if !s.Settle(t.Context(), here, "e1", false) {
			t.Error("the claim of the intake was not seen")
		}
		expect(t, a, "settled", "On it…")
		s.Excuse(t.Context(), here, "e1")
		s.Excuse(t.Context(), here, "e2")
		s.Excuse(t.Context(), here, "e2")
		expect(t, a, "another turn gives way twice", "On it…", "I'll start as soon as I can.")
	})
}

// TestEnd tries an end with platforms in several states.
func TestEnd(t *testing.T) {
	t.Parallel()
	full := errors.New("full")
	for name, c := range map[string]struct {
		code  adapter.Code
		store error
		later int
		want  error
	}{
		"written":            {},
		"refused for good":   {code: adapter.CodeForbidden},
		"down":               {code: adapter.CodeUnavailable, later: 1},
		"down, and no store": {code: adapter.CodeUnavailable, store: full, later: 1, want: full},
	} {
		inSession(t, func(t *testing.T, s *attend.Sessions, a *agent) {
			if c.code != adapter.CodeOK {
				a.err = &adapter.Error{Code: c.code}
			}
			later := 0
			s.Later = func(_ context.Context, l *attend.Later) error {
				if later++; l.Lane.ID != "lane" || l.Key != "k" || l.In != time.Second || l.End == nil || l.End.Body != attend.Done {
					t.Errorf("%s: stored %+v", name, l)
				}
				return c.store
			}
			err := s.End(t.Context(), t.Context(), "W1", state.Key{ID: "lane"}, &attend.End{Thread: here.ID, Key: "k", Body: attend.Done})
			if !errors.Is(err, c.want) || later != c.later {
				t.Errorf("%s: %v, stored %d times; want %v, %d", name, err, later, c.want, c.later)
			}
		})
	}
}

// TestRetry: short waits are not worth a word.
func TestRetry(t *testing.T) {
	t.Parallel()
	inSession(t, func(t *testing.T, s *attend.Sessions, a *agent) {
		for d, want := range map[time.Duration]bool{time.Second: false, 4999 * time.Millisecond: false, 5 * time.Second: true} {
			if got := s.Retry(t.Context(), here, "e1", d); got != want {
				t.Errorf("%v: %t, want %t", d, got, want)
			}
		}
		s.Waits(t.Context(), here, "e1", 90*time.Minute)
		expect(t, a, "in the end", "Something went wrong. I'll try again in 5s.", "I'll try again in 1h30m.")
		w := attend.Wait{Until: time.Now().Add(time.Hour)}
		if got := w.Left(time.Now()); got != time.Hour {
			t.Errorf("%v are left, want an hour", got)
		}
		if got := w.Left(time.Now().Add(59*time.Minute + 56*time.Second)); got != 0 {
			t.Errorf("%v are left, want 0", got)
		}
	})
}

// TestLastWord tries the ends of turns whose handlers wrote none.
func TestLastWord(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stop        bool
		ended, left string
		want        string
	}{
		"done":                   {want: attend.Done},
		"stopped":                {stop: true, want: attend.Stopped},
		"the message is gone":    {ended: reason.Deleted, left: reason.Access, want: attend.Deleted},
		"refused":                {left: reason.Access, want: attend.Refused},
		"no handler":             {left: reason.NoHandler, want: attend.Unknown},
		"a stop without a taker": {stop: true, left: reason.NoHandler, want: attend.Stopped},
	} {
		if got := attend.LastWord(c.stop, c.ended, c.left); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
