package ticketing

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/linearbot/linearbot/state"
)

// maxChanges bounds the attempts to change a value under contention.
const maxChanges = 30

// documents keeps JSON documents under keys and changes them by compare-and-set.
type documents struct{ values state.Values }

// load reads the document under k into v. found is false if there is none.
func (d documents) load(ctx context.Context, k state.Key, v any) (found bool, err error) {
	raw, err := d.values.Get(ctx, k)
	if errors.Is(err, state.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, json.Unmarshal(raw, v)
}

func (d documents) save(ctx context.Context, k state.Key, v any, ttl time.Duration) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return d.values.Set(ctx, k, raw, ttl)
}

// change applies f to the document under k, the zero value if there is none, and
// retries on conflict. f returns false to leave the document alone; it may run
// several times. A nil result of f's document is kept as it is.
func change[T any](ctx context.Context, d documents, k state.Key, ttl time.Duration, f func(*T) (bool, error)) (*T, error) {
	for n := 1; ; n++ {
		var v T
		old, err := d.values.Get(ctx, k)
		switch {
		case errors.Is(err, state.ErrNotFound):
			old = nil
		case err != nil:
			return nil, err
		default:
			if err := json.Unmarshal(old, &v); err != nil {
				return nil, err
			}
		}
		write, err := f(&v)
		if err != nil || !write {
			return &v, err
		}
		next, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		if bytes.Equal(old, next) {
			return &v, nil
		}
		err = d.values.CompareAndSet(ctx, k, old, next, ttl)
		if err == nil {
			return &v, nil
		}
		if !errors.Is(err, state.ErrConflict) || n >= maxChanges {
			return nil, err
		}
	}
}
