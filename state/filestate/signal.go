package filestate

import (
	"context"

	"github.com/linearbot/linearbot/state"
)

// Signal implements [state.Signaler] for those in this process who share the
// store.
func (s *Store) Signal(ctx context.Context, thread state.Key) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.signals.Send(thread.Thread())
	return nil
}

// OnSignal implements [state.Signaler].
func (s *Store) OnSignal(f func(thread state.Key)) (stop func()) { return s.signals.Listen(f) }
