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
	return s.do(ctx, &setOp{call: newCall(len(v)), key: k, record: s.valueRecord(k, v, ttl)})
}

// CompareAndSet implements [state.Values].
func (s *Store) CompareAndSet(ctx context.Context, k state.Key, old, next []byte, ttl time.Duration) error {
	if err := checkValue(k, next, ttl); err != nil {
		return err
	}
	o := &setOp{call: newCall(len(next)), key: k, compare: true, old: bytes.Clone(old)}
	if next != nil {
		o.record = s.valueRecord(k, next, ttl)
	}
	return s.do(ctx, o)
}

// valueRecord returns a value as it is stored. The caller makes it and not the writer,
// whose time all callers share.
func (s *Store) valueRecord(k state.Key, data []byte, ttl time.Duration) []byte {
	return appendValue(&value{key: k, expires: expiry(s.now(), ttl), data: data})
}

// setOp sets a value, or deletes it if there is no record.
type setOp struct {
	call

	key     state.Key
	compare bool
	old     []byte
	record  []byte
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
	if o.record == nil {
		return b.delete(in, key)
	}
	return b.put(in, key, o.record)
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
