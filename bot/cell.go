package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/linearbot/linearbot/bot/internal/cell"
	"github.com/linearbot/linearbot/bot/internal/writes"
	"github.com/linearbot/linearbot/internal/notes"
)

// Cell is a value of type T in the bot's store, kept as JSON. It is a name and
// holds nothing, so it is cheap and safe for concurrent use. Make one with
// [State], [UserState] or [WorkspaceState].
type Cell[T any] struct{ value notes.Value }

// State is the state of a thread. All handlers of all instances share it. Use
// [Cell.Named] if a thread has several. A value is kept for 30 days after its
// last write; [Cell.WithTTL] changes that.
func State[T any](t *Thread) Cell[T] {
	return Cell[T]{t.bot.notes.Value(notes.State, t.workspace, "thread/"+string(t.ID()))}
}

// UserState is the state of a user of a workspace. A value is kept for 30 days
// after its last write; [Cell.WithTTL] changes that.
func UserState[T any](w *Workspace, userID string) Cell[T] {
	return Cell[T]{w.bot.notes.Value(notes.State, w.id, "user/"+userID)}
}

// WorkspaceState is the state of a workspace. A value is kept for 30 days after
// its last write; [Cell.WithTTL] changes that.
func WorkspaceState[T any](w *Workspace) Cell[T] {
	return Cell[T]{w.bot.notes.Value(notes.State, w.id, "workspace")}
}

// Named returns another cell of the same owner.
func (c Cell[T]) Named(name string) Cell[T] {
	return Cell[T]{c.value.Named(name)}
}

// WithTTL returns the cell with another lifetime, which each write restarts. It must be
// positive. Defaults to 30 days.
func (c Cell[T]) WithTTL(ttl time.Duration) Cell[T] {
	return Cell[T]{c.value.For(ttl)}
}

// Get returns the value, or the zero value if there is none.
func (c Cell[T]) Get(ctx context.Context) (T, error) {
	data, err := cell.Get(ctx, c.value)
	if err != nil {
		return *new(T), err
	}
	return c.decode(data)
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
//
// Within a turn an update is applied once, however often the turn runs, also
// around [Ask]: when the turn runs again, change sees the value that it saw then,
// and its result is dropped. The last four updates of a cell are remembered for
// that.
func (c Cell[T]) Update(ctx context.Context, change func(v *T) error) error {
	return cell.Update(ctx, c.value, c.updateKey(ctx), func(before []byte) ([]byte, error) {
		v, err := c.decode(before)
		if err != nil {
			return nil, err
		}
		if err := change(&v); err != nil {
			return nil, err
		}
		next, err := json.Marshal(v)
		if err != nil {
			return nil, fmt.Errorf("bot: state: %w", err)
		}
		return next, nil
	})
}

// updateKey names the next update of the cell in a turn. Outside of turns it is
// empty.
func (c Cell[T]) updateKey(ctx context.Context) string {
	turn := turnFrom(ctx)
	if turn == nil {
		return ""
	}
	return writes.Hash(turn.writes.Next(turn.head().Key, "cell\x00"+c.value.Name(), stepFrom(ctx)))
}

// Delete forgets the value.
func (c Cell[T]) Delete(ctx context.Context) error {
	if err := c.value.Delete(ctx); err != nil {
		return fmt.Errorf("bot: state: %w", err)
	}
	return nil
}

func (c Cell[T]) decode(data []byte) (v T, err error) {
	if len(data) == 0 {
		return v, nil
	}
	if err := json.Unmarshal(data, &v); err != nil {
		return v, fmt.Errorf("bot: state of %s does not fit into %T: %w", c.value.Name(), v, err)
	}
	return v, nil
}
