package filestate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/linearbot/linearbot/state"
)

var errDamaged = errors.New("filestate: a record is damaged")

// pair is a copy of a key and its value in the file.
type pair struct{ key, value []byte }

const (
	// pageRecords and pageBytes bound what one read transaction copies.
	// Transactions are short, because pages of the file that are in view are
	// not used again.
	pageRecords = 256
	pageBytes   = 1 << 20
)

// pages iterates over what is in a bucket, a page at a time, between which
// others write. The bucket may be nil. Values of nested buckets are nil.
func (s *Store) pages(ctx context.Context, at func(tx *bolt.Tx) *bolt.Bucket) iter.Seq2[pair, error] {
	return func(yield func(pair, error) bool) {
		var last []byte
		for {
			var page []pair
			err := s.view(ctx, func(tx *bolt.Tx) error {
				in := at(tx)
				if in == nil {
					return nil
				}
				page = readPage(in, last)
				return nil
			})
			if err != nil {
				yield(pair{}, err)
				return
			}
			for _, p := range page {
				if !yield(p, nil) {
					return
				}
			}
			if len(page) == 0 {
				return
			}
			last = page[len(page)-1].key
		}
	}
}

// readPage copies what comes after last.
func readPage(in *bolt.Bucket, last []byte) []pair {
	var out []pair
	c := in.Cursor()
	k, v := c.Seek(last)
	if k != nil && last != nil && bytes.Equal(k, last) {
		k, v = c.Next()
	}
	for size := 0; k != nil && len(out) < pageRecords && size < pageBytes; k, v = c.Next() {
		out = append(out, pair{bytes.Clone(k), bytes.Clone(v)})
		size += len(v)
	}
	return out
}

// Stats implements [state.Inspector].
func (s *Store) Stats(ctx context.Context) (state.Stats, error) {
	var st state.Stats
	err := s.snapshot(ctx, func(x *index, now time.Time) {
		st = state.Stats{Entries: x.entries, Delayed: len(x.late), Dead: x.dead, Dropped: x.dropped}
		for _, l := range x.lanes {
			if len(l.items) > 0 {
				st.Lanes++
			}
			if l.leased(now) {
				st.Leased++
			}
		}
	})
	return st, err
}

// Lanes implements [state.Inspector].
func (s *Store) Lanes(ctx context.Context) iter.Seq2[state.LaneInfo, error] {
	return func(yield func(state.LaneInfo, error) bool) {
		var infos []state.LaneInfo
		err := s.snapshot(ctx, func(x *index, now time.Time) {
			for _, l := range x.lanes {
				if len(l.items) > 0 {
					infos = append(infos, l.info(now))
				}
			}
		})
		if err != nil {
			yield(state.LaneInfo{}, err)
			return
		}
		for _, i := range infos {
			if err := ctx.Err(); err != nil {
				yield(state.LaneInfo{}, err)
				return
			}
			if !yield(i, nil) {
				return
			}
		}
	}
}

func (l *lane) info(now time.Time) state.LaneInfo {
	oldest := l.items[0].at
	for _, it := range l.items[:min(len(l.items), 16)] {
		oldest = min(oldest, it.at) // an imported entry may be older than one before it
	}
	out := state.LaneInfo{Lane: l.key, Depth: len(l.items), Oldest: time.Unix(0, oldest)}
	if l.held.After(now) {
		out.HeldUntil = l.held
	}
	if l.leased(now) {
		out.Holder, out.Expires = l.lease.holder, l.lease.expires
	}
	return out
}

// Delayed implements [state.Inspector].
func (s *Store) Delayed(ctx context.Context) iter.Seq2[state.DelayedEntry, error] {
	return func(yield func(state.DelayedEntry, error) bool) {
		var records []late
		err := s.snapshot(ctx, func(x *index, _ time.Time) {
			for _, l := range x.late {
				records = append(records, late{item: &item{record: l.record, seq: l.seq, attempt: l.attempt}, due: l.due})
			}
		})
		for i := 0; err == nil && i < len(records); i++ {
			var d *state.DelayedEntry
			if d, err = s.delayed(ctx, records[i]); d != nil && !yield(*d, nil) {
				return
			}
		}
		if err != nil {
			yield(state.DelayedEntry{}, err)
		}
	}
}

// delayed reads a delayed entry. It returns nil if it is gone or cannot be
// read, which is found out when it is leased.
func (s *Store) delayed(ctx context.Context, l late) (*state.DelayedEntry, error) {
	var out *state.DelayedEntry
	err := s.view(ctx, func(tx *bolt.Tx) error {
		q, _, ok := parseEntry(tx.Bucket([]byte(bucketEntries)).Get(number(l.record)))
		if !ok {
			return nil
		}
		m, _ := parseMark(tx.Bucket([]byte(bucketMarks)).Get(number(l.record)))
		q.Seq, q.Attempt = l.seq, int(l.attempt)
		out = &state.DelayedEntry{Queued: q, Due: l.due, Cause: m.cause}
		return nil
	})
	return out, err
}

// Dead implements [state.Inspector].
func (s *Store) Dead(ctx context.Context) iter.Seq2[state.DeadEntry, error] {
	return func(yield func(state.DeadEntry, error) bool) {
		at := func(tx *bolt.Tx) *bolt.Bucket { return tx.Bucket([]byte(bucketDead)) }
		for p, err := range s.pages(ctx, at) {
			if err != nil {
				yield(state.DeadEntry{}, err)
				return
			}
			d, ok := parseDead(p.value)
			if !ok {
				d = *rawDead(bucketDead, p.key, p.value, s.now())
			}
			if !yield(d, nil) {
				return
			}
		}
	}
}

// Requeue implements [state.Inspector]. The backlog limit does not stop it.
func (s *Store) Requeue(ctx context.Context, lane state.Key, id string) error {
	return s.do(ctx, &requeueOp{call: newCall(0), lane: lane, id: id})
}

// requeueOp puts a dead letter back.
type requeueOp struct {
	call

	lane state.Key
	id   string
	item *item
}

func (o *requeueOp) stage(b *batch) error {
	key := pairName(o.lane, o.id)
	dead, ok := parseDead(b.bucket(bucketDead).Get(key))
	if !ok {
		return o.refuse(noDead(o.lane, o.id))
	}
	n, err := b.number()
	if err != nil {
		return err
	}
	dead.Seq = n
	if err := b.put(b.bucket(bucketEntries), number(n), appendEntry(&dead.Queued)); err != nil {
		return err
	}
	o.item = &item{record: n, seq: n, at: dead.EnqueuedAt.UnixNano(), size: bodySize(len(dead.Body))}
	b.growth++
	d := b.draft(o.lane)
	d.depth++
	d.last = n
	return b.unbury(key)
}

func (o *requeueOp) apply(s *Store, now time.Time) {
	s.index.insert(s.index.lane(o.lane), o.item, now)
}

func noDead(lane state.Key, id string) error {
	return fmt.Errorf("filestate: %w: dead letter %q of lane %s", state.ErrNotFound, id, lane)
}

// Purge implements [state.Inspector].
func (s *Store) Purge(ctx context.Context, lane state.Key, id string) error {
	return s.do(ctx, &purgeOp{call: newCall(0), lane: lane, id: id})
}

type purgeOp struct {
	call

	lane state.Key
	id   string
}

func (o *purgeOp) stage(b *batch) error {
	in, key := b.bucket(bucketDead), pairName(o.lane, o.id)
	if raw, ok := damagedDead(o.lane, o.id); ok {
		key = raw
	}
	if in.Get(key) == nil {
		return o.refuse(noDead(o.lane, o.id))
	}
	return b.unbury(key)
}
