// Package noteset is the arithmetic of a thread's notes for stores that keep
// them in Go values: checks, lifetimes and limits.
package noteset

import (
	"bytes"
	"fmt"
	"maps"
	"time"

	"github.com/linearbot/linearbot/state"
)

// Note is a stored note.
type Note struct {
	Value   []byte
	Expires time.Time
}

// Set holds the notes of a thread by name. Sets are not changed once they are
// stored; [Set.Apply] makes a new one.
type Set map[string]Note

// Apply returns the set after the writes, which must be valid, without notes
// that have expired at now. It fails with [state.ErrConflict] or, beyond a
// limit, [state.ErrInvalid]. The result shares nothing with the writes.
func (s Set) Apply(now time.Time, writes []state.NoteWrite) (Set, error) {
	out := maps.Clone(s)
	if out == nil {
		out = Set{}
	}
	maps.DeleteFunc(out, func(_ string, n Note) bool { return !n.Expires.After(now) })
	for _, w := range writes {
		if have, ok := out[w.Name]; w.Check && (ok != (w.Old != nil) || !bytes.Equal(have.Value, w.Old)) {
			return nil, fmt.Errorf("%w: note %q", state.ErrConflict, w.Name)
		}
		if w.Value == nil {
			delete(out, w.Name)
			continue
		}
		out[w.Name] = Note{Value: append([]byte{}, w.Value...), Expires: now.Add(w.TTL)}
	}
	if n := out.size(); len(out) > state.MaxNotes {
		return nil, fmt.Errorf("%w: %d notes in a thread, more than %d", state.ErrInvalid, len(out), state.MaxNotes)
	} else if n > state.MaxNoteBytes {
		return nil, fmt.Errorf("%w: notes of %d bytes in a thread, more than %d", state.ErrInvalid, n, state.MaxNoteBytes)
	}
	return out, nil
}

func (s Set) size() int {
	n := 0
	for _, note := range s {
		n += len(note.Value)
	}
	return n
}

// Live returns copies of the values that have not expired at now, or nil.
func (s Set) Live(now time.Time) map[string][]byte {
	var out map[string][]byte
	for name, n := range s {
		if !n.Expires.After(now) {
			continue
		}
		if out == nil {
			out = make(map[string][]byte, len(s))
		}
		out[name] = append([]byte{}, n.Value...)
	}
	return out
}

// Expires returns when the last of the notes expires, or the zero time if
// there are none.
func (s Set) Expires() time.Time {
	var last time.Time
	for _, n := range s {
		if n.Expires.After(last) {
			last = n.Expires
		}
	}
	return last
}
