package redisstate

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/linearbot/linearbot/state"
)

// fail turns an error of the client into one of the contract. what names the
// failed operation.
func (s *Store) fail(ctx context.Context, what string, err error) error {
	switch {
	case err == nil:
		return nil
	case s.closed() || errors.Is(err, redis.ErrClosed):
		return state.ErrClosed
	case ctx.Err() != nil:
		return ctx.Err()
	case redis.HasErrorPrefix(err, "OOM"):
		return fmt.Errorf("redisstate: %s: %w: %w", what, state.ErrFull, err)
	case unavailable(err):
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			// Some limit of the client's own, not the caller's context.
			return fmt.Errorf("redisstate: %s: %w: %v", what, state.ErrUnavailable, err) //nolint:errorlint // see above
		}
		return fmt.Errorf("redisstate: %s: %w: %w", what, state.ErrUnavailable, err)
	case sentinel(err):
		return err
	default:
		return fmt.Errorf("redisstate: %s: %w", what, err)
	}
}

// sentinel reports whether err says already what the contract wants.
func sentinel(err error) bool {
	for _, target := range []error{
		state.ErrUnavailable, state.ErrInvalid, state.ErrFull, state.ErrClosed,
		state.ErrLeaseLost, state.ErrNotFound, state.ErrConflict,
	} {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// unavailable reports whether err means that the server cannot be reached or
// cannot write now. An error that is not a server's answer is the connection's.
func unavailable(err error) bool {
	if sentinel(err) || errors.Is(err, redis.Nil) {
		return false
	}
	if _, ok := errors.AsType[redis.Error](err); !ok {
		return true
	}
	for _, prefix := range []string{
		"LOADING", "READONLY", "CLUSTERDOWN", "MISCONF", "MASTERDOWN", "TRYAGAIN", "NOREPLICAS", "BUSY", "UNKILLABLE",
		"MOVED", "ASK", "max number of clients",
	} {
		if redis.HasErrorPrefix(err, prefix) {
			return true
		}
	}
	return false
}

func invalid(format string, args ...any) error {
	return fmt.Errorf("redisstate: "+format+": %w", append(args, state.ErrInvalid)...)
}
