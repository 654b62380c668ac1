package memstate

import (
	"context"
	"time"

	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/internal/noteset"
)

// threadNotes are the notes of a thread. Their moment is on the agenda expiry,
// at the end of the last of them.
type threadNotes struct {
	moment

	thread state.Key
	set    noteset.Set // never empty
}

func (t *threadNotes) due(s *Store) { delete(s.notes, t.thread) }

// Notes implements [state.Notes].
func (s *Store) Notes(ctx context.Context, thread state.Key) (state.NoteSet, error) {
	if err := checkThread(thread); err != nil {
		return state.NoteSet{}, err
	}
	now, err := s.begin(ctx)
	if err != nil {
		return state.NoteSet{}, err
	}
	defer s.mu.Unlock()
	return s.noteSet(thread, now), nil
}

// WriteNotes implements [state.Notes].
func (s *Store) WriteNotes(ctx context.Context, thread state.Key, writes ...state.NoteWrite) error {
	if err := checkThread(thread); err != nil {
		return err
	}
	for i := range writes {
		if err := writes[i].Validate(); err != nil {
			return err
		}
	}
	now, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer s.mu.Unlock()
	return s.writeNotes(thread, now, writes...)
}

// noteSet returns what is known about the thread of lane.
func (s *Store) noteSet(lane state.Key, now time.Time) state.NoteSet {
	thread := lane.Thread()
	_, subscribed := s.subscriptions[thread.Workspace][thread]
	out := state.NoteSet{Now: now, Read: now, Subscribed: subscribed}
	if t := s.notes[thread]; t != nil {
		out.Values = t.set.Live(now)
	}
	return out
}

// writeNotes applies valid writes to the thread of lane. After an error nothing
// has changed.
func (s *Store) writeNotes(lane state.Key, now time.Time, writes ...state.NoteWrite) error {
	if len(writes) == 0 {
		return nil
	}
	thread := lane.Thread()
	t := s.notes[thread]
	if t == nil {
		t = &threadNotes{thread: thread}
	}
	set, err := t.set.Apply(now, writes)
	if err != nil {
		return err
	}
	if len(set) == 0 {
		cancel(t)
		delete(s.notes, thread)
		return nil
	}
	t.set = set
	s.notes[thread] = t
	s.expiry.set(t, set.Expires())
	return nil
}

func checkThread(k state.Key) error {
	if k.Kind == "" || k.ID == "" {
		return invalid("no full key")
	}
	return nil
}
