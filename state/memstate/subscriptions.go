package memstate

import (
	"context"
	"iter"

	"github.com/linearbot/linearbot/state"
)

// Subscribe implements [state.Subscriptions].
func (s *Store) Subscribe(ctx context.Context, thread state.Key) error {
	if _, err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.subscribe(thread)
	return nil
}

func (s *Store) subscribe(thread state.Key) {
	threads := s.subscriptions[thread.Workspace]
	if threads == nil {
		threads = map[state.Key]struct{}{}
		s.subscriptions[thread.Workspace] = threads
	}
	threads[thread] = struct{}{}
}

// Unsubscribe implements [state.Subscriptions].
func (s *Store) Unsubscribe(ctx context.Context, thread state.Key) error {
	if _, err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	threads := s.subscriptions[thread.Workspace]
	delete(threads, thread)
	if len(threads) == 0 {
		delete(s.subscriptions, thread.Workspace)
	}
	return nil
}

// Subscribed implements [state.Subscriptions].
func (s *Store) Subscribed(ctx context.Context, thread state.Key) (bool, error) {
	if _, err := s.begin(ctx); err != nil {
		return false, err
	}
	defer s.mu.Unlock()
	_, ok := s.subscriptions[thread.Workspace][thread]
	return ok, nil
}

// Threads implements [state.Subscriptions]. It is a snapshot.
func (s *Store) Threads(ctx context.Context, workspace string) iter.Seq2[state.Key, error] {
	return snapshot(ctx, s, func(add func(state.Key)) {
		for k := range s.subscriptions[workspace] {
			add(k)
		}
	})
}
