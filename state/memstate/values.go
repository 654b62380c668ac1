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

// list is a stored list. Its moment is on the agenda expiry if it has a ttl.
type list struct {
	moment

	key   state.Key
	items [][]byte
}

func (l *list) due(s *Store) { delete(s.lists, l.key) }

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
	if l := s.lists[k]; l != nil {
		cancel(l)
		delete(s.lists, k)
	}
	return nil
}

// Append implements [state.Values]. A negative limit or ttl is invalid.
func (s *Store) Append(ctx context.Context, k state.Key, item []byte, limit int, ttl time.Duration) error {
	if ttl < 0 || limit < 0 {
		return invalid("limit %d and ttl %v of a list", limit, ttl)
	}
	now, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer s.mu.Unlock()
	var items [][]byte
	if l := s.lists[k]; l != nil {
		items = l.items
	}
	items = append(items, bytes.Clone(item))
	if drop := len(items) - limit; limit > 0 && drop > 0 {
		clear(items[:drop])
		items = items[drop:]
	}
	s.setList(k, items, end(now, ttl))
	return nil
}

// List implements [state.Values].
func (s *Store) List(ctx context.Context, k state.Key) ([][]byte, error) {
	if _, err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	if l := s.lists[k]; l != nil {
		return copiedItems(l.items), nil
	}
	return nil, nil
}

// setValue stores a copy of data until at; a zero at means for ever.
func (s *Store) setValue(k state.Key, data []byte, at time.Time) {
	v := s.values[k]
	if v == nil {
		v = &value{key: k}
		s.values[k] = v
	}
	v.data = append([]byte{}, data...)
	s.expire(v, at)
}

func (s *Store) deleteValue(k state.Key) {
	if v := s.values[k]; v != nil {
		cancel(v)
		delete(s.values, k)
	}
}

// setList stores items until at; a zero at means for ever.
func (s *Store) setList(k state.Key, items [][]byte, at time.Time) {
	l := s.lists[k]
	if l == nil {
		l = &list{key: k}
		s.lists[k] = l
	}
	l.items = items
	s.expire(l, at)
}

// expire makes d end at at, or never if at is zero.
func (s *Store) expire(d dated, at time.Time) {
	cancel(d)
	if !at.IsZero() {
		s.expiry.set(d, at)
	}
}

// end returns when a ttl that starts now is over; zero means never.
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

func copiedItems(items [][]byte) [][]byte {
	out := make([][]byte, len(items))
	for i, b := range items {
		out[i] = bytes.Clone(b)
	}
	return out
}
