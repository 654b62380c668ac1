package attend_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/attend"
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

// TestStartsSideBySide: while any start of a workspace is under way, it is not known
// who has started a session without a creator.
func TestStartsSideBySide(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := memstate.New(memstate.Options{})
		defer store.Close()
		owner := slowOwner{started: map[string]chan error{"A": make(chan error), "B": make(chan error), "C": make(chan error)}}
		s := attend.New(attend.Config{Owner: owner}, notes.New(store))
		ended := make(chan error)
		for issue := range owner.started {
			go func() {
				_, err := s.Start(t.Context(), "W1", adapter.SessionStart{Issue: issue})
				ended <- err
			}()
		}
		synctest.Wait()
		expect := func(when string, want map[string]attend.Owner) {
			t.Helper()
			for issue, want := range want {
				in := attend.Thread{Workspace: "W1", ID: adapter.ThreadID("fake:" + issue)}
				got, err := s.OwnerOf(t.Context(), in, &adapter.Session{New: true})
				if err != nil || got != want {
					t.Errorf("%s: the session on %s: %v, %v, want %v", when, issue, got, err, want)
				}
			}
		}
		const unknown, own, person = attend.OwnerUnknown, attend.OwnerBot, attend.OwnerPerson
		expect("during all", map[string]attend.Owner{"A": unknown, "B": unknown, "other": unknown})
		owner.started["A"] <- nil
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		expect("after the first", map[string]attend.Owner{"A": own, "B": unknown, "other": unknown})
		owner.started["B"] <- errors.New("refused")
		if err := <-ended; err == nil {
			t.Error("a start that failed says nothing")
		}
		expect("after the second", map[string]attend.Owner{"B": unknown, "C": unknown, "other": unknown})
		time.Sleep(time.Minute) // the process of the last one has ended, perhaps
		expect("when the last one takes too long", map[string]attend.Owner{"C": person, "other": person})
		owner.started["C"] <- nil
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		expect("in the end", map[string]attend.Owner{"A": own, "C": own, "other": person})
	})
}

// TestOwnerOfOldSessions: a session that is not new, or has a creator, is a person's,
// and the store is not asked.
func TestOwnerOfOldSessions(t *testing.T) {
	t.Parallel()
	s := attend.New(attend.Config{Owner: slowOwner{}}, notes.New(nil)) // which panics when it is asked
	for name, session := range map[string]*adapter.Session{
		"none": nil, "an old one": {}, "a person's": {New: true, Creator: &adapter.User{ID: "ada"}},
	} {
		if got, err := s.OwnerOf(t.Context(), attend.Thread{}, session); got != attend.OwnerPerson || err != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}
