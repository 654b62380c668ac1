package redisstate

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/linearbot/linearbot/state"
)

// checkKey refuses keys that name nothing and lifetimes that are negative.
func checkKey(k state.Key, ttl time.Duration) error {
	switch {
	case k.Kind == "" || k.ID == "":
		return invalid("key %q has no kind or no id", k)
	case ttl < 0:
		return invalid("key %q: ttl %v", k, ttl)
	}
	return nil
}

// Get returns a value. See [state.Values].
func (s *Store) Get(ctx context.Context, k state.Key) ([]byte, error) {
	if err := s.beginKey(ctx, k, 0); err != nil {
		return nil, err
	}
	name, i := s.at(k)
	v, err := s.client.Get(ctx, s.shards[i].value(name)).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, state.ErrNotFound
	}
	if err != nil {
		return nil, s.fail(ctx, "get", err)
	}
	return v, nil
}

// Set stores a value. See [state.Values].
func (s *Store) Set(ctx context.Context, k state.Key, v []byte, ttl time.Duration) error {
	if err := s.beginKey(ctx, k, ttl); err != nil {
		return err
	}
	name, i := s.at(k)
	return s.fail(ctx, "set", s.client.Set(ctx, s.shards[i].value(name), v, wholeMillis(ttl)).Err())
}

// CompareAndSet replaces a value. See [state.Values].
func (s *Store) CompareAndSet(ctx context.Context, k state.Key, old, next []byte, ttl time.Duration) error {
	if err := s.beginKey(ctx, k, ttl); err != nil {
		return err
	}
	name, i := s.at(k)
	n, err := s.scripts.cas.Run(ctx, s.calls, []string{s.shards[i].value(name)},
		bit(old != nil), old, bit(next != nil), next, millis(ttl)).Int()
	switch {
	case err != nil:
		return s.fail(ctx, "compare and set", err)
	case n == 0:
		return state.ErrConflict
	}
	return nil
}

// Delete forgets a value and a list. See [state.Values].
func (s *Store) Delete(ctx context.Context, k state.Key) error {
	if err := s.beginKey(ctx, k, 0); err != nil {
		return err
	}
	name, i := s.at(k)
	return s.fail(ctx, "delete", s.client.Del(ctx, s.shards[i].value(name), s.shards[i].list(name)).Err())
}

// Append adds to a list. See [state.Values].
func (s *Store) Append(ctx context.Context, k state.Key, item []byte, limit int, ttl time.Duration) error {
	if err := s.beginKey(ctx, k, ttl); err != nil {
		return err
	}
	if limit < 0 {
		return invalid("key %q: limit %d", k, limit)
	}
	name, i := s.at(k)
	err := s.scripts.push.Run(ctx, s.calls, []string{s.shards[i].list(name)},
		limit, millis(ttl), bit(false), bytes.Clone(item)).Err()
	return s.fail(ctx, "append", err)
}

// List returns a list. See [state.Values].
func (s *Store) List(ctx context.Context, k state.Key) ([][]byte, error) {
	if err := s.beginKey(ctx, k, 0); err != nil {
		return nil, err
	}
	name, i := s.at(k)
	items, err := s.client.LRange(ctx, s.shards[i].list(name), 0, -1).Result()
	if err != nil {
		return nil, s.fail(ctx, "list", err)
	}
	out := make([][]byte, len(items))
	for i, item := range items {
		out[i] = []byte(item)
	}
	return out, nil
}

// beginKey is begin for calls about a key.
func (s *Store) beginKey(ctx context.Context, k state.Key, ttl time.Duration) error {
	if err := checkKey(k, ttl); err != nil {
		return err
	}
	return s.begin(ctx)
}

// wholeMillis rounds up, because a ttl under a millisecond is not for ever.
func wholeMillis(d time.Duration) time.Duration { return time.Duration(millis(d)) * time.Millisecond }

func bit(b bool) string {
	if b {
		return "1"
	}
	return "0"
}
