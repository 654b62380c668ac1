package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state"
)

// Cell is a value of type T in the bot's store, kept as JSON. It is a name and
// holds nothing, so it is cheap and safe for concurrent use. Make one with
// [State], [UserState] or [WorkspaceState].
type Cell[T any] struct{ value notes.Value }

// State is the state of a thread. All handlers of all instances share it. Use
// [Cell.Named] if a thread has several. A value is kept for 30 days after its
// last write; [Cell.For] changes that.
func State[T any](t *Thread) Cell[T] {
	return Cell[T]{t.bot.notes.Value(notes.State, t.workspace, "thread/"+string(t.id))}
}

// UserState is the state of a user of a workspace. A value is kept for 30 days
// after its last write; [Cell.For] changes that.
func UserState[T any](w *Workspace, userID string) Cell[T] {
	return Cell[T]{w.bot.notes.Value(notes.State, w.id, "user/"+userID)}
}

// WorkspaceState is the state of a workspace. A value is kept for 30 days after
// its last write; [Cell.For] changes that.
func WorkspaceState[T any](w *Workspace) Cell[T] {
	return Cell[T]{w.bot.notes.Value(notes.State, w.id, "workspace")}
}

// Named returns another cell of the same owner.
func (c Cell[T]) Named(name string) Cell[T] {
	return Cell[T]{c.value.Named(name)}
}

// For returns the cell with another lifetime, which counts from each write on. It
// must be positive. Defaults to 30 days.
func (c Cell[T]) For(ttl time.Duration) Cell[T] {
	return Cell[T]{c.value.For(ttl)}
}

// Get returns the value, or the zero value if there is none.
func (c Cell[T]) Get(ctx context.Context) (T, error) {
	v, _, err := c.read(ctx)
	return v, err
}

// Set replaces the value. To change a value that others may change too, use
// Update.
func (c Cell[T]) Set(ctx context.Context, v T) error {
	if err := alive(ctx); err != nil {
		return err
	}
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("bot: state: %w", err)
	}
	if err := c.value.Set(ctx, data); err != nil {
		return fmt.Errorf("bot: state: %w", err)
	}
	return nil
}

// Update changes the value in place, atomically among all instances: change is
// called again with the newer value if another instance was faster. An error of
// change is returned and nothing is written. change must do nothing else.
func (c Cell[T]) Update(ctx context.Context, change func(v *T) error) error {
	for {
		v, old, err := c.read(ctx)
		if err != nil {
			return err
		}
		if err := change(&v); err != nil {
			return err
		}
		next, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("bot: state: %w", err)
		}
		if old != nil && bytes.Equal(old, next) {
			return nil
		}
		if err := alive(ctx); err != nil {
			return err
		}
		err = c.value.Swap(ctx, old, next)
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, state.ErrConflict):
			return fmt.Errorf("bot: state: %w", err)
		}
	}
}

// Delete forgets the value.
func (c Cell[T]) Delete(ctx context.Context) error {
	if err := c.value.Delete(ctx); err != nil {
		return fmt.Errorf("bot: state: %w", err)
	}
	return nil
}

// read returns the value and its stored form, which is nil if there is none.
func (c Cell[T]) read(ctx context.Context) (v T, stored []byte, err error) {
	stored, err = c.value.Get(ctx)
	switch {
	case err != nil:
		return v, nil, fmt.Errorf("bot: state: %w", err)
	case stored == nil:
		return v, nil, nil
	}
	if err := json.Unmarshal(stored, &v); err != nil {
		return v, nil, fmt.Errorf("bot: state of %s does not fit into %T: %w", c.value.Name(), v, err)
	}
	return v, stored, nil
}
