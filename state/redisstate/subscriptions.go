package redisstate

import (
	"context"
	"iter"
	"slices"

	"github.com/linearbot/linearbot/state"
)

// page is how many names a view asks for at once.
const page = 200

// Subscribe adds a thread. See [state.Subscriptions].
func (s *Store) Subscribe(ctx context.Context, thread state.Key) error {
	if err := s.beginKey(ctx, thread, 0); err != nil {
		return err
	}
	name, i := s.at(thread)
	return s.fail(ctx, "subscribe", s.client.SAdd(ctx, s.shards[i].subscriptions(thread.Workspace), name).Err())
}

// Unsubscribe removes a thread. See [state.Subscriptions].
func (s *Store) Unsubscribe(ctx context.Context, thread state.Key) error {
	if err := s.beginKey(ctx, thread, 0); err != nil {
		return err
	}
	name, i := s.at(thread)
	return s.fail(ctx, "unsubscribe", s.client.SRem(ctx, s.shards[i].subscriptions(thread.Workspace), name).Err())
}

// Subscribed reports whether a thread is subscribed. See
// [state.Subscriptions].
func (s *Store) Subscribed(ctx context.Context, thread state.Key) (bool, error) {
	if err := s.beginKey(ctx, thread, 0); err != nil {
		return false, err
	}
	name, i := s.at(thread)
	ok, err := s.client.SIsMember(ctx, s.shards[i].subscriptions(thread.Workspace), name).Result()
	return ok, s.fail(ctx, "subscribed", err)
}

// Threads iterates over the subscriptions of a workspace. See
// [state.Subscriptions]. It keeps what it has yielded in memory.
func (s *Store) Threads(ctx context.Context, workspace string) iter.Seq2[state.Key, error] {
	return func(yield func(state.Key, error) bool) {
		if err := s.begin(ctx); err != nil {
			yield(state.Key{}, err)
			return
		}
		keys, err := s.present(ctx, func(sh *shard) []string { return []string{sh.subscriptions(workspace)} })
		if err != nil {
			yield(state.Key{}, s.fail(ctx, "threads", err))
			return
		}
		for _, key := range slices.Concat(keys...) {
			for k, err := range s.threadsIn(ctx, key) {
				if err != nil {
					yield(state.Key{}, s.fail(ctx, "threads", err))
					return
				}
				if !yield(k, nil) {
					return
				}
			}
		}
	}
}

// threadsIn iterates over one set of subscriptions.
func (s *Store) threadsIn(ctx context.Context, key string) iter.Seq2[state.Key, error] {
	return func(yield func(state.Key, error) bool) {
		seen := map[string]bool{}
		var cursor uint64
		for {
			names, next, err := s.client.SScan(ctx, key, cursor, "", page).Result()
			if err != nil {
				yield(state.Key{}, err)
				return
			}
			for _, name := range names {
				if seen[name] {
					continue
				}
				seen[name] = true
				if k, ok := state.ParseKey(name); ok && !yield(k, nil) {
					return
				}
			}
			if cursor = next; cursor == 0 {
				return
			}
		}
	}
}
