package attend_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/attend"
	"github.com/linearbot/linearbot/bot/internal/halt"
	"github.com/linearbot/linearbot/bot/internal/verdict"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

// TestEndWithoutHandler tries ends of turns that no handler took, with and without a word
// of the intake.
func TestEndWithoutHandler(t *testing.T) {
	t.Parallel()
	const first = "On it…"
	bot := asks()
	bot.Message.Author.Kind = adapter.UserApp
	for name, c := range map[string]struct {
		ev      adapter.Event
		left    string
		greeted bool
		by      error // the cause of the context
		err     error
		want    []string
	}{
		"taken":                         {asks(), "", true, nil, nil, nil},
		"unknown to every handler":      {asks(), reason.NoHandler, false, nil, nil, []string{attend.Unknown}},
		"of another app":                {bot, reason.NoHandler, false, nil, nil, nil},
		"of another app, and announced": {bot, reason.NoHandler, true, nil, nil, []string{first, attend.Unknown}},
		"refused":                       {asks(), reason.Access, false, nil, nil, nil},
		"refused after a word":          {asks(), reason.Access, true, nil, nil, []string{first, attend.Refused}},
		"the same act":                  {asks(), reason.SameAct, true, nil, nil, nil},
		"an event of an issue":          {&adapter.IssueEvent{}, reason.NoHandler, true, nil, nil, nil},
		"deleted":                       {asks(), "", false, halt.ErrDeleted, nil, []string{attend.Deleted}},
		"stopped":                       {asks(), reason.NoHandler, true, halt.ErrStopped, nil, nil},
		"failed":                        {asks(), "", true, nil, errors.New("failed"), nil},
	} {
		inSession(t, func(t *testing.T, s *attend.Sessions, a *agent) {
			s.Alive = func(context.Context) error { return nil }
			turn := turnOf(s, c.ev, 1)
			turn.Greeted(c.greeted)
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			if c.by != nil {
				cancel(c.by)
			}
			if err := turn.End(ctx, attend.Over{Err: c.err, Left: c.left}); !errors.Is(err, c.err) {
				t.Errorf("%s: %v, want %v", name, err, c.err)
			}
			expect(t, a, name, c.want...)
		})
	}
}

// TestTimesUp: a turn that took too long is not tried again where a person watches,
// unless its handler says so.
func TestTimesUp(t *testing.T) {
	t.Parallel()
	late := errors.New("late")
	for _, final := range []bool{true, false} {
		inSession(t, func(t *testing.T, s *attend.Sessions, _ *agent) {
			turn := turnOf(s, asks(), 1)
			turn.Begin(t.Context())
			err := turn.End(t.Context(), attend.Over{Err: late, TimedOut: final})
			if p, ok := errors.AsType[*verdict.PermanentError](err); ok != final || !errors.Is(err, late) || ok && p.Code != reason.TimedOut {
				t.Errorf("final %t: %v", final, err)
			}
		})
	}
}

// TestUnattended: nothing is written besides what handlers write.
func TestUnattended(t *testing.T) {
	t.Parallel()
	inSession(t, func(t *testing.T, s *attend.Sessions, a *agent) {
		s.Unattended = true
		turn := turnOf(s, asks(), 1)
		turn.Greeted(true)
		turn.Begin(t.Context())
		turn.Retry(t.Context(), attend.Retry{After: time.Hour})
		turn.Bury(t.Context(), nil)
		if err := write(t.Context(), turn, adapter.ActivityThought); err != nil {
			t.Error(err)
		}
		if err := errors.Join(turn.End(t.Context(), attend.Over{}), turn.PointElsewhere(t.Context()), turn.Fail(t.Context(), "no")); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Hour)
		expect(t, a, "in the end")
	})
}

// TestPointElsewhere: a session whose message is answered in the comments says where.
func TestPointElsewhere(t *testing.T) {
	t.Parallel()
	inSession(t, func(t *testing.T, s *attend.Sessions, a *agent) {
		if err := turnOf(s, asks(), 1).PointElsewhere(t.Context()); err != nil {
			t.Error(err)
		}
		expect(t, a, "in the end", "My answer is in the [comments](https://example.com/1).")
		if !slices.Equal(a.alone, a.keys) {
			t.Errorf("%q of %q come without a comment", a.alone, a.keys)
		}
	})
}

// TestBurial: a session of which a turn failed for good has one end, of the handler that
// is told or of its own.
func TestBurial(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind adapter.ActivityKind
		want []string
	}{
		"nothing is said":  {"", []string{"Sorry."}},
		"progress is said": {adapter.ActivityThought, []string{"Sorry."}},
		"an end is said":   {adapter.ActivityFailure, nil},
	} {
		inSession(t, func(t *testing.T, s *attend.Sessions, a *agent) {
			planner := &plans{}
			s.Planner = planner
			last := turnOf(s, &adapter.OtherEvent{}, 1)
			last.Count()
			last.Bury(t.Context(), turnOf(s, asks(), 1))
			if c.kind != "" {
				if err := write(t.Context(), last, c.kind); err != nil {
					t.Error(err)
				}
			}
			if err := last.Fail(t.Context(), "Sorry."); err != nil || planner.canceled != 1 {
				t.Errorf("%s: %v, %d plans canceled", name, err, planner.canceled)
			}
			if s.Greet(t.Context(), &attend.Greeting{Thread: here, Entry: "e1", Ahead: 1, Stopped: after(9)}) {
				t.Errorf("%s: the intake speaks after the end", name)
			}
			expect(t, a, name, c.want...)
		})
	}
}

// TestTurnWaits: a turn that waits long is shown as waiting until it is due or over.
func TestTurnWaits(t *testing.T) {
	t.Parallel()
	inSession(t, func(t *testing.T, s *attend.Sessions, a *agent) {
		store := memstate.New(memstate.Options{})
		defer store.Close()
		page := notes.New(store).Thread(state.Key{Workspace: "W1", Kind: "thread", ID: "fake:s"})
		var stored []*attend.Later
		s.Later = func(_ context.Context, l *attend.Later) error {
			stored = append(stored, l)
			return nil
		}
		now := func(context.Context) (time.Time, error) { return time.Now(), nil }
		turn := turnOf(s, asks(), 1)
		turn.Retry(t.Context(), attend.Retry{After: time.Minute, Now: now})
		if len(stored) > 0 {
			t.Error("a short wait was stored")
		}
		turn.Retry(t.Context(), attend.Retry{After: time.Hour, Now: now})
		if len(stored) != 1 || stored[0].Wait == nil || stored[0].In != 15*time.Minute || stored[0].Lane.Kind != "urgent" {
			t.Fatalf("stored %+v", stored)
		}
		w := stored[0].Wait
		w.Seq, w.Event = 7, "Comment|c1"
		show := func(when string, want time.Duration) {
			t.Helper()
			if again, err := s.Show(t.Context(), page, here, "e1", w, time.Now()); err != nil || again != want {
				t.Errorf("%s: %v, %v, want %v", when, again, err, want)
			}
		}
		show("at first", 15*time.Minute)
		time.Sleep(50 * time.Minute)
		show("near the end", 10*time.Minute)
		a.err = &adapter.Error{Code: adapter.CodeUnavailable}
		show("while the platform is down", time.Minute)
		a.err = nil
		time.Sleep(10 * time.Minute)
		show("when it is due", 0)
		expect(t, a, "in the end", "Something went wrong. I'll try again in 1m.", "Something went wrong. I'll try again in 1h0m.", "I'll try again in 1h0m.", "I'll try again in 10m.")
	})
}
