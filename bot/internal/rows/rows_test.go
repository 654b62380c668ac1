package rows_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/rows"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

// entries says what is in a lane, a character each: a lower-case letter is a message
// of the thread that it names, an upper-case one a message that is handled alone, "."
// another event, "!" one that cannot be read.
type entries string

func (e entries) Message(_ context.Context, i int) (adapter.ThreadID, bool, error) {
	switch e[i] {
	case '.':
		return "", false, nil
	case '!':
		return "", false, errors.New("unreadable")
	default:
		return adapter.ThreadID(strings.ToLower(string(e[i]))), true, nil
	}
}

func (e entries) Alone(_ context.Context, i int) (bool, error) {
	return e[i] >= 'A' && e[i] <= 'Z', nil
}

func (e entries) Due(first, newest time.Time) time.Time { return newest.Add(newest.Sub(first)) }

// lease returns a lease of the entries of a lane, of which there is one a second.
func (e entries) lease(behind int) *state.Lease {
	l := &state.Lease{Behind: behind}
	l.Notes.Now = time.Unix(1000, 0)
	for i := range e {
		l.Entries = append(l.Entries, state.Queued{Entry: state.Entry{ID: fmt.Sprint(i)}, EnqueuedAt: time.Unix(int64(i), 0)})
	}
	return l
}

func newPage(t *testing.T) *notes.Thread {
	t.Helper()
	return notes.New(memstate.New(memstate.Options{})).Thread(state.Key{Workspace: "W", Kind: "thread", ID: "t"})
}

func TestChoose(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		lane entries
		want string
	}{
		{"a", "0 []"},
		{"aaa", "2 [0 1]"},
		{"a.a", "1 []"}, // what stands between is first
		{".aa", "0 []"},
		{"aba", "1 []"}, // b is complete; a is not yet
		{"abb", "0 []"},
		{"aAa", "1 []"},
		{"A", "0 []"},
		{"a!a", "1 []"}, // its own turn fails with it
		{"!a", "unreadable"},
	} {
		p, err := rows.New(tt.lane.lease(0), newPage(t), rows.Most, tt.lane).Choose(t.Context())
		got := fmt.Sprint(p.At, " ", p.Older)
		if err != nil {
			got = err.Error()
		}
		if got != tt.want || p.Wait > 0 || p.More {
			t.Errorf("%s: %s, %+v, want %s", tt.lane, got, p, tt.want)
		}
	}
}

func TestWait(t *testing.T) {
	t.Parallel()
	lane := entries("aaa")
	l := lane.lease(0)
	l.Notes.Now = time.Unix(3, 0) // due at 4
	p, err := rows.New(l, newPage(t), rows.Most, lane).Choose(t.Context())
	if err != nil || p.Wait != time.Second {
		t.Errorf("%+v, %v, want to wait a second", p, err)
	}
}

// TestClockSetBack has messages from after the store's time: they wait no longer.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	lane := entries("aaa")
	l := lane.lease(0)
	for i := range l.Entries {
		l.Entries[i].EnqueuedAt = l.Notes.Now.Add(time.Hour + time.Duration(i)*time.Second)
	}
	p, err := rows.New(l, newPage(t), rows.Most, lane).Choose(t.Context())
	if err != nil || p.Wait > 0 || p.At != 2 {
		t.Errorf("%+v, %v, want the row at once", p, err)
	}
}

func TestMore(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		lane   entries
		asked  int
		behind int
		want   bool
	}{
		{"aa", 2, 1, true},
		{"aa", 2, 0, false},
		{"aa", rows.Most, 1, false},
		{"ab", 2, 1, true},
		{"a.", 2, 1, true},
		{".a", 2, 1, false},
		{"aab", 3, 1, true},
	} {
		p, err := rows.New(tt.lane.lease(tt.behind), newPage(t), tt.asked, tt.lane).Choose(t.Context())
		if err != nil || p.More != tt.want {
			t.Errorf("%s with %d behind: %+v, %v, want %v", tt.lane, tt.behind, p, err, tt.want)
		}
	}
}

// TestBegunRowStays begins a row, after which a newer message arrives.
func TestBegunRowStays(t *testing.T) {
	t.Parallel()
	page, ctx := newPage(t), t.Context()
	choose := func(lane entries, from int) (*rows.Lane, rows.Pick) {
		t.Helper()
		l := lane.lease(0)
		l.Entries = l.Entries[from:]
		out := rows.New(l, page, rows.Most, lane[from:])
		p, err := out.Choose(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return out, p
	}
	first, p := choose("aa", 0)
	if err := first.Begin(ctx, p); err != nil {
		t.Fatal(err)
	}
	again, p := choose("aaaa", 0) // after a crash
	if p.At != 1 || len(p.Older) != 1 || p.Older[0] != 0 {
		t.Errorf("the row that was begun is now %+v", p)
	}
	if err := again.Begin(ctx, p); err != nil {
		t.Errorf("begun again: %v", err)
	}
	if _, p := choose("aaaa", 2); p.At != 1 || len(p.Older) != 1 {
		t.Errorf("the next row is %+v", p)
	}
	// Another process that has not seen it must not begin another one.
	other := entries("aaa")
	late := rows.New(other.lease(0), notes.New(memstate.New(memstate.Options{})).Thread(page.Key()), rows.Most, other)
	if p, err := late.Choose(ctx); err != nil || p.At != 2 {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestTwoProcessesBeginOneRow has two of them look before either begins.
func TestTwoProcessesBeginOneRow(t *testing.T) {
	t.Parallel()
	page, ctx := newPage(t), t.Context()
	lanes := []entries{"aa", "aaa"}
	picks, all := make([]rows.Pick, 2), make([]*rows.Lane, 2)
	for i, lane := range lanes {
		all[i] = rows.New(lane.lease(0), page, rows.Most, lane)
		var err error
		if picks[i], err = all[i].Choose(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if err := all[0].Begin(ctx, picks[0]); err != nil {
		t.Fatal(err)
	}
	if err := all[1].Begin(ctx, picks[1]); !errors.Is(err, state.ErrUnavailable) {
		t.Errorf("%v, want one that is tried again", err)
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s rows.Size
		small, _ := s.Lease()
		s.Widen()
		large, _ := s.Lease()
		time.Sleep(time.Minute)
		after, _ := s.Lease()
		if small >= large || large != rows.Most || after != small {
			t.Errorf("%d, then %d, then %d", small, large, after)
		}
	})
}
