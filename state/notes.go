package state

import (
	"context"
	"time"
)

// The limits of notes. See [NoteWrite].
const (
	// MaxNote is the largest value of a note, in bytes.
	MaxNote = 256 << 10
	// MaxNoteName is the longest name of a note, in bytes.
	MaxNoteName = 256
	// MaxNotes is the most live notes of a thread.
	MaxNotes = 128
	// MaxNoteBytes is the most that the values of a thread's live notes hold
	// in all, in bytes.
	MaxNoteBytes = 1 << 20
)

// Notes keeps what is remembered about threads. See the package comment. A
// thread is named by its own key or by that of any of its lanes
// ([Key.Thread]).
type Notes interface {
	// Notes returns the live notes of a thread, whether it is subscribed, and
	// the store's time. A thread without notes is not an error. It blocks for
	// one read. Errors: ErrInvalid for an incomplete key, ErrUnavailable,
	// ErrClosed or the context's.
	Notes(ctx context.Context, thread Key) (NoteSet, error)
	// WriteNotes applies all writes, in order, in one atomic durable step,
	// whether or not a lane of the thread is leased. With no writes it is a
	// no-op. It blocks for one durable write and never retries.
	//
	// It fails with ErrConflict if a checked note has another value, and with
	// ErrInvalid if a write is invalid or the thread would exceed its limits;
	// then nothing was written. Other errors: ErrFull, ErrUnavailable,
	// ErrClosed or the context's; after these the writes may or may not be
	// stored.
	WriteNotes(ctx context.Context, thread Key, writes ...NoteWrite) error
}

// NoteWrite sets or deletes one note. A later write of a call sees what the
// earlier ones did.
type NoteWrite struct {
	// Name names the note within its thread. Required, at most
	// [MaxNoteName] bytes.
	Name string
	// Value replaces the note, at most [MaxNote] bytes. Nil deletes it;
	// deleting an absent note is a no-op. An empty Value that is not nil is
	// stored.
	Value []byte
	// TTL is how long the note lives from now on. Required, and positive, if
	// Value is set: every note expires. Stores round it up to what their
	// clock measures, a millisecond at most.
	TTL time.Duration
	// Check makes the whole call fail with [ErrConflict], and write nothing,
	// unless the present value equals Old. A nil Old means that the note must
	// not exist. An expired note does not exist.
	Check bool
	Old   []byte
}

// Validate returns an error that is [ErrInvalid] and says what is wrong with a
// write that no store takes.
func (w *NoteWrite) Validate() error {
	switch {
	case w.Name == "":
		return invalid("note without a name")
	case len(w.Name) > MaxNoteName:
		return invalid("note with a name of %d bytes, more than %d", len(w.Name), MaxNoteName)
	case len(w.Value) > MaxNote:
		return invalid("note %q has %d bytes, more than %d", w.Name, len(w.Value), MaxNote)
	case w.Value != nil && w.TTL <= 0:
		return invalid("note %q has the lifetime %v, want more than 0", w.Name, w.TTL)
	}
	return nil
}

// NoteSet is what a store knows about a thread in addition to its lanes.
type NoteSet struct {
	// Now is the store's time when it was read. Ages are computed from it:
	// Now minus [Queued.EnqueuedAt] is how long an entry has waited.
	Now time.Time
	// Read is a moment before it was read, by the clock of this process: what
	// the process knew to be written by then is in it. Zero if that is unknown.
	Read time.Time
	// Subscribed says that the thread is subscribed. See [Subscriptions].
	Subscribed bool
	// Values holds the live notes by name, nil if there are none. The caller
	// may keep and change it.
	Values map[string][]byte
}
