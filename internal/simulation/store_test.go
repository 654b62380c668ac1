package simulation

import (
	"context"
	"fmt"
	"time"

	"github.com/linearbot/linearbot/internal/pause"
	"github.com/linearbot/linearbot/state"
)

// link is the store as one instance reaches it: calls fail before or after their
// effect, are slow, and end with the instance.
type link struct {
	state.Store
	of *instance
}

var errStore = fmt.Errorf("%w: the connection broke", state.ErrUnavailable)

// through makes a call of the store.
func through[T any](ctx context.Context, l link, f func() (T, error)) (T, error) {
	var none T
	p := l.of.world.plan
	if err := l.of.pass(ctx); err != nil {
		return none, err
	}
	if p.hits("store slow", p.storeSlow) && pause.For(ctx, time.Duration(p.throw("store wait", 3000))*time.Millisecond) != nil {
		return none, ctx.Err()
	}
	if p.down("store") || p.hits("store before", p.storeBefore) {
		return none, errStore
	}
	v, err := f()
	if l.of.gone() || err == nil && p.hits("store after", p.storeAfter) {
		return none, errStore
	}
	return v, err
}

func try(ctx context.Context, l link, f func() error) error {
	_, err := through(ctx, l, func() (struct{}, error) { return struct{}{}, f() })
	return err
}

func (l link) Enqueue(ctx context.Context, e state.Entry) (state.Receipt, error) {
	return through(ctx, l, func() (state.Receipt, error) {
		got, err := l.of.world.enqueue(ctx, e)
		if err == nil && got.Outcome == state.OutcomeAdded && got.Depth == 1 && e.Lease != nil && e.Hold == 0 && e.Delay == 0 {
			got.Lease = l.leaseOf(ctx, e.Lane, *e.Lease)
		}
		return got, err
	})
}

// leaseOf leases a lane that became ready, as the store does on Redis in one step with the
// entry, unless another lane is before it.
func (l link) leaseOf(ctx context.Context, lane state.Key, req state.LeaseRequest) *state.Lease {
	ctx, cancel := context.WithTimeout(ctx, time.Nanosecond)
	defer cancel()
	got, err := l.lease(ctx, req)
	if err != nil {
		return nil
	}
	if got[0].Lane == lane {
		return got[0]
	}
	if err := l.Store.Settle(context.WithoutCancel(ctx), got[0], state.Settlement{}); err != nil {
		l.of.world.fault("a lease was not given back: %v", err)
	}
	return nil
}

func (l link) Lease(ctx context.Context, req state.LeaseRequest) ([]*state.Lease, error) {
	return through(ctx, l, func() ([]*state.Lease, error) { return l.lease(ctx, req) })
}

func (l link) lease(ctx context.Context, req state.LeaseRequest) ([]*state.Lease, error) {
	got, err := l.Store.Lease(ctx, req)
	for _, lease := range got {
		lease.Notes.Now = lease.Notes.Now.Add(l.of.world.clock())
		for i := range lease.Entries {
			lease.Entries[i].EnqueuedAt = lease.Entries[i].EnqueuedAt.Add(l.of.world.skewed(lease.Entries[i].ID))
		}
	}
	return got, err
}

func (l link) Extend(ctx context.Context, lease *state.Lease, ttl time.Duration) error {
	return try(ctx, l, func() error { return l.Store.Extend(ctx, lease, ttl) })
}

func (l link) Settle(ctx context.Context, lease *state.Lease, s state.Settlement) error {
	return try(ctx, l, func() error { return l.Store.Settle(ctx, lease, s) })
}

func (l link) Notes(ctx context.Context, thread state.Key) (state.NoteSet, error) {
	return through(ctx, l, func() (state.NoteSet, error) {
		set, err := l.Store.Notes(ctx, thread)
		set.Now = set.Now.Add(l.of.world.clock())
		return set, err
	})
}

func (l link) WriteNotes(ctx context.Context, thread state.Key, writes ...state.NoteWrite) error {
	return try(ctx, l, func() error { return l.Store.WriteNotes(ctx, thread, writes...) })
}

func (l link) Get(ctx context.Context, k state.Key) ([]byte, error) {
	return through(ctx, l, func() ([]byte, error) { return l.Store.Get(ctx, k) })
}

func (l link) Set(ctx context.Context, k state.Key, v []byte, ttl time.Duration) error {
	return try(ctx, l, func() error { return l.Store.Set(ctx, k, v, ttl) })
}

func (l link) CompareAndSet(ctx context.Context, k state.Key, old, next []byte, ttl time.Duration) error {
	return try(ctx, l, func() error { return l.Store.CompareAndSet(ctx, k, old, next, ttl) })
}

func (l link) Delete(ctx context.Context, k state.Key) error {
	return try(ctx, l, func() error { return l.Store.Delete(ctx, k) })
}

func (l link) Subscribe(ctx context.Context, thread state.Key) error {
	return try(ctx, l, func() error { return l.Store.Subscribe(ctx, thread) })
}

func (l link) Unsubscribe(ctx context.Context, thread state.Key) error {
	return try(ctx, l, func() error { return l.Store.Unsubscribe(ctx, thread) })
}

func (l link) Ping(ctx context.Context) error {
	return try(ctx, l, func() error { return l.Store.Ping(ctx) })
}

// Durable says that Linear's late retries count, as they do with the stores that
// this one stands for.
func (l link) Durable() bool { return true }
