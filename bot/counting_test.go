package bot_test

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/linearbot/linearbot/state"
)

// countingStore counts its calls; others are those between lease and settle.
type countingStore struct {
	state.Store

	enqueues, leases, settles, others atomic.Int64
}

func (s *countingStore) Enqueue(ctx context.Context, e state.Entry) (state.Receipt, error) {
	s.enqueues.Add(1)
	return s.Store.Enqueue(ctx, e)
}

func (s *countingStore) Lease(ctx context.Context, req state.LeaseRequest) ([]*state.Lease, error) {
	l, err := s.Store.Lease(ctx, req)
	if err == nil {
		s.leases.Add(1)
	}
	return l, err
}

func (s *countingStore) Settle(ctx context.Context, l *state.Lease, how state.Settlement) error {
	s.settles.Add(1)
	return s.Store.Settle(ctx, l, how)
}

func (s *countingStore) Get(ctx context.Context, k state.Key) ([]byte, error) {
	s.others.Add(1)
	return s.Store.Get(ctx, k)
}

func (s *countingStore) Set(ctx context.Context, k state.Key, v []byte, ttl time.Duration) error {
	s.others.Add(1)
	return s.Store.Set(ctx, k, v, ttl)
}

func (s *countingStore) CompareAndSet(ctx context.Context, k state.Key, old, next []byte, ttl time.Duration) error {
	s.others.Add(1)
	return s.Store.CompareAndSet(ctx, k, old, next, ttl)
}

func (s *countingStore) Notes(ctx context.Context, k state.Key) (state.NoteSet, error) {
	s.others.Add(1)
	return s.Store.Notes(ctx, k)
}

func (s *countingStore) WriteNotes(ctx context.Context, k state.Key, w ...state.NoteWrite) error {
	s.others.Add(1)
	return s.Store.WriteNotes(ctx, k, w...)
}

func (s *countingStore) Subscribed(ctx context.Context, k state.Key) (bool, error) {
	s.others.Add(1)
	return s.Store.Subscribed(ctx, k)
}
