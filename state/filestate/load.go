package filestate

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/linearbot/linearbot/state"
)

// damaged is something in the file that cannot be read.
type damaged struct {
	bucket, slot, key, value []byte
}

func newDamaged(bucket string, slot, key, value []byte) damaged {
	return damaged{[]byte(bucket), bytes.Clone(slot), bytes.Clone(key), bytes.Clone(value)}
}

// loader reads the index from a file.
type loader struct {
	index *index
	dedup *dedup
	bad   []damaged
	slots []int64  // dedup slots that have expired
	holds [][]byte // names of holds that have ended
	now   time.Time
	// unclosed says that the process that had the store before did not close it.
	unclosed bool
}

func newLoader(ttl time.Duration, now time.Time) *loader {
	return &loader{index: newIndex(), dedup: newDedup(ttl), now: now}
}

func (l *loader) load(tx *bolt.Tx) error {
	marks := map[uint64]mark{}
	for k, v := range pairs(tx, bucketMarks) {
		// Without a readable mark the entry begins anew.
		if m, ok := parseMark(v); ok && len(k) == 8 {
			marks[binary.BigEndian.Uint64(k)] = m
		}
	}
	var lanes []*lane
	for k, v := range pairs(tx, bucketEntries) {
		read, key, ok := parseLane(v)
		if !ok || len(k) != 8 {
			l.bad = append(l.bad, newDamaged(bucketEntries, nil, k, v))
			continue
		}
		it := &read
		it.record = binary.BigEndian.Uint64(k)
		if it.seq == 0 {
			it.seq = it.record
		}
		m, marked := marks[it.record]
		it.suspect = l.unclosed
		it.marked, it.attempt = marked, int32(min(m.attempt, math.MaxInt32)) //nolint:gosec // bounded
		if m.due.After(l.now) {
			l.index.delay(key, it, l.here(m.due))
			continue
		}
		ln := l.index.lane(key)
		if len(ln.items) == 0 {
			lanes = append(lanes, ln)
		}
		ln.items = append(ln.items, it)
		l.index.entries++
	}
	for k, v := range pairs(tx, bucketHolds) {
		key, until, ok := parseHold(v)
		if ok && until.After(l.now) {
			ln := l.index.lane(key)
			ln.held = l.here(until)
			l.index.place(ln, l.now)
			continue
		}
		l.holds = append(l.holds, bytes.Clone(k))
	}
	for range pairs(tx, bucketDead) {
		l.index.dead++
	}
	if v := tx.Bucket([]byte(bucketMeta)).Get([]byte(keyDropped)); len(v) == 8 {
		l.index.dropped = int(min(binary.BigEndian.Uint64(v), math.MaxInt))
	}
	for _, ln := range lanes {
		slices.SortFunc(ln.items, order)
		l.index.place(ln, l.now)
	}
	slots, bad, err := loadDedup(tx, l.dedup, l.now)
	l.slots, l.bad = slots, append(l.bad, bad...)
	return err
}

// here returns the moment at by this process's monotonic clock, which keeps its
// pace when the time is set.
func (l *loader) here(at time.Time) time.Time {
	return l.now.Add(at.Sub(l.now.Round(0)))
}

// pairs iterates over what is in a bucket and is not a bucket itself.
func pairs(tx *bolt.Tx, bucket string) func(yield func(k, v []byte) bool) {
	return func(yield func(k, v []byte) bool) {
		c := tx.Bucket([]byte(bucket)).Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			if v != nil && !yield(k, v) {
				return
			}
		}
	}
}

// prepare makes the file ready for use and loads it.
func (s *Store) prepare(tx *bolt.Tx) error {
	if err := checkFormat(tx, filepath.Join(s.dir, fileName)); err != nil {
		return err
	}
	for _, name := range buckets() {
		if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
			return err
		}
	}
	meta := tx.Bucket([]byte(bucketMeta))
	if err := meta.Put([]byte(keyFormat), number(formatVersion)); err != nil {
		return err
	}
	epoch := uint64(1)
	if v := meta.Get([]byte(keyEpoch)); len(v) == 8 {
		epoch += binary.BigEndian.Uint64(v)
	}
	if err := meta.Put([]byte(keyEpoch), number(epoch)); err != nil {
		return err
	}
	l := newLoader(s.opts.DedupTTL, time.Now())
	l.unclosed = s.unclosed
	if err := l.load(tx); err != nil {
		return err
	}
	if err := l.clean(tx); err != nil {
		return err
	}
	s.index, s.dedup, s.token = l.index, l.dedup, epoch<<40
	return nil
}

// clean moves what is damaged to the dead letters and deletes what has expired.
func (l *loader) clean(tx *bolt.Tx) error {
	holds, dd := tx.Bucket([]byte(bucketHolds)), tx.Bucket([]byte(bucketDedup))
	for _, k := range l.holds {
		if err := holds.Delete(k); err != nil {
			return err
		}
	}
	for _, slot := range l.slots {
		if err := dd.DeleteBucket(slotName(slot)); err != nil {
			return err
		}
	}
	for _, b := range l.bad {
		from := tx.Bucket(b.bucket)
		if b.slot != nil {
			from = from.Bucket(b.slot)
		}
		d := rawDead(string(b.bucket), slices.Concat(b.slot, b.key), b.value, l.now)
		fresh, err := putDead(tx, d)
		if err := errors.Join(err, from.Delete(b.key)); err != nil {
			return err
		}
		if fresh {
			l.index.dead++
		}
	}
	return nil
}

func damagedValue(k state.Key) error {
	return fmt.Errorf("filestate: the stored value of %s is damaged: set it again", k)
}
