package filestate

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/internal/noteset"
)

// Notes implements [state.Notes].
func (s *Store) Notes(ctx context.Context, thread state.Key) (state.NoteSet, error) {
	if err := checkValue(thread, nil, 0); err != nil {
		return state.NoteSet{}, err
	}
	var out state.NoteSet
	asked := s.now() // the transaction shows what was there when it began
	err := s.view(ctx, func(tx *bolt.Tx) (err error) {
		out, err = noteSet(tx, thread, s.now())
		out.Read = asked
		return err
	})
	return out, err
}

// noteSet reads what is known about the thread of lane. After an error only
// the notes are missing.
func noteSet(tx *bolt.Tx, lane state.Key, now time.Time) (state.NoteSet, error) {
	thread := lane.Thread()
	out := state.NoteSet{Now: now, Read: now, Subscribed: isSubscribed(tx, thread)}
	raw := tx.Bucket([]byte(bucketNotes)).Get(name(thread.String()))
	if raw == nil {
		return out, nil
	}
	_, set, ok := parseNotes(raw)
	if !ok {
		return out, fmt.Errorf("filestate: the stored notes of %s are damaged: write them again", thread)
	}
	out.Values = set.Live(now)
	return out, nil
}

// WriteNotes implements [state.Notes]. It waits for one durable write.
func (s *Store) WriteNotes(ctx context.Context, thread state.Key, writes ...state.NoteWrite) error {
	if err := checkValue(thread, nil, 0); err != nil {
		return err
	}
	for i := range writes {
		if err := writes[i].Validate(); err != nil {
			return fmt.Errorf("filestate: %w", err)
		}
	}
	if len(writes) == 0 {
		return s.open()
	}
	w := newNotesWrite(thread, writes)
	return s.do(ctx, &notesOp{call: newCall(w.size()), notes: w})
}

type notesOp struct {
	call

	notes notesWrite
}

func (o *notesOp) stage(b *batch) error {
	set, err := o.notes.plan(b)
	if err != nil {
		return o.refuse(err)
	}
	return o.notes.put(b, set)
}

// notesWrite is a part of an operation that writes notes of a thread. It keeps
// nothing of the caller's.
type notesWrite struct {
	thread state.Key
	writes []state.NoteWrite
}

func newNotesWrite(lane state.Key, writes []state.NoteWrite) notesWrite {
	w := notesWrite{thread: lane.Thread(), writes: slices.Clone(writes)}
	for i := range w.writes {
		w.writes[i].Value, w.writes[i].Old = bytes.Clone(w.writes[i].Value), bytes.Clone(w.writes[i].Old)
	}
	return w
}

func (w *notesWrite) size() int {
	n := 0
	for i := range w.writes {
		n += 64 + len(w.writes[i].Value)
	}
	return n
}

// plan returns the notes of the thread as they will be. It writes nothing, so
// that the operation may be refused because of its error. Notes that are damaged
// count as none.
func (w *notesWrite) plan(b *batch) (noteset.Set, error) {
	if len(w.writes) == 0 {
		return nil, nil
	}
	var set noteset.Set
	if raw := b.bucket(bucketNotes).Get(name(w.thread.String())); raw != nil {
		if _, have, ok := parseNotes(raw); ok {
			set = have
		}
	}
	set, err := set.Apply(b.now, w.writes)
	if err != nil {
		return nil, fmt.Errorf("filestate: %w of %s", err, w.thread)
	}
	return set, nil
}

// put writes what plan returned. Damaged notes that it replaces go to the dead
// letters.
func (w *notesWrite) put(b *batch, set noteset.Set) error {
	if len(w.writes) == 0 {
		return nil
	}
	in, key := b.bucket(bucketNotes), name(w.thread.String())
	raw := in.Get(key)
	if raw == nil && len(set) == 0 {
		return nil
	}
	if _, _, ok := parseNotes(raw); raw != nil && !ok {
		if err := b.bury(rawDead(bucketNotes, key, raw, b.now)); err != nil {
			return err
		}
	}
	if len(set) == 0 {
		return b.delete(in, key)
	}
	return b.put(in, key, appendNotes(w.thread, set))
}
