package filestate

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/linearbot/linearbot/state"
)

const (
	// maxOps and maxBytes bound one transaction.
	maxOps   = 1024
	maxBytes = 16 << 20
	// repairPause is the least time between two attempts to repair the file.
	repairPause = time.Second
	// patience is how long a settle waits for another operation to share a
	// sync with, if nothing waits in its lane.
	patience = 2 * time.Millisecond
	// attemptPatience is how long the attempts of a lease wait for another
	// operation to share a sync with. Most entries are settled by then, and
	// their attempts are never written.
	attemptPatience = 20 * time.Millisecond
)

// write is the writer. It ends when the queue is closed and empty.
func (s *Store) write() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var until time.Time // when patience with what waits is over; zero if nothing does
	for {
		now := s.now()
		ops, waiting, closed := s.queue.take(!until.IsZero() && !now.Before(until))
		switch {
		case !waiting:
			until = time.Time{}
		case until.IsZero():
			until = now.Add(patience)
		}
		if !now.Before(s.sweepAt) {
			s.sweepAt = now.Add(sweepEvery)
			ops = append(ops, &sweepOp{call: newCall(0)})
		}
		s.mu.Lock()
		s.index.advance(now)
		dirty := len(s.index.dirty) > 0 && (closed || !now.Before(s.index.dirtyAt.Add(attemptPatience)))
		next := s.index.next()
		if next.IsZero() || next.After(s.sweepAt) {
			next = s.sweepAt
		}
		s.armed = next
		s.wakeWaiters()
		s.mu.Unlock()

		if len(ops) > 0 || dirty {
			ok := s.commit(ops)
			s.queue.gather(len(ops))
			if ok || len(ops) > 0 {
				continue
			}
			// Only attempts could not be written. They are retried with
			// the next operation, or after a while.
			next = now.Add(repairPause)
		}
		if closed {
			return
		}
		if waiting && until.Before(next) {
			next = until
		}
		timer.Reset(next.Sub(s.now()))
		select {
		case <-s.queue.kick:
		case <-timer.C:
		}
	}
}

// batch is one transaction of the writer.
type batch struct {
	s       *Store
	tx      *bolt.Tx
	now     time.Time
	buckets map[string]*bolt.Bucket
	drafts  map[state.Key]*draft
	fresh   map[digest]int64 // dedup keys recorded in this batch, and their slots
	logs    map[int64][]byte // key logs by slot
	settled map[uint64]struct{}
	imports map[digest]bool // entries imported in this batch
	growth  int             // entries added minus entries removed
	dead    int             // dead letters added minus dead letters removed
	dropped int             // dead letters dropped
	writes  int
	at      int // the operation being staged, or -1
}

// draft is a lane as it will be after the batch.
type draft struct {
	depth int
	last  uint64 // greatest seq in the lane
}

// fillAppend is how full the pages of buckets get that are appended to.
const fillAppend = 0.95

func (b *batch) bucket(name string) *bolt.Bucket {
	in := b.buckets[name]
	if in == nil {
		in = b.tx.Bucket([]byte(name))
		b.buckets[name] = in
	}
	return in
}

func (b *batch) put(in *bolt.Bucket, key, value []byte) error {
	b.writes++
	return in.Put(key, value)
}

func (b *batch) delete(in *bolt.Bucket, key []byte) error {
	b.writes++
	return in.Delete(key)
}

// number returns the next record number.
func (b *batch) number() (uint64, error) {
	b.writes++
	return b.bucket(bucketMeta).NextSequence()
}

// draft returns the lane as it will be after what was staged so far.
func (b *batch) draft(k state.Key) *draft {
	d := b.drafts[k]
	if d == nil {
		d = &draft{}
		b.s.mu.Lock()
		if l := b.s.index.lanes[k]; l != nil {
			d.depth = len(l.items)
			if d.depth > 0 {
				d.last = l.items[d.depth-1].seq
			}
		}
		b.s.mu.Unlock()
		b.drafts[k] = d
	}
	return d
}

// errNothing says that a transaction has nothing to commit.
var errNothing = errors.New("filestate: nothing to write")

// commit carries out ops in one transaction, together with the attempts that
// are not on the disk yet, and answers them. It reports whether all was
// written.
func (s *Store) commit(ops []op) bool {
	if err := s.repair(); err != nil {
		s.finish(ops, err)
		return false
	}
	for {
		b, txid, err := s.try(ops)
		if err == nil {
			s.finish(ops, nil)
			return true
		}
		if isFull(err) {
			s.tight.Store(true)
		}
		if b.at >= 0 && !isDamage(err) && len(ops) > 1 {
			// One operation could not be written. The others are retried
			// without it.
			bad := ops[b.at]
			rest := make([]op, 0, len(ops)-1)
			rest = append(append(rest, ops[:b.at]...), ops[b.at+1:]...)
			s.finish([]op{bad}, classify(err))
			ops = rest
			continue
		}
		s.inspectFailure(txid, err)
		if probes, rest := largeProbes(ops); isFull(err) && s.suspect == nil && s.broken == nil && len(probes) > 0 && len(rest) > 0 {
			// Nothing was written, perhaps because a probe asked for much room.
			// The others may fit.
			s.finish(probes, classify(err))
			ops = rest
			continue
		}
		s.finish(ops, classify(err))
		return false
	}
}

// largeProbes returns the pings among ops that were staged as large ones, and the rest.
func largeProbes(ops []op) (probes, rest []op) {
	for _, o := range ops {
		if p, ok := o.(*pingOp); ok && p.large {
			probes = append(probes, o)
		} else {
			rest = append(rest, o)
		}
	}
	return probes, rest
}

// try carries out ops in one transaction, without answering them.
func (s *Store) try(ops []op) (*batch, int, error) {
	b := &batch{
		s: s, now: s.now(), at: -1,
		buckets: map[string]*bolt.Bucket{},
		drafts:  map[state.Key]*draft{},
		fresh:   map[digest]int64{},
		logs:    map[int64][]byte{},
		settled: map[uint64]struct{}{},
		imports: map[digest]bool{},
	}
	s.mu.Lock()
	dirty := s.index.dirty
	s.index.dirty = make(map[uint64]*item)
	s.mu.Unlock()

	var txid int
	err := s.update(func(tx *bolt.Tx) error {
		b.tx, txid = tx, tx.ID()
		for i, o := range ops {
			c := o.base()
			if c.staged = !c.abandoned.Load(); !c.staged {
				continue
			}
			c.refusal = nil
			b.at = i
			if err := o.stage(b); err != nil {
				return err
			}
			c.staged = c.refusal == nil
		}
		b.at = -1
		if err := b.writeLogs(); err != nil {
			return err
		}
		if err := b.writeAttempts(dirty); err != nil {
			return err
		}
		if b.writes == 0 {
			return errNothing
		}
		return nil
	})
	if errors.Is(err, errNothing) {
		err = nil
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if err != nil {
		for _, o := range ops {
			if c := o.base(); c.staged {
				o.abort(s, now)
				c.staged = false
			}
		}
		for _, it := range dirty {
			s.index.soil(it, now)
		}
		s.wakeWaiters()
		return b, txid, err
	}
	for n, it := range dirty {
		if _, ok := b.settled[n]; !ok {
			it.marked = true
		}
	}
	s.index.dead += b.dead
	s.index.dropped += b.dropped
	for k, slot := range b.fresh {
		s.dedup.add(slot, k)
	}
	for _, o := range ops {
		if !o.base().staged {
			continue
		}
		o.apply(s, now)
		if _, ok := o.(*importOp); !ok {
			s.imported = nil // what is there may have changed
		}
	}
	s.index.advance(now)
	s.changed()
	return b, txid, nil
}

// writeAttempts writes the attempts that were begun, unless the batch has
// settled their entries.
func (b *batch) writeAttempts(dirty map[uint64]*item) error {
	if len(dirty) == 0 {
		return nil
	}
	in := b.bucket(bucketMarks)
	for n, it := range dirty {
		if _, ok := b.settled[n]; ok {
			continue
		}
		b.s.mu.Lock()
		attempt := int(it.attempt)
		b.s.mu.Unlock()
		if err := b.put(in, number(n), appendMark(mark{attempt: attempt})); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) finish(ops []op, err error) {
	for _, o := range ops {
		c := o.base()
		c.finish(c.answer(err))
	}
}

// classify returns err as callers are to see it.
func classify(err error) error {
	if isFull(err) {
		return fmt.Errorf("filestate: %w: %w", state.ErrFull, err)
	}
	return fmt.Errorf("filestate: %w: %w", state.ErrUnavailable, err)
}

// isFull reports whether err says that the disk is full. bbolt keeps only the
// text of some errors.
func isFull(err error) bool {
	if errors.Is(err, berrors.ErrMaxSizeReached) {
		return true
	}
	for _, no := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, no) || strings.Contains(err.Error(), no.Error()) {
			return true
		}
	}
	return false
}
