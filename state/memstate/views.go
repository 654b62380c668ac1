package memstate

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/linearbot/linearbot/state"
)

// snapshot iterates over what collect adds with the store locked. The store is
// not locked while the loop body runs, so the body may call it.
func snapshot[T any](ctx context.Context, s *Store, collect func(add func(T))) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		if _, err := s.begin(ctx); err != nil {
			yield(zero, err)
			return
		}
		var all []T
		collect(func(t T) { all = append(all, t) })
		s.mu.Unlock()
		for _, t := range all {
			if err := ctx.Err(); err != nil {
				yield(zero, err)
				return
			}
			if !yield(t, nil) {
				return
			}
		}
	}
}

// Stats implements [state.Inspector]. It takes time in proportion to the
// number of lanes.
func (s *Store) Stats(ctx context.Context) (state.Stats, error) {
	st := state.Stats{}
	if _, err := s.begin(ctx); err != nil {
		return st, err
	}
	defer s.mu.Unlock()
	st.Dead, st.Dropped = s.dead.heap.Len(), s.dropped
	for _, l := range s.lanes {
		st.Entries += len(l.order)
		if len(l.order) > 0 {
			st.Lanes++
		}
		if l.leased() {
			st.Leased++
		}
		if len(l.items) == len(l.order) {
			continue
		}
		for _, it := range l.items {
			if it.place == aside {
				st.Delayed++
			}
		}
	}
	return st, nil
}

// Lanes implements [state.Inspector]. It is a snapshot.
func (s *Store) Lanes(ctx context.Context) iter.Seq2[state.LaneInfo, error] {
	return snapshot(ctx, s, func(add func(state.LaneInfo)) {
		now := time.Now()
		for _, l := range s.lanes {
			if len(l.order) == 0 {
				continue
			}
			info := state.LaneInfo{Lane: l.key, Depth: len(l.order), Oldest: l.order[0].EnqueuedAt}
			if l.leased() {
				info.Holder, info.Expires = l.lease.holder, l.lease.expires
			}
			if l.heldUntil.After(now) {
				info.HeldUntil = l.heldUntil
			}
			add(info)
		}
	})
}

// Delayed implements [state.Inspector]. It is a snapshot.
func (s *Store) Delayed(ctx context.Context) iter.Seq2[state.DelayedEntry, error] {
	return snapshot(ctx, s, func(add func(state.DelayedEntry)) {
		s.each(aside, func(it *item) { add(it.delayed()) })
	})
}

// Dead implements [state.Inspector]. It is a snapshot.
func (s *Store) Dead(ctx context.Context) iter.Seq2[state.DeadEntry, error] {
	return snapshot(ctx, s, func(add func(state.DeadEntry)) {
		s.each(dead, func(it *item) { add(it.deadEntry()) })
	})
}

// each calls f with the entries at p, those of a lane by Seq.
func (s *Store) each(p place, f func(*item)) {
	for _, l := range s.lanes {
		if p != inLane && len(l.items) == len(l.order) {
			continue
		}
		var some []*item
		for _, it := range l.items {
			if it.place == p {
				some = append(some, it)
			}
		}
		slices.SortFunc(some, bySeq)
		for _, it := range some {
			f(it)
		}
	}
}

func (it *item) delayed() state.DelayedEntry {
	return state.DelayedEntry{Queued: copied(it.Queued), Due: it.at, Cause: it.cause}
}

func (it *item) deadEntry() state.DeadEntry {
	return state.DeadEntry{Queued: copied(it.Queued), Cause: it.cause, BuriedAt: it.since}
}

// Requeue implements [state.Inspector].
func (s *Store) Requeue(ctx context.Context, lane state.Key, id string) error {
	now, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer s.mu.Unlock()
	it := s.deadItem(lane, id)
	if it == nil {
		return state.ErrNotFound
	}
	cancel(it)
	it.Attempt, it.Seq, it.cause = 0, s.nextSeq(), state.Cause{}
	it.lane.insert(it)
	s.backlog++
	s.arrange(it.lane, now)
	return nil
}

// Purge implements [state.Inspector].
func (s *Store) Purge(ctx context.Context, lane state.Key, id string) error {
	now, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer s.mu.Unlock()
	it := s.deadItem(lane, id)
	if it == nil {
		return state.ErrNotFound
	}
	s.forget(it, now)
	return nil
}

func (s *Store) deadItem(k state.Key, id string) *item {
	if l := s.lanes[k]; l != nil {
		if it := l.items[id]; it != nil && it.place == dead {
			return it
		}
	}
	return nil
}
