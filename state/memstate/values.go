package memstate

import (
	"bytes"
	"context"
	"time"

	"github.com/linearbot/linearbot/state"
)

// value is a stored value. Its moment is on the agenda expiry if it has a ttl.
type value struct {
	moment

	key  state.Key
	data []byte // never nil
}

func (v *value) due(s *Store) { delete(s.values, v.key) }

// Get implements [state.Values].
func (s *Store) Get(ctx context.Context, k state.Key) ([]byte, error) {
	if _, err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	v := s.values[k]
	if v == nil {
		return nil, state.ErrNotFound
	}
	return bytes.Clone(v.data), nil
}

// Set implements [state.Values]. A negative ttl is invalid.
func (s *Store) Set(ctx context.Context, k state.Key, v []byte, ttl time.Duration) error {
	if ttl < 0 {
		return invalid("negative ttl")
	}
	now, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.setValue(k, v, end(now, ttl))
	return nil
}

// CompareAndSet implements [state.Values]. A negative ttl is invalid.
func (s *Store) CompareAndSet(ctx context.Context, k state.Key, old, next []byte, ttl time.Duration) error {
	if ttl < 0 {
		return invalid("negative ttl")
	}
	now, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer s.mu.Unlock()
	v := s.values[k]
	if (v == nil) != (old == nil) || v != nil && !bytes.Equal(v.data, old) {
		return state.ErrConflict
	}
	if next == nil {
		s.deleteValue(k)
		return nil
	}
	s.setValue(k, next, end(now, ttl))
	return nil
}

// Delete implements [state.Values].
func (s *Store) Delete(ctx context.Context, k state.Key) error {
	if _, err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.deleteValue(k)
	return nil
}

// setValue stores a copy of data until at; with a zero at it never expires.
func (s *Store) setValue(k state.Key, data []byte, at time.Time) {
	v := s.values[k]
	if v == nil {
		v = &value{key: k}
		s.values[k] = v
	}
	if v.data == nil || cap(v.data) > 2*len(data) {
		v.data = make([]byte, 0, len(data))
	}
	v.data = append(v.data[:0], data...) // readers have copies
	s.expire(v, at)
}

func (s *Store) deleteValue(k state.Key) {
	if v := s.values[k]; v != nil {
		cancel(v)
		delete(s.values, k)
	}
}

// expire makes d end at at, or never if at is zero.
func (s *Store) expire(d dated, at time.Time) {
	cancel(d)
	if !at.IsZero() {
		s.expiry.set(d, at)
	}
}

// end returns when a ttl that starts now ends; zero means never.
func end(now time.Time, ttl time.Duration) time.Time {
	if ttl == 0 {
		return time.Time{}
	}
	return now.Add(ttl)
}

// expires returns when d ends; zero means never.
func expires(d dated) time.Time {
	if m := d.when(); m.on != nil {
		return m.at
	}
	return time.Time{}
}
