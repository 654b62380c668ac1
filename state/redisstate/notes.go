package redisstate

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math"
	"time"

	"github.com/linearbot/linearbot/state"
)

// Redis keeps the notes of a thread as a hash: name to eight bytes, big-endian,
// with the time in microseconds at which the note expires, and the value.
const noteHead = 8

// Notes returns what is known about a thread. See [state.Notes].
func (s *Store) Notes(ctx context.Context, thread state.Key) (state.NoteSet, error) {
	if err := s.beginKey(ctx, thread, 0); err != nil {
		return state.NoteSet{}, err
	}
	asked := time.Now()
	now, a, err := s.readThread(ctx, thread.Thread())
	if err != nil {
		return state.NoteSet{}, s.fail(ctx, "notes", err)
	}
	return readNotes(asked, now, a.num(1), a.list(2)), nil
}

// readThread returns the server's time and the answer of the notes script.
func (s *Store) readThread(ctx context.Context, thread state.Key) (now int64, a answer, err error) {
	name, i := s.at(thread)
	sh := &s.shards[i]
	a, err = s.ask(ctx, s.scripts.notes, 3, []string{sh.notes, sh.subs}, name)
	if err != nil {
		return 0, nil, err
	}
	return a.num(0), a, nil
}

// WriteNotes writes notes. See [state.Notes].
func (s *Store) WriteNotes(ctx context.Context, thread state.Key, writes ...state.NoteWrite) error {
	if err := s.beginKey(ctx, thread, 0); err != nil {
		return err
	}
	for i := range writes {
		if err := writes[i].Validate(); err != nil {
			return fmt.Errorf("redisstate: %w", err)
		}
	}
	if len(writes) == 0 {
		return nil
	}
	name, i := s.at(thread.Thread())
	said, err := s.scripts.write.Run(ctx, s.calls, []string{s.shards[i].notes + name},
		packNotes(make([]any, 0, 5*len(writes)), writes)...).Result()
	if text, ok := said.(string); ok && err == nil {
		err = refused(text)
		if errors.Is(err, state.ErrConflict) || errors.Is(err, state.ErrInvalid) {
			return fmt.Errorf("%w of %s", err, thread.Thread())
		}
	}
	return s.fail(ctx, "write notes", err)
}

// packNotes appends writes as the scripts take them.
func packNotes(args []any, writes []state.NoteWrite) []any {
	for i := range writes {
		w := &writes[i]
		flags := "d"
		if w.Value != nil {
			flags = "s"
		}
		switch {
		case w.Check && w.Old == nil:
			flags += "n"
		case w.Check:
			flags += "v"
		}
		// Rounded up, so that what lives at all lives for a microsecond.
		ttl := max(w.TTL, 0) / time.Microsecond
		if w.TTL%time.Microsecond > 0 {
			ttl++
		}
		args = append(args, w.Name, flags, int64(ttl), w.Value, w.Old)
	}
	return args
}

// readNotes makes a set of what a script that was asked answered, as of its time.
func readNotes(asked time.Time, now, subscribed int64, pairs answer) state.NoteSet {
	out := state.NoteSet{Now: time.UnixMicro(now), Read: asked, Subscribed: subscribed == 1}
	for name, n := range liveNotes(now, pairs) {
		if out.Values == nil {
			out.Values = make(map[string][]byte, len(pairs)/2)
		}
		out.Values[name] = []byte(n.value)
	}
	return out
}

// storedNote is a note as Redis keeps it.
type storedNote struct {
	expires int64 // µs
	value   string
}

// liveNotes iterates over the notes in pairs of names and notes that have not
// expired at now. What is damaged is left out, and replaced by the next write.
func liveNotes(now int64, pairs answer) iter.Seq2[string, storedNote] {
	return func(yield func(string, storedNote) bool) {
		for i := 0; i+1 < len(pairs); i += 2 {
			v := pairs.text(i + 1)
			if len(v) < noteHead {
				continue
			}
			at := binary.BigEndian.Uint64([]byte(v[:noteHead]))
			if at > math.MaxInt64 || int64(at) <= now {
				continue
			}
			if !yield(pairs.text(i), storedNote{int64(at), v[noteHead:]}) {
				return
			}
		}
	}
}
