package acts_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/acts"
	"github.com/linearbot/linearbot/bot/internal/own"
	"github.com/linearbot/linearbot/bot/internal/verdict"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

func threadKey(workspace string, id adapter.ThreadID) state.Key {
	return state.Key{Workspace: workspace, Kind: "thread", ID: string(id)}
}

// inOrder runs a test in a bubble, with the order of a platform that has sessions.
func inOrder(t *testing.T, test func(t *testing.T, o *acts.Order)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		store := memstate.New(memstate.Options{})
		defer store.Close()
		b := notes.New(store)
		test(t, &acts.Order{
			Book: b, Sessions: acts.NewWorkspaces(b), Store: store, Lane: threadKey, Thread: threadKey, HasSessions: true, Apart: true,
		})
	})
}

// comment and session are two events of one act, in its first turn. The page of each
// flushes what it stages only if the test does.
func comment(o *acts.Order) *acts.Event {
	return eventOf(o, "Comment", "c1", "fake:1", &adapter.Message{})
}

func session(o *acts.Order) *acts.Event {
	return eventOf(o, "AgentSession", "s1", "fake:s", &adapter.Message{Session: &adapter.Session{ID: "S1", CommentThread: "fake:1"}})
}

func eventOf(o *acts.Order, typ, key string, in adapter.ThreadID, m *adapter.Message) *acts.Event {
	e := &acts.Event{
		Meta: &adapter.Meta{Type: typ, Key: key, Act: "a1", Workspace: "W1"}, Message: m, Mentioned: true,
		Entry: &state.Queued{EnqueuedAt: time.Now(), Attempt: 1}, Page: o.Book.Thread(threadKey("W1", in)),
	}
	e.Entry.Lane = threadKey("W1", in)
	return e
}

func claims(t *testing.T, o *acts.Order, e *acts.Event, want bool, rival string) {
	t.Helper()
	if speaks, by, err := o.Claim(t.Context(), e); speaks != want || by != rival || err != nil {
		t.Errorf("%s: speaks %t, the rival is %q, %v; want %t, %q", e.Key, speaks, by, err, want, rival)
	}
}

// yields checks for how long an event waits. Zero means that it does not.
func yields(t *testing.T, err error, wait time.Duration, inOrder bool) {
	t.Helper()
	yield, ok := errors.AsType[*verdict.YieldError](err)
	switch {
	case wait == 0 && err == nil:
	case !ok || yield.Wait != wait || yield.InOrder != inOrder:
		t.Errorf("%+v, want a wait of %v, in order %t", err, wait, inOrder)
	}
}

// TestOrderBeforeSessions: as long as a workspace sends no sessions, comments answer at
// once, and leave word for the first session.
func TestOrderBeforeSessions(t *testing.T) {
	t.Parallel()
	inOrder(t, func(t *testing.T, o *acts.Order) {
		c, s := comment(o), session(o)
		yields(t, o.YieldToSession(t.Context(), c), 0, false)
		claims(t, o, c, true, "")
		if err := c.Page.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if first, err := o.Note(t.Context(), s); !first || err != nil {
			t.Errorf("the first session: first %t, %v", first, err)
		}
		claims(t, o, s, false, "")
		claims(t, o, comment(o), true, "") // another run of it
		if first, err := o.Note(t.Context(), s); first || err != nil {
			t.Errorf("the session again: first %t, %v", first, err)
		}
	})
}

// TestOrderWaitsForComments: the first session waits while a turn of the comment's thread
// may be under way.
func TestOrderWaitsForComments(t *testing.T) {
	t.Parallel()
	inOrder(t, func(t *testing.T, o *acts.Order) {
		s := session(o)
		if _, err := o.Note(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if _, err := own.Place(t.Context(), o.Store, threadKey("W1", "fake:1")); err != nil {
			t.Fatal(err)
		}
		_, _, err := o.Claim(t.Context(), s)
		yields(t, err, 50*time.Millisecond, false)
	})
}

// TestOrderAfterSessions: in a workspace that sends sessions, a comment waits for the
// session, which answers. If none comes, the comment does.
func TestOrderAfterSessions(t *testing.T) {
	t.Parallel()
	inOrder(t, func(t *testing.T, o *acts.Order) {
		if _, err := o.Note(t.Context(), session(o)); err != nil {
			t.Fatal(err)
		}
		yields(t, o.YieldToSession(t.Context(), comment(o)), 4*time.Second, false)
		time.Sleep(time.Minute) // all instances know
		c := comment(o)
		yields(t, o.YieldToSession(t.Context(), c), 4*time.Second, true)
		retried := comment(o)
		retried.Entry.Attempt = 2
		yields(t, o.YieldToSession(t.Context(), retried), 0, false)
		claims(t, o, session(o), true, "")
		claims(t, o, c, false, "s1")
		time.Sleep(4 * time.Second)
		c.Page = o.Book.Thread(c.Page.Key()) // of its next lease
		yields(t, o.YieldToSession(t.Context(), c), 0, false)
		lone := comment(o)
		lone.Act, lone.Others = "a2", []string{"a3"}
		claims(t, o, lone, true, "")
		late := session(o)
		late.Act = "a3"
		claims(t, o, late, false, "c1")
	})
}

// TestOrderWithoutRivals: where only one kind of event reaches a handler, nothing is
// claimed.
func TestOrderWithoutRivals(t *testing.T) {
	t.Parallel()
	inOrder(t, func(t *testing.T, o *acts.Order) {
		c := comment(o)
		c.NoSessions = true
		claims(t, o, c, true, "")
		claims(t, o, session(o), true, "")
		c.Rivals = true
		claims(t, o, c, false, "s1")
		c.Act = ""
		claims(t, o, c, true, "")
	})
}
