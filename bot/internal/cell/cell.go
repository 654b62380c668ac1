// Package cell keeps a value that several turns change, as JSON. A change is atomic
// among all instances, and one that has a name is applied once, however often its
// turn runs: the cell remembers the last changes with a name, and the value that each
// of them saw.
package cell

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state"
)

const (
	// boxed begins a value that is stored with its last updates; JSON never does.
	boxed = 1
	// remembered is how many updates are remembered.
	remembered = 4
)

// box is a value with the last updates that have a name.
type box struct {
	Value   json.RawMessage `json:"v"`
	Updates []update        `json:"u,omitempty"`
}

// update is an update, and the value before it.
type update struct {
	Key    string          `json:"k"`
	Before json.RawMessage `json:"b,omitempty"`
}

// Get returns the JSON of a cell, or nil if it is empty.
func Get(ctx context.Context, v notes.Value) ([]byte, error) {
	box, _, err := open(ctx, v)
	return box.Value, err
}

// Update replaces the JSON of a cell by what change makes of it. Before is nil if the
// cell is empty. change is called again with the newer value if another instance was
// faster. An error of change is returned and nothing is written.
//
// With a key, an update that was applied before sees the value that it saw then, and
// its result is dropped.
func Update(ctx context.Context, v notes.Value, key string, change func(before []byte) (next []byte, err error)) error {
	for {
		b, old, err := open(ctx, v)
		if err != nil {
			return err
		}
		before, again := b.before(key)
		next, err := change(before)
		if err != nil || again || old != nil && bytes.Equal(b.Value, next) {
			return err
		}
		if ctx.Err() != nil { // another process may run the turn by now
			return context.Cause(ctx)
		}
		stored, err := b.with(key, next)
		if err != nil {
			return fmt.Errorf("bot: state: %w", err)
		}
		err = v.Swap(ctx, old, stored)
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, state.ErrConflict):
			return fmt.Errorf("bot: state: %w", err)
		}
	}
}

// open returns what is stored, and its stored form, which is nil if that is
// nothing.
func open(ctx context.Context, v notes.Value) (b box, stored []byte, err error) {
	stored, err = v.Get(ctx)
	if err != nil {
		return b, nil, fmt.Errorf("bot: state: %w", err)
	}
	if len(stored) == 0 || stored[0] != boxed {
		b.Value = stored
		return b, stored, nil
	}
	if err := json.Unmarshal(stored[1:], &b); err != nil {
		return b, nil, fmt.Errorf("bot: state of %s is damaged: %w", v.Name(), err)
	}
	return b, stored, nil
}

// before returns the value that an update is to change, and whether it was applied
// already.
func (b *box) before(key string) (value []byte, again bool) {
	for _, u := range b.Updates {
		if key != "" && u.Key == key {
			return u.Before, true
		}
	}
	return b.Value, false
}

// with returns the stored form with a new value, which an update made.
func (b *box) with(key string, next []byte) ([]byte, error) {
	updates := b.Updates
	if key != "" {
		updates = append(updates[max(0, len(updates)-remembered+1):], update{Key: key, Before: b.Value})
	}
	if len(updates) == 0 {
		return next, nil
	}
	data, err := json.Marshal(box{Value: next, Updates: updates})
	return append([]byte{boxed}, data...), err
}
