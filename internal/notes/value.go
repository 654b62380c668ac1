package notes

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/linearbot/linearbot/state"
)

// Store is what a [Book] needs of a store.
type Store interface {
	state.Values
	state.Notes
	Subscribe(ctx context.Context, thread state.Key) error
	Unsubscribe(ctx context.Context, thread state.Key) error
}

// Book is all that a bot remembers. It is cheap to copy and safe for
// concurrent use.
type Book struct{ store Store }

// New returns the book that is kept in a store.
func New(store Store) Book { return Book{store} }

// Value names one value. It holds nothing, so it is cheap and safe for
// concurrent use.
type Value struct {
	store Store
	key   state.Key
	life  time.Duration
}

// Value returns the value of a kind and a workspace with a name, whose parts
// are kept apart. Without a name it is the only one of its kind in the
// workspace.
func (b Book) Value(k Kind, workspace string, name ...string) Value {
	i := k.info()
	id := "*"
	if len(name) > 0 {
		id = strings.Join(name, "\x00")
	}
	return Value{store: b.store, life: i.Life, key: state.Key{Workspace: workspace, Kind: i.Name, ID: id}}
}

// Named returns another value of the same owner.
func (v Value) Named(name string) Value {
	v.key.ID += "\x00" + name
	return v
}

// For returns the value with another lifetime, which counts from each write
// on. It must be positive.
func (v Value) For(life time.Duration) Value {
	v.life = life
	return v
}

// Name returns the name, for errors.
func (v Value) Name() string { return v.key.ID }

// Get returns the value, or nil if there is none.
func (v Value) Get(ctx context.Context) ([]byte, error) {
	data, err := v.store.Get(ctx, v.key)
	if errors.Is(err, state.ErrNotFound) {
		return nil, nil
	}
	if data == nil && err == nil {
		data = []byte{}
	}
	return data, err
}

// Set replaces the value.
func (v Value) Set(ctx context.Context, data []byte) error {
	return v.store.Set(ctx, v.key, data, v.life)
}

// Swap replaces old by next, where nil stands for no value. It fails with
// state.ErrConflict if there is another value than old.
func (v Value) Swap(ctx context.Context, old, next []byte) error {
	return v.store.CompareAndSet(ctx, v.key, old, next, v.life)
}

// Claim sets the value if there is none, and returns what there is then: mine,
// or what another caller claimed it with before. Nil means that another claim
// has just expired.
func (v Value) Claim(ctx context.Context, mine []byte) (held []byte, err error) {
	err = v.Swap(ctx, nil, mine)
	switch {
	case err == nil:
		return mine, nil
	case errors.Is(err, state.ErrConflict):
		return v.Get(ctx)
	default:
		return nil, err
	}
}

// Delete forgets the value. Deleting an absent value is a no-op.
func (v Value) Delete(ctx context.Context) error { return v.store.Delete(ctx, v.key) }
