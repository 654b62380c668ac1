package filestate

import (
	"bytes"
	"encoding/binary"

	bolt "go.etcd.io/bbolt"

	"github.com/linearbot/linearbot/state"
)

// dropAtOnce is the most dead letters that one operation drops.
const dropAtOnce = 1024

// putDead stores a dead letter and its place in the order. It replaces one of
// the same name, and reports whether there was none.
func putDead(tx *bolt.Tx, d *state.DeadEntry) (fresh bool, err error) {
	in, key := tx.Bucket([]byte(bucketDead)), pairName(d.Lane, d.ID)
	fresh = in.Get(key) == nil
	if err := in.Put(key, appendDead(d)); err != nil {
		return false, err
	}
	return fresh, tx.Bucket([]byte(bucketBuried)).Put(burialKey(d, key), []byte{1})
}

// burialKey sorts by the time of burial; what is before 1970 is the oldest.
func burialKey(d *state.DeadEntry, key []byte) []byte {
	return append(number(uint64(max(d.BuriedAt.UnixNano(), 0))), key...)
}

// bury stores a dead letter and drops the oldest ones beyond the limit.
func (b *batch) bury(d *state.DeadEntry) error {
	fresh, err := putDead(b.tx, d)
	if err != nil {
		return err
	}
	b.writes++
	if fresh {
		b.dead++
	}
	limit := b.s.opts.MaxDead
	if limit < 0 {
		return nil
	}
	b.s.mu.Lock()
	over := b.s.index.dead + b.dead - limit
	b.s.mu.Unlock()
	return b.dropOldest(min(over, dropAtOnce), nil)
}

// unbury removes a dead letter.
func (b *batch) unbury(key []byte) error {
	in := b.bucket(bucketDead)
	if d, ok := parseDead(in.Get(key)); ok {
		if err := b.delete(b.bucket(bucketBuried), burialKey(&d, key)); err != nil {
			return err
		}
	}
	b.dead--
	return b.delete(in, key)
}

// dropExpired drops dead letters that are too old.
func (b *batch) dropExpired() error {
	if b.s.opts.DeadTTL < 0 {
		return nil
	}
	before := b.now.Add(-b.s.opts.DeadTTL)
	return b.dropOldest(dropAtOnce, number(uint64(max(before.UnixNano(), 0))))
}

// dropOldest drops up to n of the oldest dead letters, only those that were
// buried before that moment unless it is nil.
func (b *batch) dropOldest(n int, before []byte) error {
	in, order := b.bucket(bucketDead), b.bucket(bucketBuried)
	var stale [][]byte
	dropped := 0
	c := order.Cursor()
	for k, _ := c.First(); k != nil && dropped < n && len(stale) < 2*dropAtOnce; k, _ = c.Next() {
		if len(k) <= 8 || before != nil && bytes.Compare(k[:8], before) >= 0 {
			break
		}
		stale = append(stale, bytes.Clone(k))
		raw := in.Get(k[8:])
		if d, ok := parseDead(raw); raw == nil || ok && !bytes.Equal(burialKey(&d, k[8:]), k) {
			continue // it is gone, or it was buried again
		}
		dropped++
		if err := b.delete(in, bytes.Clone(k[8:])); err != nil {
			return err
		}
	}
	for _, k := range stale {
		if err := b.delete(order, k); err != nil {
			return err
		}
	}
	if dropped == 0 {
		return nil
	}
	b.dead -= dropped
	b.dropped += dropped
	meta, total := b.bucket(bucketMeta), uint64(dropped)
	if v := meta.Get([]byte(keyDropped)); len(v) == 8 {
		total += binary.BigEndian.Uint64(v)
	}
	return b.put(meta, []byte(keyDropped), number(total))
}
