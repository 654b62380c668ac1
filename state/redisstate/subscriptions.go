package redisstate

import (
	"context"
	"iter"

	"github.com/linearbot/linearbot/state"
)

// page is how many names a view asks for at once.
const page = 200

// The subscriptions of a workspace are one set, in the shard of its id.
func (s *Store) subsKey(workspace string) string {
	return s.shards[shardOf(workspace, len(s.shards))].subs(workspace)
}

// Subscribe adds a thread. See [state.Subscriptions].
func (s *Store) Subscribe(ctx context.Context, thread state.Key) error {
	if err := s.beginKey(ctx, thread, 0); err != nil {
		return err
	}
	return s.fail(ctx, "subscribe", s.client.SAdd(ctx, s.subsKey(thread.Workspace), thread.String()).Err())
}

// Unsubscribe removes a thread. See [state.Subscriptions].
func (s *Store) Unsubscribe(ctx context.Context, thread state.Key) error {
	if err := s.beginKey(ctx, thread, 0); err != nil {
		return err
	}
	return s.fail(ctx, "unsubscribe", s.client.SRem(ctx, s.subsKey(thread.Workspace), thread.String()).Err())
}

// Subscribed reports whether a thread is subscribed. See
// [state.Subscriptions].
func (s *Store) Subscribed(ctx context.Context, thread state.Key) (bool, error) {
	if err := s.beginKey(ctx, thread, 0); err != nil {
		return false, err
	}
	ok, err := s.client.SIsMember(ctx, s.subsKey(thread.Workspace), thread.String()).Result()
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
		seen := map[string]bool{}
		var cursor uint64
		for {
			names, next, err := s.client.SScan(ctx, s.subsKey(workspace), cursor, "", page).Result()
			if err != nil {
				yield(state.Key{}, s.fail(ctx, "threads", err))
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
