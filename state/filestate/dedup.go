package filestate

import (
	"encoding/binary"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/linearbot/linearbot/state"
)

// dedup knows the dedup keys of the last ttl. Only the writer uses it. Time is
// divided into slots; a key is in the slot in which it was recorded.
type dedup struct {
	ttl   time.Duration
	slots map[int64]map[digest]struct{} // by the slot's end, Unix nanoseconds
}

func newDedup(ttl time.Duration) *dedup {
	return &dedup{ttl: ttl, slots: map[int64]map[digest]struct{}{}}
}

// slot returns the end of the slot that at is in.
func (d *dedup) slot(at time.Time) int64 {
	width := int64(max(d.ttl/24, time.Second))
	return (at.UnixNano()/width + 1) * width
}

func (d *dedup) has(k digest) bool {
	for _, s := range d.slots {
		if _, ok := s[k]; ok {
			return true
		}
	}
	return false
}

func (d *dedup) add(slot int64, k digest) {
	s := d.slots[slot]
	if s == nil {
		s = map[digest]struct{}{}
		d.slots[slot] = s
	}
	s[k] = struct{}{}
}

// expires returns when the keys of a slot are forgotten.
func (d *dedup) expires(slot int64) time.Time { return time.Unix(0, slot).Add(d.ttl) }

// expired returns the slots whose keys are all older than the ttl.
func (d *dedup) expired(now time.Time) []int64 {
	var out []int64
	for slot := range d.slots {
		if !d.expires(slot).After(now) {
			out = append(out, slot)
		}
	}
	return out
}

func (d *dedup) forget(slots []int64) {
	for _, slot := range slots {
		delete(d.slots, slot)
	}
}

// known reports whether one of the keys is recorded or being recorded.
func (b *batch) known(keys []digest) bool {
	for _, k := range keys {
		if _, ok := b.fresh[k]; ok || b.s.dedup.has(k) {
			return true
		}
	}
	return false
}

// remember records keys of the lane, in the slot that ends at slot.
func (b *batch) remember(slot int64, lane state.Key, texts []string, keys []digest) {
	if b.logs[slot] == nil {
		b.logs[slot] = newSealed(256)
	}
	b.logs[slot] = appendKeyLog(b.logs[slot], lane, texts...)
	for _, k := range keys {
		b.fresh[k] = slot
	}
}

// writeLogs writes what was remembered, one record for the transaction.
func (b *batch) writeLogs() error {
	for slot, log := range b.logs {
		in, err := b.bucket(bucketDedup).CreateBucketIfNotExists(slotName(slot))
		if err != nil {
			return err
		}
		n, err := in.NextSequence()
		if err != nil {
			return err
		}
		in.FillPercent = fillAppend
		if err := b.put(in, number(n), sealed(log)); err != nil {
			return err
		}
	}
	return nil
}

func slotName(slot int64) []byte {
	return number(uint64(slot)) //nolint:gosec // moments since 1970 are not negative
}

func slotOf(name []byte) (int64, bool) {
	if len(name) != 8 {
		return 0, false
	}
	return int64(binary.BigEndian.Uint64(name)), true //nolint:gosec // written by slotName
}

// dropSlots deletes the buckets of slots.
func (b *batch) dropSlots(slots []int64) error {
	in := b.bucket(bucketDedup)
	for _, slot := range slots {
		if in.Bucket(slotName(slot)) == nil {
			continue
		}
		b.writes++
		if err := in.DeleteBucket(slotName(slot)); err != nil {
			return err
		}
	}
	return nil
}

// loadDedup reads the keys that have not expired. It returns the slots that
// have and the key logs that are damaged.
func loadDedup(tx *bolt.Tx, d *dedup, now time.Time) (expired []int64, bad []damaged, err error) {
	in := tx.Bucket([]byte(bucketDedup))
	err = in.ForEachBucket(func(name []byte) error {
		slot, ok := slotOf(name)
		if !ok {
			return nil
		}
		if !d.expires(slot).After(now) {
			expired = append(expired, slot)
			return nil
		}
		return in.Bucket(name).ForEach(func(k, v []byte) error {
			ok := eachKey(v, func(lane state.Key, key string) { d.add(slot, digestOf(lane, key)) })
			if !ok {
				bad = append(bad, newDamaged(bucketDedup, name, k, v))
			}
			return nil
		})
	})
	return expired, bad, err
}
