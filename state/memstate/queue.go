package memstate

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/linearbot/linearbot/state"
)

// Enqueue implements [state.Queue].
func (s *Store) Enqueue(ctx context.Context, e state.Entry) (state.Receipt, error) {
	if err := e.Validate(); err != nil {
		return state.Receipt{}, err
	}
	now, err := s.begin(ctx)
	if err != nil {
		return state.Receipt{}, err
	}
	defer s.mu.Unlock()

	l := s.lane(e.Lane)
	defer s.arrange(l, now)
	idle := len(l.order) == 0 // a leased lane is never empty
	switch {
	case l.knows(e.ID, e.Keys):
		return state.Receipt{Outcome: state.OutcomeDuplicate, Depth: len(l.order)}, nil
	case e.IfIdle && !idle:
		s.remember(l, now.Add(s.dedupTTL), e.ID, e.Keys)
		return state.Receipt{Outcome: state.OutcomeBusy, Depth: len(l.order)}, nil
	case s.maxEntries > 0 && s.backlog >= s.maxEntries:
		return state.Receipt{}, state.ErrFull
	}

	s.remember(l, now.Add(s.dedupTTL), e.ID, e.Keys)
	if e.Hold > 0 && (idle || e.HoldMode == state.HoldReset) {
		l.hold(now.Add(e.Hold))
	}
	it := &item{lane: l, Queued: copied(state.Queued{Entry: e, Seq: s.nextSeq(), EnqueuedAt: now})}
	it.Delay, it.Hold, it.HoldMode, it.IfIdle = 0, 0, 0, false
	l.add(it)
	s.backlog++
	if e.Delay > 0 {
		s.setAside(it, now.Add(e.Delay))
	} else {
		l.insert(it)
	}
	return state.Receipt{Outcome: state.OutcomeAdded, Depth: len(l.order), Seq: it.Seq}, nil
}

func (s *Store) nextSeq() uint64 {
	s.seq++
	return s.seq
}

// hold keeps the lane from being leased until at, or longer if it is already
// held longer.
func (l *lane) hold(at time.Time) {
	if at.After(l.heldUntil) {
		l.heldUntil = at
	}
}

// Lease implements [state.Queue].
func (s *Store) Lease(ctx context.Context, req state.LeaseRequest) ([]*state.Lease, error) {
	if err := req.Validate(); err != nil {
		return nil, err
	}
	for {
		now, err := s.begin(ctx)
		if err != nil {
			return nil, err
		}
		if ls := s.take(req, now); len(ls) > 0 {
			s.mu.Unlock()
			return ls, nil
		}
		if s.changed == nil {
			s.changed = make(chan struct{})
		}
		changed, next := s.changed, s.work.first()
		var at time.Time
		if next != nil {
			at = next.when().at
		}
		s.mu.Unlock()
		if err := s.wait(ctx, changed, at); err != nil {
			return nil, err
		}
	}
}

// wait returns when there may be something new: something changed or it is at.
// A zero at never comes.
func (s *Store) wait(ctx context.Context, changed <-chan struct{}, at time.Time) error {
	var timer <-chan time.Time
	if !at.IsZero() {
		t := time.NewTimer(time.Until(at))
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-changed:
	case <-timer:
	case <-s.done:
		return state.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// take leases the lanes that are ready, longest waiting first.
func (s *Store) take(req state.LeaseRequest, now time.Time) []*state.Lease {
	var out []*state.Lease
	for len(out) < max(req.Lanes, 1) {
		l, ok := s.ready.first().(*lane)
		if !ok {
			break
		}
		n := l.front(max(req.Entries, 1), cmp.Or(req.Bytes, state.DefaultLeaseBytes))
		s.token++
		l.lease = &lease{token: s.token, holder: req.Holder, expires: now.Add(req.TTL), items: slices.Clone(l.order[:n])}
		given := &state.Lease{
			Lane:    l.key,
			Token:   s.token,
			Holder:  req.Holder,
			Expires: l.lease.expires,
			Entries: make([]state.Queued, 0, n),
			Behind:  len(l.order) - n,
			Waited:  now.Sub(l.at),
			Notes:   s.noteSet(l.key, now),
		}
		for _, it := range l.lease.items {
			it.Attempt++
			given.Entries = append(given.Entries, copied(it.Queued))
		}
		s.arrange(l, now)
		out = append(out, given)
	}
	return out
}

// front returns how many of the first entries fit a lease of so many entries and
// bytes, at least one.
func (l *lane) front(entries, bytes int) int {
	n, size := 1, len(l.order[0].Body)
	for n < min(entries, len(l.order)) {
		if size += len(l.order[n].Body); size > bytes {
			break
		}
		n++
	}
	return n
}

// held returns the lane of the lease, or nil if the lease is lost.
func (s *Store) held(given *state.Lease) *lane {
	l := s.lanes[given.Lane]
	if l == nil || l.lease == nil || l.lease.token != given.Token {
		return nil
	}
	return l
}

// Extend implements [state.Queue]. A ttl under 10 ms is invalid. A lease that
// has lapsed is revived unless the lane was leased again.
func (s *Store) Extend(ctx context.Context, given *state.Lease, ttl time.Duration) error {
	if given == nil {
		return invalid("no lease")
	}
	if err := (state.LeaseRequest{TTL: ttl}).Validate(); err != nil {
		return err
	}
	now, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer s.mu.Unlock()
	l := s.held(given)
	if l == nil {
		return state.ErrLeaseLost
	}
	l.lease.expires, l.lease.lapsed = now.Add(ttl), false
	given.Expires = l.lease.expires
	s.arrange(l, now)
	return nil
}

// Settle implements [state.Queue]. A lease that has lapsed may still be
// settled unless the lane was leased again.
func (s *Store) Settle(ctx context.Context, given *state.Lease, how state.Settlement) error {
	if err := how.Validate(given); err != nil {
		return err
	}
	now, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer s.mu.Unlock()
	l := s.held(given)
	if l == nil {
		return state.ErrLeaseLost
	}
	if err := s.writeNotes(given.Lane, now, how.Notes...); err != nil {
		return err
	}
	for _, it := range l.lease.items {
		v := state.Verdict{}
		if i := slices.IndexFunc(how.Verdicts, func(v state.Verdict) bool { return v.ID == it.ID }); i >= 0 {
			v = how.Verdicts[i]
		}
		s.apply(it, v, now)
	}
	l.lease = nil
	if len(l.order) == 0 {
		l.heldUntil = time.Time{}
	}
	cancel(l) // it goes behind the others even if it was ready
	s.arrange(l, now)
	return nil
}

// apply does to the leased entry what v says.
func (s *Store) apply(it *item, v state.Verdict, now time.Time) {
	if v.Kind == 0 || v.Free {
		it.Attempt--
	}
	l := it.lane
	switch v.Kind {
	case state.VerdictAck:
		l.remove(it)
		l.delete(it)
		s.backlog--
	case state.VerdictRetry:
		l.hold(now.Add(v.After))
	case state.VerdictRetryAside:
		if v.After > 0 {
			l.remove(it)
			it.cause = v.Cause
			s.setAside(it, now.Add(v.After))
		}
	case state.VerdictBury:
		l.remove(it)
		it.cause = v.Cause
		s.backlog--
		s.bury(it, now)
	}
}
