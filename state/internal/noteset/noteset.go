// Package noteset is the arithmetic of a thread's notes for stores that keep
// them in Go values: checks, lifetimes and limits.
package noteset

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/linearbot/linearbot/state"
)

// Note is a stored note.
type Note struct {
	Name    string
	Value   []byte
	Expires time.Time
}

// Set holds the notes of a thread, each name once, in no order. It is a list because
// nearly all threads have one note or two, and a map takes half a kilobyte for those.
// Sets are not changed once they are stored; [Set.Apply] makes a new one.
type Set []Note

// Get returns the note of a name, whether or not it has expired.
func (s Set) Get(name string) (n Note, ok bool) {
	if i := s.find(name); i >= 0 {
		return s[i], true
	}
	return Note{}, false
}

func (s Set) find(name string) int {
	for i := range s {
		if s[i].Name == name {
			return i
		}
	}
	return -1
}

// Put returns the set with a note in place of the one of the same name. It may change
// s, so it is for sets that are being made.
func (s Set) Put(n Note) Set {
	if i := s.find(n.Name); i >= 0 {
		s[i] = n
		return s
	}
	return append(s, n)
}

// Apply returns the set after the writes, which must be valid, without notes
// that have expired at now. It fails with [state.ErrConflict] or, beyond a
// limit, [state.ErrInvalid]. The result shares nothing with the writes.
func (s Set) Apply(now time.Time, writes []state.NoteWrite) (Set, error) {
	out := make(Set, 0, len(s)+len(writes))
	for _, n := range s {
		if n.Expires.After(now) {
			out = append(out, n)
		}
	}
	for i := range writes {
		w := &writes[i]
		at := out.find(w.Name)
		if w.Check && ((at >= 0) != (w.Old != nil) || at >= 0 && !bytes.Equal(out[at].Value, w.Old)) {
			return nil, fmt.Errorf("%w: note %q", state.ErrConflict, w.Name)
		}
		switch {
		case w.Value != nil:
			out = out.Put(Note{Name: w.Name, Value: append([]byte{}, w.Value...), Expires: now.Add(w.TTL)})
		case at >= 0:
			out = slices.Delete(out, at, at+1)
		}
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
	for i := range s {
		n += len(s[i].Value)
	}
	return n
}

// Live returns copies of the values that have not expired at now, or nil.
func (s Set) Live(now time.Time) map[string][]byte {
	var out map[string][]byte
	for _, n := range s {
		if !n.Expires.After(now) {
			continue
		}
		if out == nil {
			out = make(map[string][]byte, len(s))
		}
		out[n.Name] = append([]byte{}, n.Value...)
	}
	return out
}

// Expires returns when the last of the notes expires, or the zero time if
// there are none.
func (s Set) Expires() time.Time {
	var last time.Time
	for i := range s {
		if s[i].Expires.After(last) {
			last = s[i].Expires
		}
	}
	return last
}
