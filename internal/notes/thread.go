package notes

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/linearbot/linearbot/state"
)

// Thread holds the notes of a thread. It is safe for concurrent use.
//
// Notes that came with a lease are as old as the lease: they may lack what
// lanes of other threads, or another process, wrote since. What must not be
// based on an old value is written with [Thread.Swap], or read again with
// [Thread.Refresh] first.
type Thread struct {
	store Store
	key   state.Key

	mu     sync.Mutex
	known  bool // set is filled in
	set    state.NoteSet
	staged []state.NoteWrite
}

// Thread returns the notes of a thread, which are read when they are first
// needed.
func (b Book) Thread(thread state.Key) *Thread {
	return &Thread{store: b.store, key: thread.Thread()}
}

// Leased returns the notes that came with a lease.
func (b Book) Leased(l *state.Lease) *Thread {
	return &Thread{store: b.store, key: l.Lane.Thread(), known: true, set: l.Notes}
}

// Key returns the key of the thread.
func (t *Thread) Key() state.Key { return t.key }

// Now returns the store's time when the notes were read.
func (t *Thread) Now(ctx context.Context) (time.Time, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	err := t.load(ctx)
	return t.set.Now, err
}

// ReadAt returns a moment before the notes were read, by this process's clock.
// It is zero if they were not read yet, or if that is unknown.
func (t *Thread) ReadAt() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.set.Read
}

// Subscribed reports whether the thread is subscribed.
func (t *Thread) Subscribed(ctx context.Context) (bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	err := t.load(ctx)
	return t.set.Subscribed, err
}

// Subscribe subscribes the thread, or takes that back. It blocks for a durable
// write.
func (t *Thread) Subscribe(ctx context.Context, on bool) error {
	change := t.store.Subscribe
	if !on {
		change = t.store.Unsubscribe
	}
	if err := change(ctx, t.key); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.set.Subscribed = on
	return nil
}

// Get returns a note, or nil if there is none. id tells notes of one kind apart
// and may be empty. The caller must not change it.
func (t *Thread) Get(ctx context.Context, k Kind, id string) ([]byte, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.load(ctx); err != nil {
		return nil, err
	}
	if len(t.set.Values) == 0 { // most threads have no notes
		return nil, nil
	}
	return t.set.Values[noteName(k, id)], nil
}

// Refresh reads all notes again and returns one of them.
func (t *Thread) Refresh(ctx context.Context, k Kind, id string) ([]byte, error) {
	set, err := t.store.Notes(ctx, t.key)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.known, t.set = true, set
	for _, w := range t.staged {
		t.apply(w)
	}
	return t.set.Values[noteName(k, id)], nil
}

// Put replaces a note, or deletes it if data is nil. It blocks for a durable
// write.
func (t *Thread) Put(ctx context.Context, k Kind, id string, data []byte) error {
	return t.write(ctx, t.writeOf(k, id, data))
}

// Swap replaces old by next, where nil stands for no note. It fails with
// state.ErrConflict if there is another note than old, and reads the notes
// again. It blocks for a durable write.
func (t *Thread) Swap(ctx context.Context, k Kind, id string, old, next []byte) error {
	w := t.writeOf(k, id, next)
	w.Check, w.Old = true, old
	err := t.write(ctx, w)
	if errors.Is(err, state.ErrConflict) {
		if _, again := t.Refresh(ctx, k, id); again != nil {
			return fmt.Errorf("%w: %w", again, err)
		}
	}
	return err
}

// Stage replaces a note, or deletes it if data is nil, when the lease is
// settled. Get returns it at once.
func (t *Thread) Stage(k Kind, id string, data []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if data == nil && t.known && len(t.set.Values) == 0 && len(t.staged) == 0 {
		return // there is nothing to delete
	}
	w := t.writeOf(k, id, data)
	if _, had := t.set.Values[w.Name]; data == nil && t.known && !had && !t.isStaged(w.Name) {
		return // there is nothing to delete
	}
	t.staged = append(t.staged, w)
	t.apply(w)
}

// Flush writes what is staged. It blocks for a durable write if that is anything.
func (t *Thread) Flush(ctx context.Context) error {
	t.mu.Lock()
	staged := t.staged
	t.staged = nil
	t.mu.Unlock()
	if len(staged) == 0 {
		return nil
	}
	return t.store.WriteNotes(ctx, t.key, staged...)
}

// Staged returns what is to be written with the settle.
func (t *Thread) Staged() []state.NoteWrite {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.staged
}

func (t *Thread) isStaged(name string) bool {
	for _, w := range t.staged {
		if w.Name == name {
			return true
		}
	}
	return false
}

func (t *Thread) write(ctx context.Context, w state.NoteWrite) error {
	if err := t.store.WriteNotes(ctx, t.key, w); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.apply(w)
	return nil
}

// apply changes what is known of the notes.
func (t *Thread) apply(w state.NoteWrite) {
	if w.Value == nil {
		delete(t.set.Values, w.Name)
		return
	}
	if t.set.Values == nil {
		t.set.Values = make(map[string][]byte)
	}
	t.set.Values[w.Name] = w.Value
}

// load reads the notes unless they are known.
func (t *Thread) load(ctx context.Context) error {
	if t.known {
		return nil
	}
	set, err := t.store.Notes(ctx, t.key)
	if err != nil {
		return err
	}
	t.known, t.set = true, set
	for _, w := range t.staged {
		t.apply(w)
	}
	return nil
}

func (t *Thread) writeOf(k Kind, id string, data []byte) state.NoteWrite {
	return state.NoteWrite{Name: noteName(k, id), Value: data, TTL: k.Life()}
}

// noteName spells the name of a note. Names have a limit, so long ids are
// hashed.
func noteName(k Kind, id string) string {
	name := k.String()
	if id == "" {
		return name
	}
	if len(name)+1+len(id) > state.MaxNoteName {
		sum := sha256.Sum256([]byte(id))
		id = "sha256:" + hex.EncodeToString(sum[:])
	}
	return name + "/" + id
}
