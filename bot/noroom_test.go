package bot_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

// fill leaves no room for notes in a thread.
func fill(t *testing.T, store state.Store, thread state.Key) {
	t.Helper()
	writes := make([]state.NoteWrite, state.MaxNotes)
	for i := range writes {
		writes[i] = state.NoteWrite{Name: fmt.Sprint("full ", i), Value: []byte("x"), TTL: 1000 * time.Hour}
	}
	if err := store.WriteNotes(t.Context(), thread, writes...); err != nil {
		t.Fatal(err)
	}
}

// TestThreadWithoutRoomForNotes: what the bot notes for itself is for crashes. A thread
// that has no room for it is answered all the same, whatever the policy, and may be
// subscribed.
func TestThreadWithoutRoomForNotes(t *testing.T) {
	t.Parallel()
	for _, policy := range []bot.LanePolicy{bot.Serial(), bot.Latest(), bot.Debounce(time.Second), bot.Burst(time.Second), bot.Takeover()} {
		synctest.Test(t, func(t *testing.T) {
			w := newTest(t, withPolicy(policy))
			fill(t, w.store, state.Key{Workspace: "W1", Kind: "thread", ID: string(thread)})
			w.bot.OnNewMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
				w.note("mention %s, attempt %d", m.ID, m.Attempt)
				return th.Subscribe(ctx)
			})
			w.bot.OnSubscribedMessage(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
				w.note("subscribed %s, attempt %d", m.ID, m.Attempt)
				return th.Unsubscribe(ctx)
			})
			stop := w.start()
			for _, text := range []string{"@helper one", "two"} {
				w.say("ada", text)
				time.Sleep(time.Minute)
			}
			stop()
			if got, want := w.notes(), []string{"mention m1, attempt 1", "subscribed m2, attempt 1"}; !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", policy, got, want)
			}
		})
	}
}

// TestStopWithoutRoomForNotes: a stop ends what runs, and is confirmed, although the
// session has no room to note it.
func TestStopWithoutRoomForNotes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := memstate.New(memstate.Options{})
		defer store.Close()
		fill(t, store, state.Key{Workspace: "org", Kind: "thread", ID: "linear:i1:s:s1"})
		lin := newLinear(t)
		b, err := bot.New(bot.Config{Adapter: lin, Store: store})
		if err != nil {
			t.Fatal(err)
		}
		var causes []error
		b.OnNewMention(func(ctx context.Context, _ *bot.Thread, _ *bot.Message) error {
			select {
			case <-ctx.Done():
			case <-time.After(time.Hour):
			}
			causes = append(causes, context.Cause(ctx))
			return ctx.Err()
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- b.Run(ctx) }()
		for _, stops := range []bool{false, true} {
			if err := b.Accept(t.Context(), prompt(fmt.Sprint("a", stops), "go on", stops)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Second)
		}
		synctest.Wait() // for what the handler has noted
		if len(causes) != 1 || !errors.Is(causes[0], bot.ErrStopped) {
			t.Errorf("the turn ended with %v, want one end by the stop", causes)
		}
		if st, err := store.Stats(t.Context()); err != nil || st.Entries+st.Delayed+st.Dead > 0 {
			t.Errorf("Stats = %+v, %v, want nothing left", st, err)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// halfDown is a store that cannot be read after it has refused a note for want of room.
type halfDown struct {
	state.Store

	down bool
}

func (s *halfDown) WriteNotes(ctx context.Context, thread state.Key, writes ...state.NoteWrite) error {
	err := s.Store.WriteNotes(ctx, thread, writes...)
	s.down = s.down || errors.Is(err, state.ErrInvalid)
	return err
}

func (s *halfDown) Notes(ctx context.Context, thread state.Key) (state.NoteSet, error) {
	if s.down {
		return state.NoteSet{}, state.ErrUnavailable
	}
	return s.Store.Notes(ctx, thread)
}

// TestStopThatIsWorthAnotherTry: that a stop cannot be kept does not hide that the
// questions of its thread may still be open, for which it is tried again.
func TestStopThatIsWorthAnotherTry(t *testing.T) {
	t.Parallel()
	store := &halfDown{Store: memstate.New(memstate.Options{})}
	defer store.Close()
	id := adapter.ThreadID("linear:i1:s:s1")
	fill(t, store, state.Key{Workspace: "org", Kind: "thread", ID: string(id)})
	b, err := bot.New(bot.Config{Adapter: newLinear(t), Store: store})
	if err != nil {
		t.Fatal(err)
	}
	thread, err := b.Workspace("org").Thread(id)
	if err != nil {
		t.Fatal(err)
	}
	if err := thread.Stop(t.Context()); !errors.Is(err, state.ErrUnavailable) || errors.Is(err, state.ErrInvalid) {
		t.Errorf("Stop = %v, want the failure of the store alone", err)
	}
	store.down = false
	if err := thread.Stop(t.Context()); err == nil {
		t.Error("Stop has kept itself in a full thread")
	}
}
