package bot

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state/memstate"
)

// slowOwner starts a session when it is told to.
type slowOwner struct {
	adapter.SessionOwner

	started map[string]chan error // by issue
}

func (o slowOwner) StartSession(_ context.Context, _ string, s adapter.SessionStart) (adapter.ThreadID, error) {
	return adapter.ThreadID("fake:" + s.Issue), <-o.started[s.Issue]
}

// TestStartsSideBySide: while any start of a workspace is under way, the event of a
// session without a creator waits.
func TestStartsSideBySide(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := memstate.New(memstate.Options{})
		defer store.Close()
		owner := slowOwner{started: map[string]chan error{"A": make(chan error), "B": make(chan error), "C": make(chan error)}}
		b := &Bot{notes: notes.New(store)}
		b.can.owner = owner
		ended := make(chan error)
		for issue := range owner.started {
			go func() {
				_, err := b.startSession(t.Context(), "W1", adapter.SessionStart{Issue: issue})
				ended <- err
			}()
		}
		synctest.Wait()
		look := func(issue string) string {
			thread := &Thread{bot: b, id: adapter.ThreadID("fake:" + issue), workspace: "W1"}
			ev := &adapter.MessageEvent{Message: &adapter.Message{Session: &adapter.Session{New: true}}}
			own, err := b.isOwnSession(t.Context(), &run{Turn: &Turn{event: ev, thread: thread}})
			if _, waits := errors.AsType[*yieldError](err); waits {
				return "waits"
			}
			if err != nil {
				t.Fatal(err)
			}
			if own {
				return "own"
			}
			return "a person's"
		}
		expect := func(when string, want map[string]string) {
			t.Helper()
			for issue, want := range want {
				if got := look(issue); got != want {
					t.Errorf("%s: the session on %s: %s, want %s", when, issue, got, want)
				}
			}
		}
		expect("during all", map[string]string{"A": "waits", "B": "waits", "other": "waits"})
		owner.started["A"] <- nil
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		expect("after the first", map[string]string{"A": "own", "B": "waits", "other": "waits"})
		owner.started["B"] <- errors.New("refused")
		if err := <-ended; err == nil {
			t.Error("a start that failed says nothing")
		}
		expect("after the second", map[string]string{"B": "waits", "C": "waits", "other": "waits"})
		time.Sleep(startingLife) // the process of the last one has ended, perhaps
		expect("when the last one takes too long", map[string]string{"C": "a person's", "other": "a person's"})
		owner.started["C"] <- nil
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		expect("in the end", map[string]string{"A": "own", "C": "own", "other": "a person's"})
	})
}

// TestSuggestsOnlyInSessions: where there is no session, or its turn is over, the
// platform is not asked.
func TestSuggestsOnlyInSessions(t *testing.T) {
	t.Parallel()
	b := &Bot{}
	b.can.owner, b.can.agent = slowOwner{}, sessionsOnly{} // the owner panics when it is asked
	comments, session := &Thread{bot: b, id: "fake:1"}, &Thread{bot: b, id: "fake:s"}
	if got, err := comments.Session().SuggestRepositories(t.Context()); got != nil || err != nil {
		t.Errorf("in a thread of comments: %v, %v, want none", got, err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(ErrStopped)
	if _, err := session.Session().SuggestRepositories(ctx); !errors.Is(err, ErrStopped) {
		t.Errorf("in a turn that was stopped: %v, want ErrStopped", err)
	}
}

// sessionsOnly knows which thread is a session.
type sessionsOnly struct{ adapter.Agent }

func (sessionsOnly) IsSession(id adapter.ThreadID) bool { return id == "fake:s" }
