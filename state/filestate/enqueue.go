package filestate

import (
	"context"
	"fmt"
	"time"

	"github.com/linearbot/linearbot/state"
)

// Enqueue implements [state.Queue]. It waits for one durable write, which it
// shares with the calls that wait at the same time. A context that ends while
// the entry is being written does not stop that.
func (s *Store) Enqueue(ctx context.Context, e state.Entry) (state.Receipt, error) {
	if err := e.Validate(); err != nil {
		return state.Receipt{}, err
	}
	now := s.now()
	keys := make([]string, 0, 1+len(e.Keys))
	keys = append(append(keys, e.ID), e.Keys...)
	q := state.Queued{Entry: e, EnqueuedAt: now}
	o := &enqueueOp{
		lane: e.Lane, keys: keys, digests: make([]digest, len(keys)),
		delay: e.Delay, hold: e.Hold, mode: e.HoldMode, ifIdle: e.IfIdle,
		record: appendEntry(&q), at: now, size32: bodySize(len(e.Head) + len(e.Body)),
	}
	for i, k := range keys {
		o.digests[i] = digestOf(e.Lane, k)
	}
	o.call = newCall(len(o.record))
	if err := s.do(ctx, o); err != nil {
		return state.Receipt{}, err
	}
	r := state.Receipt{Outcome: o.outcome, Depth: o.depth}
	if o.outcome == state.OutcomeAdded {
		r.Seq = o.number
	}
	return r, nil
}

// enqueueOp appends an entry. It keeps nothing of the caller's.
type enqueueOp struct {
	call

	lane    state.Key
	keys    []string // the id and the dedup keys
	digests []digest // of keys
	delay   time.Duration
	hold    time.Duration
	mode    state.HoldMode
	ifIdle  bool
	record  []byte // the entry as it is stored
	at      time.Time
	size32  uint32 // of the body

	outcome state.Outcome
	depth   int
	number  uint64
	held    time.Time
	due     time.Time
}

func (o *enqueueOp) stage(b *batch) error {
	d := b.draft(o.lane)
	o.depth, o.held, o.due = d.depth, time.Time{}, time.Time{}
	idle := d.depth == 0 // a leased lane is never empty
	switch {
	case b.known(o.digests):
		o.outcome = state.OutcomeDuplicate
		return nil
	case o.ifIdle && !idle:
		o.outcome = state.OutcomeBusy
		b.remember(b.s.dedup.slot(b.now), o.lane, o.keys, o.digests)
		return nil
	case b.full():
		return o.refuse(fmt.Errorf("filestate: %w: the limit of %d entries is reached", state.ErrFull, b.s.opts.MaxEntries))
	}
	var err error
	if o.number, err = b.number(); err != nil {
		return err
	}
	entries := b.bucket(bucketEntries)
	entries.FillPercent = fillAppend
	if err := b.put(entries, number(o.number), o.record); err != nil {
		return err
	}
	if o.delay > 0 {
		o.due = b.now.Add(o.delay)
		if err := b.put(b.bucket(bucketMarks), number(o.number), appendMark(mark{due: o.due})); err != nil {
			return err
		}
	}
	if o.hold > 0 && (idle || o.mode == state.HoldReset) {
		o.held = b.now.Add(o.hold)
		if err := b.hold(o.lane, o.held); err != nil {
			return err
		}
	}
	b.remember(b.s.dedup.slot(b.now), o.lane, o.keys, o.digests)
	o.outcome = state.OutcomeAdded
	b.growth++
	if o.delay == 0 {
		d.depth++
		d.last = o.number
	}
	o.depth = d.depth
	return nil
}

func (o *enqueueOp) apply(s *Store, now time.Time) {
	if o.outcome != state.OutcomeAdded {
		return
	}
	it := &item{record: o.number, seq: o.number, at: o.at.UnixNano(), size: o.size32}
	l := s.index.lane(o.lane)
	if !o.held.IsZero() {
		l.hold(o.held)
	}
	if !o.due.IsZero() {
		it.marked = true
		s.index.delay(o.lane, it, o.due)
		s.index.place(l, now)
		return
	}
	s.index.insert(l, it, now)
}

// full reports whether the backlog limit is reached.
func (b *batch) full() bool {
	limit := b.s.opts.MaxEntries
	if limit == 0 {
		return false
	}
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	return b.s.index.entries+len(b.s.index.late)+b.growth >= limit
}

// hold stores the hold of a lane, if it is longer than what is stored.
func (b *batch) hold(lane state.Key, until time.Time) error {
	in, key := b.bucket(bucketHolds), name(lane.String())
	if _, old, ok := parseHold(in.Get(key)); ok && old.After(until) {
		return nil
	}
	return b.put(in, key, appendHold(lane, until))
}
