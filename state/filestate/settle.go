package filestate

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/linearbot/linearbot/state"
)

// Settle implements [state.Queue]. It waits for one durable write. A lease
// that has lapsed may still be settled unless the lane was leased again.
func (s *Store) Settle(ctx context.Context, l *state.Lease, how state.Settlement) error {
	if err := how.Validate(l); err != nil {
		return fmt.Errorf("filestate: %w", err)
	}
	notes := newNotesWrite(l.Lane, how.Notes)
	o := &settleOp{
		call: newCall(64*len(l.Entries) + notes.size()), lane: l.Lane, token: l.Token,
		verdicts: slices.Clone(how.Verdicts), notes: notes,
	}
	o.patient = s.isLast(l)
	return s.do(ctx, o)
}

// isLast reports whether nothing waits in a lane behind what is leased.
func (s *Store) isLast(l *state.Lease) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := s.index.lanes[l.Lane]
	return in != nil && len(in.items) <= len(l.Entries)
}

// settleOp ends a lease.
type settleOp struct {
	call

	lane     state.Key
	token    uint64
	verdicts []state.Verdict
	notes    notesWrite

	locked bool // the lease is marked as settling
	held   time.Time
	fates  []fate
}

// fate is what becomes of one leased entry.
type fate struct {
	*item
	verdict state.Verdict
	attempt int       // from here on
	due     time.Time // of an entry that is put aside
	gone    bool      // it leaves the store or goes to the dead letters
	marked  bool      // it has a mark in the file from here on
	touched bool      // its mark was written or deleted
}

func (o *settleOp) stage(b *batch) error {
	o.locked, o.held, o.fates = false, time.Time{}, nil
	if !o.lock(b.s) {
		return o.refuse(leaseLost(o.lane))
	}
	set, err := o.notes.plan(b)
	if err != nil {
		o.unlock(b.s)
		return o.refuse(err)
	}
	d := b.draft(o.lane)
	for i := range o.fates {
		f := &o.fates[i]
		if err := b.settle(o, f); err != nil {
			return err
		}
		if f.gone {
			b.growth--
		}
		if f.gone || !f.due.IsZero() {
			d.depth--
		}
	}
	if err := o.notes.put(b, set); err != nil {
		return err
	}
	if !o.held.IsZero() {
		if err := b.hold(o.lane, o.held); err != nil {
			return err
		}
	}
	if d.depth == 0 {
		return b.unhold(o.lane)
	}
	return nil
}

// lock marks the lease as settling and decides the fates of its entries. It
// reports whether the lease is good.
func (o *settleOp) lock(s *Store) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.index.under(o.lane, o.token)
	if l == nil || l.lease.settling || l.lease.ids == nil {
		return false
	}
	l.lease.settling, o.locked = true, true
	now := s.now()
	s.index.place(l, now) // it may have lapsed and be ready
	left := slices.Clone(o.verdicts)
	for i, it := range l.lease.items {
		f := fate{item: it, attempt: int(it.attempt), marked: it.marked}
		if j := slices.IndexFunc(left, func(v state.Verdict) bool { return v.ID == l.lease.ids[i] }); j >= 0 {
			f.verdict = left[j]
			left = slices.Delete(left, j, j+1)
		}
		if f.verdict.Kind == 0 || f.verdict.Free {
			f.attempt--
		}
		o.fates = append(o.fates, f)
	}
	return true
}

// settle writes the fate of one entry.
func (b *batch) settle(o *settleOp, f *fate) error {
	b.settled[f.record] = struct{}{}
	switch v := f.verdict; v.Kind {
	case state.VerdictAck:
		f.gone = true
		return b.drop(f.record, f.marked)
	case state.VerdictBury:
		f.gone = true
		if err := b.buryEntry(f); err != nil {
			return err
		}
		return b.drop(f.record, f.marked)
	case state.VerdictRetryAside:
		if v.After > 0 {
			f.due = b.now.Add(v.After)
			return b.mark(f, mark{attempt: f.attempt, due: f.due, cause: v.Cause})
		}
	case state.VerdictRetry:
		if v.After > 0 {
			o.held = later(o.held, b.now.Add(v.After))
		}
	}
	return b.mark(f, mark{attempt: f.attempt})
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// mark writes the mark of an entry, or removes it if it says nothing.
func (b *batch) mark(f *fate, m mark) error {
	in, key := b.bucket(bucketMarks), number(f.record)
	f.touched = true
	if m.attempt > 0 || !m.due.IsZero() {
		f.marked = true
		return b.put(in, key, appendMark(m))
	}
	if !f.marked {
		return nil
	}
	f.marked = false
	return b.delete(in, key)
}

// drop deletes an entry.
func (b *batch) drop(record uint64, marked bool) error {
	key := number(record)
	b.settled[record] = struct{}{}
	if marked {
		if err := b.delete(b.bucket(bucketMarks), key); err != nil {
			return err
		}
	}
	return b.delete(b.bucket(bucketEntries), key)
}

// buryEntry copies an entry to the dead letters.
func (b *batch) buryEntry(f *fate) error {
	v := b.bucket(bucketEntries).Get(number(f.record))
	d := rawDead(bucketEntries, number(f.record), v, b.now)
	if q, whole, ok := parseEntry(v); ok && whole {
		d.Queued, d.Cause = q, f.verdict.Cause
	}
	d.Seq, d.Attempt = f.seq, f.attempt
	return b.bury(d)
}

// unhold deletes the hold of a lane.
func (b *batch) unhold(lane state.Key) error {
	in, key := b.bucket(bucketHolds), name(lane.String())
	if in.Get(key) == nil {
		return nil
	}
	return b.delete(in, key)
}

func (o *settleOp) apply(s *Store, now time.Time) {
	l := s.index.under(o.lane, o.token)
	if l == nil {
		return
	}
	l.lease = nil
	for i := range o.fates {
		f := &o.fates[i]
		delete(s.index.dirty, f.record)
		f.item.attempt = int32(f.attempt) //nolint:gosec // it was an int32 before
		if f.touched {
			f.item.marked = f.marked
		}
		switch {
		case f.gone:
			s.index.remove(l, f.item)
		case !f.due.IsZero():
			s.index.remove(l, f.item)
			s.index.delay(l.key, f.item, f.due)
		}
	}
	if !o.held.IsZero() {
		l.hold(o.held)
	}
	if len(l.items) == 0 {
		l.held = time.Time{}
	}
	s.index.place(l, now)
}

// unlock undoes lock, so that the lease lives on.
func (o *settleOp) unlock(s *Store) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o.abort(s, s.now())
}

func (o *settleOp) abort(s *Store, now time.Time) {
	if l := s.index.under(o.lane, o.token); l != nil && o.locked {
		l.lease.settling = false
		s.index.place(l, now)
	}
}
