package filestate

import (
	"bytes"
	"context"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/linearbot/linearbot/state"
)

// maxValue is the longest value.
const maxValue = 64 << 20

func checkValue(k state.Key, v []byte, ttl time.Duration) error {
	switch {
	case k.Kind == "" || k.ID == "":
		return invalid("no full key")
	case len(v) > maxValue:
		return invalid("value of %s has %d bytes", k, len(v))
	case ttl < 0:
		return invalid("negative ttl for %s", k)
	}
	return nil
}

func expiry(now time.Time, ttl time.Duration) time.Time {
	if ttl == 0 {
		return time.Time{}
	}
	return now.Add(ttl)
}

// Get implements [state.Values].
func (s *Store) Get(ctx context.Context, k state.Key) ([]byte, error) {
	if err := checkValue(k, nil, 0); err != nil {
		return nil, err
	}
	var out []byte
	err := s.view(ctx, func(tx *bolt.Tx) error {
		v, err := liveValue(tx, k, s.now())
		if err != nil {
			return err
		}
		if v == nil {
			return fmt.Errorf("filestate: %w: %s", state.ErrNotFound, k)
		}
		out = v.data
		return nil
	})
	return out, err
}

// liveValue returns a copy of the value of k, or nil if it is absent or expired.
func liveValue(tx *bolt.Tx, k state.Key, now time.Time) (*value, error) {
	raw := tx.Bucket([]byte(bucketValues)).Get(name(k.String()))
	if raw == nil {
		return nil, nil
	}
	v, ok := parseValue(raw)
	if !ok {
		return nil, damagedValue(k)
	}
	if expired(v.expires, now) {
		return nil, nil
	}
	return v, nil
}

// Set implements [state.Values].
func (s *Store) Set(ctx context.Context, k state.Key, v []byte, ttl time.Duration) error {
	if err := checkValue(k, v, ttl); err != nil {
		return err
	}
	return s.do(ctx, &setOp{call: newCall(len(v)), key: k, next: append([]byte{}, v...), ttl: ttl})
}

// CompareAndSet implements [state.Values].
func (s *Store) CompareAndSet(ctx context.Context, k state.Key, old, next []byte, ttl time.Duration) error {
	if err := checkValue(k, next, ttl); err != nil {
		return err
	}
	return s.do(ctx, &setOp{
		call: newCall(len(next)), key: k, compare: true,
		old: bytes.Clone(old), next: bytes.Clone(next), ttl: ttl,
	})
}

// setOp sets a value, or deletes it if next is nil.
type setOp struct {
	call

	key       state.Key
	compare   bool
	old, next []byte
	ttl       time.Duration
}

func (o *setOp) stage(b *batch) error {
	if o.compare {
		have, err := liveValue(b.tx, o.key, b.now)
		if err != nil {
			return o.refuse(err)
		}
		if (have == nil) != (o.old == nil) || have != nil && !bytes.Equal(have.data, o.old) {
			return o.refuse(fmt.Errorf("filestate: %w: %s", state.ErrConflict, o.key))
		}
	}
	in, key := b.bucket(bucketValues), name(o.key.String())
	if o.next == nil {
		return b.delete(in, key)
	}
	return b.put(in, key, appendValue(&value{key: o.key, expires: expiry(b.now, o.ttl), data: o.next}))
}

// Delete implements [state.Values].
func (s *Store) Delete(ctx context.Context, k state.Key) error {
	if err := checkValue(k, nil, 0); err != nil {
		return err
	}
	return s.do(ctx, &deleteOp{call: newCall(0), key: k})
}

type deleteOp struct {
	call

	key state.Key
}

func (o *deleteOp) stage(b *batch) error {
	values, key := b.bucket(bucketValues), name(o.key.String())
	if values.Get(key) == nil {
		return nil
	}
	return b.delete(values, key)
}

func seal(v []byte) []byte { return sealed(append(newSealed(len(v)), v...)) }
