package filestate

import (
	"cmp"
	"container/list"
	"context"
	"fmt"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/linearbot/linearbot/state"
)

// waiter is a call of Lease that waits.
type waiter struct {
	wake chan struct{} // closed when something may be ready
	elem *list.Element // nil once it was woken
}

// wakeWaiters wakes as many waiters as there are lanes ready.
func (s *Store) wakeWaiters() {
	for n := s.index.ready.Len(); n > 0 && s.waiters.Len() > 0; n-- {
		if w, ok := s.waiters.Remove(s.waiters.Front()).(*waiter); ok {
			w.elem = nil
			close(w.wake)
		}
	}
}

// Lease implements [state.Queue]. It reads the bodies from the file and writes
// the attempts in the background, except those of entries that were there when a
// store was opened that had not been closed: any of them may be what ended the
// process.
func (s *Store) Lease(ctx context.Context, req state.LeaseRequest) ([]*state.Lease, error) {
	if err := req.Validate(); err != nil {
		return nil, err
	}
	if err := s.writable(); err != nil {
		return nil, err
	}
	for {
		if err := s.open(); err != nil {
			return nil, err
		}
		s.mu.Lock()
		now := s.now()
		s.index.advance(now)
		if err := ctx.Err(); err != nil {
			s.changed() // wakes another waiter for what this call was woken for
			s.mu.Unlock()
			return nil, err
		}
		taken := s.take(req, now)
		s.changed()
		if len(taken) > 0 {
			suspect := s.suspects(taken)
			s.mu.Unlock()
			var out []*state.Lease
			var err error
			if suspect {
				err = s.do(ctx, &attemptsOp{call: newCall(0)})
			}
			if err == nil {
				out, err = s.fill(ctx, taken)
			}
			if err != nil {
				s.giveBack(taken)
				return nil, err
			}
			if len(out) > 0 {
				return out, nil
			}
			continue // all of it was damaged
		}
		w := &waiter{wake: make(chan struct{})}
		w.elem = s.waiters.PushBack(w)
		s.mu.Unlock()
		if err := s.wait(ctx, w); err != nil {
			return nil, err
		}
	}
}

// wait returns when w was woken.
func (s *Store) wait(ctx context.Context, w *waiter) error {
	var err error
	select {
	case <-w.wake:
		return nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-s.closed:
		err = state.ErrClosed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.elem != nil {
		s.waiters.Remove(w.elem)
	} else {
		s.wakeWaiters() // another waiter has to see what w was woken for
	}
	return err
}

// take leases lanes that are ready. Their entries have no content yet.
func (s *Store) take(req state.LeaseRequest, now time.Time) []*state.Lease {
	var out []*state.Lease
	for len(out) < max(req.Lanes, 1) {
		front := s.index.ready.Front()
		if front == nil {
			break
		}
		l, ok := front.Value.(*lane)
		if !ok {
			break
		}
		n := l.front(max(req.Entries, 1), cmp.Or(req.Bytes, state.DefaultLeaseBytes))
		s.token++
		l.lease = &lease{token: s.token, holder: req.Holder, expires: now.Add(req.TTL), items: make([]*item, n)}
		given := &state.Lease{
			Lane:    l.key,
			Token:   s.token,
			Holder:  req.Holder,
			Expires: s.here(l.lease.expires),
			Entries: make([]state.Queued, n),
			Behind:  len(l.items) - n,
			Waited:  now.Sub(l.since),
			Notes:   state.NoteSet{Now: now, Read: now},
		}
		for i, it := range l.items[:n] {
			it.attempt++
			s.index.soil(it, now)
			l.lease.items[i] = it
			// The record number stands in for the content until fill.
			given.Entries[i] = state.Queued{Seq: it.record, Attempt: int(it.attempt)}
		}
		s.index.place(l, now)
		out = append(out, given)
	}
	return out
}

// suspects reports whether entries that were taken may have ended the process that
// had the store before.
func (s *Store) suspects(taken []*state.Lease) bool {
	return slices.ContainsFunc(taken, func(given *state.Lease) bool {
		l := s.index.under(given.Lane, given.Token)
		return l != nil && slices.ContainsFunc(l.lease.items, func(it *item) bool { return it.suspect })
	})
}

// attemptsOp has a transaction made for nothing but the attempts that every
// transaction writes.
type attemptsOp struct{ call }

func (*attemptsOp) stage(*batch) error { return nil }

// fill reads the content of what was taken. It buries what is damaged and
// leaves out leases of which nothing remains.
func (s *Store) fill(ctx context.Context, taken []*state.Lease) ([]*state.Lease, error) {
	bad := map[uint64]bool{}
	err := s.view(ctx, func(tx *bolt.Tx) error {
		in := tx.Bucket([]byte(bucketEntries))
		for _, l := range taken {
			// Damaged notes are as good as none; see notesWrite.
			l.Notes, _ = noteSet(tx, l.Lane, l.Notes.Now)
			for i := range l.Entries {
				record, attempt := l.Entries[i].Seq, l.Entries[i].Attempt
				q, whole, ok := parseEntry(in.Get(number(record)))
				if !ok || !whole || q.Lane != l.Lane {
					bad[record] = true
					continue
				}
				if q.Seq == 0 {
					q.Seq = record
				}
				q.Attempt = attempt
				l.Entries[i] = q
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	stuck := map[state.Key]bool{}
	if len(bad) > 0 {
		stuck = s.buryDamaged(ctx, taken, bad)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	var out []*state.Lease
	for _, given := range taken {
		l := s.index.under(given.Lane, given.Token)
		if l == nil {
			continue // it lapsed while it was read
		}
		if stuck[given.Lane] {
			l.hold(now.Add(repairPause))
			s.revert(l, now)
			continue
		}
		good, items := given.Entries[:0], l.lease.items[:0]
		for i, it := range l.lease.items {
			if !bad[it.record] {
				good, items = append(good, given.Entries[i]), append(items, it)
			}
		}
		given.Entries, l.lease.items = good, items
		if len(items) == 0 {
			l.lease = nil
			s.index.place(l, now)
			continue
		}
		l.lease.ids = make([]string, len(good))
		for i := range good {
			l.lease.ids[i] = good[i].ID
		}
		out = append(out, given)
	}
	s.changed()
	return out, nil
}

// giveBack undoes take.
func (s *Store) giveBack(taken []*state.Lease) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for _, given := range taken {
		if l := s.index.under(given.Lane, given.Token); l != nil {
			s.revert(l, now)
		}
	}
	s.changed()
}

// revert ends the lease of l as if it had not been.
func (s *Store) revert(l *lane, now time.Time) {
	for _, it := range l.lease.items {
		it.attempt--
		s.index.soil(it, now)
	}
	l.lease = nil
	s.index.place(l, now)
}

// buryDamaged moves the damaged entries of taken to the dead letters. It
// returns the lanes for which that failed. They wait a little, so that
// the other lanes continue.
func (s *Store) buryDamaged(ctx context.Context, taken []*state.Lease, bad map[uint64]bool) map[state.Key]bool {
	stuck := map[state.Key]bool{}
	for _, given := range taken {
		for _, e := range given.Entries {
			if e.ID != "" || !bad[e.Seq] {
				continue
			}
			if err := s.do(ctx, &damagedOp{call: newCall(0), lane: given.Lane, record: e.Seq}); err != nil {
				stuck[given.Lane] = true
			}
		}
	}
	return stuck
}

// damagedOp moves an entry that cannot be read to the dead letters.
type damagedOp struct {
	call

	lane   state.Key
	record uint64
	gone   bool
}

func (o *damagedOp) stage(b *batch) error {
	in, key := b.bucket(bucketEntries), number(o.record)
	v := in.Get(key)
	if o.gone = v == nil; o.gone {
		return nil // it was settled after the lease lapsed
	}
	d := rawDead(bucketEntries, key, v, b.now)
	if q, whole, ok := parseEntry(v); ok && q.Lane == o.lane {
		if whole {
			o.gone = true
			return nil
		}
		// Only the body is damaged.
		d.Queued = q
		d.Cause.Message = "the stored body is damaged"
	} else {
		d.Lane = o.lane
	}
	b.s.mu.Lock()
	if l := b.s.index.lanes[o.lane]; l != nil {
		for _, it := range l.items {
			if it.record == o.record {
				d.Seq, d.Attempt, d.EnqueuedAt = it.seq, int(it.attempt), time.Unix(0, it.at)
				break
			}
		}
	}
	b.s.mu.Unlock()
	b.draft(o.lane).depth--
	b.growth--
	if err := b.bury(d); err != nil {
		return err
	}
	return b.drop(o.record, true)
}

func (o *damagedOp) apply(s *Store, now time.Time) {
	l := s.index.lanes[o.lane]
	if o.gone || l == nil {
		return
	}
	for _, it := range l.items {
		if it.record == o.record {
			s.index.remove(l, it)
			delete(s.index.dirty, it.record)
			break
		}
	}
	s.index.place(l, now)
}

// Extend implements [state.Queue]. A ttl under 10 ms is invalid. A lease that
// has lapsed is revived unless the lane was leased again.
func (s *Store) Extend(ctx context.Context, l *state.Lease, ttl time.Duration) error {
	if l == nil {
		return invalid("no lease")
	}
	if err := (state.LeaseRequest{TTL: ttl}).Validate(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.open(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ln := s.index.under(l.Lane, l.Token)
	if ln == nil {
		return leaseLost(l.Lane)
	}
	now := s.now()
	ln.lease.expires = now.Add(ttl)
	l.Expires = s.here(ln.lease.expires)
	s.index.place(ln, now)
	s.changed()
	return nil
}

func leaseLost(lane state.Key) error {
	return fmt.Errorf("filestate: %w: lane %s", state.ErrLeaseLost, lane)
}
