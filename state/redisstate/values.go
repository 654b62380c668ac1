package redisstate

import (
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

// Delete forgets a value. See [state.Values].
func (s *Store) Delete(ctx context.Context, k state.Key) error {
	if err := s.beginKey(ctx, k, 0); err != nil {
		return err
	}
	name, i := s.at(k)
	return s.fail(ctx, "delete", s.client.Del(ctx, s.shards[i].value(name)).Err())
}

// beginKey is begin for calls about a key.
func (s *Store) beginKey(ctx context.Context, k state.Key, ttl time.Duration) error {
	if err := checkKey(k, ttl); err != nil {
		return err
	}
	return s.begin(ctx)
}

// wholeMillis rounds up, because a ttl of zero milliseconds would never end.
func wholeMillis(d time.Duration) time.Duration { return time.Duration(millis(d)) * time.Millisecond }

func bit(b bool) string {
	if b {
		return "1"
	}
	return "0"
}
