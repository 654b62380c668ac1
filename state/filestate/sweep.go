package filestate

import (
	"bytes"
	"time"

	bolt "go.etcd.io/bbolt"
)

const (
	// sweepEvery is the time between two sweeps.
	sweepEvery = time.Minute
	// sweepKeys is the most values, and the most threads with notes, that one
	// sweep looks at.
	sweepKeys = 4096
)

// sweepOp deletes what has expired: slots of dedup keys, dead letters, and
// values and notes among the next few thousand.
type sweepOp struct {
	call

	slots []int64
	next  map[string][]byte
}

func (o *sweepOp) stage(b *batch) error {
	o.slots = b.s.dedup.expired(b.now)
	if err := b.dropSlots(o.slots); err != nil {
		return err
	}
	if err := b.dropExpired(); err != nil {
		return err
	}
	o.next = map[string][]byte{}
	for _, bucket := range []string{bucketValues, bucketNotes} {
		in := b.bucket(bucket)
		expired, next := findExpired(in, b.s.sweepPos[bucket], b.now)
		o.next[bucket] = next
		for _, k := range expired {
			if err := b.delete(in, k); err != nil {
				return err
			}
		}
	}
	return nil
}

func (o *sweepOp) apply(s *Store, _ time.Time) {
	s.dedup.forget(o.slots)
	s.sweepPos = o.next
}

// findExpired returns the expired ones among the keys from pos on, and where
// to continue, nil for the beginning.
func findExpired(in *bolt.Bucket, pos []byte, now time.Time) (expired [][]byte, next []byte) {
	c := in.Cursor()
	k, raw := c.Seek(pos)
	for range sweepKeys {
		if k == nil {
			return expired, nil
		}
		if expiredRecord(raw, now) {
			expired = append(expired, bytes.Clone(k))
		}
		k, raw = c.Next()
	}
	return expired, bytes.Clone(k)
}
